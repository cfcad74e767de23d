//! Books that can't be true, one by one, and what is said of each.

use super::{
    CHARGE, COMPENSATED, COMPLETED, IDEMPOTENT, PAID, Priced, REFUND, REJECTED, RELEASE, RESERVE,
    RESERVED, priced, start,
};
use crate::saga::{
    Cause, Effect, Entry, Event, Instance, Outcome, Phase, Position, Progress, SagaFacts, Step,
    Stuck, StuckKind, contradictions,
};
use uuid::Uuid;

/// A saga with its log.
type Books = (Instance, Vec<Entry>);

fn came(saga: &mut Instance, step: Step, line: Option<u16>, outcome: Outcome) {
    let effect = Effect { step, line };
    let phase = saga.phase();
    let key = Some(saga.key(effect, 0));
    let came = Entry::new(effect, phase, Event::Came(outcome), start());
    saga.log(Entry { attempt: 1, key, duration_ms: Some(1), ..came });
}

fn at_rest(mut saga: Instance) -> Books {
    saga.owner = None;
    let log = std::mem::take(&mut saga.unsaved);
    (saga, log)
}

fn completed() -> Books {
    let mut saga = priced(IDEMPOTENT, 10);
    came(&mut saga, CHARGE, None, Outcome::Done);
    came(&mut saga, RESERVE, Some(0), Outcome::Done);
    came(&mut saga, RESERVE, Some(1), Outcome::Done);
    saga.enter(COMPLETED, None);
    at_rest(saga)
}

fn compensated() -> Books {
    let mut saga = priced(IDEMPOTENT, 10);
    came(&mut saga, CHARGE, None, Outcome::Done);
    came(&mut saga, RESERVE, Some(0), Outcome::Done);
    came(&mut saga, RESERVE, Some(1), Outcome::Refused);
    let step = RESERVE.word().into();
    let cause = Cause::Refused { step, line: Some(1), status: Some(409), body: None };
    saga.enter(Progress::Backward, Some(cause));
    came(&mut saga, REFUND, None, Outcome::Done);
    came(&mut saga, RELEASE, Some(0), Outcome::Done);
    saga.enter(COMPENSATED, None);
    at_rest(saga)
}

fn rejected() -> Books {
    let mut saga = priced(IDEMPOTENT, 10);
    came(&mut saga, CHARGE, None, Outcome::Refused);
    let step = CHARGE.word().into();
    let cause = Cause::Refused { step, line: None, status: Some(409), body: None };
    saga.enter(REJECTED, Some(cause));
    at_rest(saga)
}

/// What is said of these books after they were broken so, their log read anew.
fn said(books: fn() -> Books, breakage: fn(&mut Instance, &mut Vec<Entry>)) -> Vec<String> {
    let (mut saga, mut log) = books();
    breakage(&mut saga, &mut log);
    saga.position =
        Position::new(saga.definition, &saga.facts, &saga.terms.promises, saga.created_at);
    for entry in &log {
        saga.position.apply(entry);
    }
    contradictions(&saga, &log)
}

/// Takes an entry out and closes the gap.
fn forget(log: &mut Vec<Entry>, at: usize) {
    log.remove(at);
    log.iter_mut().zip(1..).for_each(|(entry, seq)| entry.seq = seq);
}

#[test]
fn books_that_are_whole_have_no_contradictions() {
    for books in [completed, compensated, rejected] {
        assert_eq!(said(books, |_, _| {}), Vec::<String>::new());
    }
}

#[test]
fn what_the_row_says_of_itself_can_not_be_true() {
    let stuck = |saga: &mut Instance, _: &mut Vec<Entry>| {
        let (kind, step, detail) = (StuckKind::InDoubt, String::new(), String::new());
        saga.stuck = Some(Stuck { kind, since: start(), step, detail });
    };
    assert_eq!(said(completed, stuck), ["Completed, though it is stuck"]);
    let owned = |saga: &mut Instance, _: &mut Vec<Entry>| saga.owner = Some(Uuid::nil());
    assert_eq!(said(completed, owned), ["Completed, though an executor owns it"]);
    let forgotten = |saga: &mut Instance, _: &mut Vec<Entry>| saga.progress = RESERVED;
    assert_eq!(said(completed, forgotten), ["Reserved, and nobody will ever take it up"]);
    let unpriced = |saga: &mut Instance, log: &mut Vec<Entry>| {
        log.clear();
        saga.facts = SagaFacts::new(Priced { unit_price: None });
    };
    assert_eq!(said(completed, unpriced), ["Completed, though it has no prices"]);
    let causeless = |saga: &mut Instance, _: &mut Vec<Entry>| saga.cause = None;
    assert_eq!(said(rejected, causeless), ["Rejected, and no cause is kept"]);
}

