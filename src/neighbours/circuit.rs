//! A circuit breaker with a retry budget, one for each neighbour of each process: a neighbour in
//! trouble is not called in vain, and is not kept down by repeats.
//!
//! After many failures in a row the circuit is open: nothing is sent for a moment, and what would
//! have been counts as not sent. Then one call goes through, and what comes of it closes the circuit
//! or opens it again. A repeat takes a token out of the budget and a success puts one back, so that
//! repeats are free while they help, and cost little more than the refill while they don't.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tracing::{info, warn};

use crate::clock::Clock;
use crate::saga::Neighbour;

/// When a circuit opens, and what repeats it allows.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Failures in a row, at least 1, that open it.
    pub failures: u32,
    /// How long it stays open before one call asks.
    pub pause: Duration,
    /// Repeats a second that are allowed though nothing succeeds.
    pub retries: u32,
}

/// How many seconds' worth of repeats can be saved up.
const SAVED_SECS: u32 = 10;

/// Whether calls are let through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CircuitState {
    /// They are.
    #[default]
    Closed,
    /// One is, to ask.
    HalfOpen,
    /// None is.
    Open,
}

/// A circuit, to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CircuitView {
    /// Whose.
    pub neighbour: Neighbour,
    /// Whether calls are let through.
    pub state: CircuitState,
    /// Since when it has not been closed.
    pub since: Option<DateTime<Utc>>,
    /// Failures in a row.
    pub failures: u32,
}

/// The way to one neighbour, guarded.
#[derive(Debug)]
pub(super) struct Circuit {
    neighbour: Neighbour,
    limits: Limits,
    clock: Clock,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    failures: u32,
    /// Set while it is not closed.
    opened_at: Option<DateTime<Utc>>,
    /// On the monotonic clock; what asks by then is the one that may.
    closed_until: Duration,
    asking: bool,
    tokens: f64,
    refilled_at: Duration,
}

/// Why a call is not let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotNow {
    /// The circuit is open.
    Open { again_in: Duration },
    /// The retry budget is spent.
    Spent { again_in: Duration },
}

/// Permission for one call. Dropped without a word it says nothing of the neighbour.
#[derive(Debug)]
pub(super) struct Permit<'a> {
    circuit: &'a Circuit,
    asks: bool,
}

impl Circuit {
    pub(super) fn new(neighbour: Neighbour, limits: Limits, clock: Clock) -> Self {
        let refilled_at = clock.monotonic();
        let inner = Inner {
            failures: 0,
            opened_at: None,
            closed_until: Duration::ZERO,
            asking: false,
            tokens: f64::from(limits.retries * SAVED_SECS),
            refilled_at,
        };
        Self { neighbour, limits, clock, inner: Mutex::new(inner) }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for permission to make attempt number `attempt`, from 1.
    pub(super) fn permit(&self, attempt: u32) -> Result<Permit<'_>, NotNow> {
        let now = self.clock.monotonic();
        let mut inner = self.inner();
        if inner.opened_at.is_some() {
            if inner.asking || now < inner.closed_until {
                let again_in = inner.closed_until.saturating_sub(now).max(self.limits.pause / 2);
                return Err(NotNow::Open { again_in });
            }
            inner.asking = true;
            return Ok(Permit { circuit: self, asks: true });
        }
        if attempt > 1 && !inner.takes_token(now, self.limits.retries) {
            return Err(NotNow::Spent { again_in: Duration::from_secs(1) });
        }
        Ok(Permit { circuit: self, asks: false })
    }

    pub(super) fn view(&self) -> CircuitView {
        let now = self.clock.monotonic();
        let inner = self.inner();
        let state = match inner.opened_at {
            None => CircuitState::Closed,
            Some(_) if inner.asking || now >= inner.closed_until => CircuitState::HalfOpen,
            Some(_) => CircuitState::Open,
        };
        let (since, failures) = (inner.opened_at, inner.failures);
        CircuitView { neighbour: self.neighbour, state, since, failures }
    }

    fn answered(&self) {
        let mut inner = self.inner();
        inner.failures = 0;
        let most = f64::from(self.limits.retries * SAVED_SECS);
        inner.tokens = (inner.tokens + 1.0).min(most);
        if inner.opened_at.take().is_some() {
            info!(neighbour = %self.neighbour, "the circuit is closed: it answers again");
        }
    }

    fn failed(&self, asked: bool) {
        let (now, wall) = (self.clock.monotonic(), self.clock.now());
        let mut inner = self.inner();
        inner.failures = inner.failures.saturating_add(1);
        // What was sent before it opened says nothing new.
        if asked || (inner.opened_at.is_none() && inner.failures >= self.limits.failures) {
            inner.closed_until = now + self.limits.pause;
            if inner.opened_at.is_none() {
                inner.opened_at = Some(wall);
                let failures = inner.failures;
                warn!(neighbour = %self.neighbour, failures, "the circuit is open: it is only asked now and then");
            }
        }
    }
}

