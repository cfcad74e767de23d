//! What holds for every run of the machine: random answers, crashes at random points, records that
//! lag behind calls, requests that arrive late. The neighbours here are a model that keeps an
//! honest count of what it did.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use proptest::prelude::*;

use super::{
    CHARGE, COMPLETED, IDEMPOTENT, REFUND, REJECTED, RELEASE, REPEATING, RESERVE, policy, priced,
    start,
};
use crate::saga::intervention::{intervene, previews};
use crate::saga::machine::next;
use crate::saga::{
    Call, Effect, Entry, Event, How, Instance, Intervention, Next, Outcome, Phase, Policy,
    Progress, Report, Step, StuckKind, Word, contradictions, settle,
};

/// Chance from a seed; enough for tests.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

/// The neighbours: what they decided for each key, how often they acted on it, and what is still
/// on its way to them.
struct World {
    idempotent: bool,
    decided: HashMap<String, Outcome>,
    acts: HashMap<String, u32>,
    sent: HashMap<String, u32>,
    late: Vec<(String, Effect)>,
    refuses: HashMap<Step, bool>,
}

impl World {
    fn arrive(&mut self, key: &str, effect: Effect) -> Outcome {
        if let Some(first) = self.decided.get(key).filter(|_| self.idempotent) {
            return *first;
        }
        let is_refused =
            self.refuses.get(&effect.step).copied().unwrap_or(false) && effect.line != Some(0);
        let outcome = if is_refused { Outcome::Refused } else { Outcome::Done };
        if outcome == Outcome::Done {
            *self.acts.entry(key.to_owned()).or_default() += 1;
        }
        self.decided.insert(key.to_owned(), outcome);
        outcome
    }

    fn answer(&mut self, call: &Call, dice: &mut Dice, is_calm: bool) -> Outcome {
        if call.how == How::LookUp {
            let paid = self.decided.get(&call.key) == Some(&Outcome::Done);
            return if paid && dice.roll(3) > 0 { Outcome::Done } else { Outcome::Unknown };
        }
        *self.sent.entry(call.key.clone()).or_default() += 1;
        let fate = if is_calm { 9 } else { dice.roll(10) };
        match fate {
            0 => {
                *self.sent.entry(call.key.clone()).or_default() -= 1;
                Outcome::NotSent
            }
            1 => Outcome::Unknown,
            2 => {
                self.late.push((call.key.clone(), call.effect));
                Outcome::Unknown
            }
            3 => {
                self.arrive(&call.key, call.effect);
                Outcome::Unknown
            }
            _ => {
                let outcome = self.arrive(&call.key, call.effect);
                // As the checkout does: a refusal after doubt is believed only if nothing is paid.
                match outcome {
                    Outcome::Refused if call.unsure_before && self.acts.contains_key(&call.key) => {
                        Outcome::Done
                    }
                    believed => believed,
                }
            }
        }
    }

    fn deliver_late(&mut self) {
        for (key, effect) in std::mem::take(&mut self.late) {
            self.arrive(&key, effect);
        }
    }

    fn times(&self, saga: &Instance, step: Step, line: Option<u16>) -> u32 {
        let key = saga.key(Effect { step, line }, 0);
        self.acts.get(&key).copied().unwrap_or(0)
    }
}

fn report(call: &Call, outcome: Outcome, now: DateTime<Utc>) -> Report {
    let error = Some("x".to_owned());
    Report { duration_ms: 1, error, ..Report::new(call.effect, outcome, now) }
}

fn crash(durable: &Instance, now: DateTime<Utc>) -> Instance {
    let mut saga = durable.clone();
    let event = Event::TakenOver(saga.progress);
    saga.log(Entry::new(Effect::of(Step::TAKE_OVER), Phase::Forward, event, now));
    saga
}

/// One saga under an executor, in a world that misbehaves for a while and then calms down.
struct Run {
    dice: Dice,
    world: World,
    policy: Policy,
    now: DateTime<Utc>,
    saga: Instance,
    /// What a crash leaves of it.
    durable: Instance,
}

impl Run {
    fn new(seed: u64, kinds: bool, unit_price: i64) -> Self {
        let mut dice = Dice(seed);
        let refuses = [CHARGE, RESERVE].map(|step| (step, dice.roll(3) == 0));
        let world = World {
            idempotent: kinds == IDEMPOTENT,
            decided: HashMap::new(),
            acts: HashMap::new(),
            sent: HashMap::new(),
            late: Vec::new(),
            refuses: refuses.into(),
        };
        let saga = priced(kinds, unit_price);
        let durable = saga.clone();
        Self { dice, world, policy: policy(kinds), now: start(), saga, durable }
    }

