//! A checkout in the matrix: at the sandbox, asked for at the desk.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use order_service::checkout::{
    Answer, Checkout, DEFINITIONS, Desk, Order, Refusal, Rules, Undoing,
};
use order_service::clock::Clock;
use order_service::engine::{Executor, Kind, Wait};
use order_service::neighbours::{BreakerLimits, EndpointSettings, Neighbours};
use order_service::order::{Cart, Line, ProductId, UserId};
use order_service::saga::{Definition, Effect, End, Progress};
use order_service::sandbox::{self, Fault, Ledger, RecordResult, Sandbox};
use order_service::store::{Found, Identity, Store};
use order_service::trace::TraceParent;
use uuid::Uuid;

use crate::audit::audit_of;
use crate::play::{Ending, Play};

/// A checkout, and what goes wrong at its neighbours.
#[derive(Clone, Debug)]
pub struct Checkouts {
    pub user: Uuid,
    pub lines: Vec<(Uuid, u32)>,
    pub faults: Vec<Fault>,
    /// The real-time limit of a call.
    pub patience: Duration,
    /// The client sends `Prefer: respond-async`.
    pub is_async: bool,
}

/// A checkout of one cell.
pub struct CheckoutPlay {
    of: Checkouts,
    sandbox: Sandbox,
    /// Whoever changes prices.
    http: reqwest::Client,
    /// The client's idempotency key.
    key: String,
    seen: Mutex<Seen>,
}

/// What was observed from outside so far.
#[derive(Default)]
struct Seen {
    told: Vec<Answer>,
    /// The total that was durable when a process died, which must not change.
    priced: Option<i64>,
}

impl CheckoutPlay {
    /// Starts the neighbours. Those that keep no keys act again on every call.
    pub async fn new(of: Checkouts, keeps_keys: bool, http: reqwest::Client, key: String) -> Self {
        let mut config = sandbox::Config::on_free_ports();
        if !keeps_keys {
            config.idempotent = sandbox::Idempotency::REPEATING;
        }
        let sandbox = Sandbox::start(config).await.expect("a sandbox");
        for fault in &of.faults {
            sandbox.inject(fault.clone()).expect("a fault");
        }
        Self { of, sandbox, http, key, seen: Mutex::default() }
    }

    fn seen<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn user(&self) -> UserId {
        UserId(self.of.user)
    }

    /// The neighbours as a process calls them.
    pub fn neighbours(&self, clock: &Clock) -> Arc<Neighbours> {
        let at = |url: String| endpoint(&url, self.of.patience);
        let (user, product) = (at(self.sandbox.user_url()), at(self.sandbox.product_url()));
        let payment = at(self.sandbox.payment_url());
        Arc::new(Neighbours::new(&user, &product, &payment, clock).expect("TLS"))
    }

    /// What the neighbours really did.
    pub fn ledger(&self) -> Ledger {
        self.sandbox.ledger()
    }

    /// The checkout, if it is in the books.
    pub async fn saga(&self, store: &Store) -> Option<Found> {
        let key = Identity::Key(self.key.clone());
        store.find_first(self.user(), DEFINITIONS[0].kind, &key).await.expect("the books")
    }

    /// Whether a neighbour did this, whose key begins with this id.
    pub fn has_acted(&self, id: Uuid, effect: Effect) -> bool {
        let line = effect.line.map_or_else(String::new, |line| format!(":{line}"));
        let key = format!("{id}:{}{line}", effect.step);
        let is_it = |sent: &str| sent == key || sent.starts_with(&format!("{key}#"));
        let ledger = self.ledger();
        let acted = ledger.records.iter().filter(|record| record.result == RecordResult::Acted);
        let mut keys = acted.filter_map(|record| record.key.as_deref());
        keys.any(is_it)
    }

    fn tell(&self, answer: Answer) {
        self.seen(|seen| seen.told.push(answer));
    }

    async fn prices_rise(&self) {
        let mut products = self.sandbox.ledger().products;
        products.retain(|product| self.of.lines.iter().any(|(id, _)| *id == product.id));
        for mut product in products {
            product.price += 100;
            let url = format!("{}/_sandbox/products", self.sandbox.product_url());
            let answer = self.http.post(url).json(&product).send().await.expect("an answer");
            assert_eq!(answer.status(), 200);
        }
    }

