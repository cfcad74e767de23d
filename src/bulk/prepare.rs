//! Preparing a run: the set is frozen, and what will be done to each saga is computed by the function that
//! does it.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};
use tracing::info;

use super::cause::Cause;
use super::{Bulk, Parts, Plan};
use crate::order::Paise;
use crate::saga::{Instance, Intervention, SagaId, without_particulars};
use crate::store::{BulkItem, BulkResult, BulkRun, BulkState, Error, Filter, Found, NewAuditEntry};

/// The most sagas of a run.
pub const MOST: usize = 100_000;
/// How many sagas are read, and how many items are written, at a time.
const BATCH: u64 = 500;

/// A run to be.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// What is done to each saga.
    pub action: Intervention,
    /// In whose name.
    pub who: String,
    /// What the audit trail says of its preparation, but for the run's id.
    pub audit: NewAuditEntry,
    /// Why.
    pub reason: String,
    /// How.
    pub plan: Plan,
    /// To which sagas.
    pub wanted: Wanted,
}

/// The sagas of a run.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// All that an operator's list would show.
    Filter(Box<Filter>),
    /// These, in this order.
    Ids(Vec<SagaId>),
}

/// Why a run was not prepared.
#[derive(Debug, thiserror::Error)]
pub enum NotPrepared {
    /// There is no such saga, or none at all.
    #[error("there is nothing to act on")]
    Empty,
    /// At this place of the ids.
    #[error("there is no saga of the id at {0}")]
    Unknown(usize),
    /// More than [`MOST`].
    #[error("there are too many")]
    TooMany,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] Error),
}

/// What a run will do to so many sagas.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// In the words of the answer to the action, without what differs between sagas.
    pub did: String,
    /// How many.
    pub count: u64,
}

/// What was frozen so far.
#[derive(Debug, Default)]
struct Frozen {
    items: Vec<BulkItem>,
    money: i64,
    did: BTreeMap<String, u64>,
}

impl Bulk {
    /// Prepares a run. Nothing is done before it is started.
    ///
    /// # Errors
    /// As [`NotPrepared`] says.
    pub async fn prepare(&self, new: NewRun) -> Result<BulkRun, NotPrepared> {
        let parts = &self.0;
        let frozen = match &new.wanted {
            Wanted::Filter(filter) => parts.freeze(filter, new.action).await?,
            Wanted::Ids(ids) => parts.freeze_these(ids, new.action).await?,
        };
        if frozen.items.is_empty() {
            return Err(NotPrepared::Empty);
        }
        let mut preview: Vec<_> =
            frozen.did.into_iter().map(|(did, count)| Preview { did, count }).collect();
        preview.sort_by_key(|preview| std::cmp::Reverse(preview.count));
        let id = parts.clock.fresh_id();
        // Plain data with string keys.
        let json = |value: serde_json::Result<_>| {
            value.map_err(|error| Error::Unusable(error.to_string()))
        };
        let run = BulkRun {
            id,
            action: new.action.name().to_owned(),
            who: new.who,
            audited_who: new.audit.who.clone(),
            role: new.audit.role,
            acting_reason: new.reason.clone(),
            reason: new.reason,
            plan: json(serde_json::to_value(&new.plan))?,
            count: frozen.items.len() as u64,
            money: Paise(frozen.money),
            preview: json(serde_json::to_value(&preview))?,
            state: BulkState::Prepared,
            halted_by: None,
            owner: None,
            fence: 0,
            created_at: parts.clock.now(),
        };
        for items in frozen.items.chunks(usize::try_from(BATCH).unwrap_or(1)) {
            parts.store.add_bulk_items(id, items).await?;
        }
        let audit = NewAuditEntry { target: Some(id.to_string()), ..new.audit };
        parts.store.add_bulk_run(&run, &audit).await?;
        info!(bulk.id = %id, action = run.action, count = run.count, operator = run.who, "a bulk run is prepared");
        Ok(run)
    }
}

impl Parts {
    async fn freeze(&self, filter: &Filter, what: Intervention) -> Result<Frozen, NotPrepared> {
        let mut filter = Filter { limit: BATCH, ..filter.clone() };
        let (mut frozen, mut seen) = (Frozen::default(), HashSet::new());
        loop {
            let mut page = self.store.list(&filter).await?;
            page.sagas.retain(|saga| seen.insert(saga.id));
            self.freeze_page(page.sagas, what, &mut frozen).await?;
            filter.after = page.next;
            if filter.after.is_none() {
                return Ok(frozen);
            }
        }
    }

    async fn freeze_these(
        &self,
        ids: &[SagaId],
        what: Intervention,
    ) -> Result<Frozen, NotPrepared> {
        let (mut frozen, mut seen) = (Frozen::default(), HashSet::new());
        let ids: Vec<_> = ids.iter().enumerate().filter(|(_, id)| seen.insert(**id)).collect();
        for batch in ids.chunks(usize::try_from(BATCH).unwrap_or(1)) {
            let those: Vec<_> = batch.iter().map(|(_, id)| **id).collect();
            let found = self.store.find_these(&those).await?;
            let mut found: HashMap<_, _> =
                found.into_iter().map(|found| (found.id, found)).collect();
            let in_order = batch.iter().map(|(at, id)| found.remove(*id).ok_or(*at));
            let in_order = in_order.collect::<Result<Vec<_>, usize>>();
            let in_order = in_order.map_err(NotPrepared::Unknown)?;
            self.freeze_page(in_order, what, &mut frozen).await?;
        }
        Ok(frozen)
    }

    async fn freeze_page(
        &self,
        sagas: Vec<Found>,
        what: Intervention,
        frozen: &mut Frozen,
    ) -> Result<(), NotPrepared> {
        if frozen.items.len() + sagas.len() > MOST {
            return Err(NotPrepared::TooMany);
        }
        let open: Vec<_> = sagas.iter().filter(|saga| !saga.is_at_rest()).collect();
        let instances = self.store.instances(&open).await?;
        for found in &sagas {
            let saga = instances.get(&found.id);
            frozen.add(found, saga, self.will(found, saga, what));
        }
        Ok(())
    }

    /// What the action will do to this saga, or why it is not allowed.
    fn will(
        &self,
        found: &Found,
        saga: Option<&Instance>,
        what: Intervention,
    ) -> Result<String, String> {
        match saga {
            Some(saga) => self.executor.preview(saga, what),
            None if found.is_at_rest() => Err(format!("the saga is at rest: {}", found.state)),
            None => Err("this binary can't read the saga".to_owned()),
        }
    }
}

impl Frozen {
    fn add(&mut self, found: &Found, saga: Option<&Instance>, will: Result<String, String>) {
        let all = || found.amount.filter(|_| !found.is_at_rest()).map_or(0, |amount| amount.0);
        let money = saga.map_or_else(all, |saga| saga.exposure().money.0);
        self.money = self.money.saturating_add(money);
        let did = match &will {
            Ok(will) => without_particulars(will),
            Err(why) => format!("refused: {}", without_particulars(why)),
        };
        *self.did.entry(did).or_default() += 1;
        let version = saga.map_or(found.version, |saga| saga.version);
        let cause = saga.and_then(Cause::of);
        self.items.push(BulkItem {
            place: i64::try_from(self.items.len()).unwrap_or(i64::MAX),
            saga: found.id,
            version,
            expected: version,
            will: will.ok(),
            cause: cause.and_then(|cause| serde_json::to_value(cause).ok()),
            result: BulkResult::Waiting,
            did: None,
            error: None,
            at: None,
            then: None,
            halts: false,
        });
    }
}
