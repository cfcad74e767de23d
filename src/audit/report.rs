//! An audit's report: counts of everything, and the first findings of each kind.

use serde::Serialize;
use strum::{Display, EnumIter};

use crate::order::OrderId;

/// How many findings of a kind are kept. Those beyond are only counted.
const KEPT: usize = 1_000;

/// What kind of finding it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, EnumIter, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum FindingKind {
    /// The books contradict themselves or the neighbour.
    #[strum(to_string = "DIFFERS")]
    Differs,
    /// It could not be compared: it was unreadable, the neighbour didn't answer, or it kept changing.
    #[strum(to_string = "not compared")]
    NotCompared,
    /// It needs a person to settle it before there is anything to compare.
    #[strum(to_string = "open")]
    Open,
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, Serialize)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum About {
    /// The saga's row, its log, and the position that follows from them.
    Saga,
    /// The order and its items.
    Order,
    /// The events.
    Outbox,
    /// The payment service's record.
    Payment,
    /// The audit trail of what persons did.
    Trail,
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The id of the order and its saga; `None` for the audit trail.
    pub id: Option<OrderId>,
    /// Its kind.
    #[serde(rename = "verdict")]
    pub kind: FindingKind,
    /// What it is about.
    pub about: About,
    /// What the books say.
    pub books: String,
    /// What the neighbour says, if it was asked.
    pub neighbour: Option<String>,
}

/// The report of an audit.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Sagas that were compared.
    pub sagas: u64,
    /// Orders that were compared.
    pub orders: u64,
    /// Orders among them whose sagas are forgotten: the archive has those.
    pub forgotten: u64,
    /// Sagas left out: they have not changed since the given time, or were accepted after the audit began.
    pub skipped: u64,
    /// Sagas in flight, compared as far as they are settled.
    pub open: u64,
    /// Orders and sagas compared with the payment service's record.
    pub payments: u64,
    /// Distinct ids that were given.
    pub ids: u64,
    /// How many of the given ids are not in the books.
    pub unknown_ids: u64,
    /// Entries of the audit trail whose chain was checked.
    pub audit_entries: u64,
    /// How many things differ.
    pub differences: u64,
    /// How many things could not be compared.
    pub not_compared: u64,
    /// How many things need a person before they can be compared.
    pub needs_a_person: u64,
    /// The first findings of each kind.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether everything was compared and nothing differs.
    pub fn is_clean(&self) -> bool {
        self.differences == 0 && self.not_compared == 0
    }

    /// Counts a finding, and keeps it if it is among the first of its kind.
    pub fn add(&mut self, finding: Finding) {
        let count = match finding.kind {
            FindingKind::Differs => &mut self.differences,
            FindingKind::NotCompared => &mut self.not_compared,
            FindingKind::Open => &mut self.needs_a_person,
        };
        *count += 1;
        if usize::try_from(*count).is_ok_and(|count| count <= KEPT) {
            self.findings.push(finding);
        }
    }

    /// How many findings were counted and not kept.
    pub fn left_out(&self) -> u64 {
        let found = self.differences + self.not_compared + self.needs_a_person;
        found - self.findings.len() as u64
    }
}
