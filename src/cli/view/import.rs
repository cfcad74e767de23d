//! The result of an import: what differs, both sides by month, and a summary.

use super::table::{Table, table};
use crate::cli::out::TableStyle;
use crate::import::{Amounts, MonthRow, Report, Writing};

/// Draws it.
pub(in crate::cli) fn imported(report: &Report, style: TableStyle) -> String {
    let mut blocks = Vec::new();
    if report.differing > 0 {
        let mut lines = report.differences.clone();
        let more = report.differing.saturating_sub(lines.len() as u64);
        if more > 0 {
            lines.push(format!("and {more} more, in {}", report.rejects.display()));
        }
        blocks.push(lines.join("\n"));
    }
    if !report.months.is_empty() {
        blocks.push(months(report, style));
    }
    blocks.push(summary(report));
    blocks.join("\n\n")
}

fn months(report: &Report, style: TableStyle) -> String {
    let headers = ["MONTH", "WHAT", "IN FILE", "REJECTED", "TO BE THERE", "THERE", "EQUAL"];
    let numbers = &headers[2..6];
    let mut drawn = table(style, &headers, numbers);
    let mut all = MonthRow::default();
    for (month, row) in &report.months {
        let name = month.map_or_else(|| "none".to_owned(), |month| month.to_string());
        add(&mut drawn, &name, row);
        all.in_file += row.in_file;
        all.rejected += row.rejected;
        all.expected += row.expected;
        all.there += row.there;
    }
    add(&mut drawn, "all", &all);
    drawn.trim_fmt()
}

fn add(drawn: &mut Table, month: &str, row: &MonthRow) {
    type Column = (&'static str, fn(&Amounts) -> i128);
    let columns: [Column; 3] = [
        ("orders", |of| of.orders.into()),
        ("lines", |of| of.lines.into()),
        ("paise", |of| of.paise),
    ];
    for (what, of) in columns {
        let (expected, there) = (of(&row.expected), of(&row.there));
        drawn.add_row([
            month.to_owned(),
            what.to_owned(),
            of(&row.in_file).to_string(),
            of(&row.rejected).to_string(),
            expected.to_string(),
            there.to_string(),
            if expected == there { "yes" } else { "NO" }.to_owned(),
        ]);
    }
}

fn summary(report: &Report) -> String {
    let Amounts { orders, lines, .. } = report.written;
    let seconds = report.took.as_secs_f64();
    let rate = u128::from(report.rows) * 1_000 / report.took.as_millis().max(1);
    let did = match report.writing {
        Writing::Write => "imported",
        Writing::DryRun => "a dry run: nothing was written; would import",
    };
    let mut said = vec![format!(
        "{did} {orders} orders with {lines} lines, out of {} rows in {seconds:.1} s ({rate} rows/s)",
        report.rows
    )];
    let rejects = report.rejects.display();
    if report.rejected > 0 {
        said.push(format!("{} rows are rejected: {rejects} says why", report.rejected));
    }
    if report.differing > 0 {
        let differing = report.differing;
        said.push(format!("{differing} rows differ from what is there, which was left alone"));
    }
    if report.writing == Writing::Write {
        said.push(if report.agrees() {
            "what had to be there is there".to_owned()
        } else {
            "WHAT HAD TO BE THERE IS NOT THERE: see the rows of the table that end with NO"
                .to_owned()
        });
    }
    said.join("\n")
}
