//! One replica: killed, or asked to stop, under load, and started again. It takes up its own work at
//! once (promise 31).

use std::os::unix::fs::symlink;
use std::time::Duration;
use std::{env, fs};

use order_service::sandbox::Idempotency;
use serde_json::json;

use super::world::{Books, World, setting};

async fn killed_in_a_storm(books: Books, kinds: Idempotency) {
    let mut world = World::start("killed in a storm", books, kinds, 1).await;
    world.sandbox.make_flaky().await;
    let storm = world.storm();
    for _round in 0..setting("CRASH_ROUNDS", 3) {
        world.served(10, 30).await;
        world.kill(0);
        world.replicas[0].revive();
        // And again while it starts, when it may be opening, migrating, or taking over its predecessor's sagas.
        let into_it = u64::try_from(world.dice.between(0, 200)).expect("few");
        world.clock.sleep(Duration::from_millis(into_it)).await;
        world.kill(0);
        world.replicas[0].revive();
    }
    storm.over().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_it_is_killed_in_a_storm_on_sqlite() {
    killed_in_a_storm(Books::Sqlite, Idempotency::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_it_is_killed_in_a_storm_on_postgresql() {
    killed_in_a_storm(Books::Postgres, Idempotency::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_twice_when_it_is_killed_among_neighbours_that_repeat_on_sqlite() {
    killed_in_a_storm(Books::Sqlite, Idempotency::REPEATING).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_twice_when_it_is_killed_among_neighbours_that_repeat_on_postgresql() {
    killed_in_a_storm(Books::Postgres, Idempotency::REPEATING).await;
}

async fn terminated_under_load(books: Books) {
    let mut world = World::start("SIGTERM under load", books, Idempotency::default(), 1).await;
    world.sandbox.inject(json!({"call": "*", "fault": "slow", "millis": 20, "chance": 0.5})).await;
    let storm = world.storm();
    for _round in 0..2 {
        world.served(20, 20).await;
        world.note("SIGTERMs");
        world.replicas[0].terminate().await;
        world.replicas[0].revive();
    }
    storm.over().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_under_load_ends_with_0_and_loses_nothing_on_sqlite() {
    terminated_under_load(Books::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_under_load_ends_with_0_and_loses_nothing_on_postgresql() {
    terminated_under_load(Books::Postgres).await;
}

/// By whatever name it opens the file, and also if somebody has deleted the lock file.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_on_one_sqlite_file_is_refused_by_whatever_name_it_comes() {
    let mut world = World::start("two on one file", Books::Sqlite, Idempotency::default(), 1).await;
    let file = world.orders().url.trim_start_matches("sqlite://").to_owned();
    let directory = file.trim_end_matches("/books.db");
    fs::create_dir(format!("{directory}/sub")).expect("a directory");
    symlink(&file, format!("{directory}/symlink.db")).expect("a link");
    symlink(directory, format!("{directory}/sub/up")).expect("a link");
    fs::hard_link(&file, format!("{directory}/sub/hard-link.db")).expect("a link");
    let from_here = "../".repeat(env::current_dir().expect("here").components().count());
    let names = [
        file.clone(),
        format!("{directory}/sub/../books.db"),
        format!("{directory}//./books.db"),
        format!("{directory}/book%73.db"),
        format!("{directory}/books.db?mode=rwc"),
        format!("{directory}/symlink.db"),
        format!("{directory}/sub/up/books.db"),
        format!("{directory}/sub/hard-link.db"),
        format!("{from_here}{}", file.trim_start_matches('/')),
        format!("file:{file}"),
        format!("file:{directory}/book%2573.db%3fnolock=1"),
        format!("file://localhost{file}"),
    ];
    for name in &names {
        let second = world.orders().at(&format!("sqlite://{name}")).refused().await;
        let said = String::from_utf8_lossy(&second.stderr);
        assert_eq!(second.status.code(), Some(1), "{name}: {said}");
        assert!(said.contains("in use by another process"), "{name}: {said}");
        assert!(said.contains(&file) || name.contains("hard"), "{name}: {said}");
    }
    fs::remove_file(format!("{file}.lock")).expect("the lock beside it");
    for name in &names {
        let second = world.orders().at(&format!("sqlite://{name}")).refused().await;
        let said = String::from_utf8_lossy(&second.stderr);
        assert!(said.contains("in use by another process"), "without its lock, {name}: {said}");
    }
    // Read-only commands are not refused, and neither they nor refused processes disturb the owner.
    let storm = world.storm();
    world.clients.served(10).await;
    for command in ["check", "audit"] {
        let ran = world.orders().run(command).await;
        let said = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.status.code(), Some(0), "{command}: {said}");
    }
    storm.over().await;
    // A process that was killed releases it.
    world.kill(0);
    world.replicas[0].revive();
    world.replicas[0].ready().await;
    world.finish().await;
}
