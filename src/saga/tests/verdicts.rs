//! What a person's verdict does, what is said of it before, and what a saga in trouble says of itself.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{CHARGE, IDEMPOTENT, PAID, REFUND, RELEASE, REPEATING, RESERVE, policy, priced, start};
use crate::saga::intervention::Word;
use crate::saga::machine::next;
use crate::saga::{
    Effect, Entry, Event, Instance, Intervention, Next, Outcome, Progress, Step, Stuck, StuckKind,
    intervene, preview,
};

fn came(saga: &mut Instance, effect: Effect, outcome: Outcome, error: &str, at: DateTime<Utc>) {
    let (phase, key) = (saga.phase(), Some(saga.key(effect, 0)));
    let came = Entry::new(effect, phase, Event::Came(outcome), at);
    saga.log(Entry { attempt: 1, key, error: Some(error.to_owned()), ..came });
}

/// What it needs a person for, once it has waited at this time.
fn stuck(saga: &mut Instance, now: DateTime<Utc>) -> Stuck {
    let Next::Pause { stuck, .. } = next(saga, &policy(REPEATING), now) else {
        panic!("it does not wait");
    };
    saga.stuck.clone_from(&stuck);
    stuck.expect("a trouble")
}

/// One whose second line may have been reserved.
fn in_doubt() -> (Instance, Effect) {
    let of = |line| Effect { step: RESERVE, line: Some(line) };
    let mut saga = priced(REPEATING, 10);
    came(&mut saga, Effect::of(CHARGE), Outcome::Done, "", start());
    saga.enter(PAID, None);
    came(&mut saga, of(0), Outcome::Done, "", start());
    came(&mut saga, of(1), Outcome::Unknown, "no answer in time", start());
    (saga, of(1))
}

fn word() -> Word {
    Word { operator: "asha".to_owned(), reason: "looked".to_owned() }
}

#[test]
fn a_verdict_is_previewed_by_the_deadline_that_it_sets() {
    let (mut saga, doubted) = in_doubt();
    let late = saga.deadline_at + Duration::from_hours(1);
    assert_eq!(stuck(&mut saga, late).kind, StuckKind::InDoubt);
    let what = Intervention::Resolve { effect: doubted, happened: false };
    let will = preview(&saga, what, &policy(REPEATING), late).expect("it is allowed");
    assert_eq!(
        will,
        "reserve_stock of line 1 settled as not happened; tries reserve_stock of line 1 now"
    );
    let did = intervene(&mut saga, what, &word(), &policy(REPEATING), late);
    assert_eq!(did.as_ref(), Ok(&will));
    assert!(matches!(next(&saga, &policy(REPEATING), late), Next::Call(_)), "as it said");
}

#[test]
fn a_verdict_ends_a_doubt_and_the_next_one_begins_anew() {
    let (mut saga, doubted) = in_doubt();
    assert_eq!(stuck(&mut saga, start()).since, start());
    let later = start() + Duration::from_mins(30);
    let what = Intervention::Resolve { effect: doubted, happened: false };
    intervene(&mut saga, what, &word(), &policy(REPEATING), later).expect("it is allowed");
    assert_eq!(saga.stuck, None);
    came(&mut saga, doubted, Outcome::Unknown, "no answer in time", later);
    assert_eq!(stuck(&mut saga, later).since, later);
}

#[test]
fn each_effect_in_doubt_is_told_with_its_own_error() {
    let of = |step: Step, line| Effect { step, line: Some(line) };
    let (mut saga, _) = in_doubt();
    saga.enter(Progress::Backward, None);
    let later = start() + Duration::from_mins(1);
    came(&mut saga, Effect::of(REFUND), Outcome::Done, "", later);
    came(&mut saga, of(RELEASE, 0), Outcome::Unknown, "answered 500", later);
    saga.last_error = Some("answered 500".to_owned());
    let first = stuck(&mut saga, later);
    assert!(first.detail.contains("release_stock of line 0"), "{}", first.detail);
    assert!(first.detail.ends_with("answered 500"), "{}", first.detail);
    let what = Intervention::Resolve { effect: of(RELEASE, 0), happened: true };
    intervene(&mut saga, what, &word(), &policy(REPEATING), later).expect("it is allowed");
    let second = saga.stuck.clone().expect("another doubt");
    assert!(second.detail.contains("reserve_stock of line 1"), "{}", second.detail);
    assert!(second.detail.ends_with("no answer in time"), "{}", second.detail);
}

#[test]
fn what_is_sent_again_on_the_way_back_is_said_to_be_asked_and_not_tried() {
    let (mut saga, policy) = (priced(IDEMPOTENT, 10), policy(IDEMPOTENT));
    came(&mut saga, Effect::of(CHARGE), Outcome::Unknown, "no answer in time", start());
    let will = preview(&saga, Intervention::Compensate, &policy, start()).expect("it is allowed");
    assert!(will.ends_with("sends charge_payment again now, to learn what became of it"), "{will}");
}

#[test]
fn a_call_that_is_under_way_is_waited_for() {
    let (mut saga, doubted) = in_doubt();
    let later = start() + Duration::from_mins(1);
    let what = Intervention::Resolve { effect: doubted, happened: false };
    intervene(&mut saga, what, &word(), &policy(REPEATING), later).expect("it is allowed");
    let (phase, key) = (saga.phase(), Some(saga.key(doubted, 1)));
    saga.log(Entry { attempt: 1, key, ..Entry::new(doubted, phase, Event::Sending, later) });
    let outlook = saga.outlook(&policy(REPEATING), later).expect("it is not at rest");
    let waits = "is being driven: waits for the answer to reserve_stock of line 1";
    assert_eq!(outlook.what, waits);
}
