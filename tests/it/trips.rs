//! A kind of saga that the service does not have, driven by the engine that it has: what holds for a
//! checkout holds for a trip, and so does what only a kind with a pivot can show.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use order_service::clock::Clock;
use order_service::engine::{Admission, Executor, NewSaga, Seen, Settings, Wait};
use order_service::order::{Line, OrderId, ProductId, UserId};
use order_service::saga::retry::Backoff;
use order_service::saga::{
    Catalogue, Definition, End, Intervention, Manners, Policy, Progress, SagaFacts, StuckKind, Word,
};
use order_service::store::{self, Access, Identity, Store};
use order_service::trace::TraceParent;
use tempfile::TempDir;
use uuid::Uuid;

use crate::harness::{BOTH, Books, Postgres, all_sagas};
use crate::nearby::{Nearby, Trouble, Wrong};
use crate::trip::{
    ASK_BORDER, ASK_FARES, BANK, DEFINITION, DEFINITIONS, FREE_SEAT, HOLD_SEAT, ISSUE_TICKET, Kept,
    LOOK_UP, Neighbours, OLDER, POST, POST_LETTER, RAIL, TAKE_FARE, Trip, TripFacts, faults_of,
    strays,
};

/// What a seat costs.
const FARE: u64 = 250;
const TRAVELLER: UserId = UserId(Uuid::from_u128(0x7a));
/// For a trip that is to miss it: long enough for a busy machine to get as far as it should before.
const SOON: Duration = Duration::from_secs(3);
/// A test that takes longer hangs.
const PATIENCE: Duration = Duration::from_mins(1);

/// An executor with the trip alone, on books of its own.
struct Office {
    store: Store,
    executor: Executor,
    nearby: Arc<Nearby>,
    _directory: TempDir,
}

/// How an office differs from the usual one.
struct Shape {
    troubles: Vec<Trouble>,
    fare: u64,
    idempotent: bool,
    deadline: Duration,
}

impl Shape {
    fn with(troubles: Vec<Trouble>) -> Self {
        Self { troubles, fare: FARE, idempotent: true, deadline: PATIENCE }
    }
}

impl Office {
    async fn open(books: Books, shape: &Shape) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let url = match books {
            Books::Sqlite => format!("sqlite://{}/books.db", directory.path().display()),
            Books::Postgres => Postgres::shared().database().await,
        };
        let clock = Clock::system();
        let options = store::Options {
            url: &url,
            max_connections: 5,
            silence: Duration::from_secs(10),
            access: Access::Owner,
            clock: clock.clone(),
            catalogue: Catalogue::of(DEFINITIONS),
            failpoints: None,
        };
        let store = store::open(options).await.expect("the books");
        store.migrate().await.expect("a schema");
        let all = [RAIL, BANK, POST];
        let idempotent = all.into_iter().filter(|_| shape.idempotent);
        let neighbours = Neighbours::new(idempotent, Duration::from_hours(24), shape.fare);
        let nearby = Arc::new(Nearby::new(neighbours, shape.troubles.clone()));
        let kind = Trip::new(nearby.way(&clock), clock.clone());
        let settings = settings(shape);
        let started =
            Executor::start(store.clone(), vec![Arc::new(kind)], settings, clock.clone()).await;
        let executor = started.expect("an executor");
        executor.run();
        Self { store, executor, nearby, _directory: directory }
    }

    /// Asks for a trip of two legs, and waits until it is decided or needs a person.
    async fn travel_by(&self, definition: &'static Definition, key: &str) -> Seen {
        let order_id = OrderId(Uuid::new_v5(&TRAVELLER.0, key.as_bytes()));
        let leg = |id| Line { product_id: ProductId(Uuid::from_u128(id)), quantity: 2 };
        let facts = TripFacts::asked(order_id, vec![leg(1), leg(2)]);
        let new = NewSaga {
            definition,
            order_id: Some(order_id),
            user_id: TRAVELLER,
            facts: SagaFacts::new(facts),
            attended: false,
            identity: Some(Identity::Key(key.to_owned())),
            fingerprint: key.to_owned(),
            trace: TraceParent::fresh(),
        };
        match self.executor.admit(new, Wait::Decided(PATIENCE)).await {
            Admission::Accepted { seen, .. } => seen,
            refused => panic!("{refused:?}"),
        }
    }

    async fn travel(&self) -> Seen {
        self.travel_by(&DEFINITION, "a key").await
    }

    /// Whether the trip was written after its deadline, and is not at rest.
    async fn is_tried_after_its_deadline(&self) -> bool {
        let key = Identity::Key("a key".to_owned());
        let found = self.store.find_first(TRAVELLER, DEFINITION.kind, &key).await;
        let Some(found) = found.expect("the books") else { return false };
        let inspected = self.store.inspect(found.id).await.expect("the books").expect("there");
        let saga = inspected.instance.expect("readable");
        assert!(!saga.progress.is_rest(), "given up: {saga:?}");
        saga.updated_at > saga.deadline_at
    }

    async fn say(&self, seen: &Seen, what: Intervention) -> Result<String, String> {
        let word = Word { operator: "asha".to_owned(), reason: "they say so".to_owned() };
        let did = self.executor.intervene(seen.id, what, &word, None, None).await;
        did.map(|done| done.did).map_err(|refused| format!("{refused:?}"))
    }

    /// Compares the books with what the neighbours did.
    async fn close(self) {
        let mut faults = self.nearby.with(|neighbours| neighbours.faults.clone());
        let mut ids = BTreeSet::new();
        for saga in all_sagas(&self.store).await {
            ids.insert(saga.id.to_string());
            let inspected = self.store.inspect(saga.id).await.expect("the books").expect("there");
            let definition = inspected.instance.expect("readable").definition;
            let account = self.store.account(saga.order_id).await.expect("the books");
            let of_orders = account.events.iter().filter(|event| event.kind == "order.confirmed");
            let (order, events) = (account.order.as_ref(), of_orders.count());
            let kept = Kept { saga: &saga, definition, order, events };
            faults.extend(self.nearby.with(|neighbours| faults_of(&kept, neighbours)));
            // The order stands under its own id, and nothing under the saga's.
            let other = self.store.order(OrderId(saga.id.0)).await.expect("the books");
            assert!(other.is_none(), "{other:?}");
        }
        faults.extend(self.nearby.with(|neighbours| strays(neighbours, &ids)));
        assert_eq!(faults, Vec::<String>::new());
        self.executor.drain(Duration::from_secs(1)).await;
        // The log writer ends with the last handle, and gives its connection back.
        drop(self.executor);
        self.store.close().await;
    }
}