    fn save(&mut self) {
        self.durable = self.saga.clone();
    }

    fn crash(&mut self) {
        self.saga = crash(&self.durable, self.now);
        self.save();
    }

    fn make(&mut self, calls: &[Call], calm: bool) {
        let intents = calls.iter().any(|call| call.intent_first);
        for call in calls.iter().filter(|call| call.intent_first) {
            settle::intend(&mut self.saga, call, "x", self.now);
        }
        if intents {
            self.save();
        }
        let mut failed = Vec::new();
        for call in calls {
            if !calm && self.dice.roll(20) == 0 {
                // Dies with the call on its way.
                self.world.answer(call, &mut self.dice, calm);
                self.crash();
                failed.clear();
                break;
            }
            let outcome = self.world.answer(call, &mut self.dice, calm);
            let report = report(call, outcome, self.now);
            settle::record(&mut self.saga, call, &report, "x");
            if matches!(report.outcome, Outcome::NotSent | Outcome::Unknown) {
                failed.push(report);
            }
            if intents {
                self.save();
            }
        }
        settle::schedule(&mut self.saga, &failed, &self.policy, self.now, 0.5);
        self.now += Duration::from_millis(self.dice.roll(2000));
        if intents || self.dice.roll(2) == 0 {
            self.save();
        }
    }
}

/// Drives one saga as an executor would; returns where it came to.
fn run(seed: u64, kinds: bool, unit_price: i64) -> (Instance, World) {
    let mut run = Run::new(seed, kinds, unit_price);
    for turn in 0.. {
        assert!(turn < 2000, "seed {seed} does not come to rest: {:?}", run.saga);
        let calm = turn > 60;
        if !calm && run.dice.roll(8) == 0 {
            run.crash();
        }
        if run.dice.roll(4) == 0 {
            run.world.deliver_late();
        }
        if run.dice.roll(100) == 0 {
            previews_keep_their_word(&run.saga, &run.policy, run.now);
            holding_keeps_its_word(&run.saga, &run.policy, run.now);
        }
        match next(&run.saga, &run.policy, run.now) {
            Next::Read(_) => panic!("a priced saga reads nothing"),
            Next::Rest => break,
            Next::Enter(state, cause) => {
                run.saga.enter(state, cause);
                if matches!(state, Progress::Backward) || state.is_rest() || run.dice.roll(2) == 0 {
                    run.save();
                }
            }
            Next::Pause { until: None, stuck } => {
                assert!(stuck.is_some(), "seed {seed}: waits for a person who is not told");
                run.saga.stuck = stuck;
                break;
            }
            Next::Pause { until: Some(until), stuck } => {
                // In doubt about a payment, it looks for ever: a person has seen it by then.
                let doubt = stuck.as_ref().is_some_and(|stuck| stuck.kind == StuckKind::InDoubt);
                run.saga.stuck = stuck;
                run.save();
                if calm && doubt && turn > 1000 {
                    break;
                }
                run.now = until.max(run.now);
            }
            Next::Call(calls) => run.make(&calls, calm),
        }
    }
    run.world.deliver_late();
    (run.saga, run.world)
}

/// What an action is said to do is what it does, and what is not offered is refused; also with
/// another reason, by another operator, and with a deadline to restart. An owner's calls may be ahead of the log: then
/// it is what would be undone if the owner had just died.
fn previews_keep_their_word(saga: &Instance, policy: &Policy, now: DateTime<Utc>) {
    let word = Word { operator: "asha".to_owned(), reason: "seen".to_owned() };
    let offered = previews(saga, policy, now);
    let steps = [CHARGE, REFUND, RESERVE, RELEASE];
    let effects = steps
        .into_iter()
        .flat_map(|step| [None, Some(0), Some(1), Some(2)].map(|line| Effect { step, line }));
    let verdicts = effects.flat_map(|effect| {
        [true, false].map(|happened| Intervention::Resolve { effect, happened })
    });
    // Holding what is held already is harmless, and not offered.
    let holds = if saga.held.is_some() { Intervention::Release } else { Intervention::Hold };
    let all = [Intervention::Retry, Intervention::Compensate, holds].into_iter().chain(verdicts);
    for what in all {
        let mut after = saga.clone();
        if what == Intervention::Compensate {
            after.doubt_what_is_under_way();
        }
        let did = intervene(&mut after, what, &word, policy, now);
        let preview = offered.iter().find(|preview| preview.what == what);
        assert_eq!(did.as_ref().ok(), preview.map(|preview| &preview.will), "{what:?} {saga:?}");
        match did {
            Err(_refused) => {
                assert_eq!((after.progress, after.next_seq), (saga.progress, saga.next_seq));
            }
            Ok(_) => assert!(after.unsaved.len() > saga.unsaved.len(), "{what:?} leaves its word"),
        }
    }
}