    /// Orders, and waits for the end.
    pub async fn order_at(&self, executor: Executor) {
        let desk = Desk::new(executor, Rules { join_equal: true });
        let line = |(product, quantity): &(Uuid, u32)| Line {
            product_id: ProductId(*product),
            quantity: *quantity,
        };
        let lines = self.of.lines.iter().map(line).collect();
        let cart = Cart::new(self.user(), lines).expect("a cart");
        let order = |wait| Order {
            cart: cart.clone(),
            idempotency_key: Some(self.key.clone()),
            wait,
            is_attended: wait != Wait::Accepted,
            trace: TraceParent::fresh(),
        };
        if self.of.is_async {
            self.tell(desk.create(order(Wait::Accepted)).await);
        }
        self.tell(desk.create(order(Wait::Decided(Duration::from_hours(1)))).await);
    }

    /// Every answer is true so far.
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
            check(answer, saga, store).await;
        }
    }

    /// The checkout is at rest: every answer is true, and all of them are the same.
    pub async fn check_answers(&self, store: &Store, saga: &Found) {
        let (told, priced) = self.seen(|seen| (seen.told.clone(), seen.priced));
        for answer in &told {
            check(answer, saga, store).await;
        }
        let mut last: Vec<_> = told.into_iter().filter(is_final).map(lasting).collect();
        last.dedup();
        assert_eq!(last.len(), 1, "one answer and no other: {last:?}");
        if let Some(priced) = priced {
            let total = saga.amount.map(|total| total.0);
            assert_eq!(total, Some(priced), "the price that was durable is the price");
        }
    }
}

impl Play for CheckoutPlay {
    fn definitions(&self) -> &'static [&'static Definition] {
        DEFINITIONS
    }

    fn kinds(&self, clock: &Clock) -> Vec<Arc<dyn Kind>> {
        vec![Arc::new(Checkout::new(self.neighbours(clock)))]
    }

    fn kinds_unheard(&self, clock: &Clock) -> Vec<Arc<dyn Kind>> {
        vec![Arc::new(Checkout::new(nobody(clock)))]
    }

    fn sagas<'a>(&'a self, store: &'a Store) -> BoxFuture<'a, Vec<Found>> {
        async { self.saga(store).await.into_iter().collect() }.boxed()
    }

    fn ask(&self, at: Executor, _store: Store) -> BoxFuture<'_, ()> {
        self.order_at(at).boxed()
    }

    fn is_answered(&self) -> bool {
        let is_done = |answer: &Answer| match answer {
            Answer::Refused { undoing, .. } => *undoing == Undoing::Done,
            answer => is_final(answer),
        };
        self.seen(|seen| seen.told.iter().any(is_done))
    }

    fn happened(&self, saga: &Found, effect: Effect) -> bool {
        self.has_acted(saga.id.0, effect)
    }

    fn get_well(&self) {
        self.sandbox.clear_faults();
    }

    fn somebody_died(&self) -> BoxFuture<'_, ()> {
        self.prices_rise().boxed()
    }

    fn check_told<'a>(&'a self, store: &'a Store, sagas: &'a [Found]) -> BoxFuture<'a, ()> {
        self.check_what_was_told(store, sagas.first()).boxed()
    }

    fn check_end<'a>(&'a self, store: &'a Store, sagas: &'a [Found]) -> BoxFuture<'a, Ending> {
        async {
            self.check_answers(store, &sagas[0]).await;
            audit_of(sagas, store, &self.sandbox.ledger()).await;
            ending_of(&sagas[0])
        }
        .boxed()
    }
}

/// Neighbours that do not listen.
pub fn nobody(clock: &Clock) -> Arc<Neighbours> {
    let nowhere = endpoint("http://127.0.0.1:1", Duration::from_secs(20));
    Arc::new(Neighbours::new(&nowhere, &nowhere, &nowhere, clock).expect("TLS"))
}

fn endpoint(url: &str, timeout: Duration) -> EndpointSettings {
    // Breakers never open: a cell is about one crash, not about a neighbour that is gone for long.
    let limits = BreakerLimits { failures: 1000, pause: Duration::from_secs(1), retries: 1000 };
    EndpointSettings { url: url.parse().expect("a URL"), timeout, concurrency: 16, limits }
}

async fn check(answer: &Answer, saga: &Found, store: &Store) {
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
            let now = Undoing::of(progress).unwrap_or_else(|| panic!("{answer:?} of {progress:?}"));
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

/// How a checkout ended, and why.
pub fn ending_of(saga: &Found) -> Ending {
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
        Refusal::Cancelled => "cancelled",
        Refusal::Failed { .. } => "failed",
    }
}
