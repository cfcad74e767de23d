//! The audit trail without a service: an entry is written in the commit of its action, and gets its place
//! in the chain after it (promise 63).

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::DateTime;
use futures::future::{BoxFuture, FutureExt};
use order_service::checkout::DEFINITIONS;
use order_service::clock::Clock;
use order_service::config::Role;
use order_service::saga::Catalogue;
use order_service::store::{
    self, Access, AuditAction, AuditEntry, AuditFilter, AuditResult, Error, Failpoint, Failpoints,
    Fault, NewAuditEntry, NewWebhook, Store, Via,
};
use uuid::Uuid;

use crate::harness::{BOTH, Books, Postgres};

/// Breaks the connection at a point, once it is told to.
#[derive(Debug, Default)]
struct Breaks(Mutex<Option<Failpoint>>);

impl Failpoints for Breaks {
    fn reach(&self, point: Failpoint) -> BoxFuture<'_, Result<(), Fault>> {
        let mut at = self.0.lock().expect("unpoisoned");
        let is_here = *at == Some(point);
        if is_here {
            *at = None;
        }
        async move { if is_here { Err(Fault::Cut) } else { Ok(()) } }.boxed()
    }
}

async fn open(url: &str, breaks: &Arc<Breaks>) -> Store {
    let failpoints: Arc<dyn Failpoints> = breaks.clone();
    let store = store::open(store::Options {
        url,
        max_connections: 5,
        silence: Duration::from_secs(10),
        access: Access::Owner,
        clock: Clock::system(),
        catalogue: Catalogue::of(DEFINITIONS),
        failpoints: Some(failpoints),
    });
    store.await.expect("the books")
}

pub fn entry(number: u128, second: i64) -> NewAuditEntry {
    NewAuditEntry {
        id: Uuid::from_u128(number),
        at: DateTime::from_timestamp(second, 0).expect("a moment"),
        who: "asha".to_owned(),
        role: Role::Admin,
        via: Via::Api,
        action: AuditAction::CreateWebhook,
        target: Some(Uuid::from_u128(number).to_string()),
        reason: None,
        result: AuditResult::Done,
    }
}

/// Books without a service.
async fn bare(books: Books, breaks: &Arc<Breaks>) -> (Store, String, tempfile::TempDir) {
    let directory = tempfile::tempdir().expect("a directory");
    let url = match books {
        Books::Sqlite => format!("sqlite://{}/books.db", directory.path().display()),
        Books::Postgres => Postgres::shared().database().await,
    };
    let store = open(&url, breaks).await;
    store.migrate().await.expect("a schema");
    (store, url, directory)
}

/// The targets of the whole chain, in its order.
async fn chained(store: &Store) -> Vec<(i64, u128)> {
    let entries = store.audit_chain(0, 100).await.expect("the books");
    let target = |target: Option<String>| target.and_then(|target| target.parse::<Uuid>().ok());
    let entry = |entry: AuditEntry| (entry.seq, target(entry.target).map_or(0, |id| id.as_u128()));
    entries.into_iter().map(entry).collect()
}

#[tokio::test]
async fn an_action_and_its_entry_are_one_commit() {
    for books in BOTH {
        let breaks = Arc::new(Breaks::default());
        let (store, _url, _directory) = bare(books, &breaks).await;
        // The process dies before the commit, and after it.
        for (number, point, is_done) in
            [(1, Failpoint::Commit, false), (2, Failpoint::Committed, true)]
        {
            let new = NewWebhook {
                id: Uuid::from_u128(number),
                url: "https://example.com/".to_owned(),
                types: vec!["order.*".to_owned()],
                description: None,
                ordered: false,
                secret: "whsec_x".to_owned(),
                created_at: DateTime::UNIX_EPOCH,
            };
            *breaks.0.lock().expect("unpoisoned") = Some(point);
            let added = store.add_webhook(new, &entry(number, 1)).await;
            assert!(matches!(added, Err(Error::OutcomeUnknown(_))), "{added:?}");
            let webhook = store.webhook(Uuid::from_u128(number)).await.expect("the books");
            assert_eq!(webhook.is_some(), is_done, "{books:?} {point:?}");
            store.chain_audit_trail().await.expect("the books");
            let target = Some(Uuid::from_u128(number).to_string());
            let filter = AuditFilter { target, limit: 10, ..AuditFilter::default() };
            let entries = store.audit_entries(&filter).await.expect("the books");
            assert_eq!(entries.len(), usize::from(is_done), "{books:?} {point:?}");
        }
        store.close().await;
    }
}

#[tokio::test]
async fn what_a_dead_process_left_unchained_is_chained_by_the_next_in_the_order_of_its_time() {
    for books in BOTH {
        let breaks = Arc::new(Breaks::default());
        let (store, url, _directory) = bare(books, &breaks).await;
        store.add_audit_entry(&entry(1, 10)).await.expect("the books");
        store.chain_audit_trail().await.expect("the books");
        // The clock of another machine is behind: what is chained keeps its place.
        for (number, second) in [(2, 30), (3, 5), (4, 20)] {
            store.add_audit_entry(&entry(number, second)).await.expect("the books");
        }
        assert_eq!(chained(&store).await, [(1, 1)]);
        *breaks.0.lock().expect("unpoisoned") = Some(Failpoint::Commit);
        store.chain_audit_trail().await.expect_err("it dies");
        store.close().await;
        let next = open(&url, &breaks).await;
        assert_eq!(chained(&next).await, [(1, 1)]);
        next.chain_audit_trail().await.expect("the books");
        assert_eq!(chained(&next).await, [(1, 1), (2, 3), (3, 4), (4, 2)]);
        let head = next.audit_head().await.expect("the books").expect("a head");
        assert_eq!((head.entries, head.last_seq), (4, 4));
        next.close().await;
    }
}
