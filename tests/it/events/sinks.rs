//! Sinks: what is noted of one that fails, whoever leads its cursor.

use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use order_service::clock::Clock;
use order_service::events::{
    Begins, Envelope, Events, Progress, Settings, Sink, SinkError, SinkTurn,
};
use order_service::pacing::Courtesy;
use order_service::store::{Cursor, Lead, Store, StoredEvent};
use uuid::Uuid;

use super::positions::{commit, lead};
use crate::commit::Bare;
use crate::harness::BOTH;

const NAME: &str = "broker";

/// A sink whose receiver is there or not.
#[derive(Debug)]
struct Receiver {
    is_there: bool,
}

impl Sink for Receiver {
    fn name(&self) -> &'static str {
        NAME
    }

    fn begins(&self) -> Begins {
        Begins::AtFirst
    }

    fn tell<'a>(
        &'a self,
        store: &'a Store,
        lead: &'a Lead,
        _events: Vec<StoredEvent>,
        to: i64,
    ) -> BoxFuture<'a, Result<bool, SinkError>> {
        async move {
            if !self.is_there {
                return Err(SinkError::Receiver("nobody is there".to_owned()));
            }
            Ok(store.move_cursor(lead, to).await?)
        }
        .boxed()
    }
}

fn process(bare: &Bare) -> Events {
    let envelope = Envelope { source: "/shop".into(), schemas: None };
    let (lease, courtesy) = (Duration::from_mins(1), Courtesy::needless());
    let settings = Settings { envelope, lease, courtesy };
    Events::new(bare.store.clone(), Vec::new(), settings, Clock::system())
}

async fn cursor(bare: &Bare) -> Cursor {
    let cursors = bare.store.cursors().await.expect("the books");
    cursors.into_iter().find(|cursor| cursor.name == NAME).expect("the cursor")
}

#[tokio::test]
async fn a_failure_that_a_dead_leader_noted_ends_with_the_success_of_the_next() {
    for books in BOTH {
        println!("with books in {books:?}");
        let bare = Bare::new(books).await;
        commit(&bare.books, 1, 1, 0).await;
        let sequencer = lead(&bare, 0xa, 0, Duration::from_secs(10)).await.expect("nobody leads");
        bare.store.sequence(&sequencer, 10).await.expect("the books");
        bare.store.add_cursor(NAME, 0).await.expect("the books");

        let first = process(&bare);
        let told = first.tell_once(&Receiver { is_there: false }, &mut SinkTurn::new()).await;
        assert_eq!(told.expect_err("nobody is there").to_string(), "nobody is there");
        assert!(cursor(&bare).await.failing_since.is_some());
        let next = process(&bare);
        let mut turn = SinkTurn::new();
        let told = next.tell_once(&Receiver { is_there: true }, &mut turn).await;
        assert_eq!(told.expect("the books"), Progress::Nothing, "the first leads still");
        first.stop().await;
        let told = next.tell_once(&Receiver { is_there: true }, &mut turn).await;
        assert_eq!(told.expect("the books"), Progress::Told);
        let Cursor { position, failing_since, last_error, .. } = cursor(&bare).await;
        assert_eq!((position, failing_since), (1, None));
        assert_eq!(last_error.as_deref(), Some("nobody is there"), "it is still the last one");
        // The one after it finds nothing that was noted, and writes nothing.
        next.stop().await;
        commit(&bare.books, 2, 1, 0).await;
        let sequencer = lead(&bare, 0xa, 1, Duration::from_secs(10)).await.expect("it leads on");
        bare.store.sequence(&sequencer, 10).await.expect("the books");
        let last = process(&bare);
        let told = last.tell_once(&Receiver { is_there: true }, &mut SinkTurn::new()).await;
        assert_eq!(told.expect("the books"), Progress::Told);
        let Cursor { position, failing_since, .. } = cursor(&bare).await;
        assert_eq!((position, failing_since), (2, None));
        last.stop().await;
        let now = Clock::system().now();
        let lead = bare.store.lead(NAME, Uuid::from_u128(0xa), now, Duration::from_mins(1)).await;
        let lead = lead.expect("the books").expect("nobody leads");
        for _time in 0..2 {
            // Nor is what is there already an error of the database.
            for words in [None, Some("gone"), Some("gone")] {
                bare.store.note_cursor(&lead, words, now).await.expect("the books");
            }
        }
        bare.close().await;
    }
}
