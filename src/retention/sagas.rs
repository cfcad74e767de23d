//! Forgetting sagas: batch by batch through the archive.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use strum::IntoEnumIterator as _;

use super::Retention;
use super::archive::{Archive, ArchiveError, Part, file_of};
use super::look::{Failure, Turn};
use super::rule::{Verdict, verdict};
use super::tempo::Tempo;
use crate::order::OrderId;
use crate::saga::SagaId;
use crate::store::{
    ArchiveMark, Failpoint, Fault, ForgettingWalk, ForgottenSagas, MayBeDue, OrderSagas, ReadBack,
    WalkPlace,
};

/// Orders of a batch, at most.
const LARGEST: u64 = 250;
/// Sagas of a batch, at most, unless one order has more.
const MOST_SAGAS: usize = 1000;
/// A walk passes nothing for good that ended within this time: another process may still be about to commit
/// something of that time.
const SETTLING: TimeDelta = TimeDelta::minutes(15);

/// The archive, for calls that block.
type Shared = Arc<Mutex<Archive>>;

impl Retention {
    pub(super) async fn forget_sagas(&self, turn: &mut Turn) -> Result<(), Failure> {
        let parts = &self.0;
        let Some((keep, directory)) = parts.settings.sagas.clone() else { return Ok(()) };
        let cutoff = self.cutoff(keep);
        let archive = self.open(directory, turn).await?;
        // What a leader before promised, and did not come to delete.
        while let Some(part) = self.read_back(&archive, turn).await? {
            self.goes_on()?;
            self.delete(turn, part, cutoff).await?;
        }
        let mut tempo = Tempo::up_to(LARGEST, parts.settings.courtesy.clone());
        for walk in ForgettingWalk::iter() {
            self.walk(turn, &archive, walk, cutoff, &mut tempo).await?;
        }
        Ok(())
    }

    async fn walk(
        &self,
        turn: &mut Turn,
        archive: &Shared,
        walk: ForgettingWalk,
        cutoff: DateTime<Utc>,
        tempo: &mut Tempo,
    ) -> Result<(), Failure> {
        let parts = &self.0;
        let begins = parts.store.walk_place(walk).await?;
        let mut pass = Pass { behind: begins, passed: begins, is_held: false };
        let mut moved = begins;
        loop {
            self.goes_on()?;
            let (began, size) = (parts.clock.monotonic(), tempo.size());
            let due = parts.store.may_be_due(walk, pass.behind, cutoff, size).await?;
            let kept = self.forget_batch(turn, archive, &due, cutoff).await?;
            pass.go(&due, &kept);
            let settled = WalkPlace { at: parts.clock.now() - SETTLING, ..WalkPlace::FIRST };
            let to = pass.passed.min(settled);
            if to > moved {
                if !parts.store.move_walk(&turn.lead, walk, to).await? {
                    return Err(Failure::LeadLost);
                }
                moved = to;
            }
            if (due.len() as u64) < size {
                return Ok(());
            }
            self.rest(tempo, began).await?;
        }
    }

