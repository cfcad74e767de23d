//! Truth tables: what the machine does in every standing of the effects, as printed snapshots.

use std::fmt::Write;
use std::time::Duration;

use super::{
    CHARGE, IDEMPOTENT, PAID, PRICE, PRICED, REFUND, REJECTED, RELEASE, REPEATING, RESERVE,
    TWO_EFFECTS, policy, priced, start,
};
use crate::saga::machine::next;
use crate::saga::settle::record;
use crate::saga::take_up::take_up;
use crate::saga::{
    Cause, Effect, Entry, Event, How, Instance, Next, Outcome, Phase, Progress, Report, Standing,
    Step,
};

const STANDINGS: [(&str, Option<Outcome>); 4] = [
    ("untouched", None),
    ("unsure", Some(Outcome::Unknown)),
    ("done", Some(Outcome::Done)),
    ("refused", Some(Outcome::Refused)),
];

fn put(saga: &mut Instance, step: Step, line: Option<u16>, outcome: Option<Outcome>) {
    let Some(outcome) = outcome else { return };
    let came = Entry::new(Effect { step, line }, Phase::Forward, Event::Came(outcome), start());
    saga.log(Entry { attempt: 1, ..came });
}

fn word(progress: Progress) -> &'static str {
    TWO_EFFECTS.word(progress)
}

fn said(next: &Next) -> String {
    match next {
        Next::Read(_) => "read".to_owned(),
        Next::Rest => "rest".to_owned(),
        Next::Enter(progress, None) => format!("enter {}", word(*progress)),
        Next::Enter(progress, Some(cause)) => {
            let state = word(*progress);
            match cause {
                Cause::Deadline { .. } => format!("enter {state} (deadline)"),
                Cause::Refused { step, .. } => format!("enter {state} ({step} refused)"),
                other => format!("enter {state} ({other:?})"),
            }
        }
        Next::Pause { until, stuck } => {
            let until = if until.is_some() { "pause" } else { "wait for a person" };
            let stuck =
                stuck.as_ref().map(|stuck| format!(", stuck {}: {}", stuck.kind, stuck.step));
            format!("{until}{}", stuck.unwrap_or_default())
        }
        Next::Call(calls) => {
            let each = calls.iter().map(|call| {
                let line = call.effect.line.map(|line| format!("[{line}]")).unwrap_or_default();
                let how = match (call.how, call.intent_first) {
                    (How::LookUp, _) => "look up ",
                    (How::Send, true) => "intend and send ",
                    (How::Send, false) => "send ",
                };
                format!("{how}{}{line}", call.effect.step)
            });
            each.collect::<Vec<_>>().join(", ")
        }
    }
}

