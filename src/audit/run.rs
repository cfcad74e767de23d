//! Runs an audit: reads the books page by page, and compares each account with itself and with the payment
//! service's record, at a limited rate.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::{StreamExt, stream};
use uuid::Uuid;

use super::books;
use super::payment::{self, Expected};
use super::rate::RateLimiter;
use super::report::{About, Finding, FindingKind, Report};
use crate::clock::Clock;
use crate::neighbours::{Payment, Recorded};
use crate::order::OrderId;
use crate::pacing::Pacing;
use crate::store::{Account, Error, Store};
use crate::trace::TraceParent;

/// The most accounts on a page.
const PAGE: u64 = 250;
/// How many accounts are compared at the same time.
pub(super) const CONCURRENCY: usize = 16;
/// How many times the payment service is asked about one order before it counts as not answering.
const ATTEMPTS: u32 = 3;
/// After this many requests in a row without an answer, no more are sent.
const MAX_UNANSWERED: u32 = 32;
/// How many times an account that keeps changing is compared.
const COMPARISONS: u32 = 3;

/// The options of an audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The most requests to the payment service per second, at least 1.
    pub rate: u32,
    /// Compare only sagas that changed since then.
    pub since: Option<DateTime<Utc>>,
}

/// An audit that can be run.
#[derive(Debug)]
pub struct Audit {
    pub(super) store: Store,
    payment: Payment,
    since: Option<DateTime<Utc>>,
    /// When the audit began. Sagas accepted later are left to the next one, so that this one ends.
    until: DateTime<Utc>,
    rate: RateLimiter,
    /// Requests in a row that were not answered.
    unanswered: AtomicU32,
    clock: Clock,
}

/// One account, compared.
struct Compared {
    account: Account,
    findings: Vec<Finding>,
    /// Whether the payment service answered.
    is_answered: bool,
}

impl Audit {
    /// An audit of these books and this payment service.
    pub fn new(store: Store, payment: Payment, options: Options, clock: Clock) -> Self {
        let (since, until) = (options.since, clock.now());
        let rate = RateLimiter::new(options.rate, clock.clone());
        let unanswered = AtomicU32::new(0);
        Self { store, payment, since, until, rate, unanswered, clock }
    }

    /// Goes through all the books. Calls `progress` after every account.
    pub async fn run(&self, mut progress: impl FnMut(&Report)) -> Result<Report, Error> {
        let mut report = Report::default();
        let mut after = Uuid::nil();
        loop {
            let page = self.store.accounts(after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(report) };
            after = last.id.0;
            let (due, skipped): (Vec<_>, Vec<_>) =
                page.into_iter().partition(|account| self.is_due(account));
            report.skipped += skipped.len() as u64;
            let compared = due.into_iter().map(|account| self.compare(account));
            let mut compared = stream::iter(compared).buffered(CONCURRENCY);
            while let Some(compared) = compared.next().await {
                add(&mut report, compared?);
                progress(&report);
            }
        }
    }

    fn is_due(&self, account: &Account) -> bool {
        account.saga.as_ref().is_none_or(|saga| {
            let is_new = self.since.is_none_or(|since| account.updated_at() >= Some(since));
            is_new && saga.row.created_at <= self.until
        })
    }

    /// Compares an account until it agrees, or differs without having changed in the meantime. The neighbour
    /// is asked later than the books are read, so a difference counts only if the account is still the same
    /// after that.
    async fn compare(&self, mut account: Account) -> Result<Compared, Error> {
        for _comparison in 0..COMPARISONS {
            let (findings, is_answered) = self.compare_once(&account).await;
            if !findings.iter().any(|finding| finding.kind == FindingKind::Differs) {
                return Ok(Compared { account, findings, is_answered });
            }
            let now = self.store.account(account.id).await?;
            if now.stamp() == account.stamp() {
                return Ok(Compared { account, findings, is_answered });
            }
            account = now;
        }
        let mut findings = books::compare(&account);
        let books = "it changed whenever it was looked at".to_owned();
        let (id, kind, about) = (Some(account.id), FindingKind::NotCompared, About::Payment);
        findings.push(Finding { id, kind, about, books, neighbour: None });
        Ok(Compared { account, findings, is_answered: false })
    }

    /// The findings, and whether the payment service answered.
    async fn compare_once(&self, account: &Account) -> (Vec<Finding>, bool) {
        let mut findings = books::compare(account);
        let expected = payment::expected(account);
        let waits = payment::waits_for_a_person(account, expected);
        match expected {
            Expected::Paid | Expected::Nothing => {}
            // What the payment service has recorded helps the person who has to settle it.
            Expected::Unsettled if waits => {}
            Expected::Unsettled | Expected::Unknown => return (findings, false),
        }
        let recorded = self.ask(account.id).await;
        let kind = match &recorded {
            Recorded::NoAnswer(_) => Some(FindingKind::NotCompared),
            Recorded::Nothing | Recorded::Status(_) if waits => Some(FindingKind::Open),
            Recorded::Nothing | Recorded::Status(_) => {
                (!payment::agrees(expected, &recorded)).then_some(FindingKind::Differs)
            }
        };
        let found = kind.map(|kind| {
            let books = payment::in_words(account, expected);
            let said = Some(payment::said(&recorded));
            let (id, about) = (Some(account.id), About::Payment);
            Finding { id, kind, about, books, neighbour: said }
        });
        findings.extend(found);
        (findings, !matches!(recorded, Recorded::NoAnswer(_)))
    }

    /// Asks the payment service about an order, several times if it doesn't answer. Gives up at once if it
    /// has not answered the last [`MAX_UNANSWERED`] requests either.
    pub(super) async fn ask(&self, id: OrderId) -> Recorded {
        let trace = TraceParent::fresh();
        let mut pacing = Pacing::new(Duration::from_millis(100), Duration::from_secs(1));
        let mut error = String::new();
        for _attempt in 0..ATTEMPTS {
            if self.unanswered.load(Ordering::Relaxed) >= MAX_UNANSWERED {
                let gone = format!("not asked: {MAX_UNANSWERED} questions in a row had no answer");
                return Recorded::NoAnswer(if error.is_empty() { gone } else { error });
            }
            self.rate.turn().await;
            match self.payment.recorded(&trace, id).await {
                Recorded::NoAnswer(none) => {
                    self.unanswered.fetch_add(1, Ordering::Relaxed);
                    error = none;
                }
                answer @ (Recorded::Nothing | Recorded::Status(_)) => {
                    self.unanswered.store(0, Ordering::Relaxed);
                    return answer;
                }
            }
            self.clock.sleep(pacing.pause(self.clock.chance())).await;
        }
        Recorded::NoAnswer(error)
    }
}

fn add(report: &mut Report, compared: Compared) {
    let Compared { account, findings, is_answered } = compared;
    report.sagas += u64::from(account.saga.is_some());
    report.orders += u64::from(account.order.is_some());
    let is_forgotten = account.saga.is_none() && account.is_forgotten;
    report.forgotten += u64::from(is_forgotten && account.order.is_some());
    report.open += u64::from(payment::is_open(&account));
    report.payments += u64::from(is_answered);
    for finding in findings {
        report.add(finding);
    }
}
