//! What is watched: the alerts' rules and the dashboard name metrics that there are, and the metrics say how the
//! books stand.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use order_service::clock::Clock;
use order_service::sandbox::sample::{ASHA, CUP, KETTLE, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use order_service::store::{AuditScope, BooksAudit};

use crate::harness::{World, cart, on_both, on_both_with};

const RULES: &str = include_str!("../../docker/prometheus/rules.yml");
const DASHBOARD: &str = include_str!("../../docker/grafana/order-service.json");

async fn metrics(world: &World) -> String {
    world.get("/metrics").await.body.as_str().expect("text").to_owned()
}

/// The value of a metric without labels, or with exactly these.
async fn metric(world: &World, name: &str) -> f64 {
    let text = metrics(world).await;
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("order_service_{name} ")));
    line.unwrap_or_else(|| panic!("no {name} in\n{text}")).parse().expect("a number")
}

fn promtool(arguments: &[&str]) {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/docker/prometheus");
    let checked = Command::new("promtool").args(arguments).current_dir(directory).output();
    let checked = checked.expect("promtool");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
}

#[test]
fn the_rules_are_rules_and_fire_when_they_should() {
    promtool(&["check", "rules", "rules.yml"]);
    promtool(&["test", "rules", "rules_test.yml"]);
}

/// The metrics that a text names.
fn named(text: &str) -> BTreeSet<&str> {
    let ends = |letter: char| !letter.is_ascii_lowercase() && letter != '_';
    let names = text.match_indices("order_service_").map(|(at, _)| {
        let rest = &text[at..];
        &rest[..rest.find(ends).unwrap_or(rest.len())]
    });
    names.collect()
}

#[tokio::test]
async fn every_metric_that_is_watched_is_there_from_the_start() {
    on_both(async |world| {
        let text = metrics(world).await;
        let there = named(&text);
        for metric in named(RULES).union(&named(DASHBOARD)) {
            let family = metric.trim_end_matches("_bucket");
            // A histogram has lines once something has happened.
            let is_there = there.contains(metric) || text.contains(&format!("# TYPE {family} "));
            let of_histogram = metric.trim_end_matches("_count");
            assert!(
                is_there || text.contains(&format!("# TYPE {of_histogram} histogram")),
                "{metric} is in no\n{text}"
            );
        }
        for line in [
            "sagas_stuck{stuck=\"InDoubt\"} 0",
            "sagas_stuck{stuck=\"Exhausted\"} 0",
            "sagas_stuck{stuck=\"Refused\"} 0",
            "sagas_stuck{stuck=\"Unreadable\"} 0",
            "creates_total{code=\"2xx\"} 0",
            "creates_total{code=\"5xx\"} 0",
            "circuit_open{neighbour=\"payment\"} 0",
            "dead_letters_total 0",
            "audit_differences 0",
            "webhooks_disabled 0",
            "sagas_forgotten 0",
            "events_forgotten 0",
            "archive_bytes 0",
            "retention_failures 0",
            "retention_failing_seconds 0.0",
            "retention_last_batch_timestamp_seconds 0.0",
        ] {
            assert!(text.contains(&format!("\norder_service_{line}\n")), "no {line} in\n{text}");
        }
    })
    .await;
}

#[test]
fn every_alert_has_its_paragraph() {
    let operations = include_str!("../../docs/OPERATIONS.md");
    let alerts = RULES.lines().filter_map(|line| line.trim().strip_prefix("- alert: "));
    let alerts: BTreeSet<_> = alerts.collect();
    assert_eq!(alerts.len(), 11);
    let links = RULES.matches("runbook_url: docs/OPERATIONS.md#").count();
    assert_eq!(links, 11, "one for each, the two of the budget share theirs");
    for alert in alerts {
        assert!(operations.contains(&format!("\n### {alert}\n")), "no paragraph for {alert}");
        let link = format!("docs/OPERATIONS.md#{}\n", alert.to_lowercase());
        assert!(RULES.contains(&link), "{alert} names no paragraph");
    }
}

#[tokio::test]
async fn a_customer_who_is_out_of_money_is_in_the_metrics_for_as_long() {
    on_both_with(
        |world| world.set(|config| config.retry.stuck_after = Duration::from_millis(1)),
        async |world| {
            world.fault(Fault::on(Call::Refund, FaultKind::ErrorBefore));
            let refused = Fault::once(Call::Reserve, FaultKind::Refuse);
            world.fault(Fault { product_id: Some(KETTLE), ..refused });
            world.create(&cart(ASHA, &[(TEA, 1), (KETTLE, 1)])).await;
            world
                .until(async || metric(world, "sagas_stuck{stuck=\"Exhausted\"}").await > 0.0)
                .await;
            let first = metric(world, "money_out_oldest_seconds").await;
            assert!(first > 0.0);
            world.until(async || metric(world, "money_out_oldest_seconds").await > first).await;
            assert!(metric(world, "executors_alive").await >= 1.0);
            assert!(metric(world, "creates_total{code=\"4xx\"}").await >= 1.0);
            world.sandbox.clear_faults();
            world.until(async || metric(world, "money_out_oldest_seconds").await == 0.0).await;
            assert!(metric(world, "sagas_stuck{stuck=\"Exhausted\"}").await == 0.0);
        },
    )
    .await;
}

#[tokio::test]
async fn what_an_audit_found_is_in_the_metrics_and_a_part_can_only_add_to_it() {
    on_both(async |world| {
        world.create(&cart(ASHA, &[(CUP, 1)])).await;
        let note = async |differences, scope| {
            let found = BooksAudit { differences, ended_at: Clock::system().now() };
            world.store().note_books_audit(found, scope).await.expect("the books");
        };
        for (differences, scope, shown) in [
            (3, AuditScope::All, 3),
            (0, AuditScope::Part, 3),
            (5, AuditScope::Part, 5),
            (0, AuditScope::All, 0),
        ] {
            note(differences, scope).await;
            let line = format!("\norder_service_audit_differences {shown}\n");
            world.until(async || metrics(world).await.contains(&line)).await;
        }
        assert!(metric(world, "audit_age_seconds").await < 60.0);
    })
    .await;
}

#[tokio::test]
async fn of_replicas_that_ask_one_runs_the_audit_that_is_due() {
    on_both(async |world| {
        let (store, now) = (world.store(), Clock::system().now());
        let hour = Duration::from_hours(1);
        let asked = [
            store.claim_books_audit(now, hour).await,
            store.claim_books_audit(now, hour).await,
            store.claim_books_audit(now + hour, hour).await,
        ];
        assert_eq!(asked.map(|claimed| claimed.expect("the books")), [true, false, true]);
    })
    .await;
}

#[tokio::test]
async fn the_service_audits_its_books_by_itself() {
    on_both_with(
        |world| {
            let every = Some(Duration::from_mins(1));
            world.set(move |config| config.audit.every = every)
        },
        async |world| {
            // Begun at once, and found to agree.
            world.until(async || metric(world, "audit_age_seconds").await > 0.0).await;
            assert!(metric(world, "audit_differences").await == 0.0);
        },
    )
    .await;
}
