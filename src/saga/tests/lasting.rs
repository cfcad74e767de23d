//! Steps that can't be undone, and kinds that never go back.

use std::time::Duration;

use super::super::machine::next;
use super::super::{Entry, Event, Next, Outcome, Phase, Standing};
use super::*;

const HOLDS: Stage = Stage {
    work: Work::Effects(&[Action {
        step: RESERVE,
        at: STORE,
        per: Per::Line,
        sort: Sort::Compensable { undo: RELEASE },
        can_look_up: false,
    }]),
    reaches: "Reserved",
};

const CHARGES_FOR_GOOD: Stage = Stage {
    work: Work::Effects(&[Action {
        step: CHARGE,
        at: BANK,
        per: Per::Saga,
        sort: Sort::Pivot,
        can_look_up: true,
    }]),
    reaches: "Paid",
};

const DELIVERS: Stage = Stage {
    work: Work::Effects(&[Action {
        step: DELIVER,
        at: STORE,
        per: Per::Saga,
        sort: Sort::Retriable,
        can_look_up: false,
    }]),
    reaches: "Delivered",
};

const READS: Stage = Stage { work: Work::Read { step: PRICE, from: STORE }, reaches: "Priced" };
const RECORDS: Stage = Stage { work: Work::Record(CONFIRM), reaches: "Completed" };

/// Nothing is read between what can be undone and what can't.
static WITH_A_PIVOT: Definition = Definition {
    kind: "with a pivot",
    version: 1,
    starts: "Started",
    stages: &[READS, HOLDS, CHARGES_FOR_GOOD, DELIVERS, RECORDS],
    back: Some(WayBack { going: "Compensating", compensated: "Compensated", rejected: "Rejected" }),
    facts: SagaFacts::decode::<Priced>,
    keyed_by: KeyedBy::Saga,
};

static NEVER_BACK: Definition = Definition {
    kind: "never back",
    version: 1,
    starts: "Started",
    stages: &[READS, DELIVERS, RECORDS],
    back: None,
    facts: SagaFacts::decode::<Priced>,
    keyed_by: KeyedBy::Saga,
};

/// A saga by this table that was priced.
fn by(table: &'static Definition, unit_price: Option<i64>) -> Instance {
    let saga = priced(IDEMPOTENT, 0);
    let facts = SagaFacts::new(Priced { unit_price });
    let position = Position::new(table, &facts, &saga.terms.promises, start());
    Instance { definition: table, facts, position, ..saga }
}

/// Its owner died, and nothing is durable beyond that it was priced.
fn taken_over(mut saga: Instance) -> Instance {
    let taken = Event::TakenOver(saga.progress);
    saga.log(Entry::new(Effect::of(Step::TAKE_OVER), Phase::Forward, taken, start()));
    saga
}

fn is_unsure(saga: &Instance, effect: Effect) -> bool {
    let track = saga.position.track(effect).expect("an effect of the table");
    matches!(track.standing, Standing::Unsure { .. })
}

#[test]
fn the_tables_with_lasting_steps_have_no_faults() {
    for table in [&WITH_A_PIVOT, &NEVER_BACK] {
        assert_eq!(table.faults(), Vec::<String>::new());
    }
}

#[test]
fn an_owner_that_died_before_the_pivot_has_sent_nothing_from_there_on() {
    for unit_price in [100, 0] {
        let saga = taken_over(by(&WITH_A_PIVOT, Some(unit_price)));
        assert!(is_unsure(&saga, Effect::of_line(RESERVE, 1)));
        assert!(!is_unsure(&saga, Effect::of(DELIVER)));
        assert!(!saga.position.is_past_return());
    }
}

#[test]
fn an_owner_that_died_at_the_pivot_may_have_sent_all_that_follows() {
    for unit_price in [100, 0] {
        let mut saga = by(&WITH_A_PIVOT, Some(unit_price));
        for line in [0, 1] {
            let came = Event::Came(Outcome::Done);
            saga.log(Entry::new(Effect::of_line(RESERVE, line), Phase::Forward, came, start()));
        }
        saga.progress = Progress::Forward { done: 2 };
        let mut saga = taken_over(saga);
        assert!(is_unsure(&saga, Effect::of(DELIVER)));
        assert!(saga.position.is_past_return());
        if unit_price > 0 {
            // Unless the pivot turns out to have been refused.
            let came = Event::Came(Outcome::Refused);
            saga.log(Entry::new(Effect::of(CHARGE), Phase::Forward, came, start()));
            assert!(!saga.position.is_past_return());
        }
    }
}

#[test]
fn a_kind_that_never_goes_back_reads_on_after_its_deadline() {
    let saga = Instance { progress: Progress::START, ..by(&NEVER_BACK, None) };
    let late = saga.deadline_at + Duration::from_secs(1);
    assert_eq!(next(&saga, &policy(IDEMPOTENT), late), Next::Read(PRICE));
}

#[test]
fn a_neighbour_that_was_not_known_when_a_saga_began_has_promised_it_nothing() {
    let mut saga = by(&WITH_A_PIVOT, Some(100));
    assert!(policy(IDEMPOTENT).keeps_all_keys(&saga));
    assert!(!policy(REPEATING).keeps_all_keys(&saga));
    saga.terms.promises = [(BANK, IDEMPOTENT)].into_iter().collect();
    assert!(!policy(IDEMPOTENT).keeps_all_keys(&saga));
}
