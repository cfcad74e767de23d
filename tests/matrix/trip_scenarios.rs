//! What can happen to a trip: what a checkout can't show, as it has no pivot, nothing that is never given
//! up on the way forward, and no read in the middle.

use std::time::Duration;

use order_service::saga::{Definition, Direction, Step};

use crate::nearby::{Trouble, Wrong};
use crate::play::Ending::{self, Compensated, Completed, Rejected};
use crate::scenario::{Among, Calm, Cast, Scenario, both};
use crate::trip::{
    ASK_BORDER, ASK_FARES, BANK, DEFINITION, FREE_SEAT, HOLD_SEAT, ISSUE_TICKET, LOOK_UP, OLDER,
    POST, POST_LETTER, RAIL, TAKE_FARE,
};
use crate::trip_play::Trips;

/// What a seat costs.
const FARE: u64 = 250;
const DEADLINE: Duration = Duration::from_millis(300);

/// A trip of two legs.
fn trip(name: impl Into<String>, ends: &[Ending]) -> Scenario {
    let of = Trips { definition: &DEFINITION, fare: FARE, troubles: vec![], troubles_later: None };
    // Half as many as of a checkout's: what is the same for every kind is shown there.
    Scenario {
        sample: 16,
        ..Scenario::calm(format!("trip, {}", name.into()), Cast::Trip(of), ends)
    }
}

impl Scenario {
    /// Changes what is special to a trip.
    fn trip(mut self, change: impl FnOnce(&mut Trips)) -> Self {
        if let Cast::Trip(of) = &mut self.cast {
            change(of);
        }
        self
    }

    fn amid(self, trouble: Trouble) -> Self {
        self.trip(|of| of.troubles.push(trouble))
    }

    fn free(self) -> Self {
        self.trip(|of| of.fare = 0)
    }

    fn by(self, definition: &'static Definition) -> Self {
        self.trip(|of| of.definition = definition)
    }
}

fn second_leg(wrong: Wrong) -> Trouble {
    Trouble { line: Some(1), ..Trouble::on(HOLD_SEAT.word(), wrong) }
}

/// The first leg may not have been held yet when the second was refused.
const LEG_REFUSED: [Ending; 2] = [Compensated(HOLD_SEAT.word()), Rejected(HOLD_SEAT.word())];

fn leg_refused(name: &str) -> Scenario {
    trip(name, &LEG_REFUSED).amid(second_leg(Wrong::Refused))
}

fn bank_refused(name: &str) -> Scenario {
    let refused = Trouble::on(TAKE_FARE.word(), Wrong::Refused);
    trip(name, &[Compensated(TAKE_FARE.word())]).amid(refused)
}

/// Every scenario of a trip.
pub fn all() -> Vec<Scenario> {
    let mut all = plain();
    all.extend(variants());
    all.extend(outcomes());
    all.extend(deadlines());
    all.extend(words());
    all.extend(broken_promises());
    all
}

/// Of two of these every point is run.
fn plain() -> Vec<Scenario> {
    let success = trip("success", &[Completed]);
    let twice =
        Scenario { dies_twice: true, is_large: true, ..trip("success, twice", &[Completed]) };
    let bank = bank_refused("bank refused");
    let border = trip("border refused", &[Compensated(ASK_BORDER.word())]);
    let border = border.amid(Trouble::on(ASK_BORDER.word(), Wrong::Refused));
    let whole = |scenario| Scenario { is_whole: true, ..scenario };
    let mut all = vec![whole(success.clone()), twice, success.repeating()];
    all.extend([Scenario { dies_twice: true, ..whole(bank.clone()) }, bank.repeating()]);
    all.extend([leg_refused("leg refused"), border].into_iter().flat_map(both));
    all
}

/// The second is only run where all are.
fn at_first(scenarios: [Scenario; 2]) -> [Scenario; 2] {
    let [first, second] = scenarios;
    [first, large(second)]
}

