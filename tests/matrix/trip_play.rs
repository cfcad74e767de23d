//! A trip in the matrix: asked for at the executor, at neighbours without a network between.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use order_service::clock::Clock;
use order_service::engine::{Admission, Executor, Kind, NewSaga, Seen, Wait};
use order_service::order::{Line, OrderId, Paise, ProductId, UserId};
use order_service::saga::{Cause, Definition, Effect, End, Neighbour, Progress, SagaFacts};
use order_service::store::{Found, Identity, Store};
use order_service::trace::TraceParent;
use uuid::Uuid;

use crate::nearby::{Nearby, Trouble, Wrong};
use crate::play::{Ending, Play};
use crate::trip::{DEFINITION, DEFINITIONS, Kept, Neighbours, Trip, TripFacts, faults_of, strays};

const TRAVELLER: UserId = UserId(Uuid::from_u128(0x7a));

/// A trip of two legs, and what goes wrong at its neighbours.
#[derive(Clone, Debug)]
pub struct Trips {
    /// The table that it is begun under.
    pub definition: &'static Definition,
    /// What a seat costs.
    pub fare: u64,
    pub troubles: Vec<Trouble>,
    /// What goes wrong instead from the first death on.
    pub troubles_later: Option<Vec<Trouble>>,
}

/// A trip of one cell.
pub struct TripPlay {
    of: Trips,
    nearby: Arc<Nearby>,
    /// The client's idempotency key.
    key: String,
    seen: Mutex<Observed>,
}

/// What was observed from outside so far.
#[derive(Default)]
struct Observed {
    told: Vec<Seen>,
    /// What was read and durable when a process started, which must not change.
    fares: Option<Vec<Paise>>,
    clearance: Option<u64>,
    has_died: bool,
}

impl TripPlay {
    /// At neighbours of which these remember a key for so long; the others act on every call.
    pub fn new(
        of: Trips,
        keepers: impl IntoIterator<Item = Neighbour>,
        key_memory: Duration,
        key: String,
    ) -> Self {
        let neighbours = Neighbours::new(keepers, key_memory, of.fare);
        let nearby = Arc::new(Nearby::new(neighbours, of.troubles.clone()));
        Self { of, nearby, key, seen: Mutex::default() }
    }

    fn seen<T>(&self, look: impl FnOnce(&mut Observed) -> T) -> T {
        look(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn new_saga(&self) -> NewSaga {
        let order_id = OrderId(Uuid::new_v5(&TRAVELLER.0, self.key.as_bytes()));
        let leg = |id| Line { product_id: ProductId(Uuid::from_u128(id)), quantity: 2 };
        NewSaga {
            definition: self.of.definition,
            order_id: Some(order_id),
            user_id: TRAVELLER,
            facts: SagaFacts::new(TripFacts::asked(order_id, vec![leg(1), leg(2)])),
            attended: false,
            identity: Some(Identity::Key(self.key.clone())),
            fingerprint: "a trip of two legs".to_owned(),
            trace: TraceParent::fresh(),
        }
    }

    async fn ask_at(&self, executor: Executor) {
        for wait in [Wait::Accepted, Wait::Decided(Duration::from_hours(1))] {
            match executor.admit(self.new_saga(), wait).await {
                Admission::Accepted { seen, .. } => self.seen(|all| all.told.push(seen)),
                // That request was not accepted.
                Admission::Unavailable { id: None } => {}
                told @ (Admission::KeyReused { .. }
                | Admission::Shed(_)
                | Admission::Unavailable { id: Some(_) }) => panic!("told {told:?}"),
            }
        }
    }

    /// What was told is true, and what was durable is what is known.
    fn check(&self, saga: Option<&Found>) {
        let facts = saga.and_then(|saga| saga.known.as_ref()?.facts.of::<TripFacts>());
        self.seen(|seen| {
            for told in &seen.told {
                let saga = saga.unwrap_or_else(|| panic!("{told:?} of a saga that is not there"));
                assert_eq!((told.id, told.order_id), (saga.id, saga.order_id));
                let is_rest = told.progress.is_some_and(Progress::is_rest);
                assert!(!is_rest || told.progress == saga.progress, "{told:?} of {saga:?}");
            }
            let Some(facts) = facts else { return };
            let fares = seen.fares.get_or_insert_with(|| facts.fares.clone().unwrap_or_default());
            assert!(
                fares.is_empty() || facts.fares.as_ref() == Some(fares),
                "the fares that were durable are the fares"
            );
            if fares.is_empty() {
                seen.fares = None;
            }
            let clearance = seen.clearance.or(facts.clearance);
            assert_eq!(facts.clearance, clearance, "the clearance that was durable is the one");
            seen.clearance = clearance;
        });
    }

    async fn check_books(&self, store: &Store, saga: &Found) -> Ending {
        self.check(Some(saga));
        let inspected = store.inspect(saga.id).await.expect("the books").expect("it is there");
        let definition = inspected.instance.expect("readable").definition;
        assert_eq!(definition.version, self.of.definition.version);
        let account = store.account(saga.order_id).await.expect("the books");
        let of_orders = account.events.iter().filter(|event| event.kind == "order.confirmed");
        let (order, events) = (account.order.as_ref(), of_orders.count());
        let kept = Kept { saga, definition, order, events };
        let ids = BTreeSet::from([saga.id.to_string()]);
        let faults = self.nearby.with(|all| {
            let mut faults = all.faults.clone();
            faults.extend(faults_of(&kept, all));
            faults.extend(strays(all, &ids));
            faults
        });
        assert_eq!(faults, Vec::<String>::new());
        ending_of(saga, definition)
    }
}

impl Play for TripPlay {
    fn definitions(&self) -> &'static [&'static Definition] {
        DEFINITIONS
    }

    fn kinds(&self, clock: &Clock) -> Vec<Arc<dyn Kind>> {
        vec![Arc::new(Trip::new(self.nearby.way(clock), clock.clone()))]
    }

    fn kinds_unheard(&self, clock: &Clock) -> Vec<Arc<dyn Kind>> {
        let steps = DEFINITIONS.iter().flat_map(|table| table.actions());
        let steps = steps.flat_map(|(_, action)| [Some(action.step), action.undo()]);
        let troubles = steps.flatten().map(|step| Trouble::on(step.word(), Wrong::NotSent));
        let nobody = Neighbours::new([], Duration::ZERO, 0);
        let nowhere = Arc::new(Nearby::new(nobody, troubles.collect()));
        vec![Arc::new(Trip::new(nowhere.way(clock), clock.clone()))]
    }

    fn sagas<'a>(&'a self, store: &'a Store) -> BoxFuture<'a, Vec<Found>> {
        async {
            let key = Identity::Key(self.key.clone());
            let found = store.find_first(TRAVELLER, DEFINITION.kind, &key).await;
            found.expect("the books").into_iter().collect()
        }
        .boxed()
    }

    fn ask(&self, at: Executor, _store: Store) -> BoxFuture<'_, ()> {
        self.ask_at(at).boxed()
    }

