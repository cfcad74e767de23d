//! The ledger: what the neighbours were asked and what they really did. It is what a test holds
//! the order service's own books against, so nothing that was asked is left out.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    account::{Product, User},
    effect::Effect,
    fault::FaultKind,
    service::Service,
};

/// All that the neighbours own and did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ledger {
    /// Every user, by profile id.
    pub users: Vec<User>,
    /// Every product, by id.
    pub products: Vec<Product>,
    /// What was asked, in the order in which it was settled.
    pub records: Vec<Record>,
    /// Sums over all records, also those left out of `records`.
    pub totals: Totals,
    /// The keys that were acted on more than once. Always empty for an idempotent service.
    pub repeated: Vec<Repeated>,
}

/// One attempt at an effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Counts from 1 without a gap, and from 1 again after a reset.
    pub seq: u64,
    /// When it was settled.
    pub at: DateTime<Utc>,
    /// Who was asked.
    pub service: Service,
    /// What was asked.
    #[serde(flatten)]
    pub effect: Effect,
    /// The `Idempotency-Key` it came with.
    pub key: Option<Arc<str>>,
    /// Whether a `traceparent` came with it.
    pub traceparent: bool,
    /// What became of it.
    pub result: RecordResult,
    /// What the service decided, as an HTTP status; none where a fault came before.
    pub status: Option<u16>,
    /// The stock or the wallet behind the decision: after an act, or as it was when too small.
    pub left: Option<i64>,
    /// The fault that struck.
    pub fault: Option<FaultKind>,
    /// The status that was sent; none where the connection was cut instead.
    pub sent: Option<u16>,
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordResult {
    /// It happened.
    Acted,
    /// It did not: the service said no.
    Refused,
    /// It did not happen again: the first answer was given again.
    Replayed,
    /// It did not: a fault came before the service looked at it.
    FaultedBefore,
}

/// Sums over the whole ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// How many effects happened.
    pub acted: u64,
    /// How many were refused.
    pub refused: u64,
    /// How many were answered with the first answer.
    pub replayed: u64,
    /// How many a fault kept from the service.
    pub faulted_before: u64,
    /// Calls whose body the neighbour can't read: answered 400, not recorded. Not kept in a file.
    pub unreadable: u64,
    /// Paise taken from wallets.
    pub charged: i64,
    /// Paise put back.
    pub refunded: i64,
    /// Units taken out of stock.
    pub reserved: i64,
    /// Units put back.
    pub released: i64,
    /// Reads. Not kept in a file.
    pub reads: Reads,
}

/// How often each service was read, faults included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reads {
    /// Reads of users.
    pub user: u64,
    /// Reads of products.
    pub product: u64,
    /// Reads of the status of a payment.
    pub payment: u64,
}

/// A key that was acted on more than once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeated {
    /// Who acted.
    pub service: Service,
    /// The `Idempotency-Key`.
    pub key: Arc<str>,
    /// How often: 2 or more.
    pub acts: u32,
}

impl Totals {
    pub(super) fn count(&mut self, record: &Record) {
        match record.result {
            RecordResult::Acted => self.acted += 1,
            RecordResult::Refused => self.refused += 1,
            RecordResult::Replayed => self.replayed += 1,
            RecordResult::FaultedBefore => self.faulted_before += 1,
        }
        if record.result == RecordResult::Acted {
            let (sum, more) = match &record.effect {
                Effect::Process(payment) => (&mut self.charged, payment.amount),
                Effect::Refund(payment) => (&mut self.refunded, payment.amount),
                Effect::Reserve(units) => (&mut self.reserved, units.quantity),
                Effect::Release(units) => (&mut self.released, units.quantity),
            };
            *sum = sum.saturating_add(more);
        }
    }
}
