//! Sinks: those who are told of every event, each by a cursor of its own, so that one that is out of reach
//! holds up no other.
//!
//! One process leads a sink's cursor at a time. It reads the events behind the cursor, has the sink tell
//! them, and the sink moves the cursor: after the receiver confirmed them, or in the transaction that
//! makes telling them certain. A process that dies in between leaves the cursor where it was, so that
//! another tells them again, under the same ids.

use std::time::Duration;

use futures::future::{BoxFuture, ready};
use tracing::{info, warn};

use super::Events;
use super::leading::Leading;
use crate::pacing::Pacing;
use crate::store::{Error, Lead, Store, StoredEvent};

/// Events told at a time.
const BATCH: u64 = 500;
/// What telling one costs, about, in time of a processor. Not what it took, which on a machine that others keep busy
/// is mostly waiting.
const AN_EVENT: Duration = Duration::from_micros(100);

/// Where a sink that is new begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begins {
    /// With the first event of all.
    AtFirst,
    /// With the first event after it was configured.
    Now,
}

/// Why events could not be told.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] Error),
    /// The receiver failed; in words for the person on call.
    #[error("{0}")]
    Receiver(String),
}

/// Who is told of every event.
pub trait Sink: std::fmt::Debug + Send + Sync {
    /// The name of its cursor.
    fn name(&self) -> &'static str;

    /// Where it begins when it is first configured.
    fn begins(&self) -> Begins;

    /// Whether anybody is to be told at all. If not, the cursor moves on without a look at the events.
    fn is_heard<'a>(&'a self, _store: &'a Store) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(ready(Ok(true)))
    }

    /// Called by whoever begins to lead, before anything is told, and until it succeeds.
    fn prepare(&self) -> BoxFuture<'_, Result<(), SinkError>> {
        Box::pin(ready(Ok(())))
    }

    /// Tells these events, which lie behind the cursor, and then moves the cursor to `to`, which is not
    /// before the last of them. Returns `false` if the lead was lost. May be dropped at any point: then
    /// the events are told again.
    fn tell<'a>(
        &'a self,
        store: &'a Store,
        lead: &'a Lead,
        events: Vec<StoredEvent>,
        to: i64,
    ) -> BoxFuture<'a, Result<bool, SinkError>>;
}

impl Events {
    /// Tells a sink what happens until the process stops.
    pub(super) async fn tell_until_stopped(&self, sink: &dyn Sink) {
        let parts = &self.0;
        let mut turn = SinkTurn::new();
        loop {
            let pause = match self.tell_once(sink, &mut turn).await {
                Ok(Progress::Told) => {
                    let worked = AN_EVENT * turn.told;
                    let rest = parts.settings.courtesy.rest(&parts.clock, worked, turn.waited);
                    parts.tasks.unless_stopping(rest).await;
                    Duration::ZERO
                }
                Ok(Progress::Nothing) => {
                    let news =
                        self.news_after(turn.leading.lead.as_ref().map_or(0, |lead| lead.position));
                    // The lead has to be renewed, or asked for, before long.
                    let idle = parts.settings.lease / 4;
                    let leads = turn.leading.lead.is_some();
                    let wait = if leads { idle } else { idle.min(Duration::from_secs(1)) };
                    let wait = parts.clock.within(wait, Box::pin(news));
                    parts.tasks.unless_stopping(wait).await;
                    Duration::ZERO
                }
                Err(_told) => turn.pacing.pause(parts.clock.chance()),
            };
            let pause = parts.clock.sleep(pause);
            if parts.tasks.unless_stopping(pause).await.is_none() {
                return;
            }
        }
    }

