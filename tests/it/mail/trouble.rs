//! Addresses that are none, mail servers that refuse, and those that are gone.

use order_service::sandbox::sample::{ASHA, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use order_service::store::{Mail, MailState};
use serde_json::{Value, json};
use uuid::Uuid;

use super::post_office::PostOffice;
use super::{all_dealt_with, mails_of, only, sent, told, with_mail};
use crate::harness::{BOTH, World, cart};

const USER: Uuid = Uuid::from_u128(0x5e);

/// An order of somebody with this address.
async fn ordered(world: &World, email: Option<&str>) -> Uuid {
    world.put_reachable_user(USER, 1_000_000, email).await;
    world.create(&cart(USER, &[(TEA, 1)])).await.is_created(USER, 14_900)
}

async fn only_mail(world: &World, id: Uuid) -> Mail {
    let mut mails = mails_of(world, id).await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    mails.remove(0)
}

async fn summary(world: &World) -> Value {
    let summary = world.operator("/summary").await.body;
    let sinks = summary["sinks"].as_array().expect("sinks");
    sinks.iter().find(|sink| sink["name"] == "mail").expect("mail").clone()
}

#[tokio::test]
async fn what_is_no_address_is_noted_and_passed_over() {
    with_mail(async |world, office| {
        let split = "asha@shop.example\r\nBcc: ravi@shop.example";
        for (email, why) in [
            (None, "no address"),
            (Some(""), "no address"),
            (Some(split), "the address is none"),
            (Some("nobody"), "the address is none"),
        ] {
            let id = ordered(world, email).await;
            all_dealt_with(world).await;
            let mail = only_mail(world, id).await;
            assert_eq!(
                (mail.state, mail.to, mail.why.as_deref()),
                (MailState::NotSent, None, Some(why))
            );
        }
        // One that is.
        let id = ordered(world, Some("b@shop.example")).await;
        all_dealt_with(world).await;
        assert_eq!(told(world, id).await, sent(&["order.confirmed"]));
        assert_eq!(office.mails().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn the_address_is_the_one_of_when_the_mail_is_due() {
    with_mail(async |world, office| {
        let id = ordered(world, Some("old@shop.example")).await;
        all_dealt_with(world).await;
        world.put_reachable_user(USER, 1_000_000, Some("new@mail.example")).await;
        // The user service is down at first.
        world.fault(Fault { times: Some(2), ..Fault::once(Call::GetUser, FaultKind::ErrorBefore) });
        assert_eq!(crate::cancel::cancel(world, id).await.status, 200);
        all_dealt_with(world).await;
        let mails = office.mails();
        assert_eq!(only(&mails, "is confirmed")["to"], json!(["old@shop.example"]));
        assert_eq!(only(&mails, "is cancelled")["to"], json!(["new@mail.example"]));
        let to: Vec<_> = mails_of(world, id).await.into_iter().map(|mail| mail.to).collect();
        assert_eq!(
            to,
            [Some("o***@shop.example".to_owned()), Some("n***@mail.example".to_owned())]
        );
    })
    .await;
}

#[tokio::test]
async fn a_4xx_is_tried_again_and_a_5xx_is_passed_over() {
    with_mail(async |world, office| {
        office.answer("RCPT", "450 4.2.1 <asha@shop.example> is busy");
        office.answer("DATA", "451 4.3.0 later");
        let id = ordered(world, Some("asha@shop.example")).await;
        all_dealt_with(world).await;
        assert_eq!(told(world, id).await, sent(&["order.confirmed"]));
        assert_eq!(office.mails().len(), 1);
        for (command, answer, why) in [
            ("RCPT", "550 5.1.1 <asha@shop.example> is unknown", "refused the recipient (550)"),
            ("DATA", "554 5.7.1 no", "refused the mail (554)"),
        ] {
            office.answer(command, answer);
            let id = ordered(world, Some("asha@shop.example")).await;
            all_dealt_with(world).await;
            let mail = only_mail(world, id).await;
            assert_eq!(mail.state, MailState::NotSent);
            assert_eq!(mail.to.as_deref(), Some("a***@shop.example"));
            assert_eq!(mail.why, Some(format!("the mail server {why}")));
        }
        assert_eq!(office.mails().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn one_that_is_put_off_holds_up_no_other() {
    with_mail(async |world, office| {
        for _time in 0..2 {
            office.answer("RCPT", "450 4.2.1 busy");
        }
        let put_off = ordered(world, Some("busy@shop.example")).await;
        let owed = async || only_mail(world, put_off).await.why.is_some();
        world.until(async || !mails_of(world, put_off).await.is_empty() && owed().await).await;
        let order = cart(ASHA, &[(TEA, 1)]);
        let next = world.create(&order).await.is_created(ASHA, 14_900);
        all_dealt_with(world).await;
        for id in [put_off, next] {
            assert_eq!(told(world, id).await, sent(&["order.confirmed"]));
        }
        assert_eq!(office.mails().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn while_the_server_is_gone_mails_wait_and_operators_see_it() {
    for books in BOTH {
        println!("with books in {books:?}");
        let mut office = PostOffice::closed();
        let world = World::build(books).no_joining().set(office.serve()).start().await;
        let mut ids = Vec::new();
        for _order in 0..3 {
            ids.push(world.create(&cart(ASHA, &[(TEA, 1)])).await.is_created(ASHA, 14_900));
        }
        let is_seen = async || {
            let mail = summary(&world).await;
            mail["state"] == "failing" && mail["backlog"] == 3
        };
        world.until(is_seen).await;
        assert_eq!(world.get("/health/ready").await.status, 200);
        let mail = summary(&world).await;
        let error = mail["lastError"].as_str().expect("an error");
        assert!(error.starts_with("the mail server is out of reach"), "{error}");
        office.start();
        all_dealt_with(&world).await;
        office.stop();
        ids.push(world.create(&cart(ASHA, &[(TEA, 1)])).await.is_created(ASHA, 14_900));
        world.until(async || summary(&world).await["state"] == "failing").await;
        office.start();
        all_dealt_with(&world).await;
        for id in ids {
            assert_eq!(told(&world, id).await, sent(&["order.confirmed"]));
        }
        assert_eq!(office.mails().len(), 4);
        let mail = summary(&world).await;
        assert_eq!((&mail["state"], &mail["backlog"]), (&json!("running"), &json!(0)));
        world.finish().await;
    }
}
