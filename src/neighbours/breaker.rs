//! A circuit breaker with a retry budget; each neighbour has one in each process.
//!
//! **The breaker** opens after [`failures`](BreakerLimits::failures) failed calls in a row. While it is
//! open nothing is sent, and a call counts as not sent. After each [`pause`](BreakerLimits::pause) one
//! call, the probe, is let through: if it succeeds the breaker closes, if it fails the next pause begins.
//!
//! **The retry budget** is a bucket of tokens. Every repeated attempt takes a token out, every success
//! puts one in, and [`retries`](BreakerLimits::retries) more are added each second. So repeats cost
//! nothing while they succeed, and while they fail their rate is close to the rate of refill.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tracing::{info, warn};

use crate::clock::Clock;
use crate::saga::Neighbour;

/// When a breaker opens, and how many repeats it allows.
#[derive(Clone, Copy, Debug)]
pub struct BreakerLimits {
    /// Failures in a row that open it; at least 1.
    pub failures: u32,
    /// How long nothing is sent before a probe is.
    pub pause: Duration,
    /// Repeats a second that are allowed even if no call succeeds.
    pub retries: u32,
}

/// The bucket holds as many tokens as are added in this time, in seconds.
const BUCKET_SECS: u32 = 10;

/// Whether calls are let through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum BreakerState {
    /// All calls are let through.
    #[default]
    Closed,
    /// One call is let through: the probe.
    HalfOpen,
    /// No call is let through.
    Open,
}

/// What a breaker looks like at one moment, for display.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakerView<N = Neighbour> {
    /// The neighbour that it protects.
    pub neighbour: N,
    /// Whether calls are let through.
    pub state: BreakerState,
    /// When it opened; `None` while it is closed.
    pub since: Option<DateTime<Utc>>,
    /// Failures in a row.
    pub failures: u32,
}

/// The breaker of one neighbour.
#[derive(Debug)]
pub(super) struct Breaker {
    neighbour: Neighbour,
    limits: BreakerLimits,
    clock: Clock,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// Failures in a row.
    failures: u32,
    /// When it opened; `None` while it is closed.
    opened_at: Option<DateTime<Utc>>,
    /// While it is open: when the next probe may be sent, on the monotonic clock.
    probe_from: Duration,
    /// A probe is under way.
    is_probing: bool,
    /// The tokens left in the retry budget.
    tokens: f64,
    /// When tokens were last added, on the monotonic clock.
    refilled_at: Duration,
}

/// Why a call is not let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rejected {
    /// The breaker is open.
    Open { retry_in: Duration },
    /// The retry budget is spent.
    OverBudget { retry_in: Duration },
}

/// Permission to make one call. The caller reports how the call went; if it drops this instead, nothing
/// has been learned about the neighbour.
#[derive(Debug)]
pub(super) struct Admitted<'a> {
    breaker: &'a Breaker,
    is_probe: bool,
}

impl Breaker {
    /// A closed breaker with a full retry budget.
    pub(super) fn new(neighbour: Neighbour, limits: BreakerLimits, clock: Clock) -> Self {
        let refilled_at = clock.monotonic();
        let inner = Inner {
            failures: 0,
            opened_at: None,
            probe_from: Duration::ZERO,
            is_probing: false,
            tokens: limits.bucket(),
            refilled_at,
        };
        Self { neighbour, limits, clock, inner: Mutex::new(inner) }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for permission to make attempt number `attempt`, counted from 1.
    pub(super) fn admit(&self, attempt: u32) -> Result<Admitted<'_>, Rejected> {
        let now = self.clock.monotonic();
        let mut inner = self.inner();
        if inner.opened_at.is_some() {
            if inner.is_probing || now < inner.probe_from {
                let retry_in = inner.probe_from.saturating_sub(now).max(self.limits.pause / 2);
                return Err(Rejected::Open { retry_in });
            }
            inner.is_probing = true;
            return Ok(Admitted { breaker: self, is_probe: true });
        }
        if attempt > 1 && !inner.take_token(now, self.limits) {
            return Err(Rejected::OverBudget { retry_in: Duration::from_secs(1) });
        }
        Ok(Admitted { breaker: self, is_probe: false })
    }

    pub(super) fn view(&self) -> BreakerView {
        let now = self.clock.monotonic();
        let inner = self.inner();
        let state = match inner.opened_at {
            None => BreakerState::Closed,
            Some(_) if inner.is_probing || now >= inner.probe_from => BreakerState::HalfOpen,
            Some(_) => BreakerState::Open,
        };
        let (since, failures) = (inner.opened_at, inner.failures);
        BreakerView { neighbour: self.neighbour, state, since, failures }
    }

    fn succeeded(&self) {
        let mut inner = self.inner();
        inner.failures = 0;
        inner.tokens = (inner.tokens + 1.0).min(self.limits.bucket());
        if inner.opened_at.take().is_some() {
            info!(neighbour = %self.neighbour, "the circuit is closed: it answers again");
        }
    }

    fn failed(&self, call: &Admitted<'_>) {
        let (now, wall) = (self.clock.monotonic(), self.clock.now());
        let mut inner = self.inner();
        inner.failures = inner.failures.saturating_add(1);
        let is_closed = inner.opened_at.is_none();
        // A call that was sent before the breaker opened doesn't make the pause longer.
        if call.is_probe || (is_closed && inner.failures >= self.limits.failures) {
            inner.probe_from = now + self.limits.pause;
            if is_closed {
                inner.opened_at = Some(wall);
                let failures = inner.failures;
                warn!(neighbour = %self.neighbour, failures, "the circuit is open: it is only asked now and then");
            }
        }
    }
}

