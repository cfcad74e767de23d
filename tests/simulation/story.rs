//! What happened in a run: as a hash, to compare two runs; as counts; and in words, if wanted.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::{Arguments, Write};
use std::hash::{DefaultHasher, Hasher};
use std::time::Duration;

/// How many of the last lines are kept, for whoever has to understand a fault.
const REMEMBERED: usize = 40;

/// The record of a run.
pub struct Story {
    hash: DefaultHasher,
    /// The last lines, oldest first.
    lines: VecDeque<String>,
    aloud: bool,
    /// How often each kind of event happened.
    pub tally: BTreeMap<&'static str, u64>,
}

impl Story {
    pub fn new(aloud: bool) -> Self {
        let lines = VecDeque::from(vec![String::new(); REMEMBERED]);
        Self { hash: DefaultHasher::new(), lines, aloud, tally: BTreeMap::new() }
    }

    /// Records the next thing that happened.
    pub fn tell(&mut self, now: Duration, what: Arguments<'_>) {
        let mut line = self.lines.pop_front().unwrap_or_default();
        line.clear();
        let written = write!(line, "{:>9.3} {what}", now.as_secs_f64());
        written.expect("a string takes anything");
        self.hash.write(line.as_bytes());
        if self.aloud {
            println!("{line}");
        }
        self.lines.push_back(line);
    }

    /// The last lines, to show how a fault came about.
    pub fn end(&self) -> String {
        let lines: Vec<&str> = self.lines.iter().map(String::as_str).collect();
        lines.join("\n").trim_start().to_owned()
    }

    pub fn count(&mut self, what: &'static str) {
        *self.tally.entry(what).or_default() += 1;
    }

    pub fn add(&mut self, what: &'static str, often: i64) {
        *self.tally.entry(what).or_default() += u64::try_from(often).unwrap_or(0);
    }

    /// Records a maximum instead of a count.
    pub fn most(&mut self, what: &'static str, this: u64) {
        let most = self.tally.entry(what).or_default();
        *most = this.max(*most);
    }

    /// Two runs with the same hash had the same events.
    pub fn hash(&self) -> u64 {
        self.hash.finish()
    }
}
