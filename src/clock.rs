//! Time, fresh ids and randomness: the only file that asks the machine for them.
//!
//! All other code takes them as arguments or from a [`Clock`], so that a test can move time by hand
//! and a simulation can be repeated exactly (clippy.toml forbids the calls elsewhere).
//!
//! Replicas that share a database use the database's time. Each measures the offset between its own
//! monotonic clock and the database's clock, so all of them agree on what is due, even where the wall
//! clock of a machine is wrong or is set.

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

/// A source of time, ids and randomness. Cheap to clone; clones share one time.
#[derive(Clone, Debug)]
pub struct Clock {
    source: Source,
    machine: Arc<Machine>,
}

/// One machine's clocks. Times are in microseconds.
#[derive(Debug)]
struct Machine {
    /// How far a test has set its wall clock forward.
    set_by: AtomicI64,
    /// How far the database's time is ahead of the monotonic clock; [`NOT_AGREED`] if no database is
    /// shared, so that the wall clock counts.
    agreed: AtomicI64,
    sharing: Sharing,
}

/// Which machines read a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sharing {
    /// Only this one.
    OneMachine,
    /// Several, in a simulation. The manual clock that they share is their database's.
    ManyMachines,
}

/// The database has not told its time yet.
const NOT_AGREED: i64 = i64::MIN;

/// Clocks drift, and answers take time: only a larger difference than this means that a clock was set.
const TOLERANCE: TimeDelta = TimeDelta::seconds(1);

#[derive(Clone, Debug)]
enum Source {
    System { started: Instant },
    Manual(Arc<Manual>),
}

impl Clock {
    /// The machine's own clocks.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clocks")]
    pub fn system() -> Self {
        Self::of(Source::System { started: Instant::now() }, TimeDelta::zero(), Sharing::OneMachine)
    }

    fn of(source: Source, set_by: TimeDelta, sharing: Sharing) -> Self {
        let machine = Machine {
            set_by: AtomicI64::new(micros(set_by)),
            agreed: AtomicI64::new(NOT_AGREED),
            sharing,
        };
        Self { source, machine: Arc::new(machine) }
    }

    /// A clock that stands still until [`Clock::advance`] moves it. Its ids and random numbers follow from
    /// `seed`.
    pub fn manual(start: DateTime<Utc>, seed: u64) -> Self {
        let manual = Arc::new(Manual::new(start, seed));
        Self::of(Source::Manual(manual), TimeDelta::zero(), Sharing::OneMachine)
    }

    /// The clock of another machine in the same simulation. Time passes on both alike, but its wall clock is
    /// ahead by `ahead`. Both take this manual clock for their database's.
    #[must_use]
    pub fn of_another_machine(&self, ahead: TimeDelta) -> Self {
        Self::of(self.source.clone(), ahead, Sharing::ManyMachines)
    }

    /// Whether time moves only when [`Clock::advance`] is called.
    pub fn is_manual(&self) -> bool {
        matches!(self.source, Source::Manual(_))
    }

    /// The time of the shared database, or this machine's if none is shared. In whole microseconds, as
    /// SQLite and PostgreSQL store times.
    pub fn now(&self) -> DateTime<Utc> {
        let agreed = self.machine.agreed.load(Ordering::Acquire);
        let agreed = (agreed != NOT_AGREED).then(|| agreed.saturating_add(self.monotonic_micros()));
        agreed.and_then(DateTime::from_timestamp_micros).unwrap_or_else(|| self.machine_time())
    }

    /// How long ago that was; nothing if it is still to come.
    pub fn since(&self, at: DateTime<Utc>) -> Duration {
        (self.now() - at).to_std().unwrap_or(Duration::ZERO)
    }

    /// This machine's wall clock, in whole microseconds. It may be set at any time.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clocks")]
    pub fn machine_time(&self) -> DateTime<Utc> {
        let told = match &self.source {
            Source::System { .. } => Utc::now().trunc_subsecs(6),
            Source::Manual(manual) => manual.time().wall,
        };
        told + TimeDelta::microseconds(self.machine.set_by.load(Ordering::Acquire))
    }

    /// Adopts the database's time `said`, which answers a question asked when the monotonic clock was at
    /// `asked`. The database read its clock at some moment between then and now, so a range of offsets is
    /// possible. If the offset so far lies in that range it is kept, so that time doesn't jitter with the
    /// latency of answers; otherwise it is moved to the nearest end. Returns whether the database's clock
    /// was set since the last answer.
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
        agreed.abs_diff(before) > micros(TOLERANCE).unsigned_abs()
    }

    /// The database's time, if several machines share this manual clock.
    pub fn shared_by_hand(&self) -> Option<DateTime<Utc>> {
        match &self.source {
            Source::Manual(manual) if self.machine.sharing == Sharing::ManyMachines => {
                Some(manual.time().wall)
            }
            Source::Manual(_) | Source::System { .. } => None,
        }
    }

    /// Sets this machine's wall clock forward or back. For tests.
    pub fn set_machine_time_by(&self, by: TimeDelta) {
        self.machine.set_by.fetch_add(micros(by), Ordering::AcqRel);
    }

    /// Sets the database's clock forward or back, if this is a manual clock. For tests.
    pub fn set_shared_time_by(&self, by: TimeDelta) {
        if let Source::Manual(manual) = &self.source {
            manual.set_by(by);
        }
    }

    fn monotonic_micros(&self) -> i64 {
        micros_of(self.monotonic())
    }

    /// Time since a fixed moment. It never goes back, however the wall clock is set.
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

    /// The result of `done`, or `None` if it takes longer than `longest`. Cancel safe if `done` is.
    pub async fn within<T>(&self, longest: Duration, done: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            done = done => Some(done),
            () = self.sleep(longest) => None,
        }
    }

    /// Moves a manual clock forward and wakes the sleepers whose time has come. Does nothing on the
    /// system's clock.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(manual) = &self.source {
            manual.advance(by);
        }
    }

    /// How long until the next sleeper on this manual clock wakes; `None` if nothing sleeps.
    pub fn next_wake(&self) -> Option<Duration> {
        let Source::Manual(manual) = &self.source else { return None };
        manual.next_wake()
    }

    /// A fresh id (UUID version 7). Later ids sort after earlier ones, so index pages fill in sequence.
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

    /// A random number from 0 up to, but not including, 1; evenly distributed.
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

/// Random bits, for trace and span ids.
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
