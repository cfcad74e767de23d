//! What an audit found, bounded: counts of everything, and the first findings of each sort.

use serde::Serialize;
use strum::{Display, EnumIter};

use crate::order::OrderId;

/// Findings of one sort beyond these are counted and not kept.
const KEPT: usize = 1_000;

/// What a finding means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, EnumIter, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// The books don't hold together, or the neighbour says otherwise.
    #[strum(to_string = "DIFFERS")]
    Differs,
    /// It could not be compared: it can't be read, the neighbour didn't say, or it never held still.
    #[strum(to_string = "not compared")]
    NotCompared,
    /// Not settled yet, so that there is nothing to compare; and it needs a person.
    #[strum(to_string = "open")]
    Open,
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, Serialize)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum About {
    /// The saga's row, its log and what they add up to.
    Saga,
    /// The order with its lines.
    Order,
    /// The events.
    Outbox,
    /// The payment service's record.
    Payment,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Of the order and its saga.
    pub id: OrderId,
    /// What it means.
    pub verdict: Verdict,
    /// What it is about.
    pub about: About,
    /// What the books say.
    pub books: String,
    /// What the neighbour says, where one was asked.
    pub neighbour: Option<String>,
}

/// All of it.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Sagas that were looked at.
    pub sagas: u64,
    /// Orders that were looked at.
    pub orders: u64,
    /// Sagas left out: unchanged since, or accepted after the audit began.
    pub skipped: u64,
    /// Sagas on their way, compared as far as they are settled.
    pub open: u64,
    /// Orders and sagas compared with the payment service's record.
    pub payments: u64,
    /// Ids that were given, each once.
    pub ids: u64,
    /// Of these, how many are in no books.
    pub unknown_ids: u64,
    /// Findings that are differences.
    pub differences: u64,
    /// Findings that something could not be compared.
    pub not_compared: u64,
    /// Findings that something needs a person before it can be.
    pub needs_a_person: u64,
    /// The first findings of each sort.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Everything was compared, and nothing differs.
    pub fn is_clean(&self) -> bool {
        self.differences == 0 && self.not_compared == 0
    }

    /// Counts a finding, and keeps it among the first of its sort.
    pub fn add(&mut self, finding: Finding) {
        let count = match finding.verdict {
            Verdict::Differs => &mut self.differences,
            Verdict::NotCompared => &mut self.not_compared,
            Verdict::Open => &mut self.needs_a_person,
        };
        *count += 1;
        if usize::try_from(*count).is_ok_and(|count| count <= KEPT) {
            self.findings.push(finding);
        }
    }

    /// Findings that are counted and not kept.
    pub fn left_out(&self) -> u64 {
        let found = self.differences + self.not_compared + self.needs_a_person;
        found - self.findings.len() as u64
    }
}
