//! What outlives the processes of a cell: the neighbours, the requests on their way to them, and
//! what the client and the operator were told.

use std::sync::{Mutex, PoisonError};

use order_service::checkout::{Answer, Checkout, Refusal, Undoing};
use order_service::saga::{Effect, End, Progress, SagaId, Step};
use order_service::sandbox::{self, RecordResult, Sandbox};
use order_service::store::{Found, Store};

use crate::audit::audit_of;
use crate::scenario::{Calm, Ending, Scenario};
use crate::watched::Letter;

/// A cell's world.
pub struct World {
    pub scenario: Scenario,
    pub sandbox: Sandbox,
    /// The client's idempotency key.
    pub key: String,
    seen: Mutex<Seen>,
}

/// What was observed from outside so far.
#[derive(Default)]
struct Seen {
    told: Vec<Answer>,
    letters: Vec<Letter>,
    /// How many processes have started.
    lives: u32,
    /// The total that was durable when a process died, which must not change.
    priced: Option<i64>,
    /// How often the unreachable neighbour was called.
    refused_connections: u32,
    calmed: bool,
    /// The operator was told that the saga goes back.
    stopped: bool,
    verdicts: u32,
    /// Whether the saga was held when it was last looked at.
    held: bool,
    /// How many times it was seen held.
    looks_at_held: u32,
    /// Calls that were made although it was held.
    called_while_held: Option<String>,
}

/// How many times a held saga is looked at, with time passing in between, before it is released.
const LOOKS: u32 = 12;

impl World {
    /// The neighbours as they are at the start of a cell.
    pub async fn new(scenario: &Scenario, key: String) -> Self {
        let mut config = sandbox::Config::on_free_ports();
        if scenario.is_repeating {
            config.idempotent = sandbox::Idempotency::REPEATING;
        }
        let sandbox = Sandbox::start(config).await.expect("a sandbox");
        for fault in &scenario.faults {
            sandbox.inject(fault.clone()).expect("a fault");
        }
        Self { scenario: scenario.clone(), sandbox, key, seen: Mutex::default() }
    }

    fn seen<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A process starts; returns how many have before.
    pub fn begin(&self) -> u32 {
        self.seen(|seen| {
            seen.lives += 1;
            seen.lives - 1
        })
    }

    /// Whether nobody listens for this call.
    pub fn is_unreachable(&self, step: Step) -> bool {
        let Some((of, times)) = self.scenario.unreachable.filter(|(of, _)| *of == step) else {
            return false;
        };
        self.seen(|seen| {
            seen.refused_connections += 1;
            of == step && !seen.calmed && seen.refused_connections <= times
        })
    }

    pub fn post(&self, letter: Letter) {
        self.seen(|seen| seen.letters.push(letter));
    }

    /// A process has died. Before another starts, the prices of everything in the cart rise.
    pub async fn mourn(&self, http: &reqwest::Client) {
        if matches!(self.scenario.calm, Calm::GoingBackOrDeath) {
            self.get_well();
        }
        let mut products = self.sandbox.ledger().products;
        products.retain(|product| self.scenario.lines.iter().any(|(id, _)| *id == product.id));
        for mut product in products {
            product.price += 100;
            let url = format!("{}/_sandbox/products", self.sandbox.product_url());
            let answer = http.post(url).json(&product).send().await.expect("an answer");
            assert_eq!(answer.status(), 200);
        }
    }

    /// Requests on their way arrive now.
    pub async fn deliver(&self, way: impl Fn() -> Checkout) {
        let letters = self.seen(|seen| std::mem::take(&mut seen.letters));
        for letter in letters {
            letter.arrive(&way()).await;
        }
    }

    /// Clears the faults, once the scenario says so.
    pub fn calm_down(&self, saga: &Found) {
        let now = match self.scenario.calm {
            Calm::Never => false,
            Calm::GoingBack | Calm::GoingBackOrDeath => saga.state == "Compensating",
            Calm::Stuck => saga.stuck.is_some(),
        };
        if now {
            self.get_well();
        }
    }

    fn get_well(&self) {
        if !self.seen(|seen| std::mem::replace(&mut seen.calmed, true)) {
            self.sandbox.clear_faults();
        }
    }

    pub fn tell(&self, answer: Answer) {
        self.seen(|seen| seen.told.push(answer));
    }

    /// Whether the client knows that there is nothing left to do.
    pub fn is_answered(&self) -> bool {
        let is_done = |answer: &Answer| match answer {
            Answer::Refused { undoing, .. } => *undoing == Undoing::Done,
            answer => is_final(answer),
        };
        self.seen(|seen| seen.told.iter().any(is_done))
    }

    /// Notes whether the saga was seen held.
    pub fn sees(&self, held: bool) {
        self.seen(|seen| {
            seen.held = held;
            seen.looks_at_held += u32::from(held);
        });
    }

    /// Notes a call that is about to be made.
    pub fn is_calling(&self, name: &str) {
        self.seen(|seen| {
            if seen.held {
                seen.called_while_held.get_or_insert(name.to_owned());
            }
        });
    }

    pub fn was_held_long_enough(&self) -> bool {
        self.seen(|seen| seen.looks_at_held >= LOOKS)
    }

    /// It is about to be released, and the faults are cleared.
    pub fn lets_go(&self) {
        self.seen(|seen| seen.held = false);
        self.get_well();
    }

    pub fn told_to_go_back(&self) {
        self.seen(|seen| seen.stopped = true);
    }

    pub fn gave_a_verdict(&self) {
        self.seen(|seen| seen.verdicts += 1);
    }

    /// How many verdicts were needed.
    pub fn verdicts(&self) -> u32 {
        self.seen(|seen| seen.verdicts)
    }

