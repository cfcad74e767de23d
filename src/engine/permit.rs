//! Permits: how many sagas may be advanced here at once, and how many of those may be claimed ones.
//!
//! Every saga needs a permit out of `total`. A claimed one needs one out of `for_claims` besides,
//! so that claims always leave some to new sagas.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::settings::Settings;

/// The permits of one executor.
#[derive(Debug)]
pub(super) struct Permits {
    all: Arc<Semaphore>,
    claims: Arc<Semaphore>,
    total: usize,
    for_claims: usize,
    /// There was something to claim and no permit for it.
    claim_waits: AtomicBool,
}

/// Permission to advance one saga, given back when dropped.
#[derive(Debug)]
pub(super) struct Permit {
    _of_all: Option<OwnedSemaphorePermit>,
    of_claims: Option<OwnedSemaphorePermit>,
}

impl Permit {
    pub(super) fn is_for_claimed(&self) -> bool {
        self.of_claims.is_some()
    }
}

impl Permits {
    pub(super) fn new(settings: &Settings) -> Self {
        let (total, for_claims) = (settings.concurrency, settings.for_claims());
        Self {
            all: Arc::new(Semaphore::new(total)),
            claims: Arc::new(Semaphore::new(for_claims)),
            total,
            for_claims,
            claim_waits: AtomicBool::new(false),
        }
    }

    /// For a new saga, if one is free.
    pub(super) fn for_new(&self) -> Option<Permit> {
        let of_all = self.all.clone().try_acquire_owned().ok()?;
        Some(Permit { _of_all: Some(of_all), of_claims: None })
    }

    /// For a saga that an operator acts on: a person is waiting, so it is given even if none is
    /// free.
    pub(super) fn for_operator(&self) -> Permit {
        Permit { _of_all: self.all.clone().try_acquire_owned().ok(), of_claims: None }
    }

    /// For a claimed saga, if one is free.
    pub(super) fn for_claimed(&self) -> Option<Permit> {
        let of_claims = self.claims.clone().try_acquire_owned().ok()?;
        let of_all = self.all.clone().try_acquire_owned().ok()?;
        Some(Permit { _of_all: Some(of_all), of_claims: Some(of_claims) })
    }

    /// For a claimed saga: where only new sagas' permits are in the way, the next that is given
    /// back. `None` where claims hold all that they may. Cancel safe.
    pub(super) async fn next_for_claimed(&self) -> Option<Permit> {
        let of_claims = self.claims.clone().try_acquire_owned().ok()?;
        let of_all = self.all.clone().acquire_owned().await.ok()?;
        Some(Permit { _of_all: Some(of_all), of_claims: Some(of_claims) })
    }

    /// How many new sagas could have one.
    pub(super) fn free(&self) -> usize {
        self.all.available_permits()
    }

    /// Whether none is free.
    pub(super) fn are_all_taken(&self) -> bool {
        self.all.available_permits() == 0
    }

    /// How many are in use.
    pub(super) fn in_use(&self) -> usize {
        self.total.saturating_sub(self.all.available_permits())
    }

    /// How many of them are used by claimed sagas.
    pub(super) fn in_use_by_claims(&self) -> usize {
        self.for_claims.saturating_sub(self.claims.available_permits())
    }

    /// A claim waits for the next permit that is given back.
    pub(super) fn claim_waits(&self) {
        self.claim_waits.store(true, Ordering::Release);
    }

    /// No claim waits any more. Whether one did.
    pub(super) fn claim_waits_no_more(&self) -> bool {
        self.claim_waits.swap(false, Ordering::AcqRel)
    }
}
