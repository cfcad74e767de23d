//! `sagas groups`: what is stuck or failing, by what it has in common.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::table::table;
use crate::cli::format::{clipped, instant, rupees};
use crate::cli::out::TableStyle;

/// Longer errors are cut; `--json` has them.
const ERROR: usize = 80;

/// All groups.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Groups {
    /// In the server's order.
    pub items: Vec<Group>,
}

/// Sagas that are stuck or failing alike.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Group {
    id: String,
    #[serde(default)]
    kind: String,
    step: String,
    stuck: Option<String>,
    error: String,
    count: u64,
    #[serde(default)]
    money: i64,
    oldest: DateTime<Utc>,
}

/// Draws groups.
pub(in crate::cli) fn groups(groups: &[Group], style: TableStyle) -> String {
    if groups.is_empty() {
        return "nothing is stuck or failing".to_owned();
    }
    let headers = ["GROUP", "COUNT", "MONEY", "KIND", "STUCK", "STEP", "OLDEST", "ERROR"];
    let mut drawn = table(style, &headers, &["COUNT", "MONEY"]);
    for group in groups {
        drawn.add_row([
            group.id.clone(),
            group.count.to_string(),
            rupees(group.money),
            group.kind.clone(),
            group.stuck.clone().unwrap_or_else(|| "-".to_owned()),
            group.step.clone(),
            instant(group.oldest),
            clipped(&group.error, ERROR),
        ]);
    }
    drawn.trim_fmt()
}
