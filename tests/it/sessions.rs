//! What can happen to connections to PostgreSQL: they are closed, fall silent, become read-only, wait
//! for somebody's lock, or report a commit that does not count.

use std::time::Duration;

use futures::future::join_all;
use order_service::app::Running;
use order_service::clock::Clock;
use order_service::config::DatabaseUrl;
use order_service::sandbox::sample::{ASHA, MEENA, TEA};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement, TransactionTrait};
use serde_json::json;
use uuid::Uuid;

use crate::database::behind;
use crate::harness::{Books, Gate, Postgres, World, all_sagas, cart};

const UNAVAILABLE: &str = "The database is unavailable";

/// The test's own connection to a world's database.
async fn books_of(world: &World) -> DatabaseConnection {
    Database::connect(world.config.database.url.reveal()).await.expect("the books")
}

async fn tell(books: &DatabaseConnection, sql: &str) {
    books.execute_unprepared(sql).await.expect(sql);
}

async fn count(books: &DatabaseConnection, sql: &str) -> i64 {
    let asked = Statement::from_string(books.get_database_backend(), sql);
    let row = books.query_one_raw(asked).await.expect(sql).expect("a row");
    row.try_get_by_index(0).expect("a number")
}

const END_ALL: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
     WHERE datname = current_database() AND application_name = 'order-service'";

#[tokio::test]
async fn sessions_that_the_server_ends_fail_no_request() {
    let world = World::build(Books::Postgres).start().await;
    let books = books_of(&world).await;
    for _time in 0..5 {
        tell(&books, END_ALL).await;
        let id = world.create(&cart(ASHA, &[(TEA, 1)])).await.is_created(ASHA, 14_900);
        tell(&books, END_ALL).await;
        let looks = [
            format!("/api/orders/{id}"),
            format!("/api/orders/{id}/status"),
            format!("/api/orders/user/{ASHA}"),
            "/health/ready".to_owned(),
        ];
        for answer in join_all(looks.iter().map(|path| world.get(path))).await {
            assert_eq!(answer.status, 200, "{answer:?}");
        }
        tell(&books, END_ALL).await;
        assert_eq!(world.operator("/sagas").await.status, 200);
    }
    books.close().await.expect("closing");
    world.finish().await;
}

#[tokio::test]
async fn connections_that_fall_silent_are_replaced() {
    let mut gate = Gate::shut();
    let (url, real) = behind(&Postgres::shared().database().await, &gate);
    gate.open(&real);
    let world = World::build(Books::Postgres).set(move |config| config.database.url = url);
    let world = world.start().await;
    world.create(&cart(ASHA, &[(TEA, 1)])).await.is_created(ASHA, 14_900);
    gate.hush();
    // Some connections are in use when they fall silent, and some are not.
    let at_once = (0..10).map(|_| world.get("/health/ready"));
    drop(join_all(at_once).await);
    let id = world.create_insistently(&cart(ASHA, &[(TEA, 2)]), "after", "wait=60").await;
    let id = id.is_created(ASHA, 29_800);
    assert_eq!(world.get(&format!("/api/orders/{id}")).await.status, 200);
    world.until(async || world.get("/health/ready").await.status == 200).await;
    world.finish().await;
}

