//! The results of `check` and `audit`: the findings, and a summary in the last line.

use super::table::table;
use crate::audit::{Checked, Report, Unfit};
use crate::cli::out::TableStyle;

/// Draws a check.
pub(in crate::cli) fn checked(checked: &Checked, style: TableStyle) -> String {
    let mut blocks = Vec::new();
    if !checked.could_not.is_empty() {
        blocks.push(sagas(&checked.could_not, style));
    }
    if !checked.would_take_up.is_empty() {
        let drawn = sagas(&checked.would_take_up, style);
        blocks.push(format!("Set aside by another binary; this one would take them up:\n{drawn}"));
    }
    if !checked.missing_migrations.is_empty() {
        blocks.push(format!(
            "The schema lacks {}: made by `order-service migrate`, or at start where \
             `database.migrate` is true",
            checked.missing_migrations.join(", ")
        ));
    }
    if !checked.newer_migrations.is_empty() {
        blocks.push(format!(
            "The schema has {}, which this binary does not know: a newer one has been here",
            checked.newer_migrations.join(", ")
        ));
    }
    blocks.push(format!(
        "{}, {} could not be continued{}",
        counted(checked.open, "open saga"),
        checked.lost,
        unshown(
            checked.lost + checked.regained,
            checked.could_not.len() + checked.would_take_up.len()
        ),
    ));
    blocks.join("\n\n")
}

fn sagas(unfit: &[Unfit], style: TableStyle) -> String {
    let mut drawn = table(style, &["ID", "KIND", "VERSION", "STATE", "WHY"], &["VERSION"]);
    for saga in unfit {
        drawn.add_row([
            saga.id.to_string(),
            saga.kind.clone(),
            saga.version.to_string(),
            saga.state.clone(),
            saga.why.clone(),
        ]);
    }
    drawn.trim_fmt()
}

/// Draws an audit.
pub(in crate::cli) fn audited(report: &Report, style: TableStyle) -> String {
    let mut blocks = Vec::new();
    if !report.findings.is_empty() {
        let headers = ["ID", "WHAT", "ABOUT", "THE BOOKS SAY", "THE NEIGHBOUR SAYS"];
        let mut drawn = table(style, &headers, &[]);
        for finding in &report.findings {
            drawn.add_row([
                finding.id.map_or_else(|| "-".to_owned(), |id| id.to_string()),
                finding.kind.to_string(),
                finding.about.to_string(),
                finding.books.clone(),
                finding.neighbour.clone().unwrap_or_else(|| "-".to_owned()),
            ]);
        }
        blocks.push(drawn.trim_fmt());
    }
    let skipped = match report.skipped {
        0 => String::new(),
        skipped => format!(" ({skipped} left out)"),
    };
    blocks.push(format!(
        "{}{skipped} and {} looked at, {} compared with the payment service; {} still open, {} of \
         them with a payment that a person has to settle first",
        counted(report.sagas, "saga"),
        counted(report.orders, "order"),
        counted(report.payments, "payment"),
        report.open,
        report.needs_a_person,
    ));
    if report.forgotten > 0 {
        let orders = counted(report.forgotten, "order");
        blocks.push(format!("the sagas of {orders} are forgotten: the archive has them"));
    }
    if report.audit_entries > 0 {
        blocks.push(format!("the audit trail has {}", counted(report.audit_entries, "link")));
    }
    if report.ids > 0 {
        let ids = counted(report.ids, "id");
        blocks.push(format!("{ids} looked for, {} of them in no books", report.unknown_ids));
    }
    let found = report.findings.len() + usize::try_from(report.left_out()).unwrap_or(usize::MAX);
    let unshown = unshown(found as u64, report.findings.len());
    blocks.push(if report.is_clean() {
        format!("nothing differs{unshown}")
    } else {
        let differ = counted(report.differences, "difference");
        format!("{differ}, {} not compared{unshown}", report.not_compared)
    });
    blocks.join("\n\n")
}

fn counted(number: u64, of: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {of}{plural}")
}

fn unshown(found: u64, shown: usize) -> String {
    match found.saturating_sub(shown as u64) {
        0 => String::new(),
        more => format!(" ({more} more are not shown)"),
    }
}
