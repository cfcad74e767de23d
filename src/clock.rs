//! Time, fresh ids and chance: the only file that asks the machine for them.
//!
//! Everything else takes them as arguments or from a [`Clock`], so that a test can move time by
//! hand and a simulation can replay it (clippy.toml forbids the calls elsewhere).
//!
//! Replicas that share a database go by its clock: each measures how far its own monotonic clock is
//! from it, and what is due when is the same for all, whatever the wall clock of one machine says or
//! however it is set meanwhile.

mod manual;
mod watch;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use rand::RngExt;
use uuid::{Builder, Uuid};

use manual::Manual;
pub use watch::Watch;

/// A source of time, ids and chance. Cheap to clone; clones share one time.
#[derive(Clone, Debug)]
pub struct Clock {
    source: Source,
    machine: Arc<Machine>,
}

/// What is of one machine, in microseconds.
#[derive(Debug)]
struct Machine {
    /// How far its wall clock was set by hand, for tests.
    set_by: AtomicI64,
    /// What the agreed time is ahead of the monotonic clock; [`NOT_AGREED`] where the wall clock is
    /// all there is.
    agreed: AtomicI64,
    company: Company,
}

/// Which machines read a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Company {
    /// This one alone.
    Alone,
    /// Several, on one manual clock, which is their database's.
    Several,
}

/// Nobody has said what time it is but the machine.
const NOT_AGREED: i64 = i64::MIN;

/// Clocks drift, and answers take time: what differs by no more than this was not set.
const A_STEP: TimeDelta = TimeDelta::seconds(1);

#[derive(Clone, Debug)]
enum Source {
    System { started: Instant },
    Manual(Arc<Manual>),
}

impl Clock {
    /// The machine's own clocks.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clocks")]
    pub fn system() -> Self {
        Self::of(Source::System { started: Instant::now() }, TimeDelta::zero(), Company::Alone)
    }

    fn of(source: Source, set_by: TimeDelta, company: Company) -> Self {
        let machine = Machine {
            set_by: AtomicI64::new(micros(set_by)),
            agreed: AtomicI64::new(NOT_AGREED),
            company,
        };
        Self { source, machine: Arc::new(machine) }
    }

    /// A clock that stands still until [`Clock::advance`] moves it, and whose ids and chance follow
    /// from `seed`.
    pub fn manual(start: DateTime<Utc>, seed: u64) -> Self {
        let manual = Arc::new(Manual::new(start, seed));
        Self::of(Source::Manual(manual), TimeDelta::zero(), Company::Alone)
    }

    /// The clock of another machine: it passes as this one does, and its wall clock is ahead by so
    /// much. The database's clock is this one's.
    #[must_use]
    pub fn of_another_machine(&self, ahead: TimeDelta) -> Self {
        Self::of(self.source.clone(), ahead, Company::Several)
    }

    /// Whether time only moves by hand.
    pub fn is_manual(&self) -> bool {
        matches!(self.source, Source::Manual(_))
    }

    /// The time that all who share the database go by, in whole microseconds: what both databases
    /// keep. Where nothing is shared, this machine's.
    pub fn now(&self) -> DateTime<Utc> {
        let agreed = self.machine.agreed.load(Ordering::Acquire);
        let agreed = (agreed != NOT_AGREED).then(|| agreed.saturating_add(self.monotonic_micros()));
        agreed.and_then(DateTime::from_timestamp_micros).unwrap_or_else(|| self.machine_time())
    }

    /// What this machine's wall clock says, in whole microseconds. Anybody may set it at any time.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clocks")]
    pub fn machine_time(&self) -> DateTime<Utc> {
        let told = match &self.source {
            Source::System { .. } => Utc::now().trunc_subsecs(6),
            Source::Manual(manual) => manual.time().wall,
        };
        told + TimeDelta::microseconds(self.machine.set_by.load(Ordering::Acquire))
    }

    /// Goes by what the shared clock said, in answer to a question that was asked at this moment of
    /// the monotonic clock. What was agreed before stays as long as the answer bears it out, so that
    /// time doesn't waver by how long answers take. Whether the shared clock has been set meanwhile.
    pub fn agree(&self, said: DateTime<Utc>, asked: Duration) -> bool {
        let said = said.timestamp_micros();
        let earliest = said.saturating_sub(self.monotonic_micros());
        let latest = said.saturating_sub(micros_of(asked));
        let before = self.machine.agreed.load(Ordering::Acquire);
        if before == NOT_AGREED {
            self.machine.agreed.store(earliest.midpoint(latest), Ordering::Release);
            return false;
        }
        let agreed = before.clamp(earliest.min(latest), latest);
        self.machine.agreed.store(agreed, Ordering::Release);
        agreed.abs_diff(before) > micros(A_STEP).unsigned_abs()
    }

    /// What the database's clock says, where machines share a manual one.
    pub fn shared_by_hand(&self) -> Option<DateTime<Utc>> {
        match &self.source {
            Source::Manual(manual) if self.machine.company == Company::Several => {
                Some(manual.time().wall)
            }
            Source::Manual(_) | Source::System { .. } => None,
        }
    }

