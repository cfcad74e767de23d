//! What can happen to a checkout: every refusal, every outcome of every call, going back, the deadline,
//! and an operator's actions; at neighbours of both kinds.

use std::time::Duration;

use order_service::checkout::step::{CHARGE_PAYMENT, REFUND_PAYMENT, RELEASE_STOCK, RESERVE_STOCK};
use order_service::saga::{Direction, Step};
use order_service::sandbox::sample::{ASHA, KETTLE, MEENA, RAVI, SAMOVAR, STICKER, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use uuid::Uuid;

use crate::checkout_play::Checkouts;
use crate::play::Ending::{self, Compensated, Completed, Rejected};
use crate::scenario::{Among, Calm, Cast, Scenario, both};

/// A cart of tea and a kettle for Meena, who can afford anything.
fn scenario(name: impl Into<String>, ends: &[Ending]) -> Scenario {
    let of = Checkouts {
        user: MEENA,
        lines: vec![(TEA, 1), (KETTLE, 2)],
        faults: vec![],
        patience: Duration::from_secs(20),
        is_async: false,
    };
    Scenario::calm(name.into(), Cast::Checkout(of), ends)
}

impl Scenario {
    /// Changes what is special to a checkout.
    fn of(mut self, change: impl FnOnce(&mut Checkouts)) -> Self {
        if let Cast::Checkout(of) = &mut self.cast {
            change(of);
        }
        self
    }

    fn with(self, fault: Fault) -> Self {
        self.of(|of| of.faults.push(fault))
    }

    /// The kettle can't be reserved.
    fn going_back(self) -> Self {
        self.with(Fault { product_id: Some(KETTLE), ..Fault::on(Call::Reserve, FaultKind::Refuse) })
    }

    fn bought(self, user: Uuid, lines: &[(Uuid, u32)]) -> Self {
        self.of(|of| (of.user, of.lines) = (user, lines.to_vec()))
    }
}

/// Every scenario of a checkout.
pub fn all() -> Vec<Scenario> {
    let mut all = vec![scenario("success, answered 202", &[Completed]).of(|of| of.is_async = true)];
    all.extend(plain().into_iter().map(|plain| Scenario { is_whole: true, ..plain }));
    all.extend(refusals());
    for (call, step) in EFFECTS {
        all.extend(outcomes(call, step));
    }
    all.extend(troubled_reads());
    all.extend(deadlines());
    all.extend(words());
    all.extend(broken_promises());
    all
}

fn plain() -> Vec<Scenario> {
    let success = Scenario { dies_twice: true, ..scenario("success", &[Completed]) };
    let back = scenario("going back", &[Compensated("not reserved")]).going_back();
    let back = Scenario { dies_twice: true, ..back };
    let free = scenario("a free cart", &[Completed]).bought(ASHA, &[(STICKER, 2)]);
    let twins = scenario("two lines of one product", &[Completed]);
    let twins = twins.bought(MEENA, &[(TEA, 1), (TEA, 2)]);
    let twin_back = scenario(
        "one of two lines of one product is refused",
        &[Compensated("not reserved"), Completed],
    );
    let twin_back = twin_back.bought(MEENA, &[(TEA, 1), (TEA, 2)]);
    let twin_back = twin_back.with(Fault::once(Call::Reserve, FaultKind::Refuse));
    [success, back, free, twins, twin_back].into_iter().flat_map(both).collect()
}

fn refusals() -> Vec<Scenario> {
    let refused = |name: &str, call, status, end| {
        let fault = Fault { status: Some(status), ..Fault::on(call, FaultKind::Refuse) };
        scenario(name, &[end]).with(fault)
    };
    let reads = [
        refused("no such profile", Call::GetUser, 404, Rejected("no profile")),
        refused("no such product", Call::GetProduct, 404, Rejected("no product")),
        scenario("too little stock", &[Rejected("no stock")]).bought(ASHA, &[(SAMOVAR, 1)]),
    ];
    let effects = [
        scenario("too little money", &[Rejected("no money")]).bought(RAVI, &[(TEA, 1)]),
        refused("no such payer", Call::Process, 404, Rejected("no payer")),
        refused("charge answered 400", Call::Process, 400, Rejected("neighbour at fault")),
        refused("reservations refused", Call::Reserve, 409, Compensated("not reserved")),
        refused("reservations answered 404", Call::Reserve, 404, Compensated("not reserved")),
    ];
    reads.into_iter().chain(effects.into_iter().flat_map(both)).collect()
}

const EFFECTS: [(Call, Step); 4] = [
    (Call::Process, CHARGE_PAYMENT),
    (Call::Reserve, RESERVE_STOCK),
    (Call::Refund, REFUND_PAYMENT),
    (Call::Release, RELEASE_STOCK),
];

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

/// Every outcome of a call with an effect, except those that end the checkout.
fn outcomes(call: Call, step: Step) -> Vec<Scenario> {
    let is_back = matches!(call, Call::Refund | Call::Release);
    let begin = |what: &str| {
        let name = format!("{step} {what}");
        let scenario = if is_back {
            scenario(name, &[Compensated("not reserved")]).going_back()
        } else {
            scenario(name, &[Completed])
        };
        Scenario { differs_from: Some(step.word()), ..scenario }
    };
    let mut all = Vec::new();
    for kind in TROUBLES {
        let product_id = matches!(call, Call::Reserve | Call::Release).then_some(TEA);
        let fault = Fault { product_id, ..Fault::once(call, kind) };
        all.extend(both(patient(begin(&format!("{kind:?}")).with(fault), kind)));
    }
    let unreachable = Scenario { unreachable: Some((step, 1)), ..begin("NotSent") };
    all.extend(both(unreachable));
    if is_back {
        // The first refusal is not final: an operator has the effect sent anew.
        let refused = Fault { status: Some(404), ..Fault::once(call, FaultKind::Refuse) };
        let refused = begin("Refused").with(refused);
        all.extend(both(Scenario { is_refused_for_good: true, ..refused }));
        let failing = begin("Exhausted").with(Fault::on(call, FaultKind::ErrorBefore));
        all.push(Scenario { calm: Calm::Stuck, ..failing });
    }
    all
}

/// Sets a short time-out for scenarios with a call that hangs.
fn patient(scenario: Scenario, kind: FaultKind) -> Scenario {
    let is_hang = matches!(kind, FaultKind::HangBefore | FaultKind::HangAfter);
    if is_hang { scenario.of(|of| of.patience = Duration::from_millis(150)) } else { scenario }
}

fn troubled_reads() -> Vec<Scenario> {
    let mut all = Vec::new();
    for call in [Call::GetUser, Call::GetProduct] {
        for kind in [
            FaultKind::ErrorBefore,
            FaultKind::DropBefore,
            FaultKind::HangBefore,
            FaultKind::Garbage,
            FaultKind::Truncated,
        ] {
            let read = scenario(format!("{call} {kind:?}"), &[Completed]);
            all.push(patient(read.with(Fault::once(call, kind)), kind));
        }
    }
    let garbage = scenario("prices are garbage", &[Rejected("neighbour at fault")]);
    all.push(garbage.with(Fault::on(Call::GetProduct, FaultKind::Garbage)));
    let negative = scenario("a price below zero", &[Rejected("neighbour at fault")]);
    all.push(negative.with(Fault::on(Call::GetProduct, FaultKind::NegativePrice)));
    for kind in [FaultKind::ErrorBefore, FaultKind::DropBefore, FaultKind::Garbage] {
        for charge in [FaultKind::DropBefore, FaultKind::DropAfter] {
            let looked = scenario(format!("charge {charge:?}, its look-up {kind:?}"), &[Completed]);
            let looked = looked.with(Fault::once(Call::Process, charge));
            let looked = looked.with(Fault::once(Call::PaymentStatus, kind)).repeating();
            all.push(Scenario { differs_from: Some(CHARGE_PAYMENT.word()), ..looked });
        }
    }
    all
}

fn deadlines() -> Vec<Scenario> {
    let late = |name: &str, ends: &[Ending]| Scenario {
        deadline: Duration::from_millis(300),
        calm: Calm::GoingBack,
        ..scenario(name, ends)
    };
    let rejected = Rejected("neighbour at fault");
    let compensated = Compensated("neighbour at fault");
    let failing = |call| Fault::on(call, FaultKind::ErrorBefore);
    let read = late("no profile by the deadline", &[rejected]).with(failing(Call::GetUser));
    let charge = late("not charged by the deadline", &[compensated]).with(failing(Call::Process));
    let reserve = late("not reserved by the deadline", &[compensated]);
    let reserve = reserve.with(Fault { product_id: Some(TEA), ..failing(Call::Reserve) });
    let unsent = Scenario {
        unreachable: Some((CHARGE_PAYMENT, u32::MAX)),
        ..late("charge not sent by the deadline", &[rejected, compensated])
    };
    let unsent_line = Scenario {
        unreachable: Some((RESERVE_STOCK, u32::MAX)),
        ..late("reservations not sent by the deadline", &[compensated])
    };
    // The rest of the time may be over before anything is sent.
    let ends = vec![compensated, rejected, Completed];
    let recover = |late: &Scenario| Scenario {
        name: format!("{}, well after a death", late.name),
        calm: Calm::GoingBackOrDeath,
        ends: ends.clone(),
        ..late.clone()
    };
    let recovered = Scenario { is_whole: true, ..recover(&reserve) };
    let mut all = vec![recover(&charge), recovered, read, charge, reserve];
    all.extend(both(unsent));
    all.extend(both(unsent_line));
    all
}

/// An operator's `compensate` for a checkout that waits or is in doubt.
fn words() -> Vec<Scenario> {
    let stopped = |name: &str, ends: &[Ending]| Scenario {
        is_stopped: true,
        calm: Calm::GoingBack,
        ..scenario(name, ends)
    };
    let read = stopped("stopped before it is priced", &[Rejected("failed")])
        .with(Fault::on(Call::GetProduct, FaultKind::ErrorBefore));
    let charge = stopped("stopped while the charge fails", &[Compensated("failed")])
        .with(Fault::on(Call::Process, FaultKind::ErrorAfter));
    let unpaid = stopped(
        "stopped while the charge fails, unpaid",
        &[Compensated("failed"), Rejected("failed")],
    )
    .with(Fault::on(Call::Process, FaultKind::DropBefore));
    let of_tea = |kind| Fault { product_id: Some(TEA), ..Fault::on(Call::Reserve, kind) };
    let reserve = stopped("stopped while a line fails", &[Compensated("failed")])
        .with(of_tea(FaultKind::DropAfter));
    let unreserved = stopped("stopped while a line fails, unreserved", &[Compensated("failed")])
        .with(of_tea(FaultKind::ErrorBefore));
    let unsent = Scenario {
        unreachable: Some((CHARGE_PAYMENT, u32::MAX)),
        ..stopped(
            "stopped while the charge can't be sent",
            &[Rejected("failed"), Compensated("failed")],
        )
    };
    let mut all = vec![read];
    let (compensated, rejected) = (Compensated("failed"), Rejected("failed"));
    // Where a verdict says that nothing was paid, nothing is left to undo.
    let unpaid_first = [rejected, compensated];
    // When the charge is in doubt, it may be stopped before a line fails.
    let paid_first = [compensated, rejected];
    for (scenario, ends) in [
        (unpaid, unpaid_first),
        (reserve, paid_first),
        (unreserved, paid_first),
        (unsent, unpaid_first),
    ] {
        all.push(Scenario { ends: ends.to_vec(), ..scenario.clone().repeating() });
        all.push(scenario);
    }
    // If the look-up finds the payment, the checkout does not wait and is not stopped.
    all.push(charge);
    for kind in [FaultKind::ErrorBefore, FaultKind::DropAfter] {
        let name = format!("held while the refund fails, {kind:?}");
        let held = scenario(name, &[Compensated("not reserved")]).going_back();
        let held = held.with(Fault::on(Call::Refund, kind));
        all.push(Scenario {
            held_going: Some(Direction::Backward),
            differs_from: Some(REFUND_PAYMENT.word()),
            ..held
        });
    }
    all
}

/// Neighbours that are not what the service is configured to believe.
fn broken_promises() -> Vec<Scenario> {
    let mut all = Vec::new();
    for scenario in [
        scenario("success", &[Completed]),
        scenario("going back", &[Compensated("not reserved")]).going_back(),
    ] {
        let name = &scenario.name;
        all.push(Scenario {
            name: format!("{name}, keys forgotten"),
            keep_keys: Among::Nobody,
            key_memory: Duration::from_secs(1),
            ..scenario.clone()
        });
        all.push(Scenario {
            name: format!("{name}, found to be repeating"),
            keep_keys: Among::Nobody,
            trusted_later: Among::Nobody,
            ..scenario.clone()
        });
        all.push(Scenario {
            name: format!("{name}, once repeating"),
            keep_keys: Among::Nobody,
            trusted: Among::Nobody,
            ..scenario.clone()
        });
    }
    all
}