    /// Tells a sink the next events, if this process leads its cursor.
    ///
    /// # Errors
    /// Where they could not be told. It is noted and logged already.
    pub async fn tell_once(
        &self,
        sink: &dyn Sink,
        turn: &mut SinkTurn,
    ) -> Result<Progress, SinkError> {
        let told = self.try_to_tell(sink, turn).await;
        let (store, now) = (&self.0.store, self.0.clock.now());
        match &told {
            Ok(Progress::Told) => {
                if std::mem::take(&mut turn.is_failing) {
                    info!(sink = sink.name(), "events are told again");
                    turn.pacing.reset();
                }
                if let Some(lead) = turn.leading.lead.as_ref().filter(|_| turn.may_be_noted) {
                    // They are told all the same; what can't be noted now is with the next.
                    turn.may_be_noted = store.note_cursor(lead, None, now).await.is_err();
                }
            }
            Ok(Progress::Nothing) => {}
            Err(error) => {
                if !std::mem::replace(&mut turn.is_failing, true) {
                    warn!(sink = sink.name(), %error, "can't tell events; tries again");
                }
                let words = error.to_string();
                let is_receivers = matches!(error, SinkError::Receiver(_));
                match turn.leading.lead.as_ref().filter(|_| is_receivers) {
                    Some(lead) => {
                        turn.may_be_noted = true;
                        drop(store.note_cursor(lead, Some(&words), now).await);
                    }
                    // Where the cursor is has to be read anew.
                    None => turn.leading.lead = None,
                }
            }
        }
        told
    }

    async fn try_to_tell(
        &self,
        sink: &dyn Sink,
        turn: &mut SinkTurn,
    ) -> Result<Progress, SinkError> {
        let parts = &self.0;
        let before = turn.leading.lead.as_ref().map(|lead| lead.fence);
        self.renew(sink.name(), &mut turn.leading).await?;
        let Some(lead) = &mut turn.leading.lead else { return Ok(Progress::Nothing) };
        if before != Some(lead.fence) {
            // Whoever led before may have noted a failure, and not have lived to see its end.
            turn.may_be_noted = true;
            turn.is_prepared = false;
        }
        let prepares = !turn.is_prepared;
        if prepares {
            sink.prepare().await?;
            turn.is_prepared = true;
        }
        (turn.told, turn.waited) = (0, Duration::ZERO);
        let head = parts.store.last_position().await?;
        if head <= lead.position {
            return Ok(if prepares { Progress::Told } else { Progress::Nothing });
        }
        if !sink.is_heard(&parts.store).await? {
            if parts.store.move_cursor(lead, head).await? {
                lead.position = head;
            } else {
                turn.leading.lead = None;
            }
            return Ok(Progress::Told);
        }
        let events = parts.store.events_between(lead.position, head, None, BATCH).await?;
        turn.told = u32::try_from(events.len()).unwrap_or(u32::MAX);
        turn.waited = events.last().map_or(Duration::ZERO, |last| parts.clock.since(last.at));
        let is_full = events.len() as u64 == BATCH;
        let last = events.last().and_then(|event| event.position);
        let to = last.filter(|_| is_full).unwrap_or(head);
        if sink.tell(&parts.store, lead, events, to).await? {
            lead.position = to;
        } else {
            turn.leading.lead = None;
        }
        Ok(Progress::Told)
    }

    /// Returns once this process knows of a position behind this one.
    async fn news_after(&self, position: i64) {
        let mut head = self.0.head.subscribe();
        // Fails only where the sender is gone, which is this process itself.
        let _known = head.wait_for(|head| *head > position).await;
    }
}

/// What a turn of a sink came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Events were told, or all is ready for that; there may be more.
    Told,
    /// There is nothing to tell, or another process tells it.
    Nothing,
}

/// What a sink keeps between two turns.
#[derive(Debug)]
pub struct SinkTurn {
    leading: Leading,
    is_failing: bool,
    /// The cursor's row may say that it can't come further.
    may_be_noted: bool,
    is_prepared: bool,
    /// How many events were told last.
    told: u32,
    /// How long they had waited.
    waited: Duration,
    pacing: Pacing,
}

impl SinkTurn {
    /// Of a sink that has told nothing yet.
    pub fn new() -> Self {
        let (leading, pacing) = (Leading::default(), Pacing::server());
        let (is_failing, may_be_noted, is_prepared) = (false, false, false);
        let (told, waited) = (0, Duration::ZERO);
        Self { leading, is_failing, may_be_noted, is_prepared, told, waited, pacing }
    }
}

impl Default for SinkTurn {
    fn default() -> Self {
        Self::new()
    }
}