    /// Sets this machine's wall clock forward or back, as people and daemons do. For tests.
    pub fn set_machine_time_by(&self, by: TimeDelta) {
        self.machine.set_by.fetch_add(micros(by), Ordering::AcqRel);
    }

    /// Sets the clock that machines on a manual one share: their database's.
    pub fn set_shared_time_by(&self, by: TimeDelta) {
        if let Source::Manual(manual) = &self.source {
            manual.set_by(by);
        }
    }

    fn monotonic_micros(&self) -> i64 {
        micros_of(self.monotonic())
    }

    /// Time since some fixed moment that never goes back, whatever the wall clock does.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clocks")]
    pub fn monotonic(&self) -> Duration {
        match &self.source {
            Source::System { started } => started.elapsed(),
            Source::Manual(manual) => manual.time().monotonic,
        }
    }

    /// Returns once `duration` has passed on this clock. Cancel safe.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that waits")]
    pub async fn sleep(&self, duration: Duration) {
        match &self.source {
            Source::System { .. } => tokio::time::sleep(duration).await,
            Source::Manual(manual) => manual.sleep(duration).await,
        }
    }

    /// What this comes to, if it does so within `longest`. Cancel safe if that is.
    pub async fn within<T>(&self, longest: Duration, done: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            done = done => Some(done),
            () = self.sleep(longest) => None,
        }
    }

    /// Moves a manual clock forward and wakes who slept; nothing on the system's clock.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(manual) = &self.source {
            manual.advance(by);
        }
    }

    /// How long until somebody who sleeps on this manual clock wakes; `None` if nobody does.
    pub fn next_wake(&self) -> Option<Duration> {
        let Source::Manual(manual) = &self.source else { return None };
        manual.next_wake()
    }

    /// A fresh id whose order is the order of its making (UUID version 7), so that index pages fill
    /// in sequence.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that makes ids")]
    pub fn fresh_id(&self) -> Uuid {
        match &self.source {
            Source::System { .. } => Uuid::now_v7(),
            Source::Manual(manual) => {
                let millis = u64::try_from(self.now().timestamp_millis()).unwrap_or(0);
                let random = manual.dice().random();
                Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
            }
        }
    }

    /// A random number, evenly spread over 0 to 1 (1 excluded).
    #[expect(clippy::disallowed_methods, reason = "this is the one place that draws")]
    pub fn chance(&self) -> f64 {
        match &self.source {
            Source::System { .. } => rand::random(),
            Source::Manual(manual) => manual.dice().random(),
        }
    }
}

fn micros(span: TimeDelta) -> i64 {
    span.num_microseconds().unwrap_or(i64::MAX)
}

fn micros_of(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

/// Random bits, for span ids.
#[expect(clippy::disallowed_methods, reason = "this is the one place that draws")]
pub fn random_bits() -> u64 {
    rand::random::<u64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: TimeDelta = TimeDelta::hours(1);

    #[test]
    fn machines_that_share_a_clock_agree_on_the_time_and_do_not_see_their_own_being_set() {
        let shared = Clock::manual(DateTime::UNIX_EPOCH, 0);
        let (ahead, behind) = (shared.of_another_machine(HOUR), shared.of_another_machine(-HOUR));
        assert_eq!(ahead.now() - behind.now(), HOUR * 2);
        for clock in [&ahead, &behind] {
            assert!(!clock.agree(clock.shared_by_hand().expect("shared"), clock.monotonic()));
        }
        shared.advance(Duration::from_secs(5));
        behind.set_machine_time_by(HOUR * 3);
        assert_eq!((ahead.now(), behind.now()), (shared.now(), shared.now()));
        assert_eq!(behind.machine_time() - shared.now(), HOUR * 2);
    }

    #[test]
    fn a_watch_tells_time_that_passes_from_a_clock_that_is_set() {
        let clock = Clock::manual(DateTime::UNIX_EPOCH, 0);
        let mut watch = Watch::new(&clock);
        clock.advance(Duration::from_hours(3));
        assert_eq!(watch.was_set_by(&clock), None);
        clock.set_machine_time_by(-HOUR);
        clock.advance(Duration::from_secs(5));
        assert_eq!(watch.was_set_by(&clock), Some(-HOUR));
        assert_eq!(watch.was_set_by(&clock), None);
    }

    #[test]
    fn what_is_agreed_stays_while_answers_bear_it_out_and_follows_the_shared_clock() {
        let clock = Clock::manual(DateTime::UNIX_EPOCH, 0);
        let at = |millis| DateTime::UNIX_EPOCH + TimeDelta::milliseconds(millis);
        clock.agree(at(10_000), Duration::ZERO);
        clock.advance(Duration::from_secs(1));
        // Asked 20 ms ago: the shared clock is now between 11.005 and 11.025.
        clock.agree(at(11_005), Duration::from_millis(980));
        assert_eq!(clock.now(), at(11_005));
        clock.agree(at(10_995), Duration::from_millis(980));
        assert_eq!(clock.now(), at(11_005));
        let back = at(11_000) - HOUR;
        assert!(clock.agree(back, clock.monotonic()));
        assert_eq!(clock.now(), back);
    }
}
