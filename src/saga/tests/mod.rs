//! The machine by itself: its truth tables, and what holds for every run of it.

mod contradictions;
mod properties;
mod table;

use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::definition::{Definition, Per, Stage, Work};
use super::retry::Backoff;
use super::{Context, Instance, Kinds, Neighbour, Policy, Position, State, Step};
use crate::order::{Line, OrderId, Paise, ProductId, ProfileId, UserId};

/// The checkout's table, written again on purpose: this room knows no saga by name.
static TWO_EFFECTS: Definition = Definition {
    kind: "two effects",
    version: 1,
    starts: State::Started,
    stages: &[
        Stage { step: Step::PriceCart, work: Work::Read, reaches: State::Priced },
        Stage {
            step: Step::ChargePayment,
            work: Work::Effect {
                at: Neighbour::Payment,
                undo: Step::RefundPayment,
                per: Per::Total,
                can_look_up: true,
            },
            reaches: State::Paid,
        },
        Stage {
            step: Step::ReserveStock,
            work: Work::Effect {
                at: Neighbour::Product,
                undo: Step::ReleaseStock,
                per: Per::Line,
                can_look_up: false,
            },
            reaches: State::Reserved,
        },
        Stage { step: Step::ConfirmOrder, work: Work::Confirm, reaches: State::Completed },
    ],
};

const REPEATING: Kinds = Kinds { product: false, payment: false };

fn start() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
}

fn policy(kinds: Kinds) -> Policy {
    Policy {
        kinds,
        product_key_memory: Duration::from_hours(24),
        payment_key_memory: Duration::from_hours(24),
        product_timeout: Duration::from_secs(30),
        payment_timeout: Duration::from_secs(30),
        backoff: Backoff {
            initial: Duration::from_millis(100),
            max: Duration::from_secs(30),
            multiplier: 2.0,
            jitter: 0.5,
        },
        stuck_after: Duration::from_mins(1),
        deadline: Duration::from_mins(2),
        deadline_attended: Duration::from_secs(15),
    }
}

/// A saga that was just priced: two lines, 30 paise.
fn priced(kinds: Kinds, unit_price: i64) -> Instance {
    let line = |quantity| Line { product_id: ProductId(Uuid::from_u128(7)), quantity };
    let mut context = Context::accepted(vec![line(1), line(2)], kinds);
    context.profile_id = Some(ProfileId(Uuid::from_u128(3)));
    context.unit_prices = Some(vec![Paise(unit_price), Paise(unit_price)]);
    Instance {
        id: OrderId(Uuid::from_u128(1)),
        definition: &TWO_EFFECTS,
        user_id: UserId(Uuid::from_u128(2)),
        state: State::Priced,
        stuck: None,
        held: None,
        position: Position::new(&TWO_EFFECTS, &context, start()),
        context,
        attempts: 0,
        next_attempt_at: None,
        failing_since: None,
        last_error: None,
        deadline_at: start() + Duration::from_mins(2),
        owner: Some(Uuid::from_u128(9)),
        fence: 1,
        revision: 1,
        created_at: start(),
        updated_at: start(),
        trace_parent: String::new(),
        next_seq: 1,
        taken_over: false,
        unsaved: Vec::new(),
    }
}
