//! What the payment service should have recorded according to the books, and whether it has. Pure.

use crate::neighbours::{PAYMENT, Recorded};
use crate::order::{Movement, Paise};
use crate::saga::{ActionPosition, Effect, Instance, Standing, StuckKind};
use crate::store::{Account, Kept};

/// What should be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// The charge was made. A later refund does not show, since the service tells only its first record.
    Paid,
    /// No charge was sent, or it was refused.
    Nothing,
    /// It may have been sent and is not settled: anything may be recorded.
    Unsettled,
    /// The books don't say whether a charge was made.
    Unknown,
}

/// What should be recorded for this account.
pub(super) fn expected(account: &Account) -> Expected {
    match (&account.saga, &account.order) {
        (Some(Kept { readable: Ok((saga, _)), .. }), _) => of_saga(saga),
        (Some(Kept { readable: Err(_), .. }), _) | (None, None) => Expected::Unknown,
        // It was paid for under another id.
        (None, Some(order)) if order.imported_at.is_some() => Expected::Unknown,
        // An order without a saga is a fault by itself; its payment is still looked for.
        (None, Some(order)) if order.total > Paise(0) => Expected::Paid,
        (None, Some(_)) => Expected::Nothing,
    }
}

fn of_saga(saga: &Instance) -> Expected {
    // A saga that only refunds is recorded under the charge that it refunds.
    let gives_back = |of: &ActionPosition| {
        let movement = saga.facts.movement(Effect::of(of.action.step));
        matches!(movement, Some(Movement::Refund(_)))
    };
    let mut actions = saga.position.actions.iter();
    let Some(charge) = actions.find(|of| of.action.at == PAYMENT && !gives_back(of)) else {
        return Expected::Unknown;
    };
    // If there is nothing to pay, or no price yet, nothing was sent.
    let Some(track) = charge.forward.first() else { return Expected::Nothing };
    match track.standing {
        Standing::Done => Expected::Paid,
        // The owner's calls may be ahead of its log.
        Standing::Untouched if saga.owner.is_some() => Expected::Unsettled,
        Standing::Untouched | Standing::Refused => Expected::Nothing,
        Standing::Unsure { .. } => Expected::Unsettled,
    }
}

/// Whether a record is what was expected. If anything may be recorded, it always is.
pub(super) fn agrees(expected: Expected, recorded: &Recorded) -> bool {
    match (expected, recorded) {
        (Expected::Paid, recorded) => recorded.is_paid(),
        (Expected::Nothing, Recorded::Nothing) | (Expected::Unsettled | Expected::Unknown, _) => {
            true
        }
        (Expected::Nothing, Recorded::Status(_) | Recorded::NoAnswer(_)) => false,
    }
}

/// What the books say about the payment, in words.
pub(super) fn in_words(account: &Account, expected: Expected) -> String {
    let whose = match &account.saga {
        Some(saga) => saga.row.state.clone(),
        None if account.is_forgotten => "an order whose saga is forgotten".to_owned(),
        None => "an order without a saga".to_owned(),
    };
    let says = match expected {
        Expected::Paid => "the charge is done",
        Expected::Nothing => "no charge was made",
        Expected::Unsettled => "the charge is not settled",
        Expected::Unknown => "nothing of a charge",
    };
    format!("{whose}: {says}")
}

/// What the payment service says, in words.
pub(super) fn said(recorded: &Recorded) -> String {
    match recorded {
        Recorded::Nothing => "nothing recorded".to_owned(),
        Recorded::Status(status) => status.chars().take(40).collect(),
        Recorded::NoAnswer(error) => error.clone(),
    }
}

/// Whether a person is needed before this saga's charge can be compared.
pub(super) fn waits_for_a_person(account: &Account, expected: Expected) -> bool {
    let stuck = account.saga.as_ref().and_then(|saga| saga.row.stuck.as_ref());
    expected == Expected::Unsettled && stuck.is_some_and(|it| it.kind == StuckKind::InDoubt)
}

/// Whether this account has a saga that is not at rest.
pub(super) fn is_open(account: &Account) -> bool {
    let progress = account.saga.as_ref().and_then(|saga| saga.row.progress);
    progress.is_some_and(|progress| !progress.is_rest())
}
