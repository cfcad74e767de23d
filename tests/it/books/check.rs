//! `check`: which sagas in flight this binary could not continue (promises 33 and 48).

use order_service::sandbox::sample::{ASHA, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use sea_orm::{Database, EntityTrait};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Ran, Raw, run, run_with};
use crate::harness::{BOTH, World, cart};

/// A world with sagas that are parked for an hour, so that nobody drives them in the meantime.
async fn with_parked(books: crate::harness::Books, count: usize) -> (World, Vec<Uuid>) {
    let world = World::build(books).no_joining().set(|config| {
        config.retry.initial = std::time::Duration::from_hours(1);
        config.retry.max = std::time::Duration::from_hours(1);
        config.checkout.deadline = std::time::Duration::from_hours(24);
    });
    let world = world.start().await;
    let mut parked = Vec::new();
    for _each in 0..count {
        world.fault(Fault::once(Call::Process, FaultKind::ErrorBefore));
        let headers = [("Prefer", "respond-async")];
        let id = world.create_with(&cart(ASHA, &[(TEA, 1)]), &headers).await.is_accepted(ASHA);
        world.until(async || world.inspect(id).await["nextAttemptAt"].is_string()).await;
        parked.push(id);
    }
    (world, parked)
}

fn why(checked: &Value, list: &str, id: Uuid) -> String {
    let listed = checked[list].as_array().expect("a list");
    let saga = listed.iter().find(|saga| saga["id"] == json!(id));
    let saga = saga.unwrap_or_else(|| panic!("{id} is not in {checked}"));
    saga["why"].as_str().expect("text").to_owned()
}

#[tokio::test]
async fn a_binary_that_can_continue_everything_says_so_beside_the_running_service() {
    for books in BOTH {
        let (world, _) = with_parked(books, 2).await;
        world.create(&cart(ASHA, &[(TEA, 1)])).await.is_created(ASHA, 14_900);
        let ran = run(&world, &["check"]).await;
        let said = (ran.code, ran.stdout.as_str(), ran.stderr.as_str());
        assert_eq!(said, (Some(0), "2 open sagas, 0 could not be continued\n", ""));
        let ran = run(&world, &["check", "--json"]).await;
        let nothing = json!({
            "open": 2, "lost": 0, "couldNot": [], "regained": 0, "wouldTakeUp": [],
            "missingMigrations": [], "newerMigrations": [],
        });
        assert_eq!((ran.code, ran.json()), (Some(0), nothing));
        // The service goes on, and still holds the lock on the file.
        world.create(&cart(ASHA, &[(TEA, 1)])).await.is_created(ASHA, 14_900);
        world.stop().await;
    }
}

#[tokio::test]
async fn sagas_that_could_not_be_continued_are_reported_with_the_reason_and_exit_with_1() {
    let breakages = [
        ("UPDATE saga_instance SET kind = 'gift' WHERE id = ID", "does not know gift version 1"),
        ("UPDATE saga_instance SET definition_version = 9 WHERE id = ID", "checkout version 9"),
        ("UPDATE saga_instance SET state = 'Frobnicated' WHERE id = ID", "state Frobnicated"),
        ("UPDATE saga_instance SET context = '{}' WHERE id = ID", "its context can't be read"),
        (
            "UPDATE step_log SET step = 'wrap_gift' WHERE saga_id = ID AND seq = 2",
            "entry 2 of its log can't be read: wrap_gift came",
        ),
        (
            "UPDATE step_log SET event = 'dreamt' WHERE saga_id = ID AND seq = 1",
            "entry 1 of its log can't be read: fetch_profile dreamt",
        ),
    ];
    for books in BOTH {
        let (world, parked) = with_parked(books, breakages.len() + 1).await;
        let raw = Raw::of(&world).await;
        for (id, (sql, _)) in parked.iter().zip(breakages) {
            raw.break_books(*id, sql).await;
        }
        let ran = run(&world, &["check"]).await;
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""), "{ran:?}");
        let last = ran.stdout.lines().last().expect("lines");
        assert_eq!(last, "7 open sagas, 6 could not be continued");
        let checked = run(&world, &["check", "--json"]).await;
        for (id, (_, words)) in parked.iter().zip(breakages) {
            assert!(why(&checked.json(), "couldNot", *id).contains(words), "{words}: {checked:?}");
            assert!(ran.stdout.contains(&id.to_string()) && ran.stdout.contains(words), "{ran:?}");
        }
        assert_eq!(checked.json()["couldNot"].as_array().map(Vec::len), Some(6));
        world.stop().await;
    }
}