impl BreakerLimits {
    /// How many tokens the retry budget holds.
    fn bucket(self) -> f64 {
        f64::from(self.retries * BUCKET_SECS)
    }
}

impl Inner {
    /// Takes a token out of the retry budget, if there is one.
    fn take_token(&mut self, now: Duration, limits: BreakerLimits) -> bool {
        let passed = now.saturating_sub(self.refilled_at).as_secs_f64();
        self.refilled_at = now;
        self.tokens = (self.tokens + passed * f64::from(limits.retries)).min(limits.bucket());
        let has_one = self.tokens >= 1.0;
        if has_one {
            self.tokens -= 1.0;
        }
        has_one
    }
}

impl Admitted<'_> {
    /// The neighbour answered and is healthy.
    pub(super) fn succeeded(self) {
        self.breaker.succeeded();
    }

    /// The neighbour did not answer, or is unhealthy.
    pub(super) fn failed(self) {
        self.breaker.failed(&self);
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        if self.is_probe {
            self.breaker.inner().is_probing = false;
        }
    }
}

impl Rejected {
    /// How long to wait before the next attempt.
    pub(super) fn retry_in(self) -> Duration {
        match self {
            Self::Open { retry_in } | Self::OverBudget { retry_in } => retry_in,
        }
    }

    /// The error for the call's report.
    pub(super) fn message(self) -> &'static str {
        match self {
            Self::Open { .. } => "not sent: too many calls failed, the circuit is open",
            Self::OverBudget { .. } => {
                "not sent: too many calls are repeats, the retry budget is spent"
            }
        }
    }
}

/// Whether this error of a call says that the breaker did not let it through, and so nothing of the neighbour.
pub fn is_kept_back(error: &str) -> bool {
    let retry_in = Duration::ZERO;
    let both = [Rejected::Open { retry_in }, Rejected::OverBudget { retry_in }];
    both.iter().any(|rejected| error.contains(rejected.message()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::neighbours::{PAYMENT, PRODUCT};

    const PAUSE: Duration = Duration::from_millis(500);

    fn breaker(clock: &Clock) -> Breaker {
        let limits = BreakerLimits { failures: 3, pause: PAUSE, retries: 2 };
        Breaker::new(PAYMENT, limits, clock.clone())
    }

    fn clock() -> Clock {
        Clock::manual(DateTime::UNIX_EPOCH, 0)
    }

    fn fail(breaker: &Breaker, times: usize) {
        for _each in 0..times {
            breaker.admit(1).expect("let through").failed();
        }
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_only_those() {
        let breaker = breaker(&clock());
        fail(&breaker, 2);
        breaker.admit(1).expect("let through").succeeded();
        fail(&breaker, 2);
        assert_eq!(breaker.view().state, BreakerState::Closed);
        fail(&breaker, 1);
        assert_eq!(breaker.view().state, BreakerState::Open);
        assert_eq!(breaker.admit(1).err(), Some(Rejected::Open { retry_in: PAUSE }));
    }

    #[test]
    fn half_open_it_lets_one_probe_through_whose_outcome_decides() {
        let clock = clock();
        let breaker = breaker(&clock);
        fail(&breaker, 3);
        for _each in 0..2 {
            clock.advance(PAUSE);
            let probe = breaker.admit(1).expect("one may probe");
            assert_eq!(breaker.view().state, BreakerState::HalfOpen);
            assert!(breaker.admit(1).is_err(), "and no other");
            probe.failed();
            assert_eq!(breaker.view().state, BreakerState::Open);
        }
        clock.advance(PAUSE);
        breaker.admit(1).expect("one may probe").succeeded();
        assert_eq!(
            breaker.view(),
            BreakerView {
                neighbour: PAYMENT,
                state: BreakerState::Closed,
                since: None,
                failures: 0,
            }
        );
        fail(&breaker, 2);
        assert!(breaker.admit(1).is_ok());
    }

    #[test]
    fn after_a_dropped_probe_the_next_call_is_the_probe() {
        let clock = clock();
        let breaker = breaker(&clock);
        fail(&breaker, 3);
        clock.advance(PAUSE);
        drop(breaker.admit(1).expect("one may probe"));
        assert!(breaker.admit(1).is_ok());
    }

    #[test]
    fn a_late_failure_of_a_call_from_before_does_not_keep_it_open() {
        let clock = clock();
        let breaker = breaker(&clock);
        let late = breaker.admit(1).expect("let through");
        fail(&breaker, 3);
        clock.advance(PAUSE);
        late.failed();
        assert!(breaker.admit(1).is_ok());
    }

    #[test]
    fn repeats_are_free_while_they_help_and_rationed_while_they_do_not() {
        let clock = clock();
        let limits = BreakerLimits { failures: u32::MAX, pause: PAUSE, retries: 2 };
        let breaker = Breaker::new(PRODUCT, limits, clock.clone());
        for _each in 0..100 {
            breaker.admit(2).expect("it helps").succeeded();
        }
        let in_vain =
            || (0..100).map_while(|_| breaker.admit(2).ok().map(Admitted::failed)).count();
        assert_eq!(in_vain(), 20);
        assert!(breaker.admit(1).is_ok(), "what is no repeat goes through");
        clock.advance(Duration::from_secs(1));
        assert_eq!(in_vain(), 2);
    }
}
