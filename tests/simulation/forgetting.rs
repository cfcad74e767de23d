//! Forgetting: any process may look for what is over at any time, and may die, be paused or lose its lead in
//! the middle of it. What was forgotten is checked right after the commit that deleted it (promises 69 and 70).

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::PoisonError;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use order_service::retention::{ArchiveError, Failure, Looked, file_of};
use order_service::saga::{End, Intervention, Progress, SagaId, Word};
use order_service::store::Error;
use uuid::Uuid;

use super::archive::{self, Line};
use super::mail::Mail;
use super::node::CATALOGUE;
use super::receivers::Receiver;
use super::run::Run;

/// How far a process may be ahead of the database's time.
const AHEAD: TimeDelta = TimeDelta::seconds(10);

/// What is forgotten, as an auditor knows it.
#[derive(Debug)]
pub struct Forgotten {
    /// Where all processes archive.
    pub archive: PathBuf,
    /// What the archive says of each saga that is gone.
    pub sagas: BTreeMap<SagaId, Line>,
    /// The last position whose event is gone.
    events_until: i64,
    /// The latest time so far.
    latest: DateTime<Utc>,
    /// Sagas that a process has archived and did not live to delete.
    left: BTreeSet<SagaId>,
    /// Every row of every saga that was there when all came to rest.
    pub rows: BTreeMap<SagaId, Vec<String>>,
    /// Something has been over for long enough.
    pub is_any_due: bool,
    /// The last look had nothing to forget any more.
    pub is_done: bool,
    /// It is back, for the audit.
    pub is_all_back: bool,
}

/// What somebody was told who asked for a forgotten saga.
#[derive(Debug)]
pub struct Asked {
    is_there: bool,
    is_acted_on: bool,
    since: Option<DateTime<Utc>>,
}

impl Forgotten {
    pub fn of(archive: PathBuf) -> Self {
        Self {
            archive,
            sagas: BTreeMap::new(),
            events_until: 0,
            latest: DateTime::UNIX_EPOCH,
            left: BTreeSet::new(),
            rows: BTreeMap::new(),
            is_any_due: false,
            is_done: false,
            is_all_back: false,
        }
    }

    /// Whether the sagas of an order are forgotten, or of a checkout that never became one.
    pub fn has_order(&self, order: Uuid) -> bool {
        self.sagas.values().any(|line| line.order() == order)
    }
}

impl Run {
    /// Things that happen to what is over, at random.
    pub fn forget_at_random(&mut self, at: usize) {
        // A look that finds nothing is long, and of little interest.
        let is_busy = self.slots.iter().any(|slot| slot.is_forgetting);
        let often = if self.forgotten.is_any_due && !is_busy { 20.0 } else { 1.0 };
        let rarely = if self.is_calm_for_good { 0.1 } else { 1.0 };
        if self.dice.chance(self.plan.forgetting * often * rarely) {
            self.look_for_what_is_over(at);
        }
        if !self.forgotten.sagas.is_empty() && self.dice.chance(0.005 * rarely) {
            self.ask_for_what_is_forgotten(at);
        }
    }

    pub fn look_for_what_is_over(&mut self, at: usize) {
        let Some(up) = self.up_at(at).filter(|_| !self.slots[at].is_forgetting) else { return };
        let (mail, life) = (self.mail.clone(), self.slots[at].life);
        self.slots[at].is_forgetting = true;
        self.tell(format_args!("node {at} looks for what is over"));
        self.slots[at].node.as_ref().expect("it is up").spawn(async move {
            let looked = up.retention.look().await;
            let mail = &mut mail.lock().unwrap_or_else(PoisonError::into_inner);
            mail.push(Mail::Looked { at, life, looked });
        });
        self.pump(at);
    }

