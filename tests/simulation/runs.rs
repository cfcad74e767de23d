//! Many runs, some side by side: all seeds from a first one on, until their steps are enough and everything has
//! happened that is to happen, or there were twice as many steps.
//!
//! Which seeds count does not depend on which runs finish first, so that the totals are the same every
//! time.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The result of a run.
pub struct Told {
    pub hash: u64,
    pub steps: u64,
    pub tally: Tally,
}

/// How often each kind of event happened.
pub type Tally = BTreeMap<&'static str, u64>;

/// The runs so far.
pub struct Runs {
    first: u64,
    wanted: u64,
    must_happen: &'static [&'static str],
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    taken: u64,
    failed: bool,
    told: BTreeMap<u64, Told>,
    /// The seeds without a gap that count so far, with the sum of their steps.
    counted: u64,
    steps: u64,
    tally: Tally,
}

impl Runs {
    pub fn from(first: u64, wanted: u64, must_happen: &'static [&'static str]) -> Self {
        Self { first, wanted, must_happen, inner: Mutex::default() }
    }

    /// What has not happened yet.
    pub fn missing(&self) -> Vec<&'static str> {
        let tally = &self.lock().tally;
        self.must_happen.iter().filter(|what| !tally.contains_key(*what)).copied().collect()
    }

    fn is_enough(&self, inner: &Inner) -> bool {
        let mut all = self.must_happen.iter();
        inner.steps >= 2 * self.wanted
            || inner.steps >= self.wanted && all.all(|what| inner.tally.contains_key(what))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next seed to play, as long as there are not enough steps.
    pub fn next_seed(&self) -> Option<u64> {
        let mut inner = self.lock();
        let enough = inner.failed || self.is_enough(&inner);
        inner.taken += u64::from(!enough);
        (!enough).then(|| self.first + inner.taken - 1)
    }

    /// Held while a run is played. If a panic drops it, no further run is started.
    pub fn ends_them_all(&self) -> Ends<'_> {
        Ends(Some(self))
    }

    pub fn take_in(&self, seed: u64, told: Told) {
        let mut inner = self.lock();
        inner.told.insert(seed, told);
        while !self.is_enough(&inner)
            && let Some(next) = {
                let at = self.first + inner.counted;
                inner.told.remove(&at)
            }
        {
            inner.counted += 1;
            inner.steps += next.steps;
            for (what, often) in next.tally {
                let total = inner.tally.entry(what).or_insert(0);
                let longest = what.starts_with("longest");
                *total = if longest { often.max(*total) } else { *total + often };
            }
            if inner.counted.is_multiple_of(10) {
                println!("{}", inner.progress());
            }
        }
    }

    /// The totals of all runs that count.
    pub fn sum(self) -> (String, Tally) {
        let inner = self.inner.into_inner().unwrap_or_else(PoisonError::into_inner);
        (inner.progress(), inner.tally)
    }
}

impl Inner {
    fn progress(&self) -> String {
        let of = |what| self.tally.get(what).copied().unwrap_or(0);
        let ended = ["completed", "compensated", "rejected"].map(of);
        let befell = ["killed", "paused", "taken over", "commit not heard of"].map(of);
        let stuck = ["stuck in doubt", "stuck refused", "stuck exhausted"].map(of);
        format!(
            "{:>4} seeds {:>7} steps: checkouts completed, compensated, rejected {ended:?}; \
             kills, pauses, take-overs, commits not heard of {befell:?}; \
             in doubt, refused, exhausted {stuck:?}",
            self.counted, self.steps,
        )
    }
}

/// See [`Runs::ends_them_all`].
pub struct Ends<'a>(Option<&'a Runs>);

impl Ends<'_> {
    pub fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        if let Some(runs) = self.0 {
            runs.lock().failed = true;
        }
    }
}