#[tokio::test]
async fn what_was_set_aside_and_can_be_read_now_is_reported_and_is_no_failure() {
    for books in BOTH {
        let (world, parked) = with_parked(books, 1).await;
        let stuck =
            r#"{"kind":"Unreadable","since":"2026-01-01T00:00:00Z","step":"x","detail":"of old"}"#;
        let sql = format!(
            "UPDATE saga_instance SET next_attempt_at = NULL, stuck_kind = 'Unreadable', \
             stuck = '{stuck}' WHERE id = ID"
        );
        Raw::of(&world).await.break_books(parked[0], &sql).await;
        let ran = run(&world, &["check"]).await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.stdout.starts_with("Set aside by another binary"), "{ran:?}");
        let checked = run(&world, &["check", "--json"]).await.json();
        assert_eq!(why(&checked, "wouldTakeUp", parked[0]), "of old");
        world.stop().await;
    }
}

#[tokio::test]
async fn a_schema_of_another_version_is_reported_and_left_as_it_is() {
    for books in BOTH {
        let (world, _) = with_parked(books, 1).await;
        let raw = Raw::of(&world).await;
        let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m2999_gifts', 1)";
        raw.break_books(Uuid::nil(), newer).await;
        let ran = run(&world, &["check"]).await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.stdout.contains("The schema has m2999_gifts, which this binary"), "{ran:?}");
        // A replica that is older than the schema goes on.
        assert_eq!(world.get("/health/ready").await.status, 200);
        assert_eq!(run(&world, &["audit"]).await.code, Some(0));

        let older = "DELETE FROM seaql_migrations WHERE version LIKE '%outbox_order'";
        raw.break_books(Uuid::nil(), older).await;
        let ran = run(&world, &["check"]).await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.stdout.contains("lacks m20261122_000007_outbox_order:"), "{ran:?}");
        assert_eq!(world.get("/health/ready").await.status, 503);
        let ran = run(&world, &["audit"]).await;
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.stderr.contains("1 migrations are missing"), "{ran:?}");
        world.stop().await;
    }
}

#[tokio::test]
async fn a_replica_that_is_older_than_its_schema_starts_on_it() {
    for books in BOTH {
        let world = World::build(books).start().await;
        let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m2999_gifts', 1)";
        Raw::of(&world).await.break_books(Uuid::nil(), newer).await;
        let world = world.restart().await;
        world.create(&cart(ASHA, &[(TEA, 1)])).await.is_created(ASHA, 14_900);
        world.finish().await;
    }
}

/// The database is only looked at: no file and no table is created.
#[tokio::test]
async fn a_database_without_books_is_left_empty() {
    let world = World::build(crate::harness::Books::Postgres).start().await;
    let empty = crate::harness::Postgres::shared().database().await;
    let ran = run_with(&world, &["check"], &[("DATABASE_URL", empty.clone())]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stdout.ends_with("\n\n0 open sagas, 0 could not be continued\n"), "{ran:?}");
    let books = Database::connect(empty).await.expect("the database");
    assert!(entity::orders::Entity::find().all(&books).await.is_err());
    let nowhere = std::env::temp_dir().join("no-such-books.db");
    let url = format!("sqlite://{}", nowhere.display());
    for command in ["check", "audit"] {
        let ran: Ran = run_with(&world, &[command], &[("DATABASE_URL", url.clone())]).await;
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.stderr.contains("there is no file"), "{ran:?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    }
    assert!(!nowhere.exists());
    world.finish().await;
}