fn large(scenario: Scenario) -> Scenario {
    Scenario { is_large: true, ..scenario }
}

fn variants() -> Vec<Scenario> {
    let no_fares = trip("no fares", &[Rejected(ASK_FARES.word())]);
    let no_fares = no_fares.amid(Trouble::on(ASK_FARES.word(), Wrong::Refused));
    let mut all = vec![trip("free", &[Completed]).free(), no_fares];
    for scenario in [
        trip("success, older table", &[Completed]),
        leg_refused("leg refused, older table"),
        bank_refused("bank refused, older table"),
        trip("free, older table", &[Completed]).free(),
    ] {
        all.extend(at_first(both(scenario.by(&OLDER))));
    }
    // Its successor can't tell that the seats are held, and is told to stop.
    let ends = [Completed, Compensated("stopped"), Rejected("stopped")];
    let stopped = trip("free, older table, stopped after a death", &ends).free().by(&OLDER);
    let later = Trouble::on(HOLD_SEAT.word(), Wrong::ErrorBefore);
    let stopped = stopped.trip(|of| of.troubles_later = Some(vec![later]));
    all.push(Scenario { is_stopped: true, calm: Calm::GoingBack, ..stopped });
    all
}

const WRONGS: [Wrong; 7] = [
    Wrong::ErrorBefore,
    Wrong::ErrorAfter,
    Wrong::DropBefore,
    Wrong::DropAfter,
    Wrong::GarbageBefore,
    Wrong::GarbageAfter,
    Wrong::NotSent,
];

/// Every outcome of a call with an effect, except those that end the trip.
fn outcomes() -> Vec<Scenario> {
    let mut all = Vec::new();
    for step in [HOLD_SEAT, FREE_SEAT, TAKE_FARE, ISSUE_TICKET, POST_LETTER] {
        let begin = |what: &str| {
            let name = format!("{step} {what}");
            let scenario =
                if step == FREE_SEAT { leg_refused(&name) } else { trip(name, &[Completed]) };
            Scenario { differs_from: Some(step.word()), ..scenario }
        };
        for wrong in WRONGS {
            let trouble = Trouble::once(step.word(), wrong);
            // By default, a call that reached its neighbour; of the pivot also one that did not.
            let is_pivot = step == TAKE_FARE && wrong == Wrong::NotSent;
            let is_large = wrong != Wrong::DropAfter && !is_pivot;
            let troubled = Scenario { is_large, ..begin(&format!("{wrong:?}")).amid(trouble) };
            all.extend(both(troubled));
        }
        if [FREE_SEAT, ISSUE_TICKET, POST_LETTER].contains(&step) {
            // A person has the effect sent anew.
            let refused = begin("refused").amid(Trouble::once(step.word(), Wrong::Refused));
            all.extend(at_first(both(Scenario { is_refused_for_good: true, ..refused })));
            let failing = Trouble::on(step.word(), Wrong::ErrorBefore);
            let failing = Scenario { calm: Calm::Stuck, ..begin("exhausted").amid(failing) };
            all.push(Scenario { is_large: step != ISSUE_TICKET, ..failing });
        }
    }
    for wrong in [Wrong::ErrorBefore, Wrong::DropBefore, Wrong::GarbageBefore] {
        let border = trip(format!("ask_border {wrong:?}"), &[Completed]);
        let border = border.amid(Trouble::once(ASK_BORDER.word(), wrong));
        let is_large = wrong != Wrong::DropBefore;
        let differs_from = Some("reading ask_border");
        all.push(Scenario { is_large, differs_from, ..border });
        let looked = trip(format!("take_fare DropAfter, its look-up {wrong:?}"), &[Completed]);
        let looked = looked.amid(Trouble::once(TAKE_FARE.word(), Wrong::DropAfter));
        let looked = looked.amid(Trouble::once(LOOK_UP, wrong)).repeating();
        all.push(Scenario { is_large, differs_from: Some(TAKE_FARE.word()), ..looked });
    }
    all
}

