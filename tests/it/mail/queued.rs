//! Mail about orders from a queue: of a rejection, to whoever has no other answer.

use lapin::BasicProperties;
use order_service::clock::Clock;
use order_service::sandbox::sample::{ASHA, SAMOVAR};
use serde_json::Value;

use super::post_office::PostOffice;
use super::{all_dealt_with, sent, told};
use crate::harness::{BOTH, Queues, Rabbit, World, all_sagas, amqp_url, cart};

/// A message under this key.
fn keyed(key: &str) -> BasicProperties {
    BasicProperties::default().with_message_id(key.into())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_rejection_who_asked_for_no_answer_or_left_with_a_202() {
    for books in BOTH {
        println!("with books in {books:?}");
        let office = PostOffice::open();
        let queues = Queues::at(Rabbit::shared()).await;
        let fresh = |of: &str| format!("{of}-{books:?}-{}", Clock::system().fresh_id().simple());
        let (orders, replies) = (fresh("mailed"), fresh("replies"));
        let arguments = [("x-queue-type", "quorum"), ("x-dead-letter-exchange", "orders.dead")];
        queues.declare(&orders, &arguments).await;
        queues.declare(&replies, &[]).await;
        let mut answers = queues.read(&replies).await;
        let (url, queue) = (amqp_url(Rabbit::shared()), orders.clone());
        let world = World::build(books).set(office.serve()).set(move |config| {
            config.intake.url = url;
            config.intake.queue = queue;
        });
        let world = world.start().await;
        let hopeless = cart(ASHA, &[(SAMOVAR, 1)]);
        let body = hopeless.to_string();
        let asking = |key: &str| keyed(key).with_reply_to(replies.as_str().into());
        queues.send(&orders, body.as_bytes(), keyed("silent")).await;
        queues.send(&orders, body.as_bytes(), asking("asking")).await;
        queues.send(&orders, body.as_bytes(), keyed("twice")).await;
        world.until(async || all_sagas(world.store()).await.len() == 3).await;
        queues.send(&orders, body.as_bytes(), asking("twice")).await;
        for _ in ["asking", "twice"] {
            let answer = answers.next().await;
            let answer: Value = serde_json::from_slice(&answer.data).expect("JSON");
            assert_eq!(answer["error"], "Insufficient stock");
        }
        let rejected = async || {
            let sagas = all_sagas(world.store()).await;
            sagas.len() == 3 && sagas.iter().all(|saga| saga.state == "Rejected")
        };
        world.until(rejected).await;
        // What is owed to the asker is forgotten by now, and so it is after a restart.
        let world = world.restart().await;
        all_dealt_with(&world).await;
        let mut mailed = Vec::new();
        for key in ["silent", "asking", "twice"] {
            let answer = world.create_keyed(&hopeless, key).await;
            assert_eq!(answer.status, 409, "{answer:?}");
            let id = answer.body["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
            mailed.push(told(&world, id).await);
        }
        let once = || sent(&["order.rejected"]);
        assert_eq!(mailed, [once(), sent(&[]), once()]);
        assert_eq!(office.mails().len(), 2);
        world.finish().await;
    }
}
