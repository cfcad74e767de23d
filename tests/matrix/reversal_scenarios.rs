//! What can happen to an order that is given back: how far its checkout is, every outcome of a refund and
//! of a release, an operator's actions; at neighbours of both kinds.

use std::time::Duration;

use order_service::reversal::step::{REFUND_PAYMENT, RELEASE_STOCK};
use order_service::saga::{Direction, Step};
use order_service::sandbox::sample::{ASHA, KETTLE, MEENA, STICKER, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use uuid::Uuid;

use crate::checkout_play::Checkouts;
use crate::play::Ending::{self, Compensated, Completed, Rejected};
use crate::reversal_play::{How, Part, Reversed};
use crate::scenario::{Among, Calm, Cast, Scenario, both};

/// An order of tea and two kettles of Meena's, who can afford anything.
fn reversal(name: impl Into<String>, how: How, ends: &[Ending]) -> Scenario {
    let order = Checkouts {
        user: MEENA,
        lines: vec![(TEA, 1), (KETTLE, 2)],
        faults: vec![],
        patience: Duration::from_secs(20),
        is_async: false,
    };
    let of = Reversed { order, how };
    // Half as many as of a checkout's: what is the same for every kind is shown there.
    Scenario { sample: 16, ..Scenario::calm(name.into(), Cast::Reversal(of), ends) }
}

fn cancel(name: &str) -> Scenario {
    reversal(format!("cancel, {name}"), How::Cancel, &[Completed])
}

/// One kettle comes back.
const KETTLE_BACK: Part = Part { pieces: &[(1, 1)], restock: true };

fn take_back(name: &str, parts: &'static [Part]) -> Scenario {
    reversal(format!("return, {name}"), How::Return(parts), &[Completed])
}

impl Scenario {
    /// Changes what is special to an order that is given back.
    fn reversed(mut self, change: impl FnOnce(&mut Checkouts)) -> Self {
        if let Cast::Reversal(of) = &mut self.cast {
            change(&mut of.order);
        }
        self
    }

    fn hit_by(self, fault: Fault) -> Self {
        self.reversed(|order| order.faults.push(fault))
    }

    fn of_lines(self, user: Uuid, lines: &[(Uuid, u32)]) -> Self {
        self.reversed(|order| (order.user, order.lines) = (user, lines.to_vec()))
    }
}

/// Every scenario of an order that is given back.
pub fn all() -> Vec<Scenario> {
    let mut all = plain();
    all.extend(in_flight());
    for (call, step) in EFFECTS {
        all.extend(outcomes(call, step));
    }
    all.extend(words());
    all.extend(broken_promises());
    all
}

fn plain() -> Vec<Scenario> {
    const PARTS: &[Part] = &[KETTLE_BACK, Part { pieces: &[(0, 1), (1, 1)], restock: true }];
    let success = Scenario { is_whole: true, dies_twice: true, ..cancel("success") };
    let part =
        Scenario { is_whole: true, dies_twice: true, ..take_back("of a part", &[KETTLE_BACK]) };
    let free = cancel("a free order").of_lines(ASHA, &[(STICKER, 2)]);
    let twins = cancel("two lines of one product").of_lines(MEENA, &[(TEA, 1), (TEA, 2)]);
    let broken = take_back("not restocked", &[Part { restock: false, ..KETTLE_BACK }]);
    let all = take_back("of all, in two parts", PARTS);
    [success, part, free, twins, broken, all].into_iter().flat_map(both).collect()
}

/// Cancelled before the checkout is at its end.
fn in_flight() -> Vec<Scenario> {
    const REJECTED: Ending = Rejected("cancelled");
    const BACK: Ending = Compensated("cancelled");
    let at = |name: &str, point, ends: &[Ending]| Scenario {
        sample: 8,
        ..reversal(format!("cancel, {name}"), How::CancelAt(point), ends)
    };
    // The owner hears of it from the write that would decide the checkout; its successor from the row.
    let unheard = |name: &str, point, ends: &[Ending]| Scenario {
        sample: 8,
        ..reversal(format!("cancel, {name}, unheard"), How::CancelElsewhereAt(point), ends)
    };
    let reserved = "after reserve_stock of line 1";
    // By a verdict the checkout may be completed before the cancel.
    let ends = [BACK, Completed];
    let doubtful = at("while it is reserved, refund DropAfter", reserved, &ends);
    let mut all = vec![doubtful.hit_by(Fault::once(Call::Refund, FaultKind::DropAfter))];
    // Only a client that was told 202 can ask so soon.
    let early = at("before it is priced", "before reading fetch_profile", &[REJECTED]);
    let charge = "before charge_payment";
    all.extend([
        early.reversed(|order| order.is_async = true),
        at("before it is charged", charge, &[BACK, REJECTED]),
        at("after it is charged", "after charge_payment", &ends),
        at("while it is reserved", reserved, &ends),
        unheard("before it is charged", charge, &[Completed, BACK, REJECTED]),
    ]);
    let mut all: Vec<_> = all.into_iter().flat_map(both).collect();
    // Here the transaction that writes the order begins its cancellation.
    let born = unheard("when it is reserved", reserved, &[Completed, BACK]);
    all.extend([Scenario { is_whole: true, ..born.clone() }, born.repeating()]);
    all
}

const EFFECTS: [(Call, Step); 2] = [(Call::Refund, REFUND_PAYMENT), (Call::Release, RELEASE_STOCK)];

const TROUBLES: [FaultKind; 9] = [
    FaultKind::ErrorBefore,
    FaultKind::ErrorAfter,
    FaultKind::DropBefore,
    FaultKind::DropAfter,
    FaultKind::HangBefore,
    FaultKind::HangAfter,
    FaultKind::GarbageBefore,
    FaultKind::Garbage,
    FaultKind::Truncated,
];

/// Every outcome of a call.
fn outcomes(call: Call, step: Step) -> Vec<Scenario> {
    let begin = |how: &str| {
        let (cancel, taken) = (cancel(how), take_back(how, &[KETTLE_BACK]));
        [cancel, taken].map(|it| Scenario { differs_from: Some(step.word()), ..it })
    };
    let of_kettle = (call == Call::Release).then_some(KETTLE);
    let once = |kind| Fault { product_id: of_kettle, ..Fault::once(call, kind) };
    let mut all = Vec::new();
    for kind in TROUBLES {
        // By default, a call that reached its neighbour and one that did not.
        let is_large = !matches!(kind, FaultKind::DropBefore | FaultKind::DropAfter);
        let is_hang = matches!(kind, FaultKind::HangBefore | FaultKind::HangAfter);
        let patience = Duration::from_millis(if is_hang { 150 } else { 20_000 });
        for scenario in begin(&format!("{step} {kind:?}")) {
            let scenario = scenario.reversed(|order| order.patience = patience);
            all.extend(both(Scenario { is_large, ..scenario.hit_by(once(kind)) }));
        }
    }
    for scenario in begin(&format!("{step} refused")) {
        // A person has the effect sent anew.
        let refused = Fault { status: Some(404), ..once(FaultKind::Refuse) };
        let refused = Scenario { is_refused_for_good: true, ..scenario.hit_by(refused) };
        all.extend(both(refused));
    }
    for scenario in begin(&format!("{step} NotSent")) {
        let unsent = Scenario { unreachable: Some((step, 1)), is_large: true, ..scenario };
        all.extend(both(unsent));
    }
    for scenario in begin(&format!("{step} exhausted")) {
        let failing = scenario.hit_by(Fault::on(call, FaultKind::ErrorBefore));
        all.push(Scenario { calm: Calm::Stuck, is_large: true, ..failing });
    }
    all
}

/// An operator holds what is given back.
fn words() -> Vec<Scenario> {
    let held = |scenario: Scenario| Scenario {
        held_going: Some(Direction::Forward),
        differs_from: Some(REFUND_PAYMENT.word()),
        ..scenario.hit_by(Fault::on(Call::Refund, FaultKind::ErrorBefore))
    };
    let (cancel, taken) = (cancel("held"), take_back("held", &[KETTLE_BACK]));
    vec![held(cancel), Scenario { is_large: true, ..held(taken) }]
}

/// Neighbours that are not what the service is configured to believe.
fn broken_promises() -> Vec<Scenario> {
    let mut all = Vec::new();
    for scenario in [cancel("success"), take_back("of a part", &[KETTLE_BACK])] {
        let is = |what: &str| Scenario {
            name: format!("{}, {what}", scenario.name),
            keep_keys: Among::Nobody,
            ..scenario.clone()
        };
        all.push(Scenario { key_memory: Duration::from_secs(1), ..is("keys forgotten") });
        all.push(Scenario { trusted_later: Among::Nobody, ..is("found to be repeating") });
        all.push(Scenario { trusted: Among::Nobody, ..is("once repeating") });
    }
    all
}
