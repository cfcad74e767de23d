//! The table: a line for each scenario, and the sum of them all.

use std::io::Write;
use std::time::Duration;

use crate::lane::Books;
use crate::play::Ending;
use crate::point::is_a_fault;

/// A scenario's line.
#[derive(Clone, Debug, Default)]
pub struct Row {
    name: String,
    /// Points at which the first process died.
    pub points: usize,
    before: usize,
    held: usize,
    sent: usize,
    /// Cells in which nobody died, and the database misbehaved.
    faults: usize,
    after: usize,
    /// Cells with a second death, at a successor's point.
    twice: usize,
    completed: usize,
    compensated: usize,
    rejected: usize,
    /// Cells that needed an operator's verdict.
    by_verdict: usize,
    /// Cells whose point did not come this time, as calls and commits overtake each other.
    not_met: usize,
    pub failures: Vec<String>,
}

impl Row {
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Counts a cell that succeeded.
    pub fn count(&mut self, deaths: &[&str], met: bool, ending: Ending, verdicts: u32) {
        let died = match (deaths, met) {
            ([], _) => return,
            (_, false) => &mut self.not_met,
            ([point], true) if point.starts_with("before") => &mut self.before,
            ([point], true) if point.starts_with("held") => &mut self.held,
            ([point], true) if point.starts_with("sent") => &mut self.sent,
            ([point], true) if is_a_fault(point) => &mut self.faults,
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

    fn numbers(&self) -> [usize; COLUMNS] {
        [
            self.points,
            self.before,
            self.held,
            self.sent,
            self.after,
            self.faults,
            self.twice,
            self.not_met,
            self.completed,
            self.compensated,
            self.rejected,
            self.by_verdict,
        ]
    }
}

const COLUMNS: usize = 12;
/// The columns that count cells by how the process died.
const DEATHS: std::ops::Range<usize> = 1..8;
const HEADS: [&str; COLUMNS] = [
    "points",
    "before",
    "held",
    "sent",
    "after",
    "faults",
    "twice",
    "not met",
    "completed",
    "compensated",
    "rejected",
    "by verdict",
];

/// All lines of one database.
pub struct Table {
    pub books: Books,
    /// Every cell was run.
    pub is_full: bool,
    pub rows: Vec<Row>,
}

impl Table {
    /// Prints it even if the test passes, when the test runner would hide it: it is the proof.
    pub fn print(&self, took: Duration) {
        let heads = HEADS.map(str::to_owned);
        let mut lines = vec![
            String::new(),
            format!("Crash matrix, books in {:?}", self.books),
            line("scenario", &heads),
        ];
        let mut sums = [0; COLUMNS];
        for row in &self.rows {
            let numbers = row.numbers();
            lines.push(line(&row.name, &numbers.map(|number| number.to_string())));
            lines.extend(row.failures.iter().map(|failure| format!("FAILED {failure}")));
            sums.iter_mut().zip(numbers).for_each(|(sum, number)| *sum += number);
        }
        let all = format!("{} scenarios", self.rows.len());
        lines.push(line(&all, &sums.map(|sum| sum.to_string())));
        let cells: usize = sums[DEATHS].iter().sum();
        let (failed, took) = (self.failures().len(), took.as_secs_f64());
        lines.push(format!("{cells} cells at rest, {failed} failed, in {took:.1} s"));
        if !self.is_full {
            let what =
                "Variants are sampled: one point of eight or sixteen, from what goes wrong on";
            lines.push(format!("{what}; MATRIX_FULL=1 runs all"));
        }
        lines.push(String::new());
        std::io::stdout().write_all(lines.join("\n").as_bytes()).expect("somebody listens");
    }

    pub fn failures(&self) -> Vec<String> {
        self.rows.iter().flat_map(|row| row.failures.clone()).collect()
    }
}

fn line(name: &str, columns: &[String; COLUMNS]) -> String {
    let columns: Vec<String> = columns.iter().map(|column| format!("{column:>12}")).collect();
    format!("{name:56}{}", columns.concat())
}
