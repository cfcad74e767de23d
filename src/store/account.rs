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
    /// Its saga, and others that were about the order then, are forgotten: the archive has them.
    pub is_forgotten: bool,
    /// Events of this time and before may be forgotten.
    pub events_forgotten: Option<DateTime<Utc>>,
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

    /// Whether events of it may be forgotten: it is older than some that are.
    pub fn may_lack_events(&self) -> bool {
        let saga = self.saga.as_ref().map(|saga| saga.row.created_at);
        let began = saga.into_iter().chain(self.order.as_ref().map(|order| order.created_at)).min();
        let forgotten = self.events_forgotten.zip(began);
        forgotten.is_some_and(|(forgotten, began)| began <= forgotten)
    }

    /// The last write to any of it.
    pub fn updated_at(&self) -> Option<DateTime<Utc>> {
        let sagas = self.saga.iter().map(|saga| &saga.row).chain(&self.reversals);
        let sagas = sagas.map(|saga| saga.updated_at);
        sagas.chain(self.order.as_ref().map(|order| order.updated_at)).max()
    }
}
