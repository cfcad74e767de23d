//! The sagas that are being driven in this process, and whether the database may know of more.

use std::sync::atomic::{AtomicBool, Ordering};

use dashmap::DashMap;
use dashmap::mapref::one::Ref;
use tokio_util::sync::CancellationToken;

use super::cancel_notice::CancelNotice;
use crate::saga::SagaId;

/// One saga's driver, as others reach it.
#[derive(Clone, Debug)]
pub(super) struct Active {
    /// The fence of the claim under which it drives.
    pub(super) fence: i64,
    /// Cancelled when an operator waits for the saga: the driver gives it up between two calls.
    pub(super) yield_to_operator: CancellationToken,
    /// Cancelled when the operator doesn't wait for calls in flight either: those that their
    /// idempotency keys settle later are cut off.
    pub(super) cut_calls: CancellationToken,
    /// Hears that the saga is to be cancelled.
    pub(super) cancel: CancelNotice,
}

/// All drivers of this process.
#[derive(Debug)]
pub(super) struct ActiveSagas {
    by_id: DashMap<SagaId, Active>,
    /// The database may say that a saga is this executor's though it has no driver here.
    may_have_lost: AtomicBool,
}

impl ActiveSagas {
    /// None yet, and what the database says has not been looked at.
    pub(super) fn new() -> Self {
        Self { by_id: DashMap::new(), may_have_lost: AtomicBool::new(true) }
    }

    pub(super) fn insert(&self, id: SagaId, active: Active) {
        self.by_id.insert(id, active);
    }

    /// Removes the driver of this claim, and no later one's.
    pub(super) fn remove(&self, id: SagaId, fence: i64) {
        self.by_id.remove_if(&id, |_, active| active.fence == fence);
    }

    pub(super) fn get(&self, id: SagaId) -> Option<Ref<'_, SagaId, Active>> {
        self.by_id.get(&id)
    }

    pub(super) fn contains(&self, id: SagaId) -> bool {
        self.by_id.contains_key(&id)
    }

    /// Whether a saga is driven here under this claim.
    pub(super) fn has_claim(&self, id: SagaId, fence: i64) -> bool {
        self.get(id).is_some_and(|active| active.fence == fence)
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// A saga may be this executor's in the database and have no driver here: the next sweep looks.
    pub(super) fn may_have_lost_one(&self) {
        self.may_have_lost.store(true, Ordering::Release);
    }

    /// Whether a saga may have been lost since this was last asked.
    pub(super) fn take_may_have_lost(&self) -> bool {
        self.may_have_lost.swap(false, Ordering::AcqRel)
    }
}