#[tokio::test]
async fn a_session_that_can_only_read_is_not_used() {
    let world = World::build(Books::Postgres).start().await;
    let books = books_of(&world).await;
    let name = world.config.database.url.reveal().rsplit_once('/').expect("a name").1.to_owned();
    let read_only = format!("ALTER DATABASE {name} SET default_transaction_read_only = on");
    tell(&books, &read_only).await;
    tell(&books, END_ALL).await;
    let refused = world.create_keyed(&cart(ASHA, &[(TEA, 1)]), "key").await;
    refused.is_problem(503, UNAVAILABLE, json!({}));
    let ready = world.get("/health/ready").await;
    let reason = json!({"status": "unavailable", "reason": "the database is read-only"});
    assert_eq!((ready.status, ready.body), (503, reason));
    // What the service read before is not read from such a connection, either.
    assert_eq!(world.get(&format!("/api/orders/user/{ASHA}")).await.status, 503);
    let writable = format!("ALTER DATABASE {name} RESET default_transaction_read_only");
    tell(&books, &format!("SET TRANSACTION READ WRITE; {writable}")).await;
    let cart = cart(ASHA, &[(TEA, 1)]);
    world.create_insistently(&cart, "key", "wait=60").await.is_created(ASHA, 14_900);
    world.until(async || world.get("/health/ready").await.status == 200).await;
    books.close().await.expect("closing");
    world.finish().await;
}

#[tokio::test]
async fn a_request_that_waits_for_a_locked_table_is_answered_and_holds_up_no_other() {
    let world = World::build(Books::Postgres).start().await;
    let books = books_of(&world).await;
    let id = world.create(&cart(ASHA, &[(TEA, 1)])).await.is_created(ASHA, 14_900);
    let lock = books.begin().await.expect("a transaction");
    let sql = "LOCK TABLE orders IN ACCESS EXCLUSIVE MODE";
    lock.execute_unprepared(sql).await.expect("the lock");
    let history = format!("/api/orders/user/{ASHA}");
    let waits = join_all((0..20).map(|_| world.get(&history)));
    let others = async {
        for _time in 0..20 {
            assert_eq!(world.get("/health/ready").await.status, 200);
            assert_eq!(world.get("/health/live").await.status, 200);
            assert_eq!(world.inspect(id).await["state"], "Completed");
            assert_eq!(world.operator("/sagas").await.status, 200);
        }
    };
    let (answers, ()) = futures::future::join(waits, others).await;
    for answer in answers {
        answer.is_problem(503, UNAVAILABLE, json!({}));
    }
    lock.rollback().await.expect("the end of the lock");
    assert_eq!(world.get(&history).await.status, 200);
    books.close().await.expect("closing");
    world.finish().await;
}

#[tokio::test]
async fn serialization_failures_are_retried_and_never_reach_clients() {
    let world = World::build(Books::Postgres).start().await;
    let books = books_of(&world).await;
    // Every write meets three serialization failures, one after the other.
    tell(
        &books,
        "CREATE SEQUENCE conflicts;
         CREATE FUNCTION conflict() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF nextval('conflicts') % 4 <> 0 THEN
                 RAISE EXCEPTION 'could not serialize access' USING ERRCODE = '40001';
             END IF;
             RETURN NULL;
         END $$;
         CREATE TRIGGER conflict AFTER INSERT OR UPDATE ON saga_instance
             FOR EACH STATEMENT EXECUTE FUNCTION conflict()",
    )
    .await;
    for units in 1..=5 {
        let total = 14_900 * i64::from(units);
        world.create(&cart(ASHA, &[(TEA, units)])).await.is_created(ASHA, total);
    }
    assert!(count(&books, "SELECT last_value FROM conflicts").await >= 20);
    books.close().await.expect("closing");
    world.finish().await;
}

#[tokio::test]
async fn a_database_that_is_serializable_by_default_fails_no_request_in_a_burst() {
    let url = Postgres::shared().database().await;
    let name = url.rsplit_once('/').expect("a name").1.to_owned();
    let admin = Database::connect(&url).await.expect("the database");
    let sql = format!("ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'");
    tell(&admin, &sql).await;
    admin.close().await.expect("closing");
    let parsed = DatabaseUrl::parse(&url).expect("a URL");
    let world = World::build(Books::Postgres).set(move |config| config.database.url = parsed);
    let world = world.start().await;
    world.put_user(MEENA, 1_000_000_000).await;
    let other = Running::start(world.config.clone(), Clock::system()).await.expect("a replica");
    let there = format!("http://{}/api/orders/create", other.address);
    let order = cart(MEENA, &[(TEA, 1)]);
    let at_once = (0..80).map(|at| {
        let request = world.creation(&order, &[("Idempotency-Key", &format!("key-{at}"))]);
        let request = request.build().expect("a request");
        let elsewhere = world.http.post(&there).headers(request.headers().clone()).json(&order);
        let (here, http) = (at % 2 == 0, &world.http);
        async move {
            let answer = if here { http.execute(request).await } else { elsewhere.send().await };
            answer.expect("an answer").status().as_u16()
        }
    });
    let answers = join_all(at_once).await;
    assert!(answers.iter().all(|status| *status == 201), "{answers:?}");
    other.stop(Duration::from_secs(5)).await;
    world.finish().await;
}

