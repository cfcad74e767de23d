//! What can happen to a checkout: every refusal, every outcome of every call, going back, the deadline,
//! and an operator's actions; at neighbours of both kinds.

use std::time::Duration;

use order_service::checkout::step::{CHARGE_PAYMENT, REFUND_PAYMENT, RELEASE_STOCK, RESERVE_STOCK};
use order_service::saga::Step;
use order_service::sandbox::sample::{ASHA, KETTLE, MEENA, RAVI, SAMOVAR, STICKER, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use uuid::Uuid;

/// A checkout, and what goes wrong with it apart from its processes' deaths.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "it is a list of what is true of it")]
pub struct Scenario {
    pub name: String,
    /// Its index among all scenarios.
    pub number: usize,
    pub user: Uuid,
    pub lines: Vec<(Uuid, u32)>,
    /// The neighbours act again on every call.
    pub is_repeating: bool,
    /// How the first process is configured to treat the neighbours.
    pub kinds: Kinds,
    /// How its successors are configured to treat them.
    pub kinds_later: Kinds,
    pub faults: Vec<Fault>,
    /// A call for which nobody listens, and how many times.
    pub unreachable: Option<(Step, u32)>,
    /// When the faults are cleared.
    pub calm: Calm,
    pub deadline: Duration,
    pub key_memory: Duration,
    /// The real-time limit of a call.
    pub patience: Duration,
    /// An operator sends `compensate` as soon as the saga waits for something.
    pub is_stopped: bool,
    /// An operator holds the saga as soon as it waits while going back, and releases it after a while.
    pub is_held: bool,
    /// A refund or a release is refused, once.
    pub is_undo_refused: bool,
    /// The client sends `Prefer: respond-async`.
    pub is_async: bool,
    /// Every point is run, also when other scenarios are sampled.
    pub is_whole: bool,
    /// The successor dies as well, at its first points.
    pub dies_twice: bool,
    /// The ends that are allowed.
    pub ends: Vec<Ending>,
    /// Before this call the scenario is the same as another one of which every point is run.
    pub differs_from: Option<Step>,
}

/// When faults that last are cleared.
#[derive(Clone, Copy, Debug)]
pub enum Calm {
    Never,
    GoingBack,
    /// As `GoingBack`, or when a process dies: its successor may get further than it did.
    GoingBackOrDeath,
    Stuck,
}

/// How a checkout ends, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Completed,
    Compensated(&'static str),
    Rejected(&'static str),
}

use Ending::{Compensated, Completed, Rejected};

/// Which neighbours are taken for idempotent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds {
    pub product: bool,
    pub payment: bool,
}

const IDEMPOTENT: Kinds = Kinds { product: true, payment: true };
const REPEATING: Kinds = Kinds { product: false, payment: false };

/// A cart of tea and a kettle for Meena, who can afford anything.
fn scenario(name: impl Into<String>, ends: &[Ending]) -> Scenario {
    Scenario {
        name: name.into(),
        number: 0,
        user: MEENA,
        lines: vec![(TEA, 1), (KETTLE, 2)],
        is_repeating: false,
        kinds: IDEMPOTENT,
        kinds_later: IDEMPOTENT,
        faults: vec![],
        unreachable: None,
        calm: Calm::Never,
        deadline: Duration::from_mins(5),
        key_memory: Duration::from_hours(24),
        patience: Duration::from_secs(20),
        is_stopped: false,
        is_held: false,
        is_undo_refused: false,
        is_async: false,
        is_whole: false,
        dies_twice: false,
        ends: ends.to_vec(),
        differs_from: None,
    }
}

impl Scenario {
    fn repeating(self) -> Self {
        let name = format!("{}, repeating", self.name);
        Self { name, is_repeating: true, kinds: REPEATING, kinds_later: REPEATING, ..self }
    }

    fn with(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// The kettle can't be reserved.
    fn going_back(self) -> Self {
        self.with(Fault { product_id: Some(KETTLE), ..Fault::on(Call::Reserve, FaultKind::Refuse) })
    }

    fn bought(self, user: Uuid, lines: &[(Uuid, u32)]) -> Self {
        Self { user, lines: lines.to_vec(), ..self }
    }
}

/// Every scenario.
pub fn all() -> Vec<Scenario> {
    let mut all =
        vec![Scenario { is_async: true, ..scenario("success, answered 202", &[Completed]) }];
    all.extend(plain().into_iter().map(|plain| Scenario { is_whole: true, ..plain }));
    all.extend(refusals());
    for (call, step) in EFFECTS {
        all.extend(outcomes(call, step));
    }
    all.extend(troubled_reads());
    all.extend(deadlines());
    all.extend(words());
    all.extend(broken_promises());
    all.iter_mut().zip(0..).for_each(|(scenario, number)| scenario.number = number);
    all
}

fn both(scenario: Scenario) -> [Scenario; 2] {
    [scenario.clone(), scenario.repeating()]
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
        Scenario { differs_from: Some(step), ..scenario }
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
        all.extend(both(Scenario { is_undo_refused: true, ..refused }));
        let failing = begin("Exhausted").with(Fault::on(call, FaultKind::ErrorBefore));
        all.push(Scenario { calm: Calm::Stuck, ..failing });
    }
    all
}

/// Sets a short time-out for scenarios with a call that hangs.
fn patient(scenario: Scenario, kind: FaultKind) -> Scenario {
    let is_hang = matches!(kind, FaultKind::HangBefore | FaultKind::HangAfter);
    let patience = if is_hang { Duration::from_millis(60) } else { scenario.patience };
    Scenario { patience, ..scenario }
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
            all.push(Scenario { differs_from: Some(CHARGE_PAYMENT), ..looked });
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
    for scenario in [unpaid, reserve, unreserved, unsent] {
        let ends = vec![Compensated("failed"), Rejected("failed")];
        // When the charge is in doubt, it may be stopped before a line fails.
        all.push(Scenario { ends, ..scenario.clone().repeating() });
        all.push(scenario);
    }
    // If the look-up finds the payment, the checkout does not wait and is not stopped.
    all.push(charge);
    for kind in [FaultKind::ErrorBefore, FaultKind::DropAfter] {
        let name = format!("held while the refund fails, {kind:?}");
        let held = scenario(name, &[Compensated("not reserved")]).going_back();
        let held = held.with(Fault::on(Call::Refund, kind));
        all.push(Scenario { is_held: true, differs_from: Some(REFUND_PAYMENT), ..held });
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
            is_repeating: true,
            key_memory: Duration::from_secs(1),
            ..scenario.clone()
        });
        all.push(Scenario {
            name: format!("{name}, found to be repeating"),
            is_repeating: true,
            kinds_later: REPEATING,
            ..scenario.clone()
        });
        all.push(Scenario {
            name: format!("{name}, once repeating"),
            is_repeating: true,
            kinds: REPEATING,
            ..scenario.clone()
        });
    }
    all
}
