//! `sagas list`: one row for each saga.

use super::{
    answer::{Saga, words},
    table::table,
};
use crate::cli::{
    format::{age, clipped, rupees},
    out::TableStyle,
};

const HEADERS: [&str; 9] =
    ["ID", "KIND", "STATE", "STUCK", "TOTAL", "AGE", "ATTEMPTS", "USER", "WHY"];
/// Longer reasons are cut; `show` has them.
const REASON: usize = 60;

/// Draws one page.
pub(in crate::cli) fn list(sagas: &[Saga], style: TableStyle) -> String {
    if sagas.is_empty() {
        return "no sagas".to_owned();
    }
    let mut drawn = table(style, &HEADERS, &["TOTAL", "AGE", "ATTEMPTS"]);
    for saga in sagas {
        drawn.add_row([
            saga.id.clone(),
            saga.kind.clone(),
            saga.state.clone(),
            stuck(saga),
            saga.total_amount.map_or_else(|| "-".to_owned(), rupees),
            age(saga.age()),
            saga.attempts.to_string(),
            saga.user_id.clone().unwrap_or_else(|| "-".to_owned()),
            why(saga),
        ]);
    }
    drawn.trim_fmt()
}

/// Kind of trouble and step, so that sorting groups sagas that need the same action; and whether it is held.
fn stuck(saga: &Saga) -> String {
    let stuck = kind_and_step(saga);
    if saga.held.is_some() { format!("{stuck} (held)") } else { stuck }
}

fn kind_and_step(saga: &Saga) -> String {
    match &saga.stuck {
        None => "-".to_owned(),
        Some(stuck) => match &stuck.step {
            Some(step) => format!("{}:{step}", stuck.kind),
            None => stuck.kind.clone(),
        },
    }
}

fn why(saga: &Saga) -> String {
    let detail = saga.stuck.as_ref().and_then(|stuck| stuck.detail.clone());
    clipped(&detail.unwrap_or_else(|| words(saga.last_error.as_ref())), REASON)
}
