//! Places: which attempts of this process are under way, by endpoint; and those that have ended and are to be
//! recorded.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use uuid::Uuid;

use crate::store::{ClaimedDelivery, Settlement};

/// The attempts of a process.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// The events whose attempts are under way, by endpoint.
    under_way: Mutex<HashMap<Uuid, Vec<Uuid>>>,
    ended: Mutex<Ended>,
    /// There may be something to do.
    pub(super) news: Notify,
}

/// Attempts that have ended and are not recorded.
#[derive(Debug, Default)]
pub(super) struct Ended {
    pub(super) attempts: Vec<Attempted>,
    /// Somebody records them, one batch after the other.
    pub(super) is_recording: bool,
}

/// An attempt that has ended. It keeps its place until it is recorded, so that its lease is renewed.
#[derive(Debug)]
pub(super) struct Attempted {
    pub(super) claimed: ClaimedDelivery,
    pub(super) settlement: Settlement,
    pub(super) place: Place,
}

/// A place among the attempts for an endpoint; free again when this is dropped, also by a panic.
#[derive(Debug)]
pub(super) struct Place {
    among: Arc<Places>,
    webhook: Uuid,
    event: Uuid,
}

impl Places {
    /// A place for an attempt to tell this endpoint of this event.
    pub(super) fn take(self: &Arc<Self>, webhook: Uuid, event: Uuid) -> Place {
        self.under_way(|all| all.entry(webhook).or_default().push(event));
        Place { among: self.clone(), webhook, event }
    }

    /// How many attempts are under way for an endpoint.
    pub(super) fn taken(&self, webhook: Uuid) -> usize {
        self.under_way(|all| all.get(&webhook).map_or(0, Vec::len))
    }

    /// The events of all attempts under way.
    pub(super) fn events(&self) -> Vec<Uuid> {
        self.under_way(|all| all.values().flatten().copied().collect())
    }

    /// Looks at the attempts that have ended.
    pub(super) fn ended<T>(&self, look: impl FnOnce(&mut Ended) -> T) -> T {
        look(&mut self.ended.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn under_way<T>(&self, look: impl FnOnce(&mut HashMap<Uuid, Vec<Uuid>>) -> T) -> T {
        look(&mut self.under_way.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.among.under_way(|all| {
            if let Some(events) = all.get_mut(&self.webhook)
                && let Some(at) = events.iter().position(|event| *event == self.event)
            {
                events.swap_remove(at);
            }
            all.retain(|_, events| !events.is_empty());
        });
        self.among.news.notify_one();
    }
}
