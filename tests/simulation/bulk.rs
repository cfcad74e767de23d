//! Bulk runs: operators prepare them, start, pause, resume and stop them, at any process, by requests that
//! get lost or are sent twice; and the processes carry them out, one turn at a time, and may die, be paused
//! or lose their database in the middle of it.

use std::sync::PoisonError;
use std::time::Duration;

use order_service::bulk::{BulkVerb, NewRun, NotMoved, NotPrepared, Plan, Progress, Wanted};
use order_service::saga::Intervention;
use order_service::store::{AuditAction, BulkRun, BulkState, Filter, Found};
use serde_json::Number;
use tokio::task::AbortHandle;
use uuid::Uuid;

use super::bulk_watch::Watched;
use super::mail::Mail;
use super::run::Run;
use super::trail::{Answer, Asked, BULK_OPERATOR};

/// Runs that are not over at the same time.
const OPEN: usize = 2;
/// The time between two turns of a process that leads a run, and of one that does not.
const TICK: Duration = Duration::from_millis(100);
const IDLE: Duration = Duration::from_secs(1);

/// What is known of bulk runs.
#[derive(Default)]
pub struct Bulks {
    /// There is something to carry out, or was when it was last looked at.
    pub is_any_open: bool,
    /// What was seen of each.
    pub watched: Watched,
    /// Counts those that somebody wanted prepared. Each has a reason of its own.
    number: u64,
    /// Requests under way, each at a node.
    asking: Vec<(usize, AbortHandle)>,
}

/// What a process does about runs.
#[derive(Default)]
pub struct Carrying {
    part: Part,
    /// It led a run in its last turn.
    leads: bool,
    /// Before that, it takes no other turn.
    next_turn: Duration,
}

/// A process's part in carrying runs out.
#[derive(Default)]
enum Part {
    #[default]
    Idle,
    /// It is in the middle of a turn.
    Turn(AbortHandle),
    /// It was told to stop.
    Ended,
}

/// What is asked of a run.
#[derive(Clone, Copy, Debug)]
struct Move {
    run: Uuid,
    verb: BulkVerb,
}

impl Run {
    /// An operator prepares a run, or moves one.
    pub fn act_on_many(&mut self) {
        self.bulks.asking.retain(|(_, asking)| !asking.is_finished());
        if !self.bulks.asking.is_empty() && self.dice.chance(0.2) {
            let at = self.dice.below(self.bulks.asking.len());
            let (node, asking) = self.bulks.asking.swap_remove(at);
            asking.abort();
            self.story.count("who asked for a bulk run hung up");
            self.pump(node);
        }
        let runs = self.books.open_runs();
        let node = self.dice.below(self.slots.len());
        if runs.is_empty() || (runs.len() < OPEN && self.dice.chance(0.4)) {
            return self.prepare(node);
        }
        let run = &runs[self.dice.below(runs.len())];
        if run.state == BulkState::Running && self.dice.chance(0.6) {
            return;
        }
        let verb = self.next_verb(run.state);
        self.ask_to_move(node, Move { run: run.id, verb });
    }

    /// Mostly something that makes sense.
    fn next_verb(&mut self, state: BulkState) -> BulkVerb {
        use BulkVerb::{Pause, Resume, Start, Stop};
        let verbs: &[BulkVerb] = match state {
            BulkState::Prepared => &[Start, Start, Start, Start, Pause, Stop],
            BulkState::Running => &[Pause, Pause, Start, Start, Stop],
            BulkState::Paused => &[Resume, Resume, Resume, Start, Stop],
            BulkState::Halted => &[Start, Resume, Pause, Stop],
            BulkState::Done | BulkState::Stopped => &[Start, Stop],
        };
        self.dice.one_of(verbs)
    }

