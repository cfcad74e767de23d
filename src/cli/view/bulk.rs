//! `bulk list` and `bulk show`: runs, and what became of each saga of one.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Number;

use super::table::table;
use crate::cli::format::{clipped, instant, rupees};
use crate::cli::out::TableStyle;
use crate::text::one_line;

/// Longer texts are cut; `--json` has them.
const TEXT: usize = 90;
/// The results in the order in which they are told.
const RESULTS: [&str; 6] = ["done", "running", "waiting", "refused", "moved on", "relapsed"];

/// A page of runs.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Runs {
    pub items: Vec<Run>,
    /// The cursor of the next page.
    pub next: Option<String>,
}

/// A run; one that is shown has a page of its items.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cli) struct Run {
    pub id: String,
    pub state: String,
    action: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    who: String,
    created_at: DateTime<Utc>,
    count: u64,
    #[serde(default)]
    money: i64,
    #[serde(default)]
    preview: Vec<Preview>,
    #[serde(default)]
    canary: Vec<Number>,
    per_second: Option<Number>,
    halted_by: Option<String>,
    #[serde(default)]
    results: BTreeMap<String, u64>,
    #[serde(default)]
    items: Vec<Item>,
    pub next: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Preview {
    did: String,
    count: u64,
}

#[derive(Debug, Deserialize)]
struct Item {
    id: String,
    version: i64,
    result: String,
    did: Option<String>,
    error: Option<String>,
    at: Option<DateTime<Utc>>,
}

/// Draws runs, one a row.
pub(in crate::cli) fn runs(runs: &[Run], style: TableStyle) -> String {
    if runs.is_empty() {
        return "no bulk runs".to_owned();
    }
    let headers = ["ID", "STATE", "ACTION", "COUNT", "RESULTS", "WHO", "PREPARED", "REASON"];
    let mut drawn = table(style, &headers, &["COUNT"]);
    for run in runs {
        drawn.add_row([
            run.id.clone(),
            run.state.clone(),
            run.action.clone(),
            run.count.to_string(),
            results(run),
            run.who.clone(),
            instant(run.created_at),
            clipped(&run.reason, TEXT),
        ]);
    }
    drawn.trim_fmt()
}

/// Where a run stands, in one line.
pub(in crate::cli) fn progress(run: &Run) -> String {
    match &run.halted_by {
        Some(why) => format!("{}: {} ({})", run.state, results(run), one_line(why)),
        None => format!("{}: {}", run.state, results(run)),
    }
}

/// Draws one run with its items.
pub(in crate::cli) fn run(run: &Run, style: TableStyle) -> String {
    let (money, by) = (rupees(run.money), one_line(&run.who));
    let mut text = format!("BULK {}  {}\n", run.id, run.state.to_uppercase());
    let sizes: Vec<_> = run.canary.iter().map(Number::to_string).collect();
    let canary = if sizes.is_empty() { "none".to_owned() } else { sizes.join(", ") };
    let rate = run.per_second.as_ref().map_or_else(|| "-".to_owned(), Number::to_string);
    let reason = clipped(&run.reason, TEXT);
    // Writing to a string can't fail.
    let _ =
        writeln!(text, "{} of {} sagas, {money} at risk, by {by}: {reason}", run.action, run.count);
    let _ = writeln!(text, "canary {canary}; at most {rate} a second");
    if let Some(why) = &run.halted_by {
        let _ = writeln!(text, "HALTED {}", one_line(why));
    }
    let _ = writeln!(text, "{}\n", results(run));
    let mut drawn = table(style, &["COUNT", "WILL"], &["COUNT"]);
    for preview in &run.preview {
        drawn.add_row([preview.count.to_string(), preview.did.clone()]);
    }
    let _ = writeln!(text, "{}\n\n{}", drawn.trim_fmt(), items(&run.items, style));
    text.trim_end().to_owned()
}

fn items(items: &[Item], style: TableStyle) -> String {
    let mut drawn = table(style, &["SAGA", "VERSION", "RESULT", "AT", "DID OR WHY"], &["VERSION"]);
    for item in items {
        let said = item.error.as_ref().or(item.did.as_ref());
        drawn.add_row([
            item.id.clone(),
            item.version.to_string(),
            item.result.clone(),
            item.at.map_or_else(|| "-".to_owned(), instant),
            said.map_or_else(|| "-".to_owned(), |said| clipped(said, TEXT)),
        ]);
    }
    drawn.trim_fmt()
}

fn results(run: &Run) -> String {
    let count = |word: &&str| run.results.get(*word).copied().filter(|count| *count > 0);
    let counts = RESULTS.iter().filter_map(|word| Some(format!("{} {word}", count(word)?)));
    counts.collect::<Vec<_>>().join(", ")
}
