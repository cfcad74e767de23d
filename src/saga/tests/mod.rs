//! The machine by itself: its truth tables, and what holds for every run of it.

mod contradictions;
mod lasting;
mod properties;
mod table;
mod verdicts;

use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use serde::{Deserialize, Serialize};

use super::definition::{Action, Definition, KeyedBy, Per, Sort, Stage, WayBack, Work};
use super::retry::Backoff;
use super::{
    Effect, Facts, Instance, Manners, Neighbour, Policy, Position, Progress, Promises, SagaFacts,
    SagaId, Step, Terms,
};
use crate::order::{Line, Movement, OrderId, Paise, UserId};

const PRICE: Step = Step::named("price_cart");
const CHARGE: Step = Step::named("charge_payment");
const RESERVE: Step = Step::named("reserve_stock");
const REFUND: Step = Step::named("refund_payment");
const RELEASE: Step = Step::named("release_stock");
const DELIVER: Step = Step::named("deliver");
const CONFIRM: Step = Step::named("confirm_order");
const BANK: Neighbour = Neighbour::named("bank");
const STORE: Neighbour = Neighbour::named("store");

/// One effect in all, then one for each line.
static TWO_EFFECTS: Definition = Definition {
    kind: "two effects",
    version: 1,
    starts: "Started",
    stages: &[
        Stage { work: Work::Read { step: PRICE, from: STORE }, reaches: "Priced" },
        Stage {
            work: Work::Effects(&[Action {
                step: CHARGE,
                at: BANK,
                per: Per::Saga,
                sort: Sort::Compensable { undo: REFUND },
                can_look_up: true,
            }]),
            reaches: "Paid",
        },
        Stage {
            work: Work::Effects(&[Action {
                step: RESERVE,
                at: STORE,
                per: Per::Line,
                sort: Sort::Compensable { undo: RELEASE },
                can_look_up: false,
            }]),
            reaches: "Reserved",
        },
        Stage { work: Work::Record(CONFIRM), reaches: "Completed" },
    ],
    back: Some(WayBack { going: "Compensating", compensated: "Compensated", rejected: "Rejected" }),
    facts: SagaFacts::decode::<Priced>,
    keyed_by: KeyedBy::Saga,
};

const PRICED: Progress = Progress::Forward { done: 1 };
const PAID: Progress = Progress::Forward { done: 2 };
const RESERVED: Progress = Progress::Forward { done: 3 };
const COMPLETED: Progress = Progress::Rest(super::End::Completed);
const COMPENSATED: Progress = Progress::Rest(super::End::Compensated);
const REJECTED: Progress = Progress::Rest(super::End::Rejected);

/// Two lines at a price, once it is known.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Priced {
    unit_price: Option<i64>,
}

impl Facts for Priced {
    fn width(&self, step: Step) -> usize {
        match self.unit_price {
            Some(price) if step == CHARGE => usize::from(price > 0),
            Some(_) if step == RESERVE => 2,
            Some(_) if step == DELIVER => 1,
            Some(_) | None => 0,
        }
    }

    fn lines(&self) -> &[Line] {
        &[]
    }

    fn amount(&self) -> Option<Paise> {
        self.unit_price.map(|price| Paise(3 * price))
    }

    fn movement(&self, _effect: Effect) -> Option<Movement> {
        None
    }

    fn faults(&self, done: usize, state: &str) -> Vec<String> {
        let missing = done > 0 && self.unit_price.is_none();
        missing.then(|| format!("{state}, though it has no prices")).into_iter().collect()
    }
}

const IDEMPOTENT: bool = true;
const REPEATING: bool = false;

fn promises(idempotent: bool) -> Promises {
    [(BANK, idempotent), (STORE, idempotent)].into_iter().collect()
}

fn start() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
}

fn policy(idempotent: bool) -> Policy {
    let (key_memory, timeout) = (Duration::from_hours(24), Duration::from_secs(30));
    let manners = Manners { idempotent, key_memory, timeout };
    Policy {
        neighbours: std::sync::Arc::new([(BANK, manners), (STORE, manners)].into()),
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

/// A saga that was just priced: two lines, 3 times this price in all.
fn priced(idempotent: bool, unit_price: i64) -> Instance {
    let facts = SagaFacts::new(Priced { unit_price: Some(unit_price) });
    let terms = Terms { promises: promises(idempotent), ..Terms::default() };
    Instance {
        id: SagaId(Uuid::from_u128(1)),
        order_id: OrderId(Uuid::from_u128(1)),
        definition: &TWO_EFFECTS,
        user_id: UserId(Uuid::from_u128(2)),
        progress: PRICED,
        stuck: None,
        held: None,
        cancel_request: None,
        position: Position::new(&TWO_EFFECTS, &facts, &terms.promises, start()),
        terms,
        cause: None,
        facts,
        attempts: 0,
        next_attempt_at: None,
        failing_since: None,
        last_error: None,
        deadline_at: start() + Duration::from_mins(2),
        owner: Some(Uuid::from_u128(9)),
        fence: 1,
        revision: 1,
        version: 1,
        created_at: start(),
        updated_at: start(),
        trace_parent: String::new(),
        next_seq: 1,
        taken_over: false,
        unsaved: Vec::new(),
    }
}

#[test]
fn the_table_of_the_tests_has_no_faults() {
    assert_eq!(TWO_EFFECTS.faults(), Vec::<String>::new());
}
