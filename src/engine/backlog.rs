//! How many sagas are open over all replicas, as far as this process knows, and whether that is too
//! many to accept another.

use std::sync::atomic::{AtomicU64, Ordering};

/// An estimate: the last count, and what was opened and closed here since.
#[derive(Debug)]
pub(super) struct Backlog {
    open: AtomicU64,
    /// Open sagas at which no more are accepted.
    limit: u64,
}

impl Backlog {
    pub(super) fn new(limit: u64) -> Self {
        Self { open: AtomicU64::new(0), limit }
    }

    pub(super) fn is_full(&self) -> bool {
        self.open.load(Ordering::Acquire) >= self.limit
    }

    /// A saga was accepted here.
    pub(super) fn opened(&self) {
        self.open.fetch_add(1, Ordering::AcqRel);
    }

    /// A saga came to rest here.
    pub(super) fn closed(&self) {
        let one_less = |open: u64| Some(open.saturating_sub(1));
        // The closure never gives None.
        let _always = self.open.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_less);
    }

    /// This many are open: those that nobody drives, and those that are driven here.
    pub(super) fn counted(&self, open: u64) {
        self.open.store(open, Ordering::Release);
    }
}
