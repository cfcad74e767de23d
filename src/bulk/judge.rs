//! Whether what was done has helped: a saga that was acted on has left what it was stuck with, or has come
//! back.

use std::collections::HashMap;

use chrono::TimeDelta;
use tracing::warn;

use super::Parts;
use super::cause::{Cause, was_kept_back};
use crate::engine::{Aftermath, RightAfter};
use crate::saga::Instance;
use crate::store::{BulkItem, BulkResult, BulkRun, Error, Found};

/// Who has not come back after so long has left.
const LONGEST: TimeDelta = TimeDelta::seconds(30);

impl Parts {
    /// Judges the items that were acted on, and halts the run if one came back with what it was stuck with;
    /// `false` if the lead is lost.
    pub(super) async fn judge(&self, lead: &BulkRun, items: Vec<BulkItem>) -> Result<bool, Error> {
        let ids: Vec<_> = items.iter().map(|item| item.saga).collect();
        let found = self.store.find_these(&ids).await?;
        let open: Vec<_> = found.iter().filter(|saga| !saga.is_at_rest()).collect();
        let instances = self.store.instances(&open).await?;
        let found: HashMap<_, _> = found.iter().map(|saga| (saga.id, saga)).collect();
        let judged: Vec<_> = items
            .into_iter()
            .filter_map(|item| {
                let (saga, instance) = (found.get(&item.saga), instances.get(&item.saga));
                self.judged(item, saga.copied(), instance)
            })
            .collect();
        if judged.is_empty() {
            return Ok(true);
        }
        let halting = judged.iter().find(|item| item.halts);
        let why = halting.map(|item| {
            let error = item.error.as_deref().unwrap_or_default();
            format!("saga {} came back: {error}", item.saga)
        });
        let noted = self.store.note_bulk_items(lead, &judged, why.as_deref()).await?;
        if let Some(why) = why.filter(|_| noted) {
            warn!(bulk.id = %lead.id, why, "a bulk run halts");
        }
        Ok(noted)
    }

    /// The item with its result; `None` while that is open.
    fn judged(
        &self,
        item: BulkItem,
        found: Option<&Found>,
        saga: Option<&Instance>,
    ) -> Option<BulkItem> {
        let is_late = item.at.is_none_or(|at| self.clock.now() - at > LONGEST);
        let left = |item| Some(BulkItem { result: BulkResult::Done, ..item });
        let (Some(found), Some(saga)) = (found.filter(|found| !found.is_at_rest()), saga) else {
            return left(item);
        };
        let (state, attempts) = item.then.clone().unwrap_or_default();
        let attempts = u32::try_from(attempts).unwrap_or(0);
        let right_after = RightAfter { state: &state, attempts };
        match self.executor.aftermath(saga, right_after) {
            Aftermath::Left => left(item),
            Aftermath::Undecided if is_late => left(item),
            Aftermath::Undecided => None,
            // It is tried again by itself, and then it shows.
            Aftermath::CameBack if was_kept_back(saga) && !is_late => None,
            Aftermath::CameBack => {
                let before: Option<Cause> =
                    item.cause.clone().and_then(|cause| serde_json::from_value(cause).ok());
                let is_same =
                    Cause::of(saga).zip(before).is_some_and(|(now, before)| now.is_same(&before));
                let stuck = saga.stuck.as_ref().map(|stuck| stuck.detail.clone());
                let error = stuck.or_else(|| saga.last_error.clone());
                Some(BulkItem {
                    result: BulkResult::Relapsed,
                    error: Some(error.unwrap_or_else(|| "it waits again".to_owned())),
                    expected: found.version.max(saga.version),
                    halts: is_same || was_kept_back(saga),
                    ..item
                })
            }
        }
    }
}
