//! What an order looks like at one moment, and the statuses that it has had, each with a number.
//!
//! A number is made of the version of the event that told of the status, and of how far the checkout's
//! state has come. Both only rise, and both are stored; so every replica gives a change the same number,
//! also long after it.

use serde_json::{Value, json};

use super::Api;
use super::status::{StatusView, status_of};
use crate::auth::Caller;
use crate::order::OrderId;
use crate::store::StoredEvent;
use crate::trace::TraceParent;
use crate::web::Problem;

/// More than there are states.
const STATES: u64 = 1 << 10;
const PENDING: &str = "Pending";

/// An order at one moment.
pub(super) struct Moment {
    view: StatusView,
    /// How far its state has come.
    state: u64,
    /// The events that changed its status, oldest first.
    changes: Vec<Change>,
}

struct Change {
    version: u64,
    status: String,
    event: StoredEvent,
}

impl Moment {
    /// The order as it is, if the caller may see it.
    pub(super) async fn of(
        api: &Api,
        caller: &Caller,
        id: OrderId,
        trace: &TraceParent,
    ) -> Result<Option<Self>, Problem> {
        loop {
            let events = api.store.events_of(id).await?;
            let Some(view) = status_of(api, caller, id, trace).await? else { return Ok(None) };
            // Its status changes only together with an event. Without a new one, both are of one moment.
            if api.store.events_of(id).await?.len() == events.len() {
                let states = api.store.catalogue().states();
                let state = states.iter().position(|state| Some(*state) == view.state.as_deref());
                let state = state.and_then(|at| u64::try_from(at).ok()).unwrap_or(0);
                return Ok(Some(Self { view, state, changes: changes(events) }));
            }
        }
    }

    /// Rises with each change of status or state.
    pub(super) fn number(&self) -> u64 {
        self.changes.last().map_or(0, |change| change.version) * STATES + self.state
    }

    /// Whether nothing can change any more.
    pub(super) fn is_final(&self) -> bool {
        // What has no checkout was imported, and stays as it is.
        self.view.state.is_none()
            || matches!(self.view.status.as_str(), "Rejected" | "Cancelled" | "Delivered")
    }

    /// What a client is told of it.
    pub(super) fn data(&self) -> Value {
        // Plain data with string keys.
        serde_json::to_value(&self.view).unwrap_or_default()
    }

    /// The statuses between the change of this number and now, each with its own.
    pub(super) fn missed_since(&self, seen: u64) -> Vec<(u64, Value)> {
        let before = self.changes.split_last().map_or(&[][..], |(_now, before)| before);
        let is_missed = |change: &&Change| change.version * STATES > seen;
        let told = |change: &Change| {
            let mut data = self.data();
            data["status"] = json!(change.status);
            data["updatedAt"] = json!(change.event.at);
            (change.version * STATES, data)
        };
        before.iter().filter(is_missed).map(told).collect()
    }
}

/// Those of an order's events that changed its status.
fn changes(events: Vec<StoredEvent>) -> Vec<Change> {
    let mut status = PENDING.to_owned();
    let mut changes = Vec::new();
    for event in events {
        let Some(now) = event.status.clone().filter(|now| *now != status) else { continue };
        let version = u64::try_from(event.version).unwrap_or(0);
        status.clone_from(&now);
        changes.push(Change { version, status: now, event });
    }
    changes
}
