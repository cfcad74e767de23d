//! Acting on the items in hand. The action is the operator's own ([`Executor::intervene`]), at the version
//! that was frozen: whoever repeats it after a death finds another version, and the word in the saga's log.
//!
//! [`Executor::intervene`]: crate::engine::Executor::intervene

use std::time::Duration;

use chrono::TimeDelta;
use futures::stream;
use futures::{FutureExt, StreamExt};
use tracing::debug;

use super::Parts;
use crate::engine::{Done, IsWanted, NotDone};
use crate::saga::{Instance, Intervention, Word, is_word};
use crate::store::{
    AuditAction, AuditResult, BulkItem, BulkResult, BulkRun, Error, Found, NewAuditEntry, Via,
};

/// Items acted on side by side.
const AT_ONCE: usize = 8;
/// For so long an item is tried whose saga is being advanced, or otherwise can't be acted on for now.
const PATIENCE: TimeDelta = TimeDelta::seconds(30);

/// Replicas' clocks agree within this. It is too short for an earlier try of the same item.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::milliseconds(100);

impl Parts {
    /// Acts on these items, which are in hand, and notes what came of it; `false` if the lead is lost.
    pub(super) async fn act_on(
        &self,
        lead: &BulkRun,
        what: Intervention,
        items: Vec<BulkItem>,
        leads_until: Duration,
    ) -> Result<bool, Error> {
        let word = Word { operator: lead.who.clone(), reason: lead.acting_reason.clone() };
        let acted = items.into_iter().map(|item| async {
            // One that is not begun in time stays in hand, for whoever leads then.
            if self.clock.monotonic() >= leads_until {
                None
            } else {
                self.act(item, what, &word, lead).await
            }
        });
        let acted = stream::iter(acted).buffer_unordered(AT_ONCE);
        let acted: Vec<_> = acted.filter_map(std::future::ready).collect().await;
        if acted.is_empty() {
            Ok(true)
        } else {
            self.store.note_bulk_items(lead, &acted, None).await
        }
    }

    /// Acts on one item; `None` where it is not known yet what came of it.
    async fn act(
        &self,
        item: BulkItem,
        what: Intervention,
        word: &Word,
        lead: &BulkRun,
    ) -> Option<BulkItem> {
        let audit = Some(self.audit_entry(&item, what, lead));
        let wanted = Some(item.expected);
        let is_in_hand = self.is_in_hand(&item, lead);
        let act = self.executor.intervene_while(is_in_hand, item.saga, what, word, wanted, audit);
        let done = act.await;
        match done {
            Ok(Done { saga, did }) => Some(self.was_done(item, &saga, did)),
            Err(NotDone::Stale { version }) => match self.done_before(&item, what, lead).await {
                Ok(Some(saga)) => {
                    let did = item.will.clone().unwrap_or_else(|| "it was done".to_owned());
                    Some(self.was_done(item, &saga, did))
                }
                Ok(None) => {
                    let why = format!("it is at version {version}, and was at {}", item.expected);
                    Some(self.ended(item, BulkResult::MovedOn, why))
                }
                Err(error) => nothing_known(&error),
            },
            Err(NotDone::NotFound) => {
                Some(self.ended(item, BulkResult::MovedOn, "it is not there any more".to_owned()))
            }
            Err(NotDone::NotAllowed { why, allowed }) => {
                let instead =
                    if allowed.is_empty() { "nothing".to_owned() } else { allowed.join(", ") };
                let why = format!("{why}; allowed now: {instead}");
                match self.is_for_now(&item, what).await {
                    Ok(is_for_now) => self.refused(item, why, is_for_now),
                    Err(error) => nothing_known(&error),
                }
            }
            Err(NotDone::BeingAdvanced { .. }) => {
                self.refused(item, crate::engine::BEING_ADVANCED.to_owned(), true)
            }
            Err(NotDone::Unavailable(error)) => nothing_known(&error),
        }
    }

    /// Until it is put back, or somebody else has noted what became of it.
    fn is_in_hand(&self, item: &BulkItem, lead: &BulkRun) -> IsWanted {
        let (store, run, place) = (self.store.clone(), lead.id, item.place);
        Box::new(move || {
            let store = store.clone();
            async move { store.is_bulk_item_in_hand(run, place).await }.boxed()
        })
    }

