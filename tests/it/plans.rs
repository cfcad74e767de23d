//! No statement reads more rows than it needs, by PostgreSQL's own counts after some load.

use std::time::Duration;

use futures::future::join_all;
use order_service::clock::Clock;
use order_service::sandbox::sample;
use order_service::store::Due;
use sea_orm::{ConnectionTrait, Database, Statement};

use crate::books::run;
use crate::harness::{Books, World, cart};

const CHECKOUTS: u64 = 200;

#[tokio::test]
async fn nothing_is_scanned() {
    let world = World::build(Books::Postgres).no_joining().start().await;
    let cart = cart(sample::MEENA, &[(sample::TEA, 1), (sample::STICKER, 1)]);
    for _ten in 0..CHECKOUTS / 10 {
        for answer in join_all((0..10).map(|_| world.create(&cart))).await {
            assert_eq!(answer.status, 201, "{answer:?}");
        }
    }
    for _time in 0..10 {
        let history = format!("/api/orders/user/{}?limit=5&sort=-totalAmount", sample::MEENA);
        assert_eq!(world.get(&history).await.status, 200);
        assert_eq!(world.operator("/sagas?state=Paid&limit=5").await.status, 200);
        assert_eq!(world.operator("/sagas?stuck=true&limit=5").await.status, 200);
    }
    // Few of a long history are not orders.
    world.create(&crate::harness::cart(sample::MEENA, &[(sample::TEA, 10_000)])).await;
    for _time in 0..100 {
        for query in ["status=Pending", "status=Rejected", "status=Pending&sort=totalAmount"] {
            let path = format!("/api/orders/user/{}?limit=5&{query}", sample::MEENA);
            assert_eq!(world.get(&path).await.status, 200);
        }
    }
    // Few sagas, and here none, are about so much, which the planner has to know.
    let books = Database::connect(world.config.database.url.reveal()).await.expect("the books");
    books.execute_unprepared("ANALYZE saga_instance").await.expect("the books");
    books.close().await.expect("it was open");
    for _time in 0..100 {
        assert_eq!(world.operator("/sagas?minAmount=100001").await.status, 200);
    }
    // What executors ask all the time must not read sagas at rest.
    let (store, now) = (&world.service.store, Clock::system().now());
    let (usual, latest) = (now + Duration::from_mins(1), now + Duration::from_mins(10));
    let due = Due { now, usual, latest, written: now };
    for _time in 0..100 {
        assert!(!store.is_any_claimable(due).await.expect("the books"));
        assert_eq!(store.next_due().await.expect("the books"), None);
        assert_eq!(store.undriven_by_state().await.expect("the books"), []);
    }
    assert_eq!(run(&world, &["audit", "--rate", "10000"]).await.code, Some(0));
    assert_eq!(run(&world, &["check"]).await.code, Some(0));
    let url = world.config.database.url.reveal().to_owned();
    // A connection reports its counts when it is closed.
    world.finish().await;
    let books = Database::connect(&url).await.expect("the books");
    let of = async |sql: &str| {
        let statement = Statement::from_string(sea_orm::DbBackend::Postgres, sql);
        let rows = books.query_all_raw(statement).await.expect("the books");
        let read = |row: &sea_orm::QueryResult| -> (String, i64) {
            (row.try_get_by_index(0).expect("a name"), row.try_get_by_index(1).expect("a count"))
        };
        rows.iter().map(read).collect::<Vec<_>>()
    };
    // Executors, cursors and tallies are few rows; the outbox is read in full by the world's own audit.
    let scanned = of("SELECT relname::text, seq_tup_read FROM pg_stat_user_tables \
                      WHERE seq_tup_read > 0 AND relname NOT IN ('executor', 'event_cursor', 'saga_tally', 'outbox', 'retention', 'books_audit', 'seaql_migrations')");
    assert_eq!(scanned.await, [], "rows read by sequential scans");
    // Each checkout's own row is read a few times. A join over the whole index would read a hundred rows
    // for each, and finding a row among its owner's would read thousands; so would a claim or a count that
    // reads more than the few open sagas.
    let read = of("SELECT indexrelname::text, idx_tup_read FROM pg_stat_user_indexes \
                   WHERE relname = 'saga_instance' AND idx_tup_read > 0")
    .await;
    for (index, read) in &read {
        let each = read.unsigned_abs() / CHECKOUTS;
        let most = if index == "saga_instance_pkey" { 15 } else { 60 };
        assert!(each < most, "{each} entries of {index} read per checkout");
    }
    assert!(read.iter().any(|(index, _)| index == "saga_instance_pkey"), "it was used");
}
