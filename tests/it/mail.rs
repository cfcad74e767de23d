//! Mail to customers, through a real mail server.

mod claims;
mod post_office;
mod queued;
mod trouble;

use order_service::order::OrderId;
use order_service::sandbox::sample::{ASHA, CUP, KETTLE, SAMOVAR, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use order_service::store::{Mail, MailState, OwedMails};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::cancel::cancel;
use crate::fulfilment::{report, reported, ship};
use crate::harness::{BOTH, World, cart};
use crate::returns::take_back;
use post_office::PostOffice;

const RUPEES: &str = "₹";

/// Runs a test on each database, with a mail server that is open.
async fn with_mail(test: impl AsyncFn(&World, &PostOffice)) {
    for books in BOTH {
        println!("with books in {books:?}");
        let office = PostOffice::open();
        let world = World::build(books).no_joining().set(office.serve()).start().await;
        test(&world, &office).await;
        world.finish().await;
    }
}

/// Returns once all events are told and no mail is owed.
async fn all_dealt_with(world: &World) {
    world
        .until(async || {
            let store = world.store();
            let last = store.last_position().await.expect("the books");
            let unplaced = last < i64::try_from(count_of_events(world).await).expect("few");
            let cursors = store.cursors().await.expect("the books");
            let mail = cursors.iter().find(|cursor| cursor.name == "mail").expect("a cursor");
            let owed = store.owed_mails().await.expect("the books");
            !unplaced && mail.position == last && owed == OwedMails::default()
        })
        .await;
}

async fn count_of_events(world: &World) -> usize {
    let mut count = 0;
    for saga in crate::harness::all_sagas(world.store()).await {
        if saga.order_id.0 == saga.id.0 {
            count += world.store().events_of(saga.order_id).await.expect("the books").len();
        }
    }
    count
}

async fn mails_of(world: &World, id: Uuid) -> Vec<Mail> {
    world.store().mails_of(OrderId(id)).await.expect("the books")
}

/// What is known of an order's mails: the kind of event, and what became of the mail.
async fn told(world: &World, id: Uuid) -> Vec<(String, MailState)> {
    mails_of(world, id).await.into_iter().map(|mail| (mail.kind, mail.state)).collect()
}

fn sent(kinds: &[&str]) -> Vec<(String, MailState)> {
    kinds.iter().map(|kind| ((*kind).to_owned(), MailState::Sent)).collect()
}

/// The only mail whose subject has these words.
fn only<'a>(mails: &'a [Value], subject: &str) -> &'a Value {
    let of = |mail: &&Value| mail["subject"].as_str().is_some_and(|it| it.contains(subject));
    let found: Vec<_> = mails.iter().filter(of).collect();
    assert_eq!(found.len(), 1, "{subject}: {mails:?}");
    found[0]
}

/// Both parts have this text; in the page it is escaped.
fn says(mail: &Value, plain: &str, html: &str) {
    assert!(mail["plain"].as_str().is_some_and(|it| it.contains(plain)), "{plain}: {mail}");
    assert!(mail["html"].as_str().is_some_and(|it| it.contains(html)), "{html}: {mail}");
}

