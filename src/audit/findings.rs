//! Collects what is found in one account.

use super::report::{About, Finding, FindingKind};
use crate::order::OrderId;
use crate::store::Account;

/// What is found in an account.
pub(super) struct Found {
    id: OrderId,
    /// All of it.
    pub(super) all: Vec<Finding>,
}

impl Found {
    pub(super) fn of(account: &Account) -> Self {
        Self { id: account.id, all: Vec::new() }
    }

    /// The books contradict themselves.
    pub(super) fn differs(&mut self, about: About, books: impl Into<String>) {
        self.add(about, FindingKind::Differs, books.into());
    }

    pub(super) fn add(&mut self, about: About, kind: FindingKind, books: String) {
        self.all.push(Finding { id: Some(self.id), kind, about, books, neighbour: None });
    }
}
