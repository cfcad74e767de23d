//! The ledger: what the neighbours were asked to do, and what they really did. Tests compare the order
//! service's books with it, so it leaves out no request.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    account::{Product, User},
    effect::Effect,
    fault::FaultKind,
    service::Service,
};

/// All that the neighbours own and have done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ledger {
    /// Every user, by profile id.
    pub users: Vec<User>,
    /// Every product, by id.
    pub products: Vec<Product>,
    /// All attempts, in the order in which they were decided.
    pub records: Vec<Record>,
    /// Sums over all records, including those that `records` leaves out.
    pub totals: Totals,
    /// The keys for which a service acted more than once. An idempotent one never does.
    pub repeated: Vec<Repeated>,
}

/// One attempt at an effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Its number, from 1 without gaps; after a reset, numbers start at 1 again.
    pub seq: u64,
    /// When it was decided.
    pub at: DateTime<Utc>,
    /// The service that was asked.
    pub service: Service,
    /// The effect that was asked for.
    #[serde(flatten)]
    pub effect: Effect,
    /// Its `Idempotency-Key`.
    pub key: Option<Arc<str>>,
    /// Whether it had a `traceparent`.
    pub traceparent: bool,
    /// Its result.
    pub result: RecordResult,
    /// The service's decision as an HTTP status; `None` if a fault came first.
    pub status: Option<u16>,
    /// The stock or balance that the decision was about: what is left after an act, or what was there and
    /// was too little.
    pub left: Option<i64>,
    /// The fault that struck.
    pub fault: Option<FaultKind>,
    /// The status that was sent; `None` if the connection was cut instead.
    pub sent: Option<u16>,
}

/// The result of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordResult {
    /// The service acted.
    Acted,
    /// The service refused.
    Refused,
    /// The key was known: the service didn't act again, and repeated its first answer.
    Replayed,
    /// A fault came first: the service didn't act.
    FaultedBefore,
}

/// Sums over the whole ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// How many effects were carried out.
    pub acted: u64,
    /// How many were refused.
    pub refused: u64,
    /// How many attempts got the first answer for their key again.
    pub replayed: u64,
    /// How many attempts a fault prevented.
    pub faulted_before: u64,
    /// Calls whose body the neighbour can't read: answered 400, and not recorded. Not kept in the file.
    pub unreadable: u64,
    /// Paise taken from wallets.
    pub charged: i64,
    /// Paise put back.
    pub refunded: i64,
    /// Units taken out of stock.
    pub reserved: i64,
    /// Units put back.
    pub released: i64,
    /// Reads. Not kept in the file.
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

/// A key for which a service acted more than once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeated {
    /// The service that acted.
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