fn settings(shape: &Shape) -> Settings {
    let key_memory = Duration::from_hours(24);
    let idempotent = shape.idempotent;
    let manners = Manners { idempotent, key_memory, timeout: Duration::from_millis(50) };
    let neighbours = [RAIL, BANK, POST].map(|neighbour| (neighbour, manners));
    let policy = Policy {
        neighbours: Arc::new(neighbours.into()),
        backoff: Backoff {
            initial: Duration::from_millis(5),
            max: Duration::from_millis(20),
            multiplier: 2.0,
            jitter: 0.0,
        },
        stuck_after: PATIENCE,
        deadline: shape.deadline,
        deadline_attended: shape.deadline,
    };
    Settings { concurrency: 16, backlog: 1000, lease: Duration::from_secs(5), policy }
}

/// Runs a test on both databases, in an office where this goes wrong.
async fn with(troubles: Vec<Trouble>, test: impl AsyncFn(&Office)) {
    shaped(&Shape::with(troubles), test).await;
}

async fn shaped(shape: &Shape, test: impl AsyncFn(&Office)) {
    for books in BOTH {
        println!("with books in {books:?}");
        let office = Office::open(books, shape).await;
        let ended = Clock::system().within(PATIENCE, Box::pin(test(&office))).await;
        ended.expect("the test hangs");
        office.close().await;
    }
}

fn is_at(seen: &Seen, end: End) -> bool {
    seen.progress == Some(Progress::Rest(end))
}

#[tokio::test]
async fn a_trip_travels_and_its_order_has_an_id_of_its_own() {
    with(vec![], async |office| {
        let seen = office.travel().await;
        assert!(is_at(&seen, End::Completed), "{seen:?}");
        assert_ne!(seen.order_id.0, seen.id.0);
        let order = office.store.order(seen.order_id).await.expect("the books");
        let order = order.expect("the order stands");
        assert_eq!((order.total.0, order.items.len()), (1000, 2));
        // The same key is the same trip.
        let again = office.travel().await;
        assert_eq!((again.id, again.progress), (seen.id, seen.progress));
    })
    .await;
}

#[tokio::test]
async fn a_free_trip_travels_and_takes_nothing() {
    let shape = Shape { fare: 0, ..Shape::with(vec![]) };
    shaped(&shape, async |office| {
        for (definition, key) in [(&DEFINITION, "now"), (&OLDER, "then")] {
            let seen = office.travel_by(definition, key).await;
            assert!(is_at(&seen, End::Completed), "{seen:?}");
            let taken = office.nearby.with(|all| all.count(&seen.id.to_string(), TAKE_FARE));
            assert_eq!(taken, 0);
        }
    })
    .await;
}

#[tokio::test]
async fn a_trip_is_turned_back_by_a_refusal_before_the_fare_is_taken() {
    let second = |what| Trouble { line: Some(1), ..Trouble::on(what, Wrong::Refused) };
    for trouble in [
        second(HOLD_SEAT.word()),
        Trouble::on(ASK_BORDER.word(), Wrong::Refused),
        Trouble::on(TAKE_FARE.word(), Wrong::Refused),
    ] {
        let late = Trouble::once(FREE_SEAT.word(), Wrong::DropAfter);
        with(vec![trouble, late], async |office| {
            let seen = office.travel().await;
            assert!(is_at(&seen, End::Compensated), "{seen:?}");
        })
        .await;
    }
}

#[tokio::test]
async fn a_trip_of_which_nothing_happened_is_called_off() {
    for what in [ASK_FARES.word(), HOLD_SEAT.word()] {
        with(vec![Trouble::on(what, Wrong::Refused)], async |office| {
            let seen = office.travel().await;
            assert!(is_at(&seen, End::Rejected), "{seen:?}");
        })
        .await;
    }
}