    /// What the audit trail says of it: that whoever prepared the run did it by the run.
    fn audit_entry(&self, item: &BulkItem, what: Intervention, lead: &BulkRun) -> NewAuditEntry {
        NewAuditEntry {
            id: self.clock.fresh_id(),
            at: NewAuditEntry::moment(self.clock.now()),
            who: lead.audited_who.clone(),
            role: lead.role,
            via: Via::Bulk,
            action: AuditAction::of(what),
            target: Some(item.saga.to_string()),
            reason: Some(lead.acting_reason.clone()),
            result: AuditResult::Done,
        }
    }

    /// Leaves items alone that were taken in hand before the run was stopped: those that were acted on by
    /// then are noted so, the others wait again.
    pub(super) async fn put_back(
        &self,
        lead: &BulkRun,
        what: Intervention,
        items: Vec<BulkItem>,
    ) -> Result<bool, Error> {
        let (mut noted, mut untouched) = (Vec::new(), Vec::new());
        for item in items {
            let found = self.store.find(item.saga).await?;
            if let Some(saga) = self.done_before(&item, what, lead).await? {
                let did = item.will.clone().unwrap_or_else(|| "it was done".to_owned());
                noted.push(self.was_done(item, &saga, did));
            } else if let Some(found) = found.filter(|found| !found.is_at_rest()) {
                untouched.push((item.place, item.saga, found.revision));
            } else {
                // Nobody can act on it any more.
                noted.push(BulkItem { result: BulkResult::Waiting, at: None, ..item });
            }
        }
        if !noted.is_empty() && !self.store.note_bulk_items(lead, &noted, None).await? {
            return Ok(false);
        }
        if untouched.is_empty() {
            Ok(true)
        } else {
            self.store.put_bulk_items_back(lead, &untouched).await
        }
    }

    fn was_done(&self, item: BulkItem, saga: &Found, did: String) -> BulkItem {
        let then = Some((saga.state.clone(), i64::from(saga.attempts)));
        BulkItem { did: Some(did), then, at: Some(self.clock.now()), error: None, ..item }
    }

    fn ended(&self, item: BulkItem, result: BulkResult, why: String) -> BulkItem {
        BulkItem { result, error: Some(why), at: Some(self.clock.now()), ..item }
    }

    /// Refused; `None` while it may be allowed in a moment.
    fn refused(&self, item: BulkItem, why: String, is_for_now: bool) -> Option<BulkItem> {
        let is_late = item.at.is_none_or(|at| self.clock.now() - at > PATIENCE);
        (is_late || !is_for_now).then(|| self.ended(item, BulkResult::Refused, why))
    }

    /// The saga, if this item was acted on since it was taken in hand, by a process that did not live to note
    /// it: the word is in the saga's log.
    async fn done_before(
        &self,
        item: &BulkItem,
        what: Intervention,
        lead: &BulkRun,
    ) -> Result<Option<Found>, Error> {
        let Some(taken_at) = item.at else { return Ok(None) };
        let Some(inspected) = self.store.inspect(item.saga).await? else { return Ok(None) };
        // The same person may have said the same to the saga by hand, or by another run, for another reason.
        let reasons = [Some(lead.reason.as_str()), Some(lead.acting_reason.as_str())];
        let is_ours = inspected.steps.iter().any(|step| {
            let reason = step.request.as_ref().and_then(|request| request["reason"].as_str());
            step.executor == lead.who
                && reasons.contains(&reason)
                && step.started_at >= taken_at - CLOCKS_DIFFER
                && step.event.is_some_and(|event| is_word(what, event, &step.step, step.line))
        });
        Ok(is_ours.then_some(inspected.found))
    }

    /// Whether what was refused would be allowed by the saga itself: it is another's at the moment, or this
    /// process may not act just now.
    async fn is_for_now(&self, item: &BulkItem, what: Intervention) -> Result<bool, Error> {
        let inspected = self.store.inspect(item.saga).await?;
        let saga = inspected.and_then(|inspected| inspected.instance.ok());
        // As it will be once nobody drives it.
        let saga = saga.map(|saga| Instance { owner: None, ..saga });
        Ok(saga.is_some_and(|saga| {
            saga.version == item.expected && self.executor.preview(&saga, what).is_ok()
        }))
    }
}

/// The item stays in hand, and is tried again.
fn nothing_known(error: &Error) -> Option<BulkItem> {
    debug!(%error, "the database is out of reach; an item of a bulk run waits");
    None
}
