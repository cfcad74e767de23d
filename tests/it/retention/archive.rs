//! The archive by itself, through the shell.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use order_service::store::Store;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Forgetter, Place, delivered, refused, settled};
use crate::books::{Ran, run};
use crate::harness::{Books, World};

async fn archive(world: &World, place: &Place, what: &[&str]) -> Ran {
    let path = place.path();
    let arguments = [&["archive"], what, &["--archive", path.to_str().expect("text")]].concat();
    run(world, &arguments).await
}

#[tokio::test]
async fn the_archive_is_shown_and_verified_by_the_shell() {
    let (world, place) = (World::build(Books::Sqlite).start().await, Place::new());
    let (arrived, rejected) = (delivered(&world, "one").await, refused(&world).await);
    settled(&world).await;
    assert_eq!(Forgetter::new(world.store().clone(), &place.path(), 1).look().await.sagas, 2);
    for id in [arrived, rejected] {
        let shown = archive(&world, &place, &["show", &id.to_string().to_uppercase()]).await;
        assert_eq!(shown.code, Some(0), "{shown:?}");
        let line: Value = serde_json::from_str(&shown.stdout).expect("JSON");
        assert_eq!(line["saga"]["id"], json!(id));
        assert!(shown.stdout.lines().count() > 10, "it is laid out");
    }
    let unknown = archive(&world, &place, &["show", &Uuid::nil().to_string()]).await;
    assert_eq!((unknown.code, unknown.stdout.as_str()), (Some(1), ""));
    assert!(unknown.stderr.contains("no saga or order"), "{unknown:?}");
    let bad = archive(&world, &place, &["show", "x"]).await;
    assert_eq!(bad.code, Some(2), "{bad:?}");
    let nowhere = run(&world, &["archive", "verify"]).await;
    assert_eq!(nowhere.code, Some(2), "{nowhere:?}");

    let good = archive(&world, &place, &["verify"]).await;
    assert_eq!(good.code, Some(0), "{good:?}");
    assert!(good.stdout.contains("2 sagas, all as promised"), "{good:?}");

    // What stands behind was never promised.
    let file = place.file();
    let whole = fs::read(&file).expect("the file");
    let mut open = fs::File::options().append(true).open(&file).expect("the file");
    open.write_all(b"half a frame").expect("room");
    let behind = archive(&world, &place, &["verify"]).await;
    assert_eq!(behind.code, Some(0), "{behind:?}");
    assert!(behind.stdout.contains("12 bytes behind were never promised"), "{behind:?}");
    // The next batch cuts it off.
    let more = refused(&world).await;
    settled(&world).await;
    let next = Forgetter::new(world.store().clone(), &place.path(), 2);
    next.clock.advance(std::time::Duration::from_mins(1));
    assert_eq!(next.look().await.sagas, 1);
    assert_eq!(place.found(more).len(), 1);
    let good = archive(&world, &place, &["verify"]).await;
    assert!(good.code == Some(0) && !good.stdout.contains("behind"), "{good:?}");
    let grown = fs::read(&file).expect("the file");
    assert_eq!(grown.get(..whole.len()), Some(&whole[..]), "what was promised stays");

    world.stop().await;
}

#[tokio::test]
async fn every_byte_that_is_promised_counts() {
    let (world, place) = (World::build(Books::Sqlite).start().await, Place::new());
    delivered(&world, "one").await;
    refused(&world).await;
    settled(&world).await;
    assert_eq!(Forgetter::new(world.store().clone(), &place.path(), 1).look().await.sagas, 2);
    let file = place.file();
    let whole = fs::read(&file).expect("the file");
    let verified = async |bytes: &[u8]| {
        fs::write(&file, bytes).expect("room");
        archive(&world, &place, &["verify"]).await
    };
    for at in [0, whole.len() / 2, whole.len() - 1] {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        let found = verified(&changed).await;
        assert_eq!(found.code, Some(1), "byte {at}: {found:?}");
        assert!(found.stdout.contains("NOT AS PROMISED"), "{found:?}");
    }
    assert_eq!(verified(&whole[..whole.len() - 1]).await.code, Some(1), "one is missing");
    assert_eq!(verified(&whole).await.code, Some(0));
    let manifest = manifest_of(&file);
    let text = fs::read_to_string(&manifest).expect("the manifest");
    for member in ["sagas", "entries"] {
        let mut wrong: Value = serde_json::from_str(&text).expect("JSON");
        wrong[member] = json!(wrong[member].as_u64().expect("a number") + 1);
        fs::write(&manifest, wrong.to_string()).expect("room");
        let found = archive(&world, &place, &["verify", "--json"]).await;
        assert_eq!(found.code, Some(1), "{member}: {found:?}");
    }
    fs::write(&manifest, text).expect("room");
    fs::remove_file(&file).expect("the file");
    let missing = archive(&world, &place, &["verify"]).await;
    assert!(
        missing.code == Some(1) && missing.stdout.contains("the file is missing"),
        "{missing:?}"
    );
    world.stop().await;
}