    /// Forgets what is over of this. Returns the orders that have to be looked at once more.
    async fn forget_batch(
        &self,
        turn: &mut Turn,
        archive: &Shared,
        due: &[MayBeDue],
        cutoff: DateTime<Utc>,
    ) -> Result<HashSet<OrderId>, Failure> {
        let mut ids: Vec<OrderId> = due.iter().map(|due| due.order_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut again = HashSet::new();
        let mut over: Vec<OrderSagas> = Vec::new();
        for order in self.0.store.sagas_to_archive(&ids).await? {
            match verdict(&order, cutoff) {
                Verdict::Over => over.push(order),
                Verdict::InAMoment => {
                    again.insert(order.order_id);
                }
                Verdict::NotNow => {}
            }
        }
        while !over.is_empty() {
            let rest = over.split_off(of_one_batch(&over));
            let batch = std::mem::replace(&mut over, rest);
            let part = self.append(turn, archive, batch).await?;
            again.extend(self.delete(turn, part, cutoff).await?);
        }
        Ok(again)
    }

    async fn open(&self, directory: PathBuf, turn: &Turn) -> Result<Shared, Failure> {
        let database = turn.lead.database;
        let opened = self.on_disk(move || Archive::open(&directory, database)).await?;
        Ok(Arc::new(Mutex::new(opened)))
    }

    /// Appends these as a batch. Returns what is read back, which is what was written.
    async fn append(
        &self,
        turn: &mut Turn,
        archive: &Shared,
        batch: Vec<OrderSagas>,
    ) -> Result<Part, Failure> {
        let parts = &self.0;
        let file = file_of(parts.clock.now());
        let archive = archive.clone();
        let (this, name) = (archive.clone(), file.clone());
        let is_fresh = self.on_disk(move || locked(&this).begin(&name)).await?;
        let is_marked =
            turn.lead.mark.as_ref().is_some_and(|mark| mark.file == file && mark.bytes > 0);
        if is_fresh && is_marked {
            // Somebody has moved the archive away: what the mark says is of the one before.
            let mark = ArchiveMark { file: file.clone(), bytes: 0 };
            if !parts.store.move_archive_mark(&turn.lead, &mark).await? {
                return Err(Failure::LeadLost);
            }
            turn.lead.mark = Some(mark);
        }
        let mark = turn.lead.mark.clone();
        let read_back = self.on_disk(move || {
            let sagas = || batch.iter().flat_map(|order| &order.sagas);
            let lines: Vec<&str> = sagas().map(|saga| saga.line.as_str()).collect();
            let entries = sagas().map(|saga| saga.entries).sum();
            let mut archive = locked(&archive);
            let until = archive.append(&file, &lines, entries)?;
            let part = archive.behind(mark.as_ref())?.filter(|part| {
                part.until == until && part.lines.iter().map(|it| &it.line).eq(&lines)
            });
            part.ok_or_else(|| archive.not_as_written(&file))
        });
        Ok(read_back.await?)
    }

    /// The batch behind the mark, as the disk has it.
    async fn read_back(&self, archive: &Shared, turn: &Turn) -> Result<Option<Part>, Failure> {
        let (archive, mark) = (archive.clone(), turn.lead.mark.clone());
        Ok(self.on_disk(move || locked(&archive).behind(mark.as_ref())).await?)
    }

    /// Deletes what is as it was read back. Returns the orders whose sagas stay.
    async fn delete(
        &self,
        turn: &mut Turn,
        part: Part,
        cutoff: DateTime<Utc>,
    ) -> Result<Vec<OrderId>, Failure> {
        let parts = &self.0;
        let orders: HashSet<OrderId> = part.lines.iter().map(|it| OrderId(it.order)).collect();
        let mut orders: Vec<OrderId> = orders.into_iter().collect();
        orders.sort_unstable();
        let lines = part.lines.into_iter().map(|line| (SagaId(line.saga), line.line));
        let read_back = ReadBack {
            orders,
            lines: lines.collect::<HashMap<_, _>>(),
            at: archived_at(&part.until.file, parts.clock.now()),
            mark: part.until,
            bytes: part.bytes,
        };
        let is_over = |order: &OrderSagas| verdict(order, cutoff) == Verdict::Over;
        match parts.store.forget_sagas(&turn.lead, &read_back, is_over).await? {
            ForgottenSagas::Deleted { sagas, kept } => {
                turn.lead.mark = Some(read_back.mark);
                turn.looked.sagas += sagas;
                Ok(kept)
            }
            ForgottenSagas::LeadLost => Err(Failure::LeadLost),
        }
    }

    /// Runs what waits for the disk where it holds up nothing.
    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, ArchiveError> + Send + 'static,
    ) -> Result<T, ArchiveError> {
        self.reach(Failpoint::Archive).await?;
        let done = tokio::task::spawn_blocking(work).await;
        self.reach(Failpoint::Archived).await?;
        done.unwrap_or_else(|failed| Err(failed_as(io::ErrorKind::Other, failed)))
    }

    async fn reach(&self, point: Failpoint) -> Result<(), ArchiveError> {
        let Some(failpoints) = &self.0.settings.failpoints else { return Ok(()) };
        failpoints.reach(point).await.map_err(|fault| {
            let kind = match fault {
                Fault::Full => io::ErrorKind::StorageFull,
                Fault::Cut | Fault::Stuck | Fault::Forgotten => io::ErrorKind::Other,
                Fault::ReadOnly => io::ErrorKind::ReadOnlyFilesystem,
            };
            failed_as(kind, format!("{fault:?}"))
        })
    }
}

/// How far a walk has come.
struct Pass {
    /// Where it goes on.
    behind: WalkPlace,
    /// What it need not look at again.
    passed: WalkPlace,
    /// Something has to be looked at again, so that it passes nothing more.
    is_held: bool,
}

impl Pass {
    fn go(&mut self, over: &[MayBeDue], again: &HashSet<OrderId>) {
        for MayBeDue { place, order_id } in over {
            self.is_held |= again.contains(order_id);
            if !self.is_held {
                self.passed = *place;
            }
            self.behind = *place;
        }
    }
}

/// How many of these orders go into one batch: at least one.
fn of_one_batch(orders: &[OrderSagas]) -> usize {
    let mut sagas = 0;
    let fitting = orders.iter().take_while(|order| {
        sagas += order.sagas.len();
        sagas <= MOST_SAGAS
    });
    fitting.count().max(1)
}

/// When what is in this file was archived: now, or on its day.
fn archived_at(file: &str, now: DateTime<Utc>) -> DateTime<Utc> {
    if file_of(now) == *file {
        return now;
    }
    let day = file.get("sagas-".len()..).and_then(|rest| rest.get(..10)?.parse().ok());
    day.map_or(now, |day: chrono::NaiveDate| {
        let midnight = day.and_time(NaiveTime::MIN).and_utc();
        midnight + Duration::from_secs(24 * 3600 - 1)
    })
}

fn locked(archive: &Shared) -> std::sync::MutexGuard<'_, Archive> {
    archive.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failed_as(
    kind: io::ErrorKind,
    why: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> ArchiveError {
    ArchiveError::Io { path: PathBuf::from("the archive"), source: io::Error::new(kind, why) }
}
