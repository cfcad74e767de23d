//! The trip: a kind of saga that exists only in tests. The engine drives it beside the checkout, and
//! it has what the checkout lacks: a pivot, steps that are never given up, a read in the middle, a second
//! version of its table, and an order with an id of its own.
//!
//! Seats are held at the railway, the fare is taken at the bank, and then tickets are issued and a letter
//! is posted. Once the fare is taken the trip is only ever finished; before that it can be turned back.

mod audit;
mod facts;
mod kind;
mod neighbours;
mod step;

use order_service::saga::{
    Action, Definition, KeyedBy, Per, SagaFacts, Sort, Stage, WayBack, Work,
};

pub use audit::{Kept, faults_of, strays};
pub use facts::TripFacts;
pub use kind::Trip;
pub use neighbours::{Asked, Mood, Neighbours};
pub use step::{
    ASK_BORDER, ASK_FARES, BANK, BORDER, FREE_SEAT, HOLD_SEAT, ISSUE_TICKET, LOOK_UP, POST,
    POST_LETTER, RAIL, TAKE_FARE, TIMETABLE, WRITE_TRIP,
};

const ASKS_FARES: Stage =
    Stage { work: Work::Read { step: ASK_FARES, from: TIMETABLE }, reaches: "Quoted" };

const HOLDS_SEATS: Stage = Stage {
    work: Work::Effects(&[Action {
        step: HOLD_SEAT,
        at: RAIL,
        per: Per::Line,
        sort: Sort::Compensable { undo: FREE_SEAT },
        can_look_up: false,
    }]),
    reaches: "Seated",
};

const TAKES_FARE: Stage = Stage {
    work: Work::Effects(&[Action {
        step: TAKE_FARE,
        at: BANK,
        per: Per::Saga,
        sort: Sort::Pivot,
        can_look_up: true,
    }]),
    reaches: "Fared",
};

const HANDS_OVER: Stage = Stage {
    work: Work::Effects(&[
        Action {
            step: ISSUE_TICKET,
            at: RAIL,
            per: Per::Line,
            sort: Sort::Retriable,
            can_look_up: false,
        },
        Action {
            step: POST_LETTER,
            at: POST,
            per: Per::Saga,
            sort: Sort::Retriable,
            can_look_up: false,
        },
    ]),
    reaches: "Ticketed",
};

const RECORDS: Stage = Stage { work: Work::Record(WRITE_TRIP), reaches: "Travelled" };

const BACK: WayBack =
    WayBack { going: "TurningBack", compensated: "TurnedBack", rejected: "CalledOff" };

/// The trip as it is begun now.
pub static DEFINITION: Definition = Definition {
    kind: "trip",
    version: 1,
    starts: "Asked",
    stages: &[
        ASKS_FARES,
        HOLDS_SEATS,
        Stage { work: Work::Read { step: ASK_BORDER, from: BORDER }, reaches: "Cleared" },
        TAKES_FARE,
        HANDS_OVER,
        RECORDS,
    ],
    back: Some(BACK),
    facts: SagaFacts::decode::<TripFacts>,
    keyed_by: KeyedBy::Saga,
};

/// The trip as it was begun before anybody was asked at the border.
pub static OLDER: Definition = Definition {
    kind: "trip",
    version: 0,
    starts: "Asked",
    stages: &[ASKS_FARES, HOLDS_SEATS, TAKES_FARE, HANDS_OVER, RECORDS],
    back: Some(BACK),
    facts: SagaFacts::decode::<TripFacts>,
    keyed_by: KeyedBy::Saga,
};

/// Every version of the trip's table.
pub static DEFINITIONS: &[&Definition] = &[&DEFINITION, &OLDER];

#[test]
fn the_tables_of_the_trip_have_no_faults() {
    for definition in DEFINITIONS {
        assert_eq!(definition.faults(), Vec::<String>::new());
    }
}

#[test]
fn the_trip_is_at_its_pivot_before_the_fare_is_taken() {
    let at_pivot = |definition: &Definition| -> Vec<_> {
        let all = definition.all_progress();
        all.filter(|at| definition.is_at_pivot(*at)).map(|at| definition.word(at)).collect()
    };
    assert_eq!(at_pivot(&DEFINITION), ["Cleared"]);
    assert_eq!(at_pivot(&OLDER), ["Seated"]);
}