#[test]
fn a_state_that_its_log_does_not_add_up_to_is_told() {
    let uncharged = |_: &mut Instance, log: &mut Vec<Entry>| {
        log[0].event = Event::Came(Outcome::Unknown);
        log.truncate(1);
    };
    assert_eq!(
        said(completed, uncharged),
        [
            "Completed, but charge_payment is not done",
            "Completed, but reserve_stock of line 0 is not done",
            "Completed, but reserve_stock of line 1 is not done",
        ]
    );
    let unreserved = |_: &mut Instance, log: &mut Vec<Entry>| forget(log, 2);
    let missing = "Completed, but reserve_stock of line 1 is not done";
    assert_eq!(said(completed, unreserved), [missing]);
    let unrefunded = |_: &mut Instance, log: &mut Vec<Entry>| forget(log, 3);
    assert_eq!(said(compensated, unrefunded), ["Compensated, but charge_payment is not undone"]);
    let unreleased = |_: &mut Instance, log: &mut Vec<Entry>| forget(log, 4);
    let held = "Compensated, but reserve_stock of line 0 is not undone";
    assert_eq!(said(compensated, unreleased), [held]);
    let unsettled = |_: &mut Instance, log: &mut Vec<Entry>| {
        log[2].event = Event::Came(Outcome::Unknown);
    };
    let open = "Compensated, but reserve_stock of line 1 is not settled";
    assert_eq!(said(compensated, unsettled), [open]);
    let paid = |_: &mut Instance, log: &mut Vec<Entry>| log[0].event = Event::Came(Outcome::Done);
    assert_eq!(said(rejected, paid), ["Rejected, but charge_payment is done"]);
    let nothing = |saga: &mut Instance, _: &mut Vec<Entry>| saga.progress = COMPENSATED;
    assert_eq!(said(rejected, nothing), ["Compensated, though nothing had happened"]);
    let unreached = |saga: &mut Instance, _: &mut Vec<Entry>| {
        saga.progress = PAID;
        saga.owner = Some(Uuid::nil());
    };
    assert_eq!(said(rejected, unreached), ["Paid, but charge_payment is not done"]);
}

#[test]
fn a_log_that_was_not_written_by_the_rules_is_told() {
    let gap = |_: &mut Instance, log: &mut Vec<Entry>| log[2].seq = 4;
    assert_eq!(said(completed, gap), ["entry 3 of its log is missing: there is 4"]);
    let stolen = |_: &mut Instance, log: &mut Vec<Entry>| log[1].key = log[2].key.clone();
    let key = "entry 2: reserve_stock of line 0 was sent under a key that is not its own";
    assert_eq!(said(completed, stolen), [key]);
    let early = |_: &mut Instance, log: &mut Vec<Entry>| {
        log.swap(0, 1);
        (log[0].seq, log[1].seq) = (1, 2);
    };
    let unpaid = "entry 1: reserve_stock of line 0 was sent though charge_payment was not done";
    assert_eq!(said(completed, early), [unpaid]);
    let twice =
        |_: &mut Instance, log: &mut Vec<Entry>| log.push(Entry { seq: 4, ..log[0].clone() });
    let again = "entry 4: charge_payment was sent again after it was settled";
    assert_eq!(said(completed, twice), [again]);
    let refunded = |_: &mut Instance, log: &mut Vec<Entry>| {
        log[0].event = Event::Came(Outcome::Refused);
        log.truncate(1);
        let effect = Effect { step: REFUND, line: None };
        let event = Event::Came(Outcome::Done);
        let phase = Phase::Compensation;
        log.push(Entry { seq: 2, effect, event, phase, key: None, ..log[0].clone() });
    };
    assert_eq!(
        said(rejected, refunded),
        [
            "refund_payment is done, but charge_payment is not",
            "entry 2: refund_payment was sent though charge_payment was not done",
        ]
    );
    let turned = |_: &mut Instance, log: &mut Vec<Entry>| log[4].phase = Phase::Forward;
    let forward = "entry 5: release_stock of line 0 went forward after the saga had gone back";
    assert_eq!(said(compensated, turned), [forward]);
}
