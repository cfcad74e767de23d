//! The table: a line for each scenario, and the sum of them all.

use std::io::Write;
use std::time::Duration;

use crate::lane::Books;
use crate::scenario::Ending;

/// A scenario's line.
#[derive(Clone, Debug, Default)]
pub struct Row {
    name: String,
    /// Points of the first process to die at.
    pub points: usize,
    before: usize,
    held: usize,
    sent: usize,
    after: usize,
    /// With a second death at a successor's point.
    twice: usize,
    completed: usize,
    compensated: usize,
    rejected: usize,
    /// Came to rest by an operator's verdict.
    by_verdict: usize,
    /// The point did not come this time: calls and commits overtake each other.
    not_met: usize,
    pub failures: Vec<String>,
}

impl Row {
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Takes in a cell that came out right.
    pub fn count(&mut self, deaths: &[&str], met: bool, ending: Ending, verdicts: u32) {
        let died = match (deaths, met) {
            ([], _) => return,
            (_, false) => &mut self.not_met,
            ([point], true) if point.starts_with("before") => &mut self.before,
            ([point], true) if point.starts_with("held") => &mut self.held,
            ([point], true) if point.starts_with("sent") => &mut self.sent,
            ([_], true) => &mut self.after,
            ([..], true) => &mut self.twice,
        };
        *died += 1;
        match ending {
            Ending::Completed => self.completed += 1,
            Ending::Compensated(_) => self.compensated += 1,
            Ending::Rejected(_) => self.rejected += 1,
        }
        self.by_verdict += usize::from(verdicts > 0);
    }

    fn numbers(&self) -> [usize; 11] {
        [
            self.points,
            self.before,
            self.held,
            self.sent,
            self.after,
            self.twice,
            self.not_met,
            self.completed,
            self.compensated,
            self.rejected,
            self.by_verdict,
        ]
    }
}

const HEADS: [&str; 11] = [
    "points",
    "before",
    "held",
    "sent",
    "after",
    "twice",
    "not met",
    "completed",
    "compensated",
    "rejected",
    "by verdict",
];

/// All lines of one sort of books.
pub struct Table {
    pub books: Books,
    /// Nothing was left out.
    pub is_full: bool,
    pub rows: Vec<Row>,
}

impl Table {
    /// Prints it past the capture of a test that passes: it is the proof.
    pub fn print(&self, took: Duration) {
        let mut text = format!("\nCrash matrix, books in {:?}\n", self.books);
        let head: Vec<String> = HEADS.iter().map(|head| format!("{head:>11}")).collect();
        text += &format!("{:48}{}\n", "scenario", head.concat());
        let mut sums = [0; 11];
        for row in &self.rows {
            let numbers = row.numbers();
            text += &line(&row.name, numbers);
            if !row.failures.is_empty() {
                text += &format!("    {} cells FAILED\n", row.failures.len());
            }
            for (sum, number) in sums.iter_mut().zip(numbers) {
                *sum += number;
            }
        }
        text += &line(&format!("{} scenarios", self.rows.len()), sums);
        let cells: usize = sums[1..7].iter().sum();
        let failed = self.failures().len();
        text +=
            &format!("{cells} cells at rest, {failed} failed, in {:.1} s\n", took.as_secs_f64());
        if !self.is_full {
            text += "Variants are sampled: one point of four, from the call on that goes wrong; \
                     MATRIX_FULL=1 runs all\n";
        }
        std::io::stdout().write_all(text.as_bytes()).expect("somebody listens");
    }

    pub fn failures(&self) -> Vec<String> {
        self.rows.iter().flat_map(|row| row.failures.clone()).collect()
    }
}

fn line(name: &str, numbers: [usize; 11]) -> String {
    let numbers: Vec<String> = numbers.iter().map(|number| format!("{number:>11}")).collect();
    format!("{name:48}{}\n", numbers.concat())
}
