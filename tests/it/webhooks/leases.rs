//! Leases of deliveries: which of them are renewed, and what becomes of one that can't be meant.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use order_service::store::{DeliveryLease, NewWebhook, TakeIn};
use uuid::Uuid;

use crate::commit::Bare;
use crate::events::positions::{commit, lead};
use crate::harness::BOTH;
use crate::operator::trail_chain::entry;

const WEBHOOK: Uuid = Uuid::from_u128(0xe);

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

fn lease(owner: u128, now: i64) -> DeliveryLease {
    DeliveryLease { owner: Uuid::from_u128(owner), now: at(now), until: at(now + 10) }
}

/// An endpoint with two deliveries that are due.
async fn two_deliveries(bare: &Bare) {
    let webhook = NewWebhook {
        id: WEBHOOK,
        url: "https://endpoint.example/".to_owned(),
        types: vec!["*".to_owned()],
        description: None,
        ordered: false,
        secret: String::new(),
        created_at: at(0),
    };
    bare.store.add_webhook(webhook, &entry(0xe, 0)).await.expect("the books");
    commit(&bare.books, 1, 1, 1).await;
    commit(&bare.books, 2, 1, 2).await;
    let sequencer = lead(bare, 0xa, 0, Duration::from_secs(10)).await.expect("nobody leads");
    bare.store.sequence(&sequencer, 10).await.expect("the books");
    bare.store.add_cursor("webhooks", 0).await.expect("the books");
    let (owner, lease) = (Uuid::from_u128(0xa), Duration::from_secs(10));
    let sink = bare.store.lead("webhooks", owner, at(0), lease).await.expect("the books");
    let events = bare.store.events_between(0, 2, None, 10).await.expect("the books");
    let (wants, body) = (|_: &_, _: &_| true, |_: &_| "{}".to_owned());
    let new = TakeIn { events: &events, wants: &wants, body: &body, now: at(0) };
    let is_taken = bare.store.take_in(&sink.expect("nobody leads"), 2, &new).await;
    assert!(is_taken.expect("the books"));
}

#[tokio::test]
async fn an_attempt_that_was_not_recorded_is_made_again_while_others_are_under_way() {
    for books in BOTH {
        println!("with books in {books:?}");
        let bare = Bare::new(books).await;
        two_deliveries(&bare).await;
        let store = &bare.store;
        let claim = async |owner, now| {
            let claimed = store.claim_deliveries(WEBHOOK, lease(owner, now), 10).await;
            let claimed = claimed.expect("the books").into_iter().map(|one| one.event_id);
            claimed.collect::<Vec<_>>()
        };
        let claimed = claim(0xa, 0).await;
        assert_eq!((claimed.len(), claim(0xb, 9).await.len()), (2, 0));
        // Only one of them is under way still.
        store.renew_deliveries(lease(0xa, 9), &claimed[..1]).await.expect("the books");
        assert_eq!(claim(0xa, 11).await, claimed[1..]);
        bare.close().await;
    }
}

#[tokio::test]
async fn what_a_clock_put_off_that_was_set_back_since_is_due() {
    for books in BOTH {
        println!("with books in {books:?}");
        let bare = Bare::new(books).await;
        two_deliveries(&bare).await;
        let store = &bare.store;
        store.claim_deliveries(WEBHOOK, lease(0xa, 3_600), 1).await.expect("the books");
        let due = store.due_webhooks().await.expect("the books");
        assert_eq!((due[0].due_at, due[0].last_due_at), (Some(at(0)), Some(at(3_610))));
        for (latest, last) in [(3_610, 3_610), (3_609, 20)] {
            let brought = store.bring_deliveries_forward(WEBHOOK, at(latest), at(20)).await;
            brought.expect("the books");
            let due = store.due_webhooks().await.expect("the books");
            assert_eq!(due[0].last_due_at, Some(at(last)));
        }
        bare.close().await;
    }
}