    /// Which sagas, by which plan, is up to the dice.
    fn prepare(&mut self, node: usize) {
        let Some(up) = self.up_at(node) else { return };
        let Some(wanted) = self.some_sagas() else { return };
        self.bulks.number += 1;
        let reason = format!("run {}", self.bulks.number);
        let action =
            if self.dice.chance(0.6) { Intervention::Retry } else { Intervention::Compensate };
        let half = Number::from_f64(0.5).expect("finite");
        let canary = match self.dice.below(5) {
            0 => vec![],
            1 => vec![1.into(), half],
            2 => vec![1.into(), 2.into()],
            3 => vec![half],
            _ => Plan::usual_canary(),
        };
        let rate = self.dice.one_of(&[4_u64, 50, 1000]);
        let plan = Plan::new(canary, rate.into()).expect("a plan");
        let asked =
            Asked { action: AuditAction::PrepareBulk, target: None, reason: Some(reason.clone()) };
        let audit = self.entry(node, BULK_OPERATOR, asked);
        let (mail, entry, who) = (self.mail.clone(), audit.id, BULK_OPERATOR.to_owned());
        self.tell(format_args!("operator at node {node}: {action:?} for {wanted:?}, {reason}"));
        let new = NewRun { action, who, audit, reason, plan, wanted };
        let asking = self.slots[node].node.as_ref().expect("it is up").spawn(async move {
            let prepared = up.bulk.prepare(new).await;
            let mail = &mut mail.lock().unwrap_or_else(PoisonError::into_inner);
            mail.push(Mail::Prepared { entry, prepared });
        });
        self.bulks.asking.push((node, asking));
        self.pump(node);
    }

    /// Mostly those that are stuck; now and then there are none any more by the time they are looked for.
    fn some_sagas(&mut self) -> Option<Wanted> {
        let open = Filter { open: true, ..Filter::default() };
        let stuck = Filter { stuck: Some(true), ..open.clone() };
        let failing = |found: &Found| found.owner.is_none();
        let found = self.books.sagas(open.clone());
        if self.dice.chance(0.7) && found.iter().any(|found| found.stuck.is_some()) {
            return Some(Wanted::Filter(Box::new(stuck)));
        }
        let mut ids: Vec<_> = found.iter().filter(|it| failing(it)).map(|found| found.id).collect();
        match self.dice.below(4) {
            _ if ids.is_empty() && self.dice.chance(0.9) => None,
            0 => Some(Wanted::Filter(Box::new(open))),
            1 => {
                let kind = self.dice.one_of(&["checkout", "trip"]);
                Some(Wanted::Filter(Box::new(Filter { kind: Some(kind.to_owned()), ..open })))
            }
            _ => {
                ids.retain(|_| self.dice.chance(0.6));
                Some(Wanted::Ids(ids))
            }
        }
    }

    pub fn hear_prepared(&mut self, entry: Uuid, prepared: Result<BulkRun, NotPrepared>) {
        self.tell(format_args!("operator: {:?}", prepared.as_ref().map(|run| (run.id, run.count))));
        self.trail.hear(
            entry,
            match &prepared {
                Ok(_) => Answer::Done,
                Err(NotPrepared::Store(_)) => Answer::Unknown,
                Err(NotPrepared::Empty | NotPrepared::Unknown(_) | NotPrepared::TooMany) => {
                    Answer::Not
                }
            },
        );
        match prepared {
            Ok(run) => {
                self.story.count("bulk run prepared");
                let node = self.dice.below(self.slots.len());
                if self.dice.chance(0.7) {
                    self.ask_to_move(node, Move { run: run.id, verb: BulkVerb::Start });
                }
            }
            Err(NotPrepared::Empty) => self.story.count("bulk run of nothing"),
            Err(_) => self.story.count("bulk run not prepared"),
        }
    }

    /// Asks for a move; the request may get lost, or be sent to another process as well.
    fn ask_to_move(&mut self, node: usize, what: Move) {
        if self.dice.chance(self.weather.request_lost) {
            return self.story.count("bulk request lost");
        }
        self.move_run(node, what);
        if self.dice.chance(0.15) {
            self.story.count("bulk request sent twice");
            let node = self.dice.below(self.slots.len());
            self.move_run(node, what);
        }
    }

