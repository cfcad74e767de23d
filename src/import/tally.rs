//! Orders, lines and paise by month: in the file, rejected, to be there, there.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Datelike, Utc};

/// A month, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    year: i32,
    month: u32,
}

impl Month {
    /// The month of a moment.
    pub fn of(at: DateTime<Utc>) -> Self {
        Self { year: at.year(), month: at.month() }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

/// So many orders, lines and paise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    /// Orders.
    pub orders: u64,
    /// Their lines.
    pub lines: u64,
    /// The sum of their totals.
    pub paise: i128,
}

impl std::ops::AddAssign for Amounts {
    fn add_assign(&mut self, more: Self) {
        self.orders += more.orders;
        self.lines += more.lines;
        self.paise += more.paise;
    }
}

/// A month of both sides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MonthRow {
    /// What the file has; a line counts for the month of its order.
    pub in_file: Amounts,
    /// What of it is rejected.
    pub rejected: Amounts,
    /// What the books have to have of it.
    pub expected: Amounts,
    /// What the books have of it, read back.
    pub there: Amounts,
}

/// All months.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// `None`: lines of no order, and orders without a time.
    months: BTreeMap<Option<Month>, MonthRow>,
}

impl Tally {
    /// Counts a row that is rejected.
    pub(super) fn reject(&mut self, month: Option<Month>, amounts: Amounts) {
        let month = self.months.entry(month).or_default();
        month.in_file += amounts;
        month.rejected += amounts;
    }

    /// Counts what has to be there.
    pub(super) fn expect(&mut self, month: Option<Month>, amounts: Amounts) {
        let month = self.months.entry(month).or_default();
        month.in_file += amounts;
        month.expected += amounts;
    }

    /// Counts what is there.
    pub(super) fn found(&mut self, month: Month, amounts: Amounts) {
        self.months.entry(Some(month)).or_default().there += amounts;
    }

    /// Every row of both files that was counted.
    pub(super) fn rows(&self) -> u64 {
        self.months.values().map(|month| month.in_file.orders + month.in_file.lines).sum()
    }

    /// By month; last what has none.
    pub(super) fn months(self) -> Vec<(Option<Month>, MonthRow)> {
        let mut months: Vec<_> = self.months.into_iter().collect();
        months.sort_by_key(|(month, _)| (month.is_none(), *month));
        months
    }
}
