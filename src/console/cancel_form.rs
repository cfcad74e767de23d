//! The form that cancels an order: it says what it will do, by the function that previews it for everybody.

use super::piece::counted;
use crate::order::rupees;
use crate::reversal::Preview;
use crate::web::{Problem, Query, REASONS};

/// The form of a cancel.
pub(super) struct CancelForm {
    /// What it will do.
    pub(super) will: String,
    /// Why orders are cancelled, and which of it is chosen.
    pub(super) reasons: Vec<(&'static str, bool)>,
    pub(super) note: String,
    pub(super) is_open: bool,
}

/// A form that was opened, or sent and not taken.
#[derive(Debug, Default)]
pub(super) struct Tried {
    pub(super) form: Query,
    pub(super) problem: Option<Problem>,
}

impl CancelForm {
    /// The form, where the order can be cancelled now.
    pub(super) fn of(preview: Option<Preview>, tried: Option<&Tried>) -> Option<Self> {
        let Some(Preview::Allowed { gives_back, .. }) = preview else { return None };
        let pieces: u64 = gives_back.released.iter().map(|line| u64::from(line.quantity)).sum();
        let text = |name| tried.and_then(|tried| tried.form.text(name)).unwrap_or_default();
        Some(Self {
            will: format!(
                "gives back {} and {}",
                rupees(gives_back.refunded),
                counted(pieces, "piece")
            ),
            reasons: REASONS.map(|reason| (reason, reason == text("reason"))).into(),
            note: text("note").to_owned(),
            is_open: tried.is_some(),
        })
    }
}
