//! Carrying runs out: turn by turn, on the process that leads a run.
//!
//! In each turn, what is in hand is judged, what a dead leader left in hand is acted on, and the next items
//! are taken in hand and acted on: no more than the rate allows, and none of a wave before every item of the
//! waves before it has its result. All of that follows from the items' rows, so whoever leads next goes on.

use std::collections::HashMap;
use std::time::Duration;

use tracing::{debug, info, warn};
use uuid::Uuid;

use super::pace::Pace;
use super::{Bulk, Parts, Plan};
use crate::saga::Intervention;
use crate::store::{BulkItem, BulkResult, BulkRun, BulkState, Error, Taken};

/// The time between two turns while a run is carried out.
const TICK: Duration = Duration::from_millis(100);
/// How often it is looked for runs that were started by another process, or left by one that died.
const IDLE: Duration = Duration::from_secs(1);
/// The most items of a run in hand.
const IN_HAND: u64 = 500;

/// What a turn came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// This process leads a run that is not at its end.
    Leads,
    /// There is nothing to do here.
    Nothing,
}

/// What a process keeps between two turns.
#[derive(Debug, Default)]
pub struct Turns {
    paces: HashMap<Uuid, Pace>,
    is_failing: bool,
}

impl Bulk {
    pub(super) async fn carry_out_until_stopped(&self) {
        let parts = &self.0;
        let mut turns = Turns::default();
        loop {
            // Whatever is dropped half way is found in hand by whoever leads next.
            let turn = parts.stopping.run_until_cancelled(Box::pin(self.turn(&mut turns))).await;
            let Some(turn) = turn else { return };
            let pause = match turn {
                Ok(Progress::Leads) => TICK,
                Ok(Progress::Nothing) => IDLE,
                Err(error) => {
                    if !std::mem::replace(&mut turns.is_failing, true) {
                        warn!(%error, "can't carry out bulk runs; tries again");
                    }
                    IDLE
                }
            };
            let news = parts.clock.within(pause, parts.news.notified());
            if parts.stopping.run_until_cancelled(news).await.is_none() {
                return;
            }
        }
    }

    /// Carries out what is to be done now, of every run that this process leads.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn turn(&self, turns: &mut Turns) -> Result<Progress, Error> {
        let open = self.0.store.open_bulk_runs().await?;
        if std::mem::take(&mut turns.is_failing) {
            info!("carries out bulk runs again");
        }
        turns.paces.retain(|id, _| open.contains(id));
        let mut progress = Progress::Nothing;
        for id in open {
            if self.0.advance(id, turns).await? == Progress::Leads {
                progress = Progress::Leads;
            }
        }
        Ok(progress)
    }
}

impl Parts {
    /// One turn of one run.
    async fn advance(&self, id: Uuid, turns: &mut Turns) -> Result<Progress, Error> {
        let asked = self.clock.monotonic();
        let lead = self.store.lead_bulk_run(id, self.owner, self.clock.now(), self.lease).await?;
        let Some(lead) = lead else { return Ok(Progress::Nothing) };
        let leads_until = asked + self.lease / 2;
        let (Some(what), Ok(plan)) = (action(&lead), serde_json::from_value(lead.plan.clone()))
        else {
            debug!(bulk.id = %id, "this binary can't read the run");
            return Ok(Progress::Nothing);
        };
        // An executor of which the database has not heard for too long may not act.
        if self.executor.not_ready().is_some() {
            return Ok(Progress::Leads);
        }
        let running = Some(BulkResult::Running);
        let in_hand = self.store.bulk_items(id, running, -1, IN_HAND).await?;
        let room = IN_HAND.saturating_sub(in_hand.len() as u64);
        let (acted, open): (Vec<_>, Vec<_>) =
            in_hand.into_iter().partition(|item| item.did.is_some());
        if !acted.is_empty() && !self.judge(&lead, acted).await? {
            return Ok(Progress::Nothing);
        }
        let is_running = lead.state == BulkState::Running;
        let noted = if is_running {
            self.act_on(&lead, what, open, leads_until).await?
        } else {
            self.put_back(&lead, what, open).await?
        };
        if !noted || !is_running {
            return Ok(Progress::Leads);
        }
        let pace = turns.paces.entry(id).or_insert_with(|| Pace::new(Plan::rate(&plan)));
        match self.next_items(&lead, &plan, room, pace).await? {
            Taken::Items(items) => {
                self.act_on(&lead, what, items, leads_until).await?;
            }
            Taken::NotRunning => {}
            Taken::LeadLost => return Ok(Progress::Nothing),
        }
        Ok(Progress::Leads)
    }

    /// Takes the next items in hand, as many as the rate and the wave allow; ends the run where there are none.
    async fn next_items(
        &self,
        lead: &BulkRun,
        plan: &Plan,
        room: u64,
        pace: &mut Pace,
    ) -> Result<Taken, Error> {
        let nothing = Ok(Taken::Items(Vec::new()));
        let Some(first) = self.store.first_open_place(lead.id).await? else {
            if self.store.end_bulk_run(lead).await? {
                info!(bulk.id = %lead.id, action = lead.action, count = lead.count, "a bulk run is done");
            }
            return nothing;
        };
        let now = self.clock.monotonic();
        let most = pace.allowed(now).min(room);
        if most == 0 {
            return nothing;
        }
        let end = plan.end_of_wave(first.unsigned_abs(), lead.count);
        let end = i64::try_from(end).unwrap_or(i64::MAX);
        let taken = self.store.take_bulk_items(lead, end, most, self.clock.now()).await?;
        if let Taken::Items(items) = &taken {
            pace.take(items.len(), now);
            started(lead, items);
        }
        Ok(taken)
    }
}

/// Logs that a run begins.
fn started(lead: &BulkRun, items: &[BulkItem]) {
    if items.iter().any(|item| item.place == 0) {
        info!(bulk.id = %lead.id, action = lead.action, count = lead.count, operator = lead.who, "a bulk run begins");
    }
}

/// What a run does to each saga; `None` where this binary has no such action for many.
fn action(run: &BulkRun) -> Option<Intervention> {
    [Intervention::Retry, Intervention::Compensate]
        .into_iter()
        .find(|what| what.name() == run.action)
}
