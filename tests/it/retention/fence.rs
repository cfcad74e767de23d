//! Leaders that die or lose their lead, at every point of a batch.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use order_service::retention::Failure;
use order_service::store::{Failpoint, Failpoints, Fault};
use serde_json::json;

use super::{Forgetter, Place, another, delivered, refused, settled};
use crate::harness::{BOTH, World};

/// Breaks the connection at the nth transaction's begin or commit, and at every later one.
#[derive(Debug)]
struct Dies {
    at: Failpoint,
    left: AtomicUsize,
}

impl Dies {
    fn at(at: Failpoint, nth: usize) -> Arc<dyn Failpoints> {
        Arc::new(Self { at, left: AtomicUsize::new(nth) })
    }
}

impl Failpoints for Dies {
    fn reach(&self, point: Failpoint) -> BoxFuture<'_, Result<(), Fault>> {
        let is_here = point == self.at;
        let left = self.left.load(Ordering::SeqCst);
        if is_here && left > 0 {
            self.left.store(left - 1, Ordering::SeqCst);
        }
        let dies = is_here && left == 0;
        async move { if dies { Err(Fault::Cut) } else { Ok(()) } }.boxed()
    }
}

#[tokio::test]
async fn a_batch_whose_leader_dies_is_finished_by_the_next_and_archived_once() {
    for (books, at) in BOTH.iter().flat_map(|books| {
        [(*books, Failpoint::Begin), (*books, Failpoint::Commit), (*books, Failpoint::Committed)]
    }) {
        println!("with books in {books:?}, at {at:?}");
        let (world, place) = (World::build(books).start().await, Place::new());
        let (one, other) = (delivered(&world, "one").await, refused(&world).await);
        settled(&world).await;
        let dying = another(&world, Some(Dies::at(at, 0))).await;
        let failure = Forgetter::new(dying, &place.path(), 1).fails().await;
        assert!(matches!(failure, Failure::Store(_)), "{failure:?}");
        assert_eq!(place.lines().len(), 1, "it is promised");

        let next = Forgetter::new(world.store().clone(), &place.path(), 2);
        next.clock.advance(Duration::from_mins(1));
        let looked = next.look().await;
        assert!(looked.led, "the lease has lapsed");
        for id in [one, other] {
            assert_eq!(world.operator(&format!("/sagas/{id}")).await.status, 410);
            assert_eq!(place.found(id).len(), 1);
        }
        assert_eq!(place.lines().len(), 2, "each once");
        world.stop().await;
    }
}

#[tokio::test]
async fn what_can_not_be_read_back_is_not_deleted() {
    for books in BOTH {
        println!("with books in {books:?}");
        let (world, place) = (World::build(books).start().await, Place::new());
        let id = refused(&world).await;
        settled(&world).await;
        let dying = another(&world, Some(Dies::at(Failpoint::Begin, 0))).await;
        Forgetter::new(dying, &place.path(), 1).fails().await;
        let file = place.file();
        let whole = fs::read(&file).expect("the file");
        let mut changed = whole.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        fs::write(&file, changed).expect("room");
        let next = Forgetter::new(world.store().clone(), &place.path(), 2);
        next.clock.advance(Duration::from_mins(1));
        let failure = next.fails().await;
        assert!(matches!(failure, Failure::Archive(_)), "{failure:?}");
        assert_eq!(world.operator(&format!("/sagas/{id}")).await.status, 200, "it is kept");
        fs::write(&file, whole).expect("room");
        assert_eq!(next.look().await.sagas, 1);
        world.stop().await;
    }
}

#[tokio::test]
async fn what_changes_while_it_is_archived_is_archived_once_more_and_forgotten_then() {
    for books in BOTH {
        println!("with books in {books:?}");
        let (world, place) = (World::build(books).start().await, Place::new());
        let id = refused(&world).await;
        settled(&world).await;
        let dying = another(&world, Some(Dies::at(Failpoint::Begin, 0))).await;
        Forgetter::new(dying, &place.path(), 1).fails().await;
        let note = world.intervene(&format!("/sagas/{id}/notes"), &json!({"text": "new"})).await;
        assert_eq!(note.status, 201);
        settled(&world).await;
        let next = Forgetter::new(world.store().clone(), &place.path(), 2);
        next.clock.advance(Duration::from_mins(1));
        assert_eq!(next.look().await.sagas, 1);
        assert_eq!(place.lines().len(), 2);
        let found = place.found(id);
        assert_eq!(found.len(), 1, "the last counts");
        assert_eq!(found[0]["notes"][0]["text"], "new");
        world.stop().await;
    }
}

#[tokio::test]
async fn nobody_writes_to_an_archive_that_another_process_has_open() {
    let (world, place) = (World::build(BOTH[0]).start().await, Place::new());
    let id = refused(&world).await;
    settled(&world).await;
    fs::create_dir_all(place.path()).expect("a directory");
    let lock = fs::File::create(place.path().join("archive.lock")).expect("a file");
    lock.try_lock().expect("nobody has it");
    let forgetter = Forgetter::new(world.store().clone(), &place.path(), 1);
    let failure = forgetter.fails().await.to_string();
    assert!(failure.contains("another process writes"), "{failure}");
    assert_eq!(world.operator(&format!("/sagas/{id}")).await.status, 200);
    drop(lock);
    assert_eq!(forgetter.look().await.sagas, 1);
    world.stop().await;
}

#[tokio::test]
async fn one_process_forgets_at_a_time() {
    for books in BOTH {
        println!("with books in {books:?}");
        let (world, place) = (World::build(books).start().await, Place::new());
        let first = Forgetter::new(world.store().clone(), &place.path(), 1);
        assert!(first.look().await.led);
        let second = Forgetter::new(world.store().clone(), &place.path(), 2);
        assert!(!second.look().await.led);
        first.retention.stop().await;
        assert!(second.look().await.led);
        world.stop().await;
    }
}