    pub fn hear_look(&mut self, at: usize, looked: &Result<Looked, Failure>) {
        self.slots[at].is_forgetting = false;
        let what = match looked {
            Ok(Looked { led: false, .. }) => "two replicas wanted to forget",
            Ok(Looked { sagas: 0, events: 0, .. }) => "nothing was over",
            Ok(Looked { sagas: 0, .. }) => "events were forgotten",
            Ok(_some) => "sagas were forgotten",
            Err(Failure::LeadLost) => "who forgot woke to a lost lead",
            Err(Failure::Archive(ArchiveError::InUse { .. })) => {
                "the archive was in the hands of one that had lost its lead"
            }
            Err(Failure::Archive(ArchiveError::Io { .. })) => "the archive's disk failed",
            Err(Failure::Archive(
                broken @ (ArchiveError::Damaged { .. } | ArchiveError::OfAnotherDatabase { .. }),
            )) => {
                self.faults.push(format!("node {at}: {broken}"));
                "the archive is damaged"
            }
            Err(Failure::Store(_)) => "the database failed who forgot",
            Err(Failure::Stopping) => "who forgot was to stop",
        };
        self.forgotten.is_done =
            matches!(looked, Ok(Looked { led: true, sagas: 0, events: 0, .. }));
        self.story.count(what);
        self.tell(format_args!("node {at}: {what}"));
    }

    /// Now and then who has just archived something dies of it.
    pub fn die_of_the_archive(&mut self, at: usize) {
        let is_ahead =
            archive::promised(&self.forgotten.archive).pop() != self.books.archive_mark();
        if is_ahead && self.dice.chance(self.weather.kill * 200.0) {
            self.story.count("killed");
            self.stop(at, "is killed");
        }
    }

    /// A process is about to end in the middle of a look: what it has archived, it may not have deleted, and
    /// what it was writing may be there in part.
    pub fn die_forgetting(&mut self, at: usize) {
        if !std::mem::take(&mut self.slots[at].is_forgetting) {
            return;
        }
        let archived = archive::lines(&self.forgotten.archive);
        let left = archived.into_keys().filter(|id| !self.forgotten.sagas.contains_key(id));
        let left: Vec<_> = left.filter(|id| self.books.row(*id).is_some()).collect();
        if !left.is_empty() {
            self.story.count("died between archive and delete");
            self.forgotten.left.extend(left);
        }
        let file = archive::promised(&self.forgotten.archive).pop();
        if let Some((file, _)) = file.filter(|_| self.dice.chance(0.5)) {
            self.story.count("died in the middle of a batch");
            let path = self.forgotten.archive.join(&file);
            let written = std::fs::File::options().append(true).open(path).and_then(|mut file| {
                // The beginning of a frame.
                file.write_all(&[0x28, 0xB5, 0x2F, 0xFD, 0x04])
            });
            written.expect("the archive can be written");
            let beside = self.forgotten.archive.join(file.replace(".jsonl.zst", ".json.new"));
            std::fs::write(beside, b"{\"file\"").expect("the archive can be written");
        }
    }

    /// Checks what a commit has deleted: it was over, for long enough, and is in the archive.
    pub fn check_what_is_forgotten(&mut self) {
        self.forgotten.latest = self.forgotten.latest.max(self.clock.now());
        let gone: Vec<_> = self.books.forgotten_sagas();
        let fresh: Vec<_> =
            gone.into_iter().filter(|id| !self.forgotten.sagas.contains_key(id)).collect();
        if !fresh.is_empty() {
            let mut archived = archive::lines(&self.forgotten.archive);
            for id in fresh {
                let Some(line) = archived.remove(&id).and_then(|mut lines| lines.pop()) else {
                    self.faults.push(format!("{id} is deleted, and not in the archive"));
                    continue;
                };
                if self.forgotten.left.remove(&id) {
                    self.story.count("what a dead one had archived was deleted");
                }
                if !self.is_calm_for_good {
                    self.story.count("forgotten in the storm");
                }
                let wrong = self.wrongly_forgotten(&line);
                self.faults.extend(wrong.map(|wrong| format!("{id} is forgotten: {wrong}")));
                self.tell(format_args!("{id} is forgotten"));
                self.forgotten.sagas.insert(id, line);
            }
        }
        self.check_forgotten_events();
    }

