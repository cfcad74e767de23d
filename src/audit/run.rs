//! The audit's way through the books: a page at a time, each account compared with itself and with
//! the payment service's record, at a bounded pace.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::{StreamExt, stream};
use uuid::Uuid;

use super::books;
use super::pace::Pace;
use super::payment::{self, Expected};
use super::report::{About, Finding, Report, Verdict};
use crate::clock::Clock;
use crate::neighbours::{Payment, Recorded};
use crate::order::OrderId;
use crate::pacing::Pacing;
use crate::store::{Account, Error, Store};
use crate::trace::TraceParent;

/// Accounts read at a time, at most.
const PAGE: u64 = 250;
/// Questions under way at once.
pub(super) const AT_ONCE: usize = 16;
/// How often one question is asked before it counts as not answered.
const TRIES: u32 = 3;
/// After so many questions in a row without an answer, no more are asked.
const GONE: u32 = 32;
/// How often an account that keeps changing is looked at.
const LOOKS: u32 = 3;

/// What to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Questions to the payment service per second, at least 1.
    pub rate: u32,
    /// Only sagas that changed since.
    pub since: Option<DateTime<Utc>>,
}

/// An audit, before it runs.
#[derive(Debug)]
pub struct Audit {
    pub(super) store: Store,
    payment: Payment,
    since: Option<DateTime<Utc>>,
    /// Sagas accepted later are left to the next audit: this one has an end.
    until: DateTime<Utc>,
    pace: Pace,
    unanswered: AtomicU32,
    clock: Clock,
}

/// What became of one account.
struct Examined {
    account: Account,
    findings: Vec<Finding>,
    asked: bool,
}

impl Audit {
    /// An audit of these books, with that payment service.
    pub fn new(store: Store, payment: Payment, options: Options, clock: Clock) -> Self {
        let (since, until) = (options.since, clock.now());
        let pace = Pace::new(options.rate, clock.clone());
        let unanswered = AtomicU32::new(0);
        Self { store, payment, since, until, pace, unanswered, clock }
    }

    /// Walks the books from end to end, and tells how far it has come after every account.
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
            let examined = due.into_iter().map(|account| self.examine(account));
            let mut examined = stream::iter(examined).buffered(AT_ONCE);
            while let Some(examined) = examined.next().await {
                take_in(&mut report, examined?);
                progress(&report);
            }
        }
    }

    fn is_due(&self, account: &Account) -> bool {
        account.saga.as_ref().is_none_or(|saga| {
            let is_new = self.since.is_none_or(|since| saga.row.updated_at >= since);
            is_new && saga.row.created_at <= self.until
        })
    }

    /// Compares until it agrees, or has held still meanwhile. What the books say of themselves is of
    /// one moment, and stands; the neighbour was asked at another.
    async fn examine(&self, mut account: Account) -> Result<Examined, Error> {
        for _look in 0..LOOKS {
            let (findings, asked) = self.look_at(&account).await;
            if !findings.iter().any(|finding| finding.verdict == Verdict::Differs) {
                return Ok(Examined { account, findings, asked });
            }
            let now = self.store.account(account.id).await?;
            if now.stamp() == account.stamp() {
                return Ok(Examined { account, findings, asked });
            }
            account = now;
        }
        let mut findings = books::compare(&account);
        let books = "it changed whenever it was looked at".to_owned();
        let (id, verdict, about) = (account.id, Verdict::NotCompared, About::Payment);
        findings.push(Finding { id, verdict, about, books, neighbour: None });
        Ok(Examined { account, findings, asked: false })
    }

    async fn look_at(&self, account: &Account) -> (Vec<Finding>, bool) {
        let mut findings = books::compare(account);
        let expected = payment::expected(account);
        let waits = payment::waits_for_a_person(account, expected);
        match expected {
            Expected::Paid | Expected::Nothing => {}
            // What is recorded helps the person who has to settle it.
            Expected::Unsettled if waits => {}
            Expected::Unsettled | Expected::Unknown => return (findings, false),
        }
        let recorded = self.ask(account.id).await;
        let verdict = match &recorded {
            Recorded::NoAnswer(_) => Some(Verdict::NotCompared),
            Recorded::Nothing | Recorded::Status(_) if waits => Some(Verdict::Open),
            Recorded::Nothing | Recorded::Status(_) => {
                (!payment::agrees(expected, &recorded)).then_some(Verdict::Differs)
            }
        };
        let found = verdict.map(|verdict| {
            let books = payment::in_words(account, expected);
            let said = Some(payment::said(&recorded));
            Finding { id: account.id, verdict, about: About::Payment, books, neighbour: said }
        });
        findings.extend(found);
        (findings, !matches!(recorded, Recorded::NoAnswer(_)))
    }

    /// Asks, again where there is no answer, unless the neighbour is plainly gone.
    pub(super) async fn ask(&self, id: OrderId) -> Recorded {
        let trace = TraceParent::fresh();
        let mut pacing = Pacing::new(Duration::from_millis(100), Duration::from_secs(1));
        let mut error = String::new();
        for _try in 0..TRIES {
            if self.unanswered.load(Ordering::Relaxed) >= GONE {
                let gone = format!("not asked: {GONE} questions in a row had no answer");
                return Recorded::NoAnswer(if error.is_empty() { gone } else { error });
            }
            self.pace.turn().await;
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

fn take_in(report: &mut Report, examined: Examined) {
    let Examined { account, findings, asked } = examined;
    report.sagas += u64::from(account.saga.is_some());
    report.orders += u64::from(account.order.is_some());
    report.open += u64::from(payment::is_open(&account));
    report.payments += u64::from(asked);
    for finding in findings {
        report.add(finding);
    }
}
