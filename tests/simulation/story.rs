//! What happened in a run: as a hash, to compare two runs; as counts; and in words, if asked for.

use std::collections::BTreeMap;
use std::fmt::{Arguments, Write};
use std::hash::{DefaultHasher, Hasher};
use std::time::Duration;

/// A run's story.
pub struct Story {
    hash: DefaultHasher,
    line: String,
    aloud: bool,
    /// How often what happened.
    pub tally: BTreeMap<&'static str, u64>,
}

impl Story {
    pub fn new(aloud: bool) -> Self {
        Self { hash: DefaultHasher::new(), line: String::new(), aloud, tally: BTreeMap::new() }
    }

    /// The next thing that happened.
    pub fn tell(&mut self, now: Duration, what: Arguments<'_>) {
        self.line.clear();
        let written = write!(self.line, "{:>9.3} {what}", now.as_secs_f64());
        written.expect("a string takes anything");
        self.hash.write(self.line.as_bytes());
        if self.aloud {
            println!("{}", self.line);
        }
    }

    pub fn count(&mut self, what: &'static str) {
        *self.tally.entry(what).or_default() += 1;
    }

    pub fn add(&mut self, what: &'static str, often: i64) {
        *self.tally.entry(what).or_default() += u64::try_from(often).unwrap_or(0);
    }

    /// The largest so far; named as such.
    pub fn most(&mut self, what: &'static str, this: u64) {
        let most = self.tally.entry(what).or_default();
        *most = this.max(*most);
    }

    /// Two runs with the same hash had the same story.
    pub fn hash(&self) -> u64 {
        self.hash.finish()
    }
}