#[tokio::test]
async fn a_commit_that_comes_with_a_warning_is_answered_once_a_later_one_comes_without() {
    let world = World::build(Books::Postgres).start().await;
    let books = books_of(&world).await;
    // PostgreSQL's warning when somebody cancels a commit's wait for its standby.
    tell(
        &books,
        "CREATE TABLE wait_is_ended (yes bool);
         INSERT INTO wait_is_ended VALUES (true);
         CREATE SEQUENCE warnings;
         CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF EXISTS (SELECT FROM wait_is_ended) THEN
                 PERFORM nextval('warnings');
                 RAISE WARNING 'canceling wait for synchronous replication due to user request';
             END IF;
             RETURN NULL;
         END $$;
         CREATE CONSTRAINT TRIGGER warn AFTER INSERT OR UPDATE ON saga_instance
             DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION warn();
         CREATE CONSTRAINT TRIGGER warn AFTER INSERT OR UPDATE ON write_probe
             DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION warn()",
    )
    .await;
    let order = cart(ASHA, &[(TEA, 1)]);
    let create = world.create_keyed(&order, "key");
    let meanwhile = async {
        while count(&books, "SELECT last_value FROM warnings").await < 4 {
            tokio::task::yield_now().await;
        }
        // The row can be read, but must not be believed yet: nothing was charged for it.
        assert_eq!(all_sagas(&world.service.store).await.len(), 1);
        assert!(world.sandbox.ledger().records.is_empty());
        let ready = world.get("/health/ready").await;
        assert_eq!(ready.status, 503, "{ready:?}");
        tell(&books, "DELETE FROM wait_is_ended").await;
    };
    let (created, ()) = futures::future::join(create, meanwhile).await;
    let id: Uuid = created.is_created(ASHA, 14_900);
    assert_eq!(world.get(&format!("/api/orders/{id}")).await.status, 200);
    books.close().await.expect("closing");
    world.finish().await;
}

#[tokio::test]
async fn a_service_that_can_write_nothing_is_not_ready_until_it_can() {
    let world = World::build(Books::Postgres).start().await;
    let books = books_of(&world).await;
    let on = |table: &str| {
        format!(
            "CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON {table} \
             FOR EACH STATEMENT EXECUTE FUNCTION full_disk();"
        )
    };
    let full = "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100';
         END $$;";
    let tables = ["saga_instance", "write_probe", "executor"];
    tell(&books, &format!("{full} {}", tables.map(on).concat())).await;
    let refused = world.create(&cart(ASHA, &[(TEA, 1)])).await;
    refused.is_problem(503, UNAVAILABLE, json!({}));
    let ready = world.get("/health/ready").await;
    let reason = json!({"status": "unavailable", "reason": "the database's disk is full"});
    assert_eq!((ready.status, ready.body), (503, reason));
    tell(&books, "DROP FUNCTION full_disk CASCADE").await;
    world.until(async || world.get("/health/ready").await.status == 200).await;
    world.create(&cart(ASHA, &[(TEA, 1)])).await.is_created(ASHA, 14_900);
    books.close().await.expect("closing");
    world.finish().await;
}