#[tokio::test]
async fn each_kind_arrives_once_in_both_parts() {
    with_mail(async |world, office| {
        let order = world.create(&cart(ASHA, &[(TEA, 2), (CUP, 1)])).await;
        let kept = order.is_created(ASHA, 54_750);
        let hostile = "<script>alert('1')</script>";
        let body = json!({
            "carrier": hostile, "trackingNumber": "P\"1", "trackingUrl": "https://post.example/?a=1&b=2",
        });
        let answer = ship(world, kept, &body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let shipment = answer.body["id"].as_str().expect("an id").to_owned();
        reported(world, &shipment, &report("delivered", 1)).await;
        let lines = json!({"lines": [{"line": 0, "quantity": 1}]});
        assert_eq!(take_back(world, kept, Some("r"), &lines).await.status, 201);
        let gone = world.create(&cart(ASHA, &[(KETTLE, 1)])).await.is_created(ASHA, 189_900);
        assert_eq!(cancel(world, gone).await.status, 200);
        all_dealt_with(world).await;

        let kinds = ["order.confirmed", "order.shipped", "order.delivered", "order.returned"];
        assert_eq!(told(world, kept).await, sent(&kinds));
        assert_eq!(told(world, gone).await, sent(&["order.confirmed", "order.cancelled"]));
        for mail in mails_of(world, kept).await {
            assert_eq!((mail.to.as_deref(), mail.why), (Some("a***@shop.example"), None));
            assert!(mail.noted_at.is_some());
        }
        let mails = office.mails();
        assert_eq!(mails.len(), 6, "{mails:?}");
        let confirmed = only(&mails, &format!("Your order {kept} is confirmed"));
        let total = format!("Total: {RUPEES}547.50");
        says(confirmed, &total, &total);
        let tea = format!("2 x product {TEA}: {RUPEES}298.00");
        says(confirmed, &tea, &format!("<td>{TEA}</td>"));
        assert_eq!(confirmed["parts"], json!(["multipart/alternative", "text/plain", "text/html"]));
        assert_eq!(confirmed["to"], json!(["asha@shop.example"]));
        assert_eq!(confirmed["sender"], "orders@localhost");
        assert_eq!(confirmed["head"]["from"], "Orders <orders@localhost>");
        let first = mails_of(world, kept).await[0].event_id;
        assert_eq!(confirmed["id"], format!("<{first}@localhost>"));
        let shipped = only(&mails, "is on its way");
        says(shipped, hostile, "&#60;script&#62;");
        assert!(!shipped["html"].as_str().is_some_and(|it| it.contains("<script")), "{shipped}");
        says(shipped, "https://post.example/?a=1&b=2", "href=\"https://post.example/?a=1&#38;b=2\"");
        says(only(&mails, "has arrived"), &format!("1 x product {CUP}"), &CUP.to_string());
        let refund = format!("Refunded: {RUPEES}149.00");
        says(only(&mails, "Your return"), &refund, &refund);
        let refund = format!("Refunded: {RUPEES}1,899.00");
        says(only(&mails, &format!("Your order {gone} is cancelled")), &refund, &refund);
    })
    .await;
}

#[tokio::test]
async fn of_a_rejection_only_who_was_told_that_it_is_pending() {
    with_mail(async |world, office| {
        let hopeless = cart(ASHA, &[(SAMOVAR, 1)]);
        // Answered with the refusal.
        let answered = world.create(&hopeless).await;
        assert_eq!(answered.status, 409, "{answered:?}");
        let answered = answered.body["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
        // Waits in vain.
        world.fault(Fault { millis: Some(2_500), ..Fault::once(Call::GetUser, FaultKind::Slow) });
        let vain = world.create_with(&hopeless, &[("prefer", "wait=1")]).await.is_accepted(ASHA);
        // Waits for nothing.
        let left = world.create_with(&hopeless, &[("prefer", "respond-async")]).await;
        let left = left.is_accepted(ASHA);
        for id in [left, vain] {
            world.until(async || world.status(id).await["status"] == "Rejected").await;
        }
        all_dealt_with(world).await;
        assert_eq!(told(world, answered).await, []);
        assert_eq!(told(world, left).await, sent(&["order.rejected"]));
        assert_eq!(told(world, vain).await, sent(&["order.rejected"]));
        let mails = office.mails();
        assert_eq!(mails.len(), 2, "{mails:?}");
        says(only(&mails, &vain.to_string()), "Insufficient stock", "Insufficient stock");
    })
    .await;
}

#[tokio::test]
async fn mail_begins_when_it_is_configured_and_what_is_owed_outlives_the_process() {
    for books in BOTH {
        println!("with books in {books:?}");
        let mut office = PostOffice::closed();
        let world = World::build(books).no_joining().start().await;
        let order = cart(ASHA, &[(TEA, 1)]);
        let before = world.create(&order).await.is_created(ASHA, 14_900);
        let placed = async || world.store().last_position().await.expect("the books") == 1;
        world.until(placed).await;
        let mut world = world;
        office.serve()(&mut world.config);
        let world = world.restart().await;
        let after = world.create(&order).await.is_created(ASHA, 14_900);
        let owed = async || world.store().owed_mails().await.expect("the books").count;
        world.until(async || owed().await == 1).await;
        let world = world.restart().await;
        office.start();
        all_dealt_with(&world).await;
        assert_eq!(told(&world, before).await, []);
        assert_eq!(told(&world, after).await, sent(&["order.confirmed"]));
        assert_eq!(office.mails().len(), 1);
        world.finish().await;
    }
}
