//! Wall clocks that step by an hour, and replicas whose clocks differ by one: nothing that is meant to
//! wait for milliseconds waits for that hour (promise 34).

use std::fs;
use std::path::{Path, PathBuf};

use order_service::sandbox::Idempotency;

use super::world::{Books, World, either, setting};

/// A replica's wall clock, which is set by writing to a file.
struct WallClock(PathBuf);

impl WallClock {
    /// Gives a replica a clock of its own, and restarts it.
    async fn of(world: &mut World, replica: usize, directory: &Path) -> Self {
        let this = Self(directory.join(format!("clock-{replica}")));
        this.is_off_by("+0");
        let told = &mut world.replicas[replica];
        told.terminate().await;
        told.tell("LD_PRELOAD", &library().display());
        told.tell("FAKETIME_TIMESTAMP_FILE", &this.0.display());
        told.tell("FAKETIME_NO_CACHE", &1);
        told.tell("FAKETIME_DONT_FAKE_MONOTONIC", &1);
        told.tell("DONT_FAKE_MONOTONIC", &1);
        told.tell("NO_FAKE_STAT", &1);
        told.revive();
        told.ready().await;
        this
    }

    fn is_off_by(&self, offset: &str) {
        // Atomic: a reader sees either the old offset or the new one.
        let new = self.0.with_extension("new");
        fs::write(&new, format!("{offset}\n")).expect("its file");
        fs::rename(new, &self.0).expect("its file");
    }
}

/// Where Debian installs libfaketime.
fn library() -> PathBuf {
    let of = |directory: fs::DirEntry| directory.path().join("faketime/libfaketime.so.1");
    let directories = fs::read_dir("/usr/lib").expect("a directory").map_while(Result::ok);
    directories.map(of).find(|library| library.exists()).expect("libfaketime; see scripts/test")
}

async fn steps_both_ways(books: Books) {
    let directory = tempfile::tempdir().expect("a directory");
    let mut world = World::start("the clock steps", books, either(9), 1).await;
    let clock = WallClock::of(&mut world, 0, directory.path()).await;
    world.sandbox.make_flaky().await;
    let storm = world.storm();
    for _round in 0..setting("CRASH_ROUNDS", 2) {
        for offset in ["-1h", "+0", "+1h", "+0"] {
            world.served(10, 20).await;
            world.note("steps");
            clock.is_off_by(offset);
        }
    }
    clock.is_off_by("-1h");
    storm.over().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_waits_goes_on_when_the_clock_steps_an_hour_both_ways_on_sqlite() {
    steps_both_ways(Books::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_waits_goes_on_when_the_clock_steps_an_hour_both_ways_on_postgresql() {
    steps_both_ways(Books::Postgres).await;
}

/// One replica is an hour ahead of the database and of the others; it dies, and they take over its sagas.
#[tokio::test(flavor = "multi_thread")]
async fn replicas_whose_clocks_differ_by_an_hour_share_a_database_and_take_over_from_each_other() {
    let what = "clocks an hour apart";
    let directory = tempfile::tempdir().expect("a directory");
    let mut world = World::start(what, Books::Postgres, Idempotency::default(), 3).await;
    for (replica, offset) in [(0, "+1h"), (1, "-1h")] {
        WallClock::of(&mut world, replica, directory.path()).await.is_off_by(offset);
    }
    world.sandbox.make_flaky().await;
    let storm = world.storm();
    for _round in 0..setting("CRASH_ROUNDS", 2) {
        for replica in [0, 1] {
            world.served(10, 30).await;
            world.kill(replica);
            world.served(10, 30).await;
            world.replicas[replica].revive();
        }
    }
    storm.over().await;
    world.finish().await;
}
