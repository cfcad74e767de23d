//! One commit of the log writer, in which some sagas can be written and some can't: each is decided by
//! itself (promise 28), and repeating the commit writes nothing twice (promise 21).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use order_service::checkout::step::PRICE_CART;
use order_service::checkout::{CheckoutFacts, DEFINITION, DEFINITIONS};
use order_service::clock::Clock;
use order_service::order::{
    Confirmed, Fact, Line, OrderId, OrderStatus, Paise, PricedLine, ProductId, UserId,
};
use order_service::saga::{
    Catalogue, Effect, End, Entry, Event, Instance, Phase, Position, Progress, SagaFacts, SagaId,
    Terms,
};
use order_service::store::{
    self, Accepted, Access, Base, Committer, Failpoints, Fate, Identity, NewEvent, NewOrder,
    Records, Store, Write,
};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use tempfile::TempDir;
use uuid::Uuid;

use crate::harness::{BOTH, Books, Postgres};

const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;
const OWNER: Uuid = Uuid::from_u128(0xa);
const OTHER: Uuid = Uuid::from_u128(0xb);
const LINE: Line = Line { product_id: ProductId(Uuid::from_u128(0xc)), quantity: 2 };

fn saga(id: u128) -> Instance {
    let facts = SagaFacts::new(CheckoutFacts::of_lines(vec![LINE]));
    let terms = Terms::default();
    Instance {
        id: SagaId(Uuid::from_u128(id)),
        order_id: OrderId(Uuid::from_u128(id)),
        user_id: UserId(Uuid::from_u128(0xd)),
        definition: &DEFINITION,
        progress: Progress::START,
        stuck: None,
        held: None,
        cancel_request: None,
        position: Position::new(&DEFINITION, &facts, &terms.promises, NOW),
        terms,
        cause: None,
        facts,
        attempts: 0,
        next_attempt_at: None,
        failing_since: None,
        last_error: None,
        deadline_at: NOW + Duration::from_mins(2),
        owner: Some(OWNER),
        fence: 1,
        revision: 1,
        version: 1,
        created_at: NOW,
        updated_at: NOW,
        trace_parent: String::new(),
        next_seq: 1,
        taken_over: false,
        unsaved: Vec::new(),
    }
}

/// A write with a log entry, as every write has one.
fn write(base: Base, mut saga: Instance) -> Write {
    let effect = Effect::of_line(PRICE_CART, 0);
    saga.log(Entry::new(effect, Phase::Forward, Event::Retried, NOW).by("host:1"));
    let entries = std::mem::take(&mut saga.unsaved);
    Write { base, saga, entries, records: Records::default() }
}

fn acceptance(saga: Instance, key: Option<&str>) -> Write {
    let identity = key.map(|key| Identity::Key(key.to_owned()));
    write(Base::New(Accepted { identity, fingerprint: "of the cart".to_owned() }), saga)
}

fn order(saga: &Instance) -> NewOrder {
    NewOrder {
        id: saga.order_id,
        user_id: saga.user_id,
        total: Paise(200),
        created_at: NOW,
        confirmed_at: NOW,
        items: vec![(
            Uuid::from_u128(saga.id.0.as_u128() + 0x100),
            PricedLine { line: LINE, unit_price: Paise(100) },
        )],
        profile_id: None,
        status: OrderStatus::Confirmed,
        shipping_address: None,
    }
}

/// The write that completes a saga right after its acceptance.
fn completion(mut saga: Instance, owner: Uuid) -> Write {
    let base = Base::Owned { owner, fence: saga.fence, revision: saga.revision };
    (saga.owner, saga.next_seq) = (None, 2);
    saga.progress = Progress::Rest(End::Completed);
    saga.revision += 1;
    let event = NewEvent {
        id: Uuid::from_u128(saga.id.0.as_u128() + 0x200),
        fact: Fact::Confirmed(Confirmed { total_amount: 0, items: Vec::new() }),
        order_id: saga.order_id,
        user_id: saga.user_id,
        status: Some(OrderStatus::Confirmed),
        at: NOW,
        trace_parent: saga.trace_parent.clone(),
    };
    let (order, events) = (Some(order(&saga)), vec![event]);
    Write { records: Records { order, events, ..Records::default() }, ..write(base, saga) }
}

/// A migrated database without a service.
pub struct Bare {
    pub store: Store,
    committer: Committer,
    pub books: DatabaseConnection,
    url: String,
    _directory: TempDir,
}

impl Bare {
    pub async fn new(books: Books) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let url = match books {
            Books::Sqlite => format!("sqlite://{}/books.db", directory.path().display()),
            Books::Postgres => Postgres::shared().database().await,
        };
        let (silence, access) = (Duration::from_secs(10), Access::Owner);
        let clock = Clock::system();
        let catalogue = Catalogue::of(DEFINITIONS);
        let options = store::Options {
            url: &url,
            max_connections: 5,
            silence,
            access,
            clock,
            catalogue,
            failpoints: None,
        };
        let store = store::open(options).await.expect("the books");
        store.migrate().await.expect("a schema");
        let committer = store.committer(Clock::system());
        let books = Database::connect(&url).await.expect("the books");
        Self { store, committer, books, url, _directory: directory }
    }

    /// Another process's store on the same books.
    pub async fn another(&self, failpoints: Arc<dyn Failpoints>) -> Store {
        let options = store::Options {
            url: &self.url,
            max_connections: 2,
            silence: Duration::from_secs(10),
            access: Access::Guest,
            clock: Clock::system(),
            catalogue: Catalogue::of(DEFINITIONS),
            failpoints: Some(failpoints),
        };
        store::open(options).await.expect("the books")
    }

    async fn commit(&mut self, writes: &[Write]) -> Vec<Fate> {
        let writes: Vec<_> = writes.iter().collect();
        self.committer.commit(&writes).await.expect("a commit")
    }

    pub async fn close(self) {
        // It keeps a connection.
        drop(self.committer);
        self.books.close().await.expect("closing");
        self.store.close().await;
    }

    async fn ids(&self, sql: &str) -> BTreeSet<u128> {
        let rows = self
            .books
            .query_all_raw(sea_orm::Statement::from_string(self.books.get_database_backend(), sql));
        let id = |row: &sea_orm::QueryResult| row.try_get_by_index::<Uuid>(0).expect("an id");
        rows.await.expect("the books").iter().map(|row| id(row).as_u128()).collect()
    }
}