    fn move_run(&mut self, node: usize, Move { run, verb }: Move) {
        let Some(up) = self.up_at(node) else { return };
        self.bulks.is_any_open = true;
        // It hears of it at once if the run is moved here.
        self.slots[node].carrying.next_turn = Duration::ZERO;
        self.story.count(match verb {
            BulkVerb::Start => "bulk start asked for",
            BulkVerb::Pause => "bulk pause asked for",
            BulkVerb::Resume => "bulk resume asked for",
            BulkVerb::Stop => "bulk stop asked for",
        });
        let asked = Asked { action: verb.audited(), target: Some(run.to_string()), reason: None };
        let audit = self.entry(node, BULK_OPERATOR, asked);
        let mail = self.mail.clone();
        self.tell(format_args!("operator at node {node}: {verb} bulk run {run}"));
        let asking = self.slots[node].node.as_ref().expect("it is up").spawn(async move {
            let moved = up.bulk.act_on_run(run, verb, None, &audit).await.map(|run| run.state);
            let mail = &mut mail.lock().unwrap_or_else(PoisonError::into_inner);
            mail.push(Mail::Moved { entry: audit.id, moved });
        });
        self.bulks.asking.push((node, asking));
        self.pump(node);
    }

    pub fn hear_moved(&mut self, entry: Uuid, moved: &Result<BulkState, NotMoved>) {
        self.tell(format_args!("operator: {moved:?}"));
        self.trail.hear(
            entry,
            match moved {
                Ok(_) => Answer::DoneBySomebody,
                Err(NotMoved::Store(_)) => Answer::Unknown,
                Err(NotMoved::NotFound | NotMoved::NotAllowed { .. }) => Answer::Not,
            },
        );
        match moved {
            Ok(_) => {}
            Err(NotMoved::NotAllowed { .. }) => self.story.count("bulk move refused"),
            Err(NotMoved::Store(_)) => self.story.count("bulk move unheard of"),
            Err(NotMoved::NotFound) => self.faults.push("a bulk run is not there".to_owned()),
        }
    }

    /// An operator sees to it that every run comes to its end.
    pub fn end_all_runs(&mut self) {
        for run in self.books.open_runs() {
            let node = self.dice.below(self.slots.len());
            let verb = match run.state {
                BulkState::Prepared => BulkVerb::Start,
                BulkState::Paused => BulkVerb::Resume,
                BulkState::Halted => self.dice.one_of(&[BulkVerb::Resume, BulkVerb::Stop]),
                BulkState::Running | BulkState::Done | BulkState::Stopped => continue,
            };
            self.move_run(node, Move { run: run.id, verb });
        }
    }

    /// A process takes a turn at carrying runs out, unless it is in the middle of one.
    pub fn carry_out(&mut self) {
        let at = self.dice.below(self.slots.len());
        let slot = &self.slots[at];
        if !matches!(slot.carrying.part, Part::Idle) || self.now() < slot.carrying.next_turn {
            return;
        }
        let Some(up) = self.up_at(at) else { return };
        let (mail, life) = (self.mail.clone(), slot.life);
        self.tell(format_args!("node {at} carries bulk runs out"));
        let turn = self.slots[at].node.as_ref().expect("it is up").spawn(async move {
            let mut turns = up.turns.lock().await;
            let progress = up.bulk.turn(&mut turns).await.ok();
            let mail = &mut mail.lock().unwrap_or_else(PoisonError::into_inner);
            mail.push(Mail::Carried { at, life, progress });
        });
        self.slots[at].carrying.part = Part::Turn(turn);
        self.pump(at);
    }

    pub fn hear_turn(&mut self, at: usize, progress: Option<Progress>) {
        if let Part::Turn(_) = self.slots[at].carrying.part {
            self.slots[at].carrying.part = Part::Idle;
        }
        let leads = progress == Some(Progress::Leads);
        let pause = if leads { TICK } else { IDLE };
        let next_turn = self.now() + pause;
        let slot = &mut self.slots[at];
        (slot.carrying.leads, slot.carrying.next_turn) = (leads, next_turn);
        self.tell(format_args!("node {at}: {progress:?}"));
    }

    /// A process that is told to stop drops its turn half way, and takes no other.
    pub fn end_turns(&mut self, at: usize) {
        if let Part::Turn(turn) = std::mem::replace(&mut self.slots[at].carrying.part, Part::Ended)
        {
            turn.abort();
        }
    }

    /// A process is about to end, perhaps in the middle of a turn.
    pub fn die_carrying_out(&mut self, at: usize) {
        let slot = &mut self.slots[at];
        slot.carrying.part = Part::Idle;
        if std::mem::take(&mut slot.carrying.leads) && self.bulks.is_any_open {
            self.story.count("a bulk run's leader died");
        }
    }
}
