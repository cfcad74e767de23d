//! What became of the money and the stock, in sentences. Capitals are used only for what may cost somebody
//! money.

use super::answer::{Effects, Happened, Line, Saga};
use crate::cli::format::rupees;

/// The customer's money in one sentence.
pub(super) fn money(saga: &Saga, effects: &Effects) -> String {
    let total = saga.total_amount.map_or_else(|| "the total".to_owned(), rupees);
    match (effects.charged, effects.refunded) {
        (Happened::No, _) => "nothing was charged".to_owned(),
        (Happened::Yes, Happened::No) if saga.state == "Completed" => {
            format!("the customer paid {total}, as ordered")
        }
        (Happened::Yes, Happened::No) => format!("{total} IS OUT: charged, not refunded"),
        (Happened::Yes, Happened::Yes) => {
            format!("{total} was charged and refunded: nothing is out")
        }
        (Happened::Yes, Happened::Unknown) => {
            format!("{total} MAY BE OUT: charged, and the refund is not known")
        }
        (Happened::Unknown, Happened::Yes) => {
            format!("{total} was refunded, but whether it was charged is not known")
        }
        (Happened::Unknown, Happened::No | Happened::Unknown) => {
            format!("{total} MAY BE OUT: whether it was charged is not known")
        }
    }
}

/// The product service's stock in one sentence.
pub(super) fn stock(lines: &[Line]) -> String {
    let count = |position| lines.iter().filter(|line| held(line) == position).count();
    match (count(StockHeld::Yes), count(StockHeld::Unknown)) {
        (0, 0) => "nothing is held".to_owned(),
        (held, 0) => format!("held for {held} of {} lines", lines.len()),
        (held, unknown) => {
            format!("held for {held} of {} lines, NOT KNOWN for {unknown}", lines.len())
        }
    }
}

/// Whether a line's units are currently out of the stock.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum StockHeld {
    Yes,
    No,
    Unknown,
}

pub(super) fn held(line: &Line) -> StockHeld {
    match (line.reserved, line.released) {
        (Happened::No, _) | (Happened::Yes, Happened::Yes) => StockHeld::No,
        (Happened::Yes, Happened::No) => StockHeld::Yes,
        (Happened::Unknown, _) | (Happened::Yes, Happened::Unknown) => StockHeld::Unknown,
    }
}