fn promises_kept() -> [(&'static str, bool); 2] {
    [("idempotent", IDEMPOTENT), ("repeating", REPEATING)]
}

#[test]
fn forward_with_a_charge_to_make() {
    let mut table = String::new();
    for (named, kinds) in promises_kept() {
        for late in [false, true] {
            for (charge, outcome) in STANDINGS {
                let mut saga = priced(kinds, 10);
                put(&mut saga, CHARGE, None, outcome);
                let now = start() + Duration::from_secs(if late { 121 } else { 1 });
                let on_time = if late { "late" } else { "on time" };
                let does = said(&next(&saga, &policy(kinds), now));
                writeln!(table, "{named:10} {on_time:7} charge {charge:9} -> {does}").unwrap();
            }
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn forward_with_lines_to_reserve() {
    let mut table = String::new();
    for (named, kinds) in promises_kept() {
        for late in [false, true] {
            for (first, a) in STANDINGS {
                for (second, b) in STANDINGS {
                    let mut saga = priced(kinds, 10);
                    put(&mut saga, CHARGE, None, Some(Outcome::Done));
                    saga.progress = PAID;
                    put(&mut saga, RESERVE, Some(0), a);
                    put(&mut saga, RESERVE, Some(1), b);
                    let now = start() + Duration::from_secs(if late { 121 } else { 1 });
                    let on_time = if late { "late" } else { "on time" };
                    let does = said(&next(&saga, &policy(kinds), now));
                    writeln!(table, "{named:10} {on_time:7} {first:9} {second:9} -> {does}")
                        .unwrap();
                }
            }
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn backward_from_every_standing() {
    let mut table = String::new();
    for (named, kinds) in promises_kept() {
        for (charge, paid) in STANDINGS {
            for (first, a) in STANDINGS {
                for (second, b) in STANDINGS {
                    let mut saga = priced(kinds, 10);
                    put(&mut saga, CHARGE, None, paid);
                    put(&mut saga, RESERVE, Some(0), a);
                    put(&mut saga, RESERVE, Some(1), b);
                    saga.progress = Progress::Backward;
                    let does = said(&next(&saga, &policy(kinds), start()));
                    writeln!(
                        table,
                        "{named:10} charge {charge:9} lines {first:9} {second:9} -> {does}"
                    )
                    .unwrap();
                }
            }
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn backward_with_undoing_under_way() {
    let mut table = String::new();
    for (named, kinds) in promises_kept() {
        for (refund, a) in STANDINGS {
            for (release, b) in STANDINGS {
                let mut saga = priced(kinds, 10);
                put(&mut saga, CHARGE, None, Some(Outcome::Done));
                put(&mut saga, RESERVE, Some(0), Some(Outcome::Done));
                put(&mut saga, RESERVE, Some(1), Some(Outcome::Refused));
                saga.progress = Progress::Backward;
                put(&mut saga, REFUND, None, a);
                put(&mut saga, RELEASE, Some(0), b);
                let does = said(&next(&saga, &policy(kinds), start()));
                writeln!(table, "{named:10} refund {refund:9} release {release:9} -> {does}")
                    .unwrap();
            }
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn a_free_cart_is_never_charged() {
    let saga = priced(IDEMPOTENT, 0);
    assert_eq!(next(&saga, &policy(IDEMPOTENT), start()), Next::Enter(PAID, None));
}

#[test]
fn what_a_dead_owner_may_have_sent_is_sent_again_under_its_key_and_no_other() {
    let mut saga = priced(IDEMPOTENT, 10);
    let before = next(&saga, &policy(IDEMPOTENT), start());
    let take_over = Effect { step: Step::TAKE_OVER, line: None };
    let entry = |saga: &mut Instance| {
        put(saga, PRICE, None, Some(Outcome::Done));
        let taken =
            Entry { effect: take_over, event: Event::TakenOver(PRICED), ..saga.unsaved[0].clone() };
        saga.log(taken);
    };
    entry(&mut saga);
    let (Next::Call(before), Next::Call(after)) =
        (before, next(&saga, &policy(IDEMPOTENT), start()))
    else {
        panic!("both send");
    };
    assert_eq!(before[0].key, after[0].key);
    assert!(!before[0].unsure_before);
    assert!(after[0].unsure_before, "a refusal must now be looked into");
}

#[test]
fn a_neighbour_that_is_no_longer_idempotent_leaves_everything_that_may_have_been_sent_in_doubt() {
    let mut saga = priced(IDEMPOTENT, 10);
    put(&mut saga, CHARGE, None, Some(Outcome::Unknown));
    let Next::Call(calls) = next(&saga, &policy(REPEATING), start()) else { panic!("it looks") };
    assert_eq!(calls[0].how, How::LookUp);
}

#[test]
fn a_key_that_the_neighbour_has_forgotten_is_not_sent_again() {
    let mut saga = priced(IDEMPOTENT, 10);
    put(&mut saga, CHARGE, None, Some(Outcome::Unknown));
    let late = start() + Duration::from_hours(24);
    let Next::Call(calls) = next(&saga, &policy(IDEMPOTENT), late) else { panic!("it looks") };
    assert_eq!(calls[0].how, How::LookUp);
}

#[test]
fn doubt_about_a_dead_owners_attempt_outlives_another_attempt_that_was_not_sent() {
    // The neighbour is trusted with keys, but for a while one of the replicas was told otherwise.
    let mut saga = priced(IDEMPOTENT, 10);
    let charge = Effect { step: CHARGE, line: None };
    put(&mut saga, PRICE, None, Some(Outcome::Done));
    let entry =
        |event, attempt| Entry { effect: charge, event, attempt, ..saga.unsaved[0].clone() };
    let log = [
        entry(Event::Sending, 1),
        entry(Event::TakenOver(PRICED), 0),
        entry(Event::Came(Outcome::NotSent), 2),
    ];
    for entry in log {
        saga.log(entry);
    }
    let track = saga.position.track(charge).expect("there is a charge");
    assert_eq!(track.standing, Standing::Unsure { since: start() });
}

#[test]
fn a_repeat_that_was_decided_in_time_is_still_too_late_once_its_key_is_forgotten() {
    let mut saga = priced(IDEMPOTENT, 10);
    let policy = policy(IDEMPOTENT);
    let late = start() + Duration::from_hours(24);
    saga.deadline_at = late + Duration::from_hours(1);
    let Next::Call(first) = next(&saga, &policy, start()) else { panic!("it is charged") };
    assert!(first[0].is_in_time(late), "what was never sent may be sent until the deadline");
    put(&mut saga, CHARGE, None, Some(Outcome::Unknown));
    let Next::Call(again) = next(&saga, &policy, start()) else { panic!("it is charged again") };
    assert!(again[0].is_in_time(late - Duration::from_secs(1)));
    assert!(!again[0].is_in_time(late));
}

#[test]
fn only_a_call_whose_key_settles_it_later_is_given_up_at_the_deadline() {
    let left = Duration::from_mins(2);
    for (kinds, limit) in [(IDEMPOTENT, Some(left)), (REPEATING, None)] {
        let saga = priced(kinds, 10);
        let Next::Call(calls) = next(&saga, &policy(kinds), start()) else {
            panic!("it is charged")
        };
        assert_eq!(calls[0].time_limit(start()), limit);
        assert!(calls[0].is_in_time(start()) && !calls[0].is_in_time(saga.deadline_at));
    }
    // What is settled on the way back has no deadline.
    let mut saga = priced(IDEMPOTENT, 10);
    put(&mut saga, CHARGE, None, Some(Outcome::Unknown));
    saga.enter(Progress::Backward, None);
    let Next::Call(calls) = next(&saga, &policy(IDEMPOTENT), start()) else {
        panic!("it is settled")
    };
    assert_eq!(calls[0].time_limit(start()), None);
}

#[test]
fn who_waits_has_a_deadline_of_its_own_that_is_never_later() {
    let mut saga = priced(IDEMPOTENT, 10);
    let mut policy = policy(IDEMPOTENT);
    assert_eq!(policy.time_for(&saga.terms), Duration::from_mins(2));
    saga.terms.attended = true;
    assert_eq!(policy.time_for(&saga.terms), Duration::from_secs(15));
    // Taken up again later than that, it gets a quarter of its own.
    let late = start() + Duration::from_hours(1);
    saga.taken_over = true;
    take_up(&mut saga, &policy, late, late);
    assert_eq!(saga.deadline_at, late + Duration::from_millis(3_750));
    policy.deadline = Duration::from_secs(10);
    assert_eq!(policy.time_for(&saga.terms), Duration::from_secs(10));
}

#[test]
fn an_owner_that_died_before_the_prices_were_durable_sent_nothing() {
    let mut saga = priced(IDEMPOTENT, 10);
    put(&mut saga, PRICE, None, Some(Outcome::Done));
    let effect = Effect { step: Step::TAKE_OVER, line: None };
    let event = Event::TakenOver(Progress::START);
    saga.log(Entry { effect, event, ..saga.unsaved[0].clone() });
    let late = start() + Duration::from_secs(121);
    let Next::Enter(REJECTED, _) = next(&saga, &policy(IDEMPOTENT), late) else {
        panic!("nothing was sent: nothing is to be settled");
    };
}

/// A line that a person found to be reserved is released, though by its log it was never sent.
#[test]
fn after_a_refused_charge_what_a_person_found_to_be_reserved_is_released() {
    let mut saga = priced(IDEMPOTENT, 10);
    let line = Effect { step: RESERVE, line: Some(0) };
    put(&mut saga, line.step, line.line, Some(Outcome::Done));
    put(&mut saga, CHARGE, None, Some(Outcome::Refused));
    let policy = policy(IDEMPOTENT);
    let Next::Enter(state, cause) = next(&saga, &policy, start()) else { panic!("goes back") };
    assert_eq!(state, Progress::Backward);
    saga.enter(state, cause);
    assert_eq!(said(&next(&saga, &policy, start())), "send release_stock[0]");
}

#[test]
fn a_schedule_that_no_pause_can_have_made_is_due() {
    let policy = policy(IDEMPOTENT);
    let (hour, seconds) = (Duration::from_hours(1), Duration::from_secs(20));
    let is_due = |in_: Duration, written_ahead: Duration| {
        let mut saga = priced(IDEMPOTENT, 10);
        saga.next_attempt_at = Some(start() + in_);
        saga.updated_at = start() + written_ahead;
        matches!(next(&saga, &policy, start()), Next::Call(_))
    };
    assert!(!is_due(seconds, Duration::ZERO) && is_due(hour, Duration::ZERO));
    // A neighbour may ask for minutes; a pause that begins minutes from now was not meant to.
    let minutes = Duration::from_mins(5);
    assert!(!is_due(minutes, Duration::ZERO) && is_due(minutes + seconds, minutes));
}

#[test]
fn a_saga_that_is_taken_up_is_held_to_the_clock_as_it_is_now() {
    let (policy, deadline) = (policy(IDEMPOTENT), Duration::from_mins(2));
    let (hour, now) = (Duration::from_hours(1), start() + Duration::from_mins(1));
    // Written by a clock that was an hour ahead: it had failed for a minute, and had one left.
    let mut saga = priced(IDEMPOTENT, 10);
    put(&mut saga, CHARGE, None, Some(Outcome::Unknown));
    (saga.updated_at, saga.deadline_at) = (now + hour, now + hour + Duration::from_mins(1));
    saga.failing_since = Some(now + hour - Duration::from_mins(1));
    saga.next_attempt_at = Some(now + hour + Duration::from_secs(5));
    take_up(&mut saga, &policy, now, now);
    assert_eq!(saga.deadline_at, now + Duration::from_mins(1));
    assert_eq!(saga.failing_since, Some(now - Duration::from_mins(1)));
    assert!(matches!(next(&saga, &policy, now), Next::Pause { .. }));
    // No deadline is further off than one may be.
    saga.deadline_at = now + hour;
    take_up(&mut saga, &policy, now, now);
    assert_eq!(saga.deadline_at, now + deadline);
    // What nobody tried did not fail meanwhile.
    let later = now + hour;
    saga.failing_since = Some(now);
    saga.next_attempt_at = Some(now + Duration::from_secs(5));
    take_up(&mut saga, &policy, later, later);
    assert_eq!(saga.failing_since, Some(later - Duration::from_secs(5)));
}

#[test]
fn an_old_saga_looks_its_charge_up_before_it_is_sent_and_a_young_one_does_not() {
    let day = Duration::from_hours(24);
    let looks = |kinds: bool, age: Duration| {
        let policy = policy(kinds);
        let saga = Instance { deadline_at: start() + age * 2, ..priced(kinds, 10) };
        match next(&saga, &policy, start() + age) {
            Next::Call(calls) => calls[0].how == How::LookUp,
            other => panic!("{other:?}"),
        }
    };
    assert!(!looks(IDEMPOTENT, day / 2) && looks(IDEMPOTENT, day));
    // Where no key is kept, it is old once it can't be on its first way.
    assert!(!looks(REPEATING, Duration::from_mins(2)) && looks(REPEATING, Duration::from_mins(5)));
}

#[test]
fn what_an_old_saga_finds_done_leaves_what_comes_after_it_in_doubt() {
    let (policy, now) = (policy(IDEMPOTENT), start() + Duration::from_hours(25));
    let mut saga = Instance { deadline_at: now + Duration::from_mins(1), ..priced(IDEMPOTENT, 10) };
    let Next::Call(calls) = next(&saga, &policy, now) else { panic!("it looks") };
    let looked = |outcome, status| Report {
        duration_ms: 1,
        status: Some(status),
        ..Report::new(Effect::of(CHARGE), outcome, now)
    };
    let mut missing = saga.clone();
    record(&mut missing, &calls[0], &looked(Outcome::Refused, 404), "host:1");
    let Next::Call(sends) = next(&missing, &policy, now) else { panic!("it charges") };
    assert_eq!((sends[0].how, missing.cause), (How::Send, None));
    // Unanswered, nothing is sent, and giving up has to find out first.
    let mut unanswered = saga.clone();
    record(&mut unanswered, &calls[0], &looked(Outcome::Unknown, 500), "host:1");
    assert_eq!(said(&next(&unanswered, &policy, now)), "look up charge_payment");
    unanswered.deadline_at = now;
    let back = next(&unanswered, &policy, now);
    assert_eq!(said(&back), "enter Compensating (deadline)");
    record(&mut saga, &calls[0], &looked(Outcome::Done, 200), "host:1");
    saga.enter(PAID, None);
    let waits = next(&saga, &policy, now);
    assert!(matches!(waits, Next::Pause { until: None, stuck: Some(_) }), "{waits:?}");
}

#[test]
fn an_old_sagas_refund_is_sent_and_not_looked_up() {
    let (policy, now) = (policy(REPEATING), start() + Duration::from_hours(25));
    let mut saga = priced(REPEATING, 10);
    put(&mut saga, CHARGE, None, Some(Outcome::Done));
    saga.enter(Progress::Backward, None);
    let Next::Call(calls) = next(&saga, &policy, now) else { panic!("it refunds") };
    let refund = Effect { step: REFUND, line: None };
    assert_eq!((calls[0].effect, calls[0].how), (refund, How::Send));
    assert!(calls[0].intent_first);
}
