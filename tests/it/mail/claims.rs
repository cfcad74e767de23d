//! Whose a mail is while it is being sent, and that it is sent once (promise 62).

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use order_service::app::Running;
use order_service::clock::Clock;
use order_service::order::{OrderId, UserId};
use order_service::sandbox::sample::{ASHA, STICKER};
use order_service::store::{MAIL, MailEnd, MailState, StoredEvent};
use serde_json::json;
use uuid::Uuid;

use super::all_dealt_with;
use super::post_office::PostOffice;
use crate::commit::Bare;
use crate::harness::{BOTH, Books, World, cart};

const LEASE: Duration = Duration::from_secs(10);
const ORDER: OrderId = OrderId(Uuid::from_u128(7));

fn at(second: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
}

fn event(id: u128) -> StoredEvent {
    StoredEvent {
        id: Uuid::from_u128(id),
        order_id: ORDER,
        user_id: Some(UserId(ASHA)),
        kind: "order.confirmed".to_owned(),
        version: 1,
        status: Some("Confirmed".to_owned()),
        data: json!({"totalAmount": 5}),
        at: at(0),
        trace_parent: None,
        position: i64::try_from(id).ok(),
    }
}

#[tokio::test]
async fn a_mail_is_owed_with_the_cursor_once_and_is_in_one_hand_at_a_time() {
    for books in BOTH {
        println!("with books in {books:?}");
        let bare = Bare::new(books).await;
        let store = &bare.store;
        store.add_cursor(MAIL, 0).await.expect("the books");
        let lead = store.lead(MAIL, Uuid::from_u128(0xa), at(0), LEASE).await;
        let lead = lead.expect("the books").expect("nobody leads");
        let both = [event(1), event(2)];
        assert!(store.owe_mails(&lead, &both, 2, at(0)).await.expect("the books"));
        // One who believes that the cursor has not moved owes nothing more.
        assert!(!store.owe_mails(&lead, &[event(3)], 3, at(0)).await.expect("the books"));
        assert_eq!(store.owed_mails().await.expect("the books").count, 2);

        let claim = async |second| store.claim_mail(at(second), LEASE).await.expect("the books");
        let first = claim(0).await.expect("two are due");
        assert_eq!((first.event_id, first.data.clone()), (event(1).id, event(1).data));
        assert_eq!(claim(0).await.map(|claim| claim.event_id), Some(event(2).id));
        assert!(claim(9).await.is_none(), "both are in somebody's hands");
        let renew = async |claim, second| {
            store.renew_mail(claim, at(second), LEASE).await.expect("the books")
        };
        assert!(renew(&first, 9).await);
        assert_eq!(claim(15).await.map(|claim| claim.event_id), Some(event(2).id));
        let other = claim(20).await.expect("the first was silent for its lease");
        assert_eq!(other.event_id, first.event_id);
        assert!(!renew(&first, 20).await, "it is another's");
        store.put_off_mail(&first, at(0), "late").await.expect("the books");
        assert!(claim(20).await.is_none(), "who was late put nothing off");
        store.put_off_mail(&other, at(22), "busy").await.expect("the books");
        let again = claim(22).await.expect("it is due again");
        assert_eq!((again.event_id, again.attempts), (first.event_id, 1));
        // What was sent is true, whoever has it.
        let sent = MailEnd::Sent { to: "a***@shop.example".to_owned() };
        store.note_mail(first.event_id, &sent, at(23)).await.expect("the books");
        let not_sent = MailEnd::NotSent { to: None, why: "no address".to_owned() };
        store.note_mail(first.event_id, &not_sent, at(24)).await.expect("the books");
        assert!(!renew(&again, 23).await, "it is dealt with");
        let mails = store.mails_of(ORDER).await.expect("the books");
        let told: Vec<_> =
            mails.iter().map(|mail| (mail.state, mail.noted_at, mail.to.as_deref())).collect();
        let first = (MailState::Sent, Some(at(23)), Some("a***@shop.example"));
        assert_eq!(told, [first, (MailState::Owed, None, None)]);
        bare.close().await;
    }
}

#[tokio::test]
async fn replicas_send_each_mail_once() {
    let office = PostOffice::open();
    let world = World::build(Books::Postgres).no_joining().set(office.serve()).start().await;
    let other = Running::start(world.config.clone(), Clock::system()).await.expect("a replica");
    let order = cart(ASHA, &[(STICKER, 1)]);
    let created = join_all((0..40).map(|_| world.create(&order))).await;
    let ids: Vec<Uuid> = created.iter().map(|answer| answer.is_created(ASHA, 0)).collect();
    all_dealt_with(&world).await;
    let mut mails = BTreeMap::new();
    for mail in office.mails() {
        *mails.entry(mail["subject"].to_string()).or_insert(0) += 1;
    }
    assert_eq!(mails.len(), ids.len());
    assert!(mails.values().all(|count| *count == 1), "{mails:?}");
    other.stop(Duration::from_secs(5)).await;
    world.finish().await;
}