    /// What the neighbours' own ledger says, as an operator who asks them would hear.
    pub fn happened(&self, id: SagaId, effect: Effect) -> bool {
        let line = effect.line.map_or_else(String::new, |line| format!(":{line}"));
        let key = format!("{id}:{}{line}", effect.step);
        let is_it = |sent: &str| sent == key || sent.starts_with(&format!("{key}#"));
        let ledger = self.sandbox.ledger();
        let acted = ledger.records.iter().filter(|record| record.result == RecordResult::Acted);
        let mut keys = acted.filter_map(|record| record.key.as_deref());
        keys.any(is_it)
    }

    /// A process starts on the books that the one before left: what was answered must be true in them.
    pub async fn check_what_was_told(&self, store: &Store, saga: Option<&Found>) {
        let told = self.seen(|seen| {
            seen.priced = seen.priced.or(saga.and_then(|saga| saga.amount).map(|total| total.0));
            seen.told.clone()
        });
        // A client that was turned away was told nothing about what is in the books.
        for answer in
            told.iter().filter(|answer| !matches!(answer, Answer::Unavailable { id: None }))
        {
            let saga = saga.unwrap_or_else(|| panic!("{answer:?} of a saga that is not there"));
            self.check(answer, saga, store).await;
        }
    }

    async fn check(&self, answer: &Answer, saga: &Found, store: &Store) {
        let progress = saga.progress.expect("readable");
        match answer {
            Answer::Confirmed { id, total_amount, .. } => {
                assert_eq!(*id, saga.order_id, "{answer:?}");
                assert!(progress.is_completed(), "{answer:?}");
                let order = store.order(*id).await.expect("the books").expect("the order stands");
                assert_eq!(order.total.0, *total_amount, "{answer:?}");
            }
            Answer::Refused { id, refusal, undoing, .. } => {
                assert_eq!(*id, saga.order_id, "{answer:?}");
                // What was not undone when the client heard it may be by now, but never the other way round.
                let now =
                    Undoing::of(progress).unwrap_or_else(|| panic!("{answer:?} of {progress:?}"));
                assert!(*undoing == Undoing::UnderWay || now == Undoing::Done, "{answer:?}");
                assert_eq!(*refusal, Refusal::of(saga.known.as_ref()));
            }
            Answer::Pending { id, .. } => assert_eq!(*id, saga.order_id, "{answer:?}"),
            // That request was not accepted; what is there is from a later one.
            Answer::Unavailable { id: None } => {}
            Answer::KeyReused { .. }
            | Answer::TooMany
            | Answer::NotNow { .. }
            | Answer::Unavailable { id: Some(_) } => panic!("told {answer:?}"),
        }
    }

    /// Everything is at rest: compares the books with the neighbours' ledgers, with every answer, and with
    /// the ends that the scenario allows.
    pub async fn check_the_end(&self, store: &Store, saga: &Found) -> Ending {
        let ending = ending_of(saga);
        let may = &self.scenario.ends;
        assert!(may.contains(&ending), "came to {ending:?}, and may only come to {may:?}");
        let (told, priced, stopped) =
            self.seen(|seen| (seen.told.clone(), seen.priced, seen.stopped));
        for answer in &told {
            self.check(answer, saga, store).await;
        }
        let mut last: Vec<_> = told.into_iter().filter(is_final).map(lasting).collect();
        last.dedup();
        assert_eq!(last.len(), 1, "one answer and no other: {last:?}");
        if let Some(priced) = priced {
            let total = saga.amount.map(|total| total.0);
            assert_eq!(total, Some(priced), "the price that was durable is the price");
        }
        let called = self.seen(|seen| seen.called_while_held.clone());
        assert_eq!(called, None, "a held saga calls nobody");
        assert!(!stopped || saga.state != "Completed", "it was told to go back");
        audit_of(std::slice::from_ref(saga), store, &self.sandbox.ledger()).await;
        ending
    }
}

fn ending_of(saga: &Found) -> Ending {
    let refused = || word(&Refusal::of(saga.known.as_ref()));
    match saga.progress.expect("readable") {
        Progress::Rest(End::Completed) => Ending::Completed,
        Progress::Rest(End::Compensated) => Ending::Compensated(refused()),
        Progress::Rest(End::Rejected) => Ending::Rejected(refused()),
        Progress::Forward { .. } | Progress::Backward => panic!("not at rest: {saga:?}"),
    }
}

fn is_final(answer: &Answer) -> bool {
    matches!(answer, Answer::Confirmed { .. } | Answer::Refused { .. })
}

/// The parts of an answer that must not change.
fn lasting(mut answer: Answer) -> Answer {
    match &mut answer {
        Answer::Refused { replayed, undoing, .. } => {
            (*replayed, *undoing) = (false, Undoing::Done);
        }
        Answer::Confirmed { replayed, .. } | Answer::Pending { replayed, .. } => {
            *replayed = false;
        }
        Answer::KeyReused { .. }
        | Answer::TooMany
        | Answer::NotNow { .. }
        | Answer::Unavailable { .. } => {}
    }
    answer
}

fn word(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::UserProfileNotFound => "no profile",
        Refusal::ProductNotFound { .. } => "no product",
        Refusal::InsufficientStock { .. } => "no stock",
        Refusal::PriceChanged { .. } => "another price",
        Refusal::PayerNotFound => "no payer",
        Refusal::InsufficientBalance { .. } => "no money",
        Refusal::ReservationFailed { .. } => "not reserved",
        Refusal::NeighbourAtFault { .. } => "neighbour at fault",
        Refusal::Failed { .. } => "failed",
    }
}
