//! Where the money and the stock are, in sentences.
//!
//! Capitals mark what may cost somebody something, and nothing else does.

use super::answer::{Effects, Known, Line, Saga};
use crate::cli::format::rupees;

/// The customer's money in one sentence.
pub(super) fn money(saga: &Saga, effects: &Effects) -> String {
    let total = saga.total_amount.map_or_else(|| "the total".to_owned(), rupees);
    match (effects.charged, effects.refunded) {
        (Known::No, _) => "nothing was charged".to_owned(),
        (Known::Yes, Known::No) if saga.state == "Completed" => {
            format!("the customer paid {total}, as ordered")
        }
        (Known::Yes, Known::No) => format!("{total} IS OUT: charged, not refunded"),
        (Known::Yes, Known::Yes) => format!("{total} was charged and refunded: nothing is out"),
        (Known::Yes, Known::Unknown) => {
            format!("{total} MAY BE OUT: charged, and the refund is not known")
        }
        (Known::Unknown, Known::Yes) => {
            format!("{total} was refunded, but whether it was charged is not known")
        }
        (Known::Unknown, Known::No | Known::Unknown) => {
            format!("{total} MAY BE OUT: whether it was charged is not known")
        }
    }
}

/// The product service's stock in one sentence.
pub(super) fn stock(lines: &[Line]) -> String {
    let count = |position| lines.iter().filter(|line| held(line) == position).count();
    match (count(Held::Yes), count(Held::Unknown)) {
        (0, 0) => "nothing is held".to_owned(),
        (held, 0) => format!("held for {held} of {} lines", lines.len()),
        (held, unknown) => {
            format!("held for {held} of {} lines, NOT KNOWN for {unknown}", lines.len())
        }
    }
}

/// Whether a line's units are taken out of the stock.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    Yes,
    No,
    Unknown,
}

pub(super) fn held(line: &Line) -> Held {
    match (line.reserved, line.released) {
        (Known::No, _) | (Known::Yes, Known::Yes) => Held::No,
        (Known::Yes, Known::No) => Held::Yes,
        (Known::Unknown, _) | (Known::Yes, Known::Unknown) => Held::Unknown,
    }
}