#[tokio::test]
async fn a_write_that_can_not_be_made_does_not_affect_the_others() {
    for books in BOTH {
        println!("with books in {books:?}");
        let mut bare = Bare::new(books).await;
        let first: Vec<_> = [(1, Some("key")), (2, None), (3, None), (4, Some("fourth"))]
            .map(|(id, key)| acceptance(saga(id), key))
            .into();
        assert_eq!(bare.commit(&first).await, [Fate::Written; 4]);
        // Another executor claims the fourth saga.
        let claim = "UPDATE saga_instance SET fence = 2 WHERE idempotency_key = 'fourth'";
        bare.books.execute_unprepared(claim).await.expect("the books");

        let mixed = [
            completion(saga(1), OWNER),
            // By an executor that is not its owner any more, or never was.
            completion(saga(2), OTHER),
            // With the key of another saga.
            acceptance(saga(5), Some("key")),
            acceptance(saga(6), Some("another key")),
            // Already written, as far as the database knows.
            acceptance(saga(3), None),
            // Already written, and owned by another executor since.
            acceptance(saga(4), Some("fourth")),
        ];
        let fates =
            [Fate::Written, Fate::Lost, Fate::Repeats, Fate::Written, Fate::Written, Fate::TakenUp];
        // A second time, as after a lost answer.
        for _time in 0..2 {
            assert_eq!(bare.commit(&mixed).await, fates);
            assert_eq!(bare.ids("SELECT id FROM saga_instance").await, [1, 2, 3, 4, 6].into());
            let logged = "SELECT saga_id FROM step_log WHERE seq = 2";
            assert_eq!(bare.ids(logged).await, [1].into());
            assert_eq!(bare.ids("SELECT saga_id FROM step_log").await, [1, 2, 3, 4, 6].into());
            for of_orders in [
                "SELECT id FROM orders",
                "SELECT order_id FROM order_items",
                "SELECT order_id FROM outbox",
                "SELECT id FROM saga_instance WHERE state = 'Completed'",
            ] {
                assert_eq!(bare.ids(of_orders).await, [1].into(), "{of_orders}");
            }
            let tally = "SELECT writer FROM saga_tally WHERE state = 'Completed' AND sagas = 1";
            assert_eq!(bare.ids(tally).await.len(), 1);
        }
        bare.close().await;
    }
}

#[tokio::test]
async fn of_equal_requests_without_a_key_one_is_in_flight() {
    let equal = |saga: Instance| {
        let identity = Some(Identity::Content("of the cart".to_owned()));
        write(Base::New(Accepted { identity, fingerprint: "of the cart".to_owned() }), saga)
    };
    for books in BOTH {
        println!("with books in {books:?}");
        let mut bare = Bare::new(books).await;
        // Two equal ones in one commit, and one equal to them that has a key.
        let first = [equal(saga(1)), equal(saga(2)), acceptance(saga(3), Some("key"))];
        let mut fates = bare.commit(&first).await;
        assert_eq!(fates.pop(), Some(Fate::Written));
        assert_eq!(fates.iter().filter(|fate| **fate == Fate::Written).count(), 1);
        assert_eq!(fates.iter().filter(|fate| **fate == Fate::Repeats).count(), 1);
        let one = if fates[0] == Fate::Written { 1 } else { 2 };
        assert_eq!(bare.commit(&[equal(saga(4))]).await, [Fate::Repeats]);
        // In the same commit that brings the first to rest, it is undefined which comes first.
        bare.commit(&[completion(saga(one), OWNER), equal(saga(5))]).await;
        let found = async || {
            let content = Identity::Content("of the cart".to_owned());
            let user = saga(1).user_id;
            bare.store.find_first(user, "checkout", &content).await.expect("the books")
        };
        let in_flight = found().await.map(|found| found.id.0.as_u128());
        assert!(in_flight.is_none_or(|id| id == 5), "{in_flight:?}");
        let next = bare.commit(&[equal(saga(6))]).await;
        assert_eq!(next, [if in_flight.is_none() { Fate::Written } else { Fate::Repeats }]);
        bare.close().await;
    }
}

#[tokio::test]
async fn what_the_database_refuses_is_not_written_and_harms_nothing_else() {
    for books in BOTH {
        let mut bare = Bare::new(books).await;
        let mut odd = saga(1);
        // PostgreSQL refuses a NUL in text; SQLite stores it.
        odd.trace_parent = "\0".to_owned();
        let batch = [acceptance(odd, None), acceptance(saga(2), None)];
        let writes: Vec<_> = batch.iter().collect();
        let committed = bare.committer.commit(&writes).await;
        if books == Books::Postgres {
            assert!(matches!(committed, Err(store::Error::Refused(_))), "{committed:?}");
            assert_eq!(bare.ids("SELECT id FROM saga_instance").await, [].into());
        }
        assert_eq!(bare.commit(&batch[1..]).await, [Fate::Written]);
        bare.close().await;
    }
}
