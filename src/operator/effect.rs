//! Where the money and the stock of a saga are: yes, no or unknown.
//!
//! Pure. The invariant: `no` is only said of what surely did not happen, `yes` only of what surely
//! did (promises 8 and 13).

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::order::Line;
use crate::saga::effects::Track;
use crate::saga::{Effect, Entry, Event, Instance, Position, Standing, Step};

/// Whether an effect happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Known {
    /// It did.
    Yes,
    /// It did not.
    No,
    /// It may have been sent, and is not settled.
    Unknown,
}

/// The money-and-stock position.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Effects {
    charged: Known,
    refunded: Known,
    /// In cart order.
    lines: Vec<LineEffects>,
}

/// Of one line of the cart.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LineEffects {
    product_id: Uuid,
    quantity: u32,
    reserved: Known,
    released: Known,
}

/// Of a saga as its row and its log have it. While somebody drives it, calls may run ahead of the
/// log: it is looked at as if its owner had died just now.
pub(super) fn effects(saga: &Instance) -> Effects {
    let mut position = saga.position.clone();
    if saga.owner.is_some() && !saga.state.is_rest() {
        position.apply(&abandoned(saga));
    }
    add_up(&position, &saga.context.lines)
}

fn abandoned(saga: &Instance) -> Entry {
    Entry {
        seq: saga.next_seq,
        effect: Effect { step: Step::TakeOver, line: None },
        phase: saga.phase(),
        event: Event::TakenOver(saga.state),
        generation: 0,
        attempt: 0,
        key: None,
        started_at: saga.updated_at,
        duration_ms: None,
        request: None,
        response: None,
        error: None,
        executor: String::new(),
    }
}

fn add_up(position: &Position, lines: &[Line]) -> Effects {
    let track = |step, line| position.track(Effect { step, line });
    let charge = track(Step::ChargePayment, None);
    let charged = happened(charge);
    // A later stage is only sent once the earlier one is done.
    let lines_may_be_sent = charge.is_none() || charged != Known::No;
    let line_effects = |(line, at): (&Line, u16)| {
        let reserved = match happened(track(Step::ReserveStock, Some(at))) {
            Known::Unknown if !lines_may_be_sent => Known::No,
            known @ (Known::Yes | Known::No | Known::Unknown) => known,
        };
        let released = undone(reserved, track(Step::ReleaseStock, Some(at)));
        of_line(*line, reserved, released)
    };
    Effects {
        charged,
        refunded: undone(charged, track(Step::RefundPayment, None)),
        // A cart has at most 100 lines.
        lines: lines.iter().zip(0_u16..).map(line_effects).collect(),
    }
}

/// Of a saga that this binary can't read: nothing is known.
pub(super) fn unknown(lines: &[Line]) -> Effects {
    let line = |line: &Line| of_line(*line, Known::Unknown, Known::Unknown);
    let lines = lines.iter().map(line).collect();
    Effects { charged: Known::Unknown, refunded: Known::Unknown, lines }
}

fn of_line(line: Line, reserved: Known, released: Known) -> LineEffects {
    LineEffects { product_id: line.product_id.0, quantity: line.quantity, reserved, released }
}

/// No track: nothing of the sort can have been sent yet, or nothing is to pay.
fn happened(track: Option<Track>) -> Known {
    match track.map(|track| track.standing) {
        Some(Standing::Done) => Known::Yes,
        Some(Standing::Unsure { .. }) => Known::Unknown,
        Some(Standing::Refused | Standing::Untouched) | None => Known::No,
    }
}

/// What surely did not happen was never undone.
fn undone(forward: Known, undo: Option<Track>) -> Known {
    match forward {
        Known::No => Known::No,
        Known::Yes | Known::Unknown => happened(undo),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::json;

    use super::*;
    use crate::checkout::DEFINITION;
    use crate::order::{Paise, ProductId};
    use crate::saga::{Context, Kinds, Outcome, Phase, State};

    const CHARGE: Effect = Effect { step: Step::ChargePayment, line: None };
    const REFUND: Effect = Effect { step: Step::RefundPayment, line: None };
    const RESERVE: Effect = Effect { step: Step::ReserveStock, line: Some(0) };
    const RELEASE: Effect = Effect { step: Step::ReleaseStock, line: Some(0) };
    const DONE: Event = Event::Came(Outcome::Done);
    const REFUSED: Event = Event::Came(Outcome::Refused);
    const UNKNOWN: Event = Event::Came(Outcome::Unknown);

    fn line() -> Line {
        Line { product_id: ProductId(Uuid::from_u128(7)), quantity: 2 }
    }

    /// Charged, refunded, reserved, released.
    fn after(log: &[(Effect, Event)]) -> serde_json::Value {
        let mut context = Context::accepted(vec![line()], Kinds::IDEMPOTENT);
        context.unit_prices = Some(vec![Paise(100)]);
        let mut position = Position::new(&DEFINITION, &context, DateTime::UNIX_EPOCH);
        for (effect, event) in log {
            position.apply(&Entry {
                seq: 1,
                effect: *effect,
                phase: Phase::Forward,
                event: *event,
                generation: 0,
                attempt: 1,
                key: None,
                started_at: DateTime::UNIX_EPOCH,
                duration_ms: None,
                request: None,
                response: None,
                error: None,
                executor: String::new(),
            });
        }
        let effects = add_up(&position, &context.lines);
        let line = &effects.lines[0];
        json!([effects.charged, effects.refunded, line.reserved, line.released])
    }

    #[test]
    fn yes_is_what_is_done_and_no_what_surely_is_not() {
        assert_eq!(after(&[]), json!(["no", "no", "no", "no"]));
        assert_eq!(after(&[(CHARGE, Event::Sending)]), json!(["unknown", "no", "no", "no"]));
        assert_eq!(after(&[(CHARGE, UNKNOWN)]), json!(["unknown", "no", "no", "no"]));
        let forward = [(CHARGE, DONE), (RESERVE, UNKNOWN)];
        assert_eq!(after(&forward), json!(["yes", "no", "unknown", "no"]));
        let undone = [(CHARGE, DONE), (RESERVE, DONE), (REFUND, DONE), (RELEASE, UNKNOWN)];
        assert_eq!(after(&undone), json!(["yes", "yes", "yes", "unknown"]));
        assert_eq!(after(&[(CHARGE, DONE), (RESERVE, REFUSED)]), json!(["yes", "no", "no", "no"]));
    }

    #[test]
    fn what_a_dead_owner_may_have_sent_is_unknown_until_the_charge_is_refused() {
        let taken_over = (CHARGE, Event::TakenOver(State::Priced));
        assert_eq!(after(&[taken_over]), json!(["unknown", "no", "unknown", "no"]));
        assert_eq!(after(&[taken_over, (CHARGE, REFUSED)]), json!(["no", "no", "no", "no"]));
        let going_back = (REFUND, Event::TakenOver(State::Compensating));
        let log = [taken_over, going_back];
        assert_eq!(after(&log), json!(["unknown", "unknown", "unknown", "unknown"]));
        let log = [taken_over, going_back, (CHARGE, REFUSED)];
        assert_eq!(after(&log), json!(["no", "no", "no", "no"]));
    }

    #[test]
    fn of_an_unreadable_saga_nothing_is_known() {
        let effects = unknown(&[line()]);
        assert_eq!(effects.charged, Known::Unknown);
        assert_eq!(effects.lines[0].reserved, Known::Unknown);
        assert!(unknown(&[]).lines.is_empty());
    }
}
