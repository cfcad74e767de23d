//! What is due is found by index only, by PostgreSQL's own counts.

use std::time::Duration;

use order_service::sandbox::sample::ASHA;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, Statement};

use super::{Forgetter, Place, delivered, ordered, refused, settled};
use crate::cancel::cancel;
use crate::harness::{Books, World};

#[tokio::test]
async fn nothing_is_scanned_to_find_what_is_over() {
    let (world, place) = (World::build(Books::Postgres).no_joining().start().await, Place::new());
    world.put_user(ASHA, 1_000_000_000).await;
    for number in 0..20 {
        delivered(&world, &format!("delivered-{number}")).await;
        let id = ordered(&world, &format!("cancelled-{number}")).await;
        assert_eq!(cancel(&world, id).await.status, 200);
        refused(&world).await;
        ordered(&world, &format!("confirmed-{number}")).await;
    }
    settled(&world).await;
    // Without the service: what it reads by itself does not count here.
    let url = world.config.database.url.reveal().to_owned();
    let catalogue = world.store().catalogue();
    world.stop().await;
    let mut one = ConnectOptions::new(&url);
    one.max_connections(1);
    let books = Database::connect(one).await.expect("the books");
    let of = async |sql: &str| {
        let statement = Statement::from_string(sea_orm::DbBackend::Postgres, sql);
        let rows = books.query_all_raw(statement).await.expect("the books");
        let read = |row: &sea_orm::QueryResult| -> (String, i64) {
            (row.try_get_by_index(0).expect("a name"), row.try_get_by_index(1).expect("a count"))
        };
        rows.iter().map(read).collect::<Vec<_>>()
    };
    // What a connection did is counted by when it has ended, which is some time after it was closed.
    let alone = async || {
        let others = "SELECT 'others', count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() \
                      AND datname = current_database() AND backend_type = 'client backend'";
        while of(others).await[0].1 != 0 {
            tokio::task::yield_now().await;
        }
    };
    alone().await;
    of("SELECT 'reset', 0::int8 FROM pg_stat_reset()").await;
    let store = super::opened(&url, catalogue, None).await;
    let forgetter = Forgetter::with(store.clone(), &place.path(), 1, |settings| {
        settings.events = Some(Duration::from_hours(24));
        settings.deliveries = Some(Duration::from_hours(24));
    });
    let looked = forgetter.look().await;
    assert_eq!(looked.sagas, 20 + 40 + 20, "{looked:?}");
    assert!(looked.events > 0, "{looked:?}");
    for _again in 0..10 {
        assert_eq!(forgetter.look().await.sagas, 0);
    }
    drop(forgetter);
    store.close().await;
    alone().await;
    let scanned = of("SELECT relname::text, seq_tup_read FROM pg_stat_user_tables \
                      WHERE seq_tup_read > 0 AND relname NOT IN \
                      ('event_cursor', 'retention', 'retention_cursor', 'saga_tally', 'executor', \
                      'seaql_migrations', 'webhook')")
    .await;
    assert_eq!(scanned, [], "rows read by sequential scans");
    // What stays is not read again and again: 20 orders that are confirmed, and 40 that were final.
    let read = of("SELECT indexrelname::text, idx_tup_read FROM pg_stat_user_indexes \
                   WHERE indexrelname IN ('ix_orders_final', 'ix_saga_undone', \
                   'ix_saga_of_order_at_rest')")
    .await;
    for (index, read) in read {
        assert!((1..=3 * 40).contains(&read), "{read} entries of {index} read");
    }
    books.close().await.expect("closing");
}
