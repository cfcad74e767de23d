//! Positions: without gaps, never changed, whoever leads and whatever commits late (promise 59).

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use entity::outbox;
use order_service::store::{Lead, SEQUENCER, Sequenced};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, Database, EntityTrait, QueryFilter, QueryOrder,
    Set, TransactionTrait,
};
use serde_json::json;
use uuid::Uuid;

use super::feed::{all, read};
use crate::commit::Bare;
use crate::harness::{BOTH, Books, World, cart};
use order_service::sandbox::sample::{ASHA, TEA};

const LEASE: Duration = Duration::from_secs(10);
const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// Commits an event of this order and version that became true at this second.
pub async fn commit(on: &impl ConnectionTrait, order: u128, version: i32, second: i64) {
    let event = outbox::ActiveModel {
        id: Set(Uuid::from_u128(order << 16 | u128::try_from(version).expect("a version"))),
        order_id: Set(Uuid::from_u128(order)),
        kind: Set("order.rejected".to_owned()),
        payload: Set(json!({})),
        created_at: Set(NOW + TimeDelta::seconds(second)),
        published_at: Set(None),
        user_id: Set(None),
        version: Set(Some(version)),
        status: Set(Some("Rejected".to_owned())),
        trace_parent: Set(None),
        position: Set(None),
    };
    event.insert(on).await.expect("the books");
}

pub async fn lead(bare: &Bare, owner: u128, second: i64, lease: Duration) -> Option<Lead> {
    let at = NOW + TimeDelta::seconds(second);
    bare.store.lead(SEQUENCER, Uuid::from_u128(owner), at, lease).await.expect("the books")
}

/// Order and version of the events that have a position, in the order of their positions.
async fn placed(bare: &Bare) -> BTreeMap<i64, (u128, i32)> {
    let events = outbox::Entity::find()
        .filter(outbox::Column::Position.is_not_null())
        .order_by_asc(outbox::Column::Position)
        .all(&bare.books)
        .await
        .expect("the books");
    let place = |event: outbox::Model| {
        let what = (event.order_id.as_u128(), event.version.expect("a version"));
        (event.position.expect("a position"), what)
    };
    events.into_iter().map(place).collect()
}

#[tokio::test]
async fn a_leader_that_was_taken_for_dead_gives_out_nothing() {
    for books in BOTH {
        println!("with books in {books:?}");
        let bare = Bare::new(books).await;
        // The clock of the replica that wrote the second version was behind.
        for (order, version, second) in [(1, 1, 5), (1, 2, 1), (2, 1, 3)] {
            commit(&bare.books, order, version, second).await;
        }
        let first = lead(&bare, 0xa, 0, LEASE).await.expect("nobody leads");
        assert_eq!(lead(&bare, 0xb, 9, LEASE).await, None, "another leads");
        let second = lead(&bare, 0xb, 11, LEASE).await.expect("its lease is over");
        assert_eq!((first.fence, second.fence), (1, 2));
        let given = bare.store.sequence(&first, 10).await.expect("the books");
        assert_eq!((given, placed(&bare).await), (Sequenced::LeadLost, BTreeMap::new()));
        // Less than there are: but of an order that was begun, all.
        let given = bare.store.sequence(&second, 1).await.expect("the books");
        assert_eq!(given, Sequenced::Given { count: 2, head: 2 });
        let second = lead(&bare, 0xb, 12, LEASE).await.expect("it leads still");
        assert_eq!((second.fence, second.position), (2, 2));
        let given = bare.store.sequence(&second, 10).await.expect("the books");
        assert_eq!(given, Sequenced::Given { count: 1, head: 3 });
        let in_order = BTreeMap::from([(1, (1, 1)), (2, (1, 2)), (3, (2, 1))]);
        assert_eq!(placed(&bare).await, in_order);
        bare.store.resign(Uuid::from_u128(0xb)).await.expect("the books");
        assert!(lead(&bare, 0xa, 12, LEASE).await.is_some(), "it was given up");
        bare.close().await;
    }
}

#[tokio::test]
async fn a_lease_of_before_the_clock_was_set_back_is_over() {
    for books in BOTH {
        println!("with books in {books:?}");
        let bare = Bare::new(books).await;
        assert!(lead(&bare, 0xa, 3_600, LEASE).await.is_some(), "nobody leads");
        // Clocks that agree differ by less than a lease.
        assert_eq!(lead(&bare, 0xb, 3_595, LEASE).await, None, "another leads");
        let next = lead(&bare, 0xb, 0, LEASE).await.expect("nobody leases for an hour");
        assert_eq!(next.fence, 2);
        assert_eq!(lead(&bare, 0xa, 5, LEASE).await, None, "another leads");
        bare.close().await;
    }
}

#[tokio::test]
async fn two_that_both_believe_to_lead_give_out_each_position_once() {
    const ORDERS: u128 = 40;
    for books in BOTH {
        println!("with books in {books:?}");
        let bare = Bare::new(books).await;
        let writer = async {
            for order in 1..=ORDERS {
                for version in 1..=3 {
                    let second = i64::try_from(order % 7).expect("small");
                    commit(&bare.books, order, version, second - i64::from(version)).await;
                }
            }
        };
        let total = usize::try_from(ORDERS * 3).expect("small");
        // A lease that is over at once: every turn takes the lead from the other.
        let leader = async |owner| {
            let mut second = 0;
            while placed(&bare).await.len() < total {
                second += 1;
                if let Some(lead) = lead(&bare, owner, second, Duration::ZERO).await {
                    tokio::task::yield_now().await;
                    // A conflict with the other is an error on SQLite or a lost lead.
                    let _given = bare.store.sequence(&lead, 5).await;
                }
            }
        };
        let reader = async {
            let mut seen = BTreeMap::new();
            while seen.len() < total {
                let now = placed(&bare).await;
                assert!(now.keys().copied().eq(1..=i64::try_from(now.len()).expect("small")));
                for (position, event) in now {
                    assert_eq!(*seen.entry(position).or_insert(event), event, "it has changed");
                }
            }
            seen
        };
        let ((), (), (), seen) = tokio::join!(writer, leader(0xa), leader(0xb), reader);
        let mut versions: BTreeMap<u128, Vec<i32>> = BTreeMap::new();
        for (order, version) in seen.into_values() {
            versions.entry(order).or_default().push(version);
        }
        assert!(versions.values().all(|versions| *versions == [1, 2, 3]), "{versions:?}");
        bare.close().await;
    }
}

#[tokio::test]
async fn an_event_that_commits_late_is_not_missed() {
    let world = World::build(Books::Postgres).start().await;
    let books = Database::connect(world.config.database.url.reveal()).await.expect("the books");
    let late = books.begin().await.expect("the books");
    // Written first, and by its time the oldest.
    commit(&late, 7, 1, 0).await;
    world.create(&cart(ASHA, &[(TEA, 1)])).await.is_created(ASHA, 14_900);
    let events = all(&world, 1, 100).await;
    assert_eq!(events[0]["type"], "order.confirmed");
    late.commit().await.expect("the books");
    let page = read(&world, "?after=1&wait=30").await;
    assert_eq!(page.body["events"][0]["subject"], json!(Uuid::from_u128(7)));
    assert_eq!(page.body["next"], 2);
    books.close().await.expect("closing");
    world.finish().await;
}
