//! All that the books say under one id, and what tells two looks at it apart.

use chrono::{DateTime, Utc};

use super::outbox::StoredEvent;
use super::saga::Found;
use super::{Order, Unreadable};
use crate::order::OrderId;
use crate::saga::{Entry, Instance};

/// All that the books say under one id.
#[derive(Debug)]
pub struct Account {
    /// Of the order, its saga, its events.
    pub id: OrderId,
    /// The saga.
    pub saga: Option<Kept>,
    /// Entries in the log of a saga of this id.
    pub entries: usize,
    /// The order with its lines.
    pub order: Option<Order>,
    /// The other sagas about the order.
    pub reversals: Vec<Found>,
    /// What the outbox has to tell of it.
    pub events: Vec<StoredEvent>,
}

/// What tells two looks at an account apart.
#[derive(Debug, PartialEq, Eq)]
pub struct Stamp {
    revisions: Vec<i64>,
    entries: usize,
    order: Option<DateTime<Utc>>,
    events: usize,
}

/// A saga as the books keep it.
#[derive(Debug)]
pub struct Kept {
    /// The row, leniently read.
    pub row: Found,
    /// Which version of its kind.
    pub version: i32,
    /// The executor that owns it is one that is known; so it is where nobody owns it.
    pub owner_is_known: bool,
    /// As an executor would hold it, with its whole log.
    pub readable: Result<(Instance, Vec<Entry>), Box<Unreadable>>,
}

impl Account {
    /// What changes whenever something of it does.
    pub fn stamp(&self) -> Stamp {
        let sagas = self.saga.iter().map(|saga| &saga.row).chain(&self.reversals);
        let order = self.order.as_ref().map(|order| order.updated_at);
        let revisions = sagas.map(|saga| saga.revision).collect();
        Stamp { revisions, entries: self.entries, order, events: self.events.len() }
    }

    /// The last write to any of it.
    pub fn updated_at(&self) -> Option<DateTime<Utc>> {
        let sagas = self.saga.iter().map(|saga| &saga.row).chain(&self.reversals);
        let sagas = sagas.map(|saga| saga.updated_at);
        sagas.chain(self.order.as_ref().map(|order| order.updated_at)).max()
    }
}