#[tokio::test]
async fn what_comes_after_the_fare_is_not_given_up_at_the_deadline() {
    for what in [ISSUE_TICKET.word(), POST_LETTER.word(), TAKE_FARE.word()] {
        // A fare of which nobody heard may have been taken.
        let troubles = vec![Trouble::on(what, Wrong::DropAfter)];
        let shape = Shape { deadline: SOON, ..Shape::with(troubles) };
        shaped(&shape, async |office| {
            let (seen, ()) = futures::join!(office.travel(), async {
                while !office.is_tried_after_its_deadline().await {
                    tokio::task::yield_now().await;
                }
                office.nearby.befall(vec![]);
            });
            assert!(is_at(&seen, End::Completed), "{seen:?}");
        })
        .await;
    }
}

#[tokio::test]
async fn a_trip_that_is_not_paid_by_the_deadline_is_turned_back() {
    for what in [ASK_BORDER.word(), TAKE_FARE.word()] {
        let troubles = vec![Trouble::on(what, Wrong::NotSent)];
        let shape = Shape { deadline: SOON, ..Shape::with(troubles) };
        shaped(&shape, async |office| {
            let seen = office.travel().await;
            assert!(is_at(&seen, End::Compensated), "{seen:?}");
        })
        .await;
    }
}

#[tokio::test]
async fn a_refused_ticket_waits_for_a_person_who_can_not_stop_the_trip() {
    let refused = Trouble::once(ISSUE_TICKET.word(), Wrong::Refused);
    with(vec![refused], async |office| {
        let seen = office.travel().await;
        assert!(seen.needs_person, "{seen:?}");
        let found = office.store.inspect(seen.id).await.expect("the books").expect("it is there");
        assert_eq!(found.found.stuck.expect("stuck").kind, StuckKind::Refused);
        let stopped = office.say(&seen, Intervention::Compensate).await;
        assert!(stopped.expect_err("paid").contains("no way back"));
        office.say(&seen, Intervention::Retry).await.expect("a person may");
        let seen = office.travel().await;
        assert!(is_at(&seen, End::Completed), "{seen:?}");
    })
    .await;
}

#[tokio::test]
async fn at_forgetful_neighbours_a_fare_in_doubt_is_looked_up_and_only_then_the_trip_goes_on() {
    let troubles = vec![
        Trouble::once(TAKE_FARE.word(), Wrong::DropAfter),
        Trouble { times: 2, ..Trouble::on(LOOK_UP, Wrong::ErrorBefore) },
    ];
    let shape = Shape { idempotent: false, ..Shape::with(troubles) };
    shaped(&shape, async |office| {
        // It may need a person meanwhile, who has nothing to say.
        let seen = office.travel().await;
        let decided = async || is_at(&office.travel().await, End::Completed);
        while !decided().await {
            tokio::task::yield_now().await;
        }
        let taken = office.nearby.with(|all| all.count(&seen.id.to_string(), TAKE_FARE));
        assert_eq!(taken, 1);
    })
    .await;
}

#[tokio::test]
async fn every_call_may_fail_once_in_any_way_and_nothing_is_done_twice_or_at_another_fare() {
    let wrongs = [
        Wrong::ErrorBefore,
        Wrong::ErrorAfter,
        Wrong::DropBefore,
        Wrong::DropAfter,
        Wrong::GarbageBefore,
        Wrong::GarbageAfter,
        Wrong::NotSent,
    ];
    let steps = [ASK_FARES, HOLD_SEAT, ASK_BORDER, TAKE_FARE, ISSUE_TICKET, POST_LETTER];
    let troubles = steps.iter().zip(wrongs.into_iter().cycle()).flat_map(|(step, wrong)| {
        [Trouble::once(step.word(), wrong), Trouble::once(step.word(), Wrong::DropAfter)]
    });
    with(troubles.collect(), async |office| {
        let (first, ()) = futures::join!(office.travel(), async {
            office.nearby.with(Neighbours::change);
        });
        assert!(is_at(&first, End::Completed), "{first:?}");
        let order = office.store.order(first.order_id).await.expect("the books");
        assert!(order.is_some_and(|order| order.total.0 >= 1000));
    })
    .await;
}

#[tokio::test]
async fn a_trip_that_was_begun_under_an_older_table_is_carried_on_by_it() {
    let waits = Trouble { times: 3, ..Trouble::on(TAKE_FARE.word(), Wrong::NotSent) };
    with(vec![waits], async |office| {
        let (older, newer) = futures::join!(
            office.travel_by(&OLDER, "an older key"),
            office.travel_by(&DEFINITION, "a key")
        );
        for (seen, is_cleared) in [(older, false), (newer, true)] {
            assert!(is_at(&seen, End::Completed), "{seen:?}");
            let known = seen.known.expect("readable");
            let facts: &TripFacts = known.facts.of().expect("a trip's");
            assert_eq!(facts.clearance.is_some(), is_cleared);
        }
    })
    .await;
}
