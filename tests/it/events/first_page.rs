//! The first page of the feed, while the first events of all get their positions.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use order_service::clock::Clock;
use order_service::events::{Envelope, Events, FeedQuery, Settings};
use order_service::pacing::Courtesy;
use order_service::store::{Failpoint, Failpoints, Fault, Lead, Store};

use super::positions::{commit, lead};
use crate::commit::Bare;
use crate::harness::BOTH;

/// Has an event get its position after so many answers.
#[derive(Debug)]
struct Meanwhile {
    after: usize,
    answers: AtomicUsize,
    sequencer: Store,
    lead: Lead,
}

impl Failpoints for Meanwhile {
    fn reach(&self, point: Failpoint) -> BoxFuture<'_, Result<(), Fault>> {
        async move {
            if point == Failpoint::Answered
                && self.answers.fetch_add(1, Ordering::Relaxed) == self.after
            {
                self.sequencer.sequence(&self.lead, 10).await.expect("the books");
            }
            Ok(())
        }
        .boxed()
    }
}

#[tokio::test]
async fn a_reader_from_the_beginning_is_never_told_that_events_are_gone_that_never_were() {
    for books in BOTH {
        for after in 0..4 {
            println!("with books in {books:?}, after answer {after}");
            let bare = Bare::new(books).await;
            commit(&bare.books, 1, 1, 1).await;
            commit(&bare.books, 2, 1, 2).await;
            let lead = lead(&bare, 0xa, 0, Duration::from_secs(10)).await.expect("nobody leads");
            let (answers, sequencer) = (AtomicUsize::new(0), bare.store.clone());
            let meanwhile = Meanwhile { after, answers, sequencer, lead };
            let store = bare.another(Arc::new(meanwhile)).await;
            let envelope = Envelope { source: "/shop".into(), schemas: None };
            let (lease, courtesy) = (Duration::from_mins(1), Courtesy::needless());
            let settings = Settings { envelope, lease, courtesy };
            let events = Events::new(store.clone(), Vec::new(), settings, Clock::system());
            let query = FeedQuery { after: 0, types: None, limit: 10, wait: Duration::ZERO };
            let page = events.page(&query).await.expect("nothing is gone");
            let last = i64::try_from(page.events.len()).expect("few");
            assert!(page.next == last && (last == 2 || last == 0), "{page:?}");
            store.close().await;
            bare.close().await;
        }
    }
}
