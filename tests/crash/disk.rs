//! A disk that fills up under the database, and writes that fail: 503 while it lasts, then the service
//! goes on, and the next process finds everything in the database that was ever answered.
//!
//! The full disk is a small tmpfs in a mount namespace. The test runs itself once more in there.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use order_service::sandbox::Idempotency;

use super::replica::Orders;
use super::world::{Books, World, either, say, setting};

/// In the second run of a test: where its small disk is mounted.
pub const SMALL_DISK: &str = "CRASH_SMALL_DISK";

/// The small disk of a test.
enum Disk {
    /// This is the second run, and the disk is mounted here.
    Here(PathBuf),
    /// The second run had a disk, and succeeded.
    Had,
    /// Mounting is not allowed here.
    Forbidden,
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// Runs a test once more, alone, with a small disk; panics if it fails there.
async fn small_disk(test: &'static str, size: &str) -> Disk {
    const NO_NAMESPACE: i32 = 1;
    const NO_MOUNT: i32 = 99;

    if let Some(here) = std::env::var_os(SMALL_DISK) {
        return Disk::Here(here.into());
    }
    let directory = tempfile::tempdir().expect("a directory");
    let mount = format!("mount -t tmpfs -o mode=777,size={size} tmpfs \"${SMALL_DISK}\"");
    let script = format!("{mount} || exit {NO_MOUNT}; exec \"$@\"");
    let mut command = Command::new("unshare");
    // A user who isn't root can be root in a namespace.
    command.args([if is_root() { "-m" } else { "-rm" }, "--propagation", "private"]);
    command.args(["sh", "-c", &script, "sh"]).arg(std::env::current_exe().expect("this"));
    command.args([test, "--exact", "--nocapture"]).env(SMALL_DISK, directory.path());
    let run = tokio::task::spawn_blocking(move || command.status()).await.expect("runs");
    match run.expect("unshare").code() {
        Some(0) => Disk::Had,
        Some(NO_NAMESPACE | NO_MOUNT) => Disk::Forbidden,
        other => panic!("{test} failed on its small disk: {other:?}"),
    }
}

/// Fills a disk to the last block.
fn fill(disk: &Path) -> PathBuf {
    let path = disk.join("filler");
    let mut filler = File::create(&path).expect("a file");
    for size in [1 << 16, 1 << 12, 1] {
        let block = vec![0_u8; size];
        let full = loop {
            if let Err(error) = filler.write_all(&block) {
                break error;
            }
        };
        assert_eq!(full.kind(), io::ErrorKind::StorageFull, "{full}");
    }
    path
}

/// Under load, twice, nothing can be written for a while. The replica is killed and started during that
/// time and at the end. `broken` and `mended` are what is done to the disk.
async fn nothing_can_be_written(
    mut world: World,
    what: &'static str,
    broken: impl Fn(&World),
    mended: impl Fn(&World),
) {
    let storm = world.storm();
    for _round in 0..setting("CRASH_ROUNDS", 2) {
        world.served(20, 40).await;
        world.note(what);
        broken(&world);
        world.clients.answered_with(503, 20).await;
        world.until_ready_says(0, 503).await;
        world.kill(0);
        world.replicas[0].revive();
        mended(&world);
        let began = world.clock.monotonic();
        world.clients.answered_with(201, 5).await;
        let took = world.clock.monotonic().saturating_sub(began).as_millis();
        say(&format!("{what}: the fifth 201 came {took} ms after it was over"));
        world.until_ready_says(0, 200).await;
    }
    storm.over().await;
    // The next process does not find what this one only believed to have written.
    world.kill(0);
    world.replicas[0].revive();
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_under_sqlite_is_503_while_it_lasts_and_loses_nothing() {
    let test = "disk::a_full_disk_under_sqlite_is_503_while_it_lasts_and_loses_nothing";
    let what = "full disk";
    match small_disk(test, "6m").await {
        Disk::Had => {}
        // The only way left is a file that must not grow.
        Disk::Forbidden => {
            say("no tmpfs can be mounted here: a limit on file sizes stands in for the full disk");
            files_that_may_not_grow("full disk, by a limit").await;
        }
        Disk::Here(disk) => {
            let url = format!("sqlite://{}/books.db", disk.display());
            let tell = |orders: Orders| orders.at(&url);
            let world = World::start_with(what, Books::Sqlite, either(3), 1, tell).await;
            let broken = |_: &World| drop(fill(&disk));
            let mended = |_: &World| fs::remove_file(disk.join("filler")).expect("the filler");
            nothing_can_be_written(world, "full disks", broken, mended).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_under_postgresql_is_503_while_it_lasts_and_loses_nothing() {
    let test = "disk::a_full_disk_under_postgresql_is_503_while_it_lasts_and_loses_nothing";
    if !is_root() {
        say("PostgreSQL on a full disk is NOT shown: its disk can only be mounted by root");
        return;
    }
    match small_disk(test, "128m").await {
        Disk::Had => {}
        Disk::Forbidden => {
            say("PostgreSQL on a full disk is NOT shown: no tmpfs can be mounted here");
        }
        Disk::Here(disk) => {
            let world = World::start("full disk", Books::Cramped, Idempotency::default(), 1).await;
            let broken = |_: &World| drop(fill(&disk));
            let mended = |_: &World| fs::remove_file(disk.join("filler")).expect("the filler");
            nothing_can_be_written(world, "full disks", broken, mended).await;
        }
    }
}

/// SQLite gets EFBIG from the system for every write, and reports it as an I/O error.
#[tokio::test(flavor = "multi_thread")]
async fn writes_that_fail_under_sqlite_are_503_while_it_lasts_and_lose_nothing() {
    files_that_may_not_grow("I/O errors").await;
}

async fn files_that_may_not_grow(what: &'static str) {
    // Unless the process ignores the signal, the first failing write would end it.
    let ignoring = ["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"];
    let tell = |orders: Orders| orders.through(&ignoring);
    let world = World::start_with(what, Books::Sqlite, either(4), 1, tell).await;
    let limit = |world: &World, limit: &str| world.replicas[0].limit("fsize", limit);
    let broken = |world: &World| limit(world, "0:");
    let mended = |world: &World| limit(world, "unlimited:");
    nothing_can_be_written(world, what, broken, mended).await;
}