impl Inner {
    fn takes_token(&mut self, now: Duration, per_second: u32) -> bool {
        let refill = now.saturating_sub(self.refilled_at).as_secs_f64() * f64::from(per_second);
        self.refilled_at = now;
        self.tokens = (self.tokens + refill).min(f64::from(per_second * SAVED_SECS));
        let has = self.tokens >= 1.0;
        if has {
            self.tokens -= 1.0;
        }
        has
    }
}

impl Permit<'_> {
    /// It answered as one that is well.
    pub(super) fn answered(self) {
        self.circuit.answered();
    }

    /// It did not.
    pub(super) fn failed(self) {
        self.circuit.failed(self.asks);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if self.asks {
            self.circuit.inner().asking = false;
        }
    }
}

impl NotNow {
    pub(super) fn again_in(self) -> Duration {
        match self {
            Self::Open { again_in } | Self::Spent { again_in } => again_in,
        }
    }

    pub(super) fn error(self) -> &'static str {
        match self {
            Self::Open { .. } => "not sent: too many calls failed, the circuit is open",
            Self::Spent { .. } => "not sent: too many calls are repeats, the retry budget is spent",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_millis(500);

    fn circuit(clock: &Clock) -> Circuit {
        let limits = Limits { failures: 3, pause: PAUSE, retries: 2 };
        Circuit::new(Neighbour::Payment, limits, clock.clone())
    }

    fn clock() -> Clock {
        Clock::manual(DateTime::UNIX_EPOCH, 0)
    }

    fn fail(circuit: &Circuit, times: usize) {
        for _each in 0..times {
            circuit.permit(1).expect("let through").failed();
        }
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_only_those() {
        let circuit = circuit(&clock());
        fail(&circuit, 2);
        circuit.permit(1).expect("let through").answered();
        fail(&circuit, 2);
        assert_eq!(circuit.view().state, CircuitState::Closed);
        fail(&circuit, 1);
        assert_eq!(circuit.view().state, CircuitState::Open);
        assert_eq!(circuit.permit(1).err(), Some(NotNow::Open { again_in: PAUSE }));
    }

    #[test]
    fn half_open_it_lets_one_call_through_and_what_comes_of_it_decides() {
        let clock = clock();
        let circuit = circuit(&clock);
        fail(&circuit, 3);
        for _each in 0..2 {
            clock.advance(PAUSE);
            let asking = circuit.permit(1).expect("one may ask");
            assert_eq!(circuit.view().state, CircuitState::HalfOpen);
            assert!(circuit.permit(1).is_err(), "and no other");
            asking.failed();
            assert_eq!(circuit.view().state, CircuitState::Open);
        }
        clock.advance(PAUSE);
        circuit.permit(1).expect("one may ask").answered();
        assert_eq!(
            circuit.view(),
            CircuitView {
                neighbour: Neighbour::Payment,
                state: CircuitState::Closed,
                since: None,
                failures: 0,
            }
        );
        fail(&circuit, 2);
        assert!(circuit.permit(1).is_ok());
    }

    #[test]
    fn an_asking_call_that_is_dropped_leaves_the_question_to_the_next() {
        let clock = clock();
        let circuit = circuit(&clock);
        fail(&circuit, 3);
        clock.advance(PAUSE);
        drop(circuit.permit(1).expect("one may ask"));
        assert!(circuit.permit(1).is_ok());
    }

    #[test]
    fn a_late_failure_of_before_does_not_keep_it_open() {
        let clock = clock();
        let circuit = circuit(&clock);
        let late = circuit.permit(1).expect("let through");
        fail(&circuit, 3);
        clock.advance(PAUSE);
        late.failed();
        assert!(circuit.permit(1).is_ok());
    }

    #[test]
    fn repeats_are_free_while_they_help_and_rationed_while_they_do_not() {
        let clock = clock();
        let limits = Limits { failures: u32::MAX, pause: PAUSE, retries: 2 };
        let circuit = Circuit::new(Neighbour::Product, limits, clock.clone());
        for _each in 0..100 {
            circuit.permit(2).expect("it helps").answered();
        }
        let in_vain = || (0..100).map_while(|_| circuit.permit(2).ok().map(Permit::failed)).count();
        assert_eq!(in_vain(), 20);
        assert!(circuit.permit(1).is_ok(), "what is no repeat goes through");
        clock.advance(Duration::from_secs(1));
        assert_eq!(in_vain(), 2);
    }
}
