//! What happened in a run: as a hash, to compare two runs; as counts; and in words, if asked for.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::{Arguments, Write};
use std::hash::{DefaultHasher, Hasher};
use std::time::Duration;

/// So many lines are kept for whoever has to understand a fault.
const REMEMBERED: usize = 40;

/// A run's story.
pub struct Story {
    hash: DefaultHasher,
    /// The last lines; the story's newest is at the end.
    lines: VecDeque<String>,
    aloud: bool,
    /// How often what happened.
    pub tally: BTreeMap<&'static str, u64>,
}

impl Story {
    pub fn new(aloud: bool) -> Self {
        let lines = VecDeque::from(vec![String::new(); REMEMBERED]);
        Self { hash: DefaultHasher::new(), lines, aloud, tally: BTreeMap::new() }
    }

    /// The next thing that happened.
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

    /// How it came to this.
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