    fn is_answered(&self) -> bool {
        let is_rest = |told: &Seen| told.progress.is_some_and(Progress::is_rest);
        self.seen(|seen| seen.told.iter().any(is_rest))
    }

    fn happened(&self, saga: &Found, effect: Effect) -> bool {
        let line = effect.line.map_or_else(String::new, |line| format!(":{line}"));
        self.nearby.with(|all| all.happened(&format!("{}:{}{line}", saga.id, effect.step)))
    }

    fn get_well(&self) {
        self.nearby.befall(vec![]);
    }

    /// Fares rise, and the border gives another number.
    fn somebody_died(&self) -> BoxFuture<'_, ()> {
        self.nearby.with(Neighbours::change);
        let is_first = !self.seen(|seen| std::mem::replace(&mut seen.has_died, true));
        if let Some(later) = self.of.troubles_later.clone().filter(|_| is_first) {
            self.nearby.befall(later);
        }
        ready(()).boxed()
    }

    fn check_told<'a>(&'a self, _store: &'a Store, sagas: &'a [Found]) -> BoxFuture<'a, ()> {
        self.check(sagas.first());
        ready(()).boxed()
    }

    fn check_end<'a>(&'a self, store: &'a Store, sagas: &'a [Found]) -> BoxFuture<'a, Ending> {
        self.check_books(store, &sagas[0]).boxed()
    }
}

/// The end with its cause: the step that was refused, or another word.
fn ending_of(saga: &Found, definition: &Definition) -> Ending {
    let cause = saga.known.as_ref().and_then(|known| known.cause.as_ref());
    let why = match cause {
        Some(Cause::Refused { step, .. }) => {
            definition.step(step).expect("a step of its table").word()
        }
        Some(Cause::Deadline { .. }) => "deadline",
        Some(Cause::Operator { .. }) => "stopped",
        Some(Cause::Cancelled { .. }) => "cancelled",
        Some(Cause::Fault { .. } | Cause::Own(_)) | None => "no reason of a trip",
    };
    match saga.progress.expect("readable") {
        Progress::Rest(End::Completed) => Ending::Completed,
        Progress::Rest(End::Compensated) => Ending::Compensated(why),
        Progress::Rest(End::Rejected) => Ending::Rejected(why),
        Progress::Forward { .. } | Progress::Backward => panic!("not at rest: {saga:?}"),
    }
}
