//! `trail`: what persons did, newest first.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::table::table;
use crate::cli::format::{clipped, instant};
use crate::cli::out::TableStyle;

/// Longer reasons are cut; `--json` has them.
const REASON: usize = 60;

/// A page of the audit trail.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Trail {
    pub items: Vec<Entry>,
    #[serde(default)]
    pub next: Option<String>,
}

/// What a person did, or tried to do.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Entry {
    at: DateTime<Utc>,
    who: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    via: String,
    action: String,
    target: Option<String>,
    reason: Option<String>,
    #[serde(default)]
    result: String,
}

/// Draws entries.
pub(in crate::cli) fn trail(entries: &[Entry], style: TableStyle) -> String {
    if entries.is_empty() {
        return "nobody has done anything like that".to_owned();
    }
    let headers = ["AT", "WHO", "ROLE", "VIA", "ACTION", "TARGET", "RESULT", "REASON"];
    let mut drawn = table(style, &headers, &[]);
    for entry in entries {
        drawn.add_row([
            instant(entry.at),
            entry.who.clone(),
            entry.role.clone(),
            entry.via.clone(),
            entry.action.clone(),
            entry.target.clone().unwrap_or_else(|| "-".to_owned()),
            entry.result.clone(),
            clipped(entry.reason.as_deref().unwrap_or("-"), REASON),
        ]);
    }
    drawn.trim_fmt()
}