/// A held saga asks for nothing, and once released stands where it stood.
fn holding_keeps_its_word(saga: &Instance, policy: &Policy, now: DateTime<Utc>) {
    let word = Word { operator: "asha".to_owned(), reason: "by hand".to_owned() };
    let mut held = saga.clone();
    if let Err(why) = intervene(&mut held, Intervention::Hold, &word, policy, now) {
        assert!(saga.progress.is_rest(), "{why}");
        return;
    }
    for later in [Duration::ZERO, Duration::from_mins(1), Duration::from_hours(48)] {
        let said = next(&held, policy, now + later);
        assert!(matches!(said, Next::Pause { until: None, .. }), "{said:?}");
    }
    previews_keep_their_word(&held, policy, now);
    let again = held.clone();
    intervene(&mut held, Intervention::Hold, &word, policy, now).expect("harmless");
    assert_eq!((held.next_seq, &held.held), (again.next_seq, &again.held));
    intervene(&mut held, Intervention::Release, &word, policy, now).expect("it is held");
    assert_eq!((held.progress, &held.position.actions), (saga.progress, &saga.position.actions));
    let due = Instance { next_attempt_at: None, deadline_at: held.deadline_at, ..saga.clone() };
    assert_eq!(next(&held, policy, now), next(&due, policy, now));
}

fn check(seed: u64, kinds: bool, unit_price: i64) -> Result<(), TestCaseError> {
    let (saga, world) = run(seed, kinds, unit_price);
    for (key, acts) in &world.acts {
        prop_assert!(*acts <= 1, "seed {seed}: {key} acted {acts} times");
    }
    if kinds == REPEATING {
        for (key, sent) in &world.sent {
            prop_assert!(*sent <= 1, "seed {seed}: {key} was sent {sent} times");
        }
    }
    // Nothing is taken out of `unsaved` here: it is the whole log.
    let mut row = saga.clone();
    row.owner = None;
    if row.progress.is_rest() {
        row.stuck = None;
    }
    prop_assert_eq!(contradictions(&row, &saga.unsaved), Vec::<String>::new(), "seed {}", seed);
    let (charged, refunded) = (world.times(&saga, CHARGE, None), world.times(&saga, REFUND, None));
    prop_assert!(refunded <= charged, "seed {seed}: refunded what was not charged");
    if unit_price == 0 {
        prop_assert_eq!(charged, 0);
    }
    let completed = saga.progress == COMPLETED;
    for line in [Some(0), Some(1)] {
        let reserved = world.times(&saga, RESERVE, line);
        let released = world.times(&saga, RELEASE, line);
        prop_assert!(released <= reserved, "seed {seed}: released what was not reserved");
        if saga.progress.is_rest() {
            prop_assert_eq!(
                reserved - released,
                u32::from(completed),
                "seed {} line {:?}",
                seed,
                line
            );
        }
    }
    if saga.progress.is_rest() {
        let paid = u32::from(completed && unit_price > 0);
        prop_assert_eq!(charged - refunded, paid, "seed {} {:?}", seed, saga);
        let happened = world.acts.values().sum::<u32>() > 0;
        prop_assert_eq!(saga.progress == REJECTED, !happened && !completed, "seed {}", seed);
    } else {
        prop_assert!(saga.stuck.is_some(), "seed {seed}: neither at rest nor stuck");
        prop_assert!(kinds == REPEATING, "seed {seed}: stuck where keys are kept: {saga:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn idempotent_neighbours_always_come_out_right(seed in any::<u64>()) {
        check(seed, IDEMPOTENT, 10)?;
    }

    #[test]
    fn repeating_neighbours_are_never_sent_an_effect_twice(seed in any::<u64>()) {
        check(seed, REPEATING, 10)?;
    }

    #[test]
    fn a_free_cart_moves_stock_only(seed in any::<u64>()) {
        check(seed, IDEMPOTENT, 0)?;
    }
}