fn deadlines() -> Vec<Scenario> {
    let late = |name: &str, trouble, calm, ends: &[Ending]| Scenario {
        deadline: DEADLINE,
        calm,
        ..trip(name, ends).amid(trouble)
    };
    let back = Compensated("deadline");
    let on = |step: Step, wrong| Trouble::on(step.word(), wrong);
    let mut all = vec![
        late(
            "not held by the deadline",
            on(HOLD_SEAT, Wrong::ErrorBefore),
            Calm::GoingBack,
            &[back],
        ),
        late(
            "not cleared by the deadline",
            on(ASK_BORDER, Wrong::ErrorBefore),
            Calm::GoingBack,
            &[back],
        ),
    ];
    // A fare that a dead process may have asked for is asked for until there is an answer.
    all.extend(both(late(
        "fare not sent by the deadline",
        on(TAKE_FARE, Wrong::NotSent),
        Calm::GoingBackOrDeath,
        &[back, Completed],
    )));
    for (name, trouble) in [
        ("fare unsure at the deadline, taken", on(TAKE_FARE, Wrong::DropAfter)),
        ("fare unsure at the deadline, not taken", on(TAKE_FARE, Wrong::DropBefore)),
        ("no tickets at the deadline", on(ISSUE_TICKET, Wrong::ErrorBefore)),
        ("no letter at the deadline", on(POST_LETTER, Wrong::NotSent)),
    ] {
        all.push(late(name, trouble, Calm::PastDeadline, &[Completed]));
    }
    all
}

/// What an operator says.
fn words() -> Vec<Scenario> {
    let stopped = |name: &str, trouble, ends: &[Ending]| {
        let scenario = trip(name, ends).amid(trouble);
        Scenario { is_stopped: true, calm: Calm::GoingBack, ..scenario }
    };
    let on = |step: Step, wrong| Trouble::on(step.word(), wrong);
    let ends = [Compensated("stopped"), Rejected("stopped")];
    let holding = stopped("stopped while holding", on(HOLD_SEAT, Wrong::DropAfter), &ends);
    let border = stopped("stopped at the border", on(ASK_BORDER, Wrong::DropBefore), &ends);
    let mut all = vec![holding, border];
    for (name, trouble) in [
        ("stop refused, fare unsure", on(TAKE_FARE, Wrong::DropAfter)),
        ("stop refused, fare taken", on(POST_LETTER, Wrong::ErrorAfter)),
    ] {
        let refused = stopped(name, trouble, &[Completed]);
        all.push(Scenario {
            is_stop_refused: true,
            deadline: DEADLINE,
            calm: Calm::PastDeadline,
            ..refused
        });
    }
    let held = trip("held among what is never given up", &[Completed]);
    let held = held.amid(on(ISSUE_TICKET, Wrong::ErrorBefore));
    all.push(Scenario { held_going: Some(Direction::Forward), ..held });
    all
}

/// Neighbours that are not what the service is configured to believe, and such of both sorts.
fn broken_promises() -> Vec<Scenario> {
    let mut all = Vec::new();
    for scenario in [trip("success", &[Completed]), bank_refused("bank refused")] {
        let is = |what: &str| Scenario {
            name: format!("{}, {what}", scenario.name),
            keep_keys: Among::Nobody,
            is_large: scenario.ends != [Completed],
            ..scenario.clone()
        };
        all.push(Scenario { key_memory: Duration::from_secs(1), ..is("keys forgotten") });
        all.push(Scenario { trusted_later: Among::Nobody, ..is("found to be repeating") });
        all.push(Scenario { trusted: Among::Nobody, ..is("once repeating") });
        for (what, keepers) in
            [("only the bank repeats", &[RAIL, POST][..]), ("only the bank does not", &[BANK])]
        {
            let only = Among::Only(keepers);
            let (trusted, trusted_later) = (only, only);
            all.push(Scenario { keep_keys: only, trusted, trusted_later, ..is(what) });
        }
    }
    all
}