    fn wrongly_forgotten(&self, line: &Line) -> Option<String> {
        let saga = &line.value["saga"];
        let version = saga["definitionVersion"].as_i64().and_then(|it| i32::try_from(it).ok());
        let definition = CATALOGUE.find(line.text("kind"), version?)?;
        let progress = definition.progress(line.text("state"));
        let status = self.books.order(order_service::order::OrderId(line.order()));
        let status = status.map(|order| (order.status, order.updated_at));
        let is_over = match (progress, status.as_ref().map(|(status, _)| status.as_str())) {
            (Some(Progress::Rest(_)), Some("Cancelled" | "Delivered")) => true,
            (Some(Progress::Rest(end)), None) => end != End::Completed,
            _other => false,
        };
        if !is_over || !saga["stuck"].is_null() || !saga["held"].is_null() {
            return Some(format!("its order is {status:?}, {}", line.value));
        }
        let moved = status.map_or(DateTime::UNIX_EPOCH, |(_, at)| at);
        let age = self.forgotten.latest + AHEAD - line.updated_at().max(moved);
        if age.to_std().unwrap_or_default() < self.plan.keep {
            return Some(format!("after {age}"));
        }
        let left = self.books.sagas_about(line.order());
        (!left.is_empty()).then(|| format!("{left:?} of its order are not"))
    }

    /// No event goes before every sink was told of it, and it was kept for long enough.
    fn check_forgotten_events(&mut self) {
        let (until, latest, told) = self.books.forgotten_events();
        if until == self.forgotten.events_until {
            return;
        }
        let seen = self.seen.first.get(&Receiver::Broker).map_or(0, Vec::len);
        let age = latest.map(|latest| self.forgotten.latest + AHEAD - latest);
        let is_old = age.is_some_and(|age| age.to_std().unwrap_or_default() >= self.plan.keep);
        let is_seen = i64::try_from(seen).is_ok_and(|seen| seen >= until);
        if until < self.forgotten.events_until || told < until || !is_seen || !is_old {
            let fault = format!("events up to {until} are forgotten, {age:?} old");
            self.faults.push(format!("{fault}; sinks are at {told}, and the broker saw {seen}"));
        }
        self.forgotten.events_until = until;
    }

    /// An operator, by an old link, looks at a forgotten saga and acts on it.
    fn ask_for_what_is_forgotten(&mut self, at: usize) {
        let Some(up) = self.up_at(at) else { return };
        let which = self.dice.below(self.forgotten.sagas.len());
        let id = *self.forgotten.sagas.keys().nth(which).expect("one of them");
        let mail = self.mail.clone();
        self.tell(format_args!("an operator asks node {at} for {id}, which is forgotten"));
        self.slots[at].node.as_ref().expect("it is up").spawn(async move {
            let word = Word { operator: "asha".to_owned(), reason: "an old link".to_owned() };
            let asked = async {
                let is_there = up.store.inspect(id).await?.is_some();
                let did = up.executor.intervene(id, Intervention::Hold, &word, None, None).await;
                let since = up.store.forgotten_sagas(&[id]).await?.get(&id).copied();
                Ok::<_, Error>(Asked { is_there, is_acted_on: did.is_ok(), since })
            };
            let asked = asked.await.map_err(|error| error.to_string());
            let mail = &mut mail.lock().unwrap_or_else(PoisonError::into_inner);
            mail.push(Mail::AskedForGone { id, asked });
        });
        self.pump(at);
    }

    /// It is gone, and the file that is named has it.
    pub fn hear_of_gone(&mut self, id: SagaId, asked: Result<Asked, String>) {
        self.tell(format_args!("of {id}, the operator hears {asked:?}"));
        let Ok(asked) = asked else { return self.story.count("operator refused") };
        self.story.count("a saga was asked for after it was forgotten");
        let file = asked.since.map(file_of);
        let is_in = self.forgotten.sagas.get(&id).map(|line| line.file.clone());
        if asked.is_there || asked.is_acted_on || file.is_none() || file != is_in {
            self.faults.push(format!("{id}, which is in {is_in:?}, is told to be {asked:?}"));
        }
    }

    /// How long after it first asked a client may still repeat a key: a forgotten saga's key is forgotten,
    /// too, and requests take their time.
    pub fn may_repeat(&self, first: Option<Duration>) -> bool {
        let lasts = self.plan.keep.saturating_sub(Duration::from_secs(45));
        first.is_none_or(|first| self.now() < first + lasts)
    }
}