#[tokio::test]
async fn a_file_that_has_lost_its_manifest_is_told_from_one_that_was_only_begun() {
    let (world, place) = (World::build(Books::Sqlite).start().await, Place::new());
    refused(&world).await;
    settled(&world).await;
    assert_eq!(Forgetter::new(world.store().clone(), &place.path(), 1).look().await.sagas, 1);
    let (file, manifest) = (place.file(), manifest_of(&place.file()));
    let (whole, text) = (fs::read(&file).expect("it"), fs::read(&manifest).expect("it"));

    // A process that dies right after it has begun a file leaves this.
    let begun = file.with_file_name("sagas-2199-01-01.jsonl.zst");
    let mut empty: Value = serde_json::from_slice(&text).expect("JSON");
    empty["file"] = json!("sagas-2199-01-01.jsonl.zst");
    for member in ["sagas", "entries", "bytes"] {
        empty[member] = json!(0);
    }
    let of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    empty["sha256"] = json!(of_nothing);
    fs::write(&begun, "").expect("room");
    fs::write(manifest_of(&begun), empty.to_string()).expect("room");
    assert_eq!(archive(&world, &place, &["verify"]).await.code, Some(0));
    assert!(place.found(Uuid::max()).is_empty());
    fs::remove_file(manifest_of(&begun)).expect("it");
    assert_eq!(archive(&world, &place, &["verify"]).await.code, Some(0), "nothing is in it");
    fs::remove_file(&begun).expect("it");

    fs::remove_file(&manifest).expect("it");
    let lost = archive(&world, &place, &["verify"]).await;
    let says = lost.stdout.contains("its manifest is missing");
    assert!(lost.code == Some(1) && says, "{lost:?}");
    // Nothing of it is cut off or overwritten.
    let more = refused(&world).await;
    settled(&world).await;
    let next = Forgetter::new(world.store().clone(), &place.path(), 2);
    next.clock.advance(std::time::Duration::from_mins(1));
    let failure = next.fails().await.to_string();
    assert!(failure.contains("its manifest is missing"), "{failure}");
    assert_eq!(fs::read(&file).expect("it"), whole);
    fs::write(&manifest, text).expect("room");
    assert_eq!(next.look().await.sagas, 1);
    assert_eq!(place.found(more).len(), 1);
    world.stop().await;
}

fn manifest_of(file: &Path) -> PathBuf {
    let name = file.file_name().expect("a name").to_str().expect("text");
    file.with_file_name(name.replace(".jsonl.zst", ".json"))
}

#[tokio::test]
async fn another_databases_archive_is_left_alone() {
    let (world, other) =
        (World::build(Books::Sqlite).start().await, World::build(Books::Sqlite).start().await);
    let place = Place::new();
    let forget = |store: &Store, seed| Forgetter::new(store.clone(), &place.path(), seed);
    let (theirs, ours) = (refused(&other).await, refused(&world).await);
    settled(&other).await;
    settled(&world).await;
    assert_eq!(forget(other.store(), 1).look().await.sagas, 1);
    let failure = forget(world.store(), 2).fails().await.to_string();
    assert!(failure.contains("nothing is forgotten"), "{failure}");
    assert_eq!(world.operator(&format!("/sagas/{ours}")).await.status, 200);
    assert_eq!((place.found(theirs).len(), place.lines().len()), (1, 1));
    let summary = world.operator("/summary").await.body;
    let retention = &summary["retention"];
    assert_eq!((&retention["failures"], &retention["state"]), (&json!(1), &json!("failing")));
    assert!(retention["lastError"].as_str().is_some_and(|it| it.contains("of the database")));
    world.stop().await;
    other.stop().await;
}
