//! The database of 2026-11-26 (`2026-11-26/`), of version 0.1.0 built from the commit "docs: where the rules
//! of the rooms are held" and recorded by `record.rs`. It has sixty checkouts: in every state, with every
//! cause, after every operator's action, in doubt, refused, exhausted, held, and killed in a call.
//!
//! The present code gives the same answers about them as that release did, takes each up, and brings it to
//! its end.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use order_service::clock::Clock;
use serde_json::{Value, json};

use super::LeftBehind;
use super::answers::{Checkout, Reader, Told};
use super::release::NOBODY;
use crate::harness::{BOTH, Books, Past, TOKEN, World, WorldBuilder};

/// What is not done by then never will be.
const PATIENCE: Duration = Duration::from_mins(2);

fn left_behind(books: Books) -> (LeftBehind, Past) {
    let (rows, rest) = match books {
        Books::Sqlite => {
            (include_str!("2026-11-26/sqlite.sql"), include_str!("2026-11-26/sqlite.json"))
        }
        Books::Postgres => {
            (include_str!("2026-11-26/postgres.sql"), include_str!("2026-11-26/postgres.json"))
        }
    };
    let left: LeftBehind = serde_json::from_str(rest).expect("what is beside the rows");
    let past = Past { books: rows.to_owned(), moved: left.moved.clone() };
    (left, past)
}

/// Neighbours that remember every key of the recording.
fn on(books: Books, past: Past) -> WorldBuilder {
    World::build(books).after(past).set(|config| {
        let a_century = Duration::from_hours(100 * 365 * 24);
        config.services.product.key_memory = a_century;
        config.services.payment.key_memory = a_century;
    })
}

#[tokio::test]
async fn every_answer_of_the_release_is_the_same_answer_now() {
    for books in BOTH {
        let read = Clock::system().within(PATIENCE, Box::pin(is_read_as_it_was(books))).await;
        read.expect("one of them is not taken up");
    }
}

async fn is_read_as_it_was(books: Books) {
    let (left, past) = left_behind(books);
    let world = on(books, past).set(|config| {
        // The configuration of the recording: no neighbour answers, and nothing is tried twice.
        let nobody = || NOBODY.parse().expect("a URL");
        config.services.user.url = nobody();
        config.services.product.url = nobody();
        config.services.payment.url = nobody();
        config.retry.initial = Duration::from_hours(1);
        config.retry.max = Duration::from_hours(1);
        config.retry.jitter = 0.0;
        config.retry.stuck_after = Duration::from_secs(3602);
        config.checkout.deadline = Duration::from_hours(3);
        config.checkout.deadline_attended = Duration::from_hours(3);
    });
    let world = world.start().await;
    let reader = Reader { http: &world.http, url: &world.url(""), made_at: left.made_at };
    let now = reader.read(&left.checkouts).await;
    for (name, told) in &left.answers.checkouts {
        assert_eq!(&now.checkouts[name], told, "{name}");
    }
    for (path, told) in &left.answers.lists {
        assert_eq!(&without_new_states(&now.lists[path], told), told, "{path}");
    }
    let checked = run(&world, &["check"]).await;
    assert!(checked.status.success(), "{checked:?}");
    let audited = run(&world, &["audit", "--json"]).await;
    let report: Value = serde_json::from_slice(&audited.stdout).expect("JSON");
    assert_eq!(report["sagas"], left.checkouts.len(), "{report:#}");
    let findings = report["findings"].as_array().expect("a list").iter();
    let differs: Vec<_> = findings.filter(|finding| is_wrong(finding, &left)).collect();
    assert!(differs.is_empty(), "{differs:#?}");
    world.stop().await;
}

/// A summary without the states that it counts nothing in and that the release did not know.
fn without_new_states(now: &Value, then: &Value) -> Value {
    let mut now = now.clone();
    if let Some(counts) = now.pointer_mut("/byState").and_then(Value::as_object_mut) {
        counts.retain(|state, count| *count != 0 || !then["byState"][state].is_null());
    }
    now
}

/// Whether a finding of the audit is a fault. That nobody takes up a held saga is none.
fn is_wrong(finding: &Value, left: &LeftBehind) -> bool {
    let of = left.checkouts.iter().find(|(_, of)| finding["id"] == json!(of.id));
    let is_held =
        of.is_some_and(|(name, _)| !left.answers.checkouts[name].saga["saga"]["held"].is_null());
    finding["verdict"] != "open" && !is_held
}

/// What a command of the shell prints about the world's books.
async fn run(world: &World, arguments: &[&str]) -> std::process::Output {
    let mut process = std::process::Command::new(env!("CARGO_BIN_EXE_order-service"));
    process
        .args(arguments)
        .env_clear()
        .env("DATABASE_URL", world.config.database.url.reveal())
        .env("ServiceUrls__PaymentService", world.sandbox.payment_url());
    tokio::task::spawn_blocking(move || process.output().expect("the binary")).await.expect("runs")
}

#[tokio::test]
async fn whatever_the_release_left_in_the_middle_comes_to_its_end() {
    for books in BOTH {
        goes_on(books).await;
    }
}

/// A change of the books that puts off the recorded deadlines by a century. They were three hours, so that what
/// goes forward would only do so in the hours after the recording.
fn before_every_deadline(books: Books) -> String {
    let (table, deadline) = match books {
        Books::Sqlite => ("saga_instance", "2126-11-26T00:00:00+00:00"),
        Books::Postgres => ("public.saga_instance", "2126-11-26 00:00:00+00"),
    };
    format!("UPDATE {table} SET deadline_at = '{deadline}';\n")
}

async fn goes_on(books: Books) {
    let (left, mut past) = left_behind(books);
    past.books.push_str(&before_every_deadline(books));
    let world = on(books, past).start().await;
    for (name, checkout) in &left.checkouts {
        for word in words(name) {
            let is_due = async || {
                let saga = world.inspect(checkout.id).await;
                !saga["stuck"].is_null() || !saga["held"].is_null()
            };
            in_time(world.until(is_due), name, "is not stuck").await;
            word.say(&world, name, checkout).await;
        }
    }
    let reader = Reader { http: &world.http, url: &world.url(""), made_at: left.made_at };
    for (name, checkout) in &left.checkouts {
        let before = &left.answers.checkouts[name];
        let end = end_of(name, before);
        let has_ended = async || world.status(checkout.id).await["state"] == end;
        in_time(world.until(has_ended), name, &format!("does not become {end}")).await;
        let after = reader.ask(checkout).await;
        if before.saga["saga"]["state"] == end {
            assert_eq!(&after, before, "{name}");
        }
        is_refused_as_before(name, before, &after);
    }
    every_event_is_told(&world, &left).await;
    world.finish().await;
}

/// The feed has the events of before, in the form of now.
async fn every_event_is_told(world: &World, left: &LeftBehind) {
    let mut confirmed = BTreeSet::new();
    for name in left.checkouts.keys() {
        let status = world.status(left.checkouts[name].id).await;
        if status["state"] == "Completed" {
            confirmed.insert(left.checkouts[name].id.to_string());
        }
    }
    let mut told = BTreeSet::new();
    let (mut positions, mut versions) = (1.., BTreeMap::new());
    let mut after = json!(0);
    while told.len() < confirmed.len() {
        let url = world.url(&format!("/api/events?after={after}&wait=30"));
        let page = world.http.get(url).bearer_auth(TOKEN).send().await.expect("an answer");
        let page: Value = page.json().await.expect("JSON");
        for event in page["events"].as_array().expect("a list") {
            let position = positions.next().expect("endless");
            assert_eq!(event["sequence"], format!("{position:020}"), "{event}");
            assert!(event["data"]["userId"].is_string(), "{event}");
            assert!(event["data"]["status"].is_string(), "{event}");
            let version = versions.entry(event["subject"].to_string()).or_insert(0);
            *version += 1;
            assert_eq!(event["data"]["version"], *version, "{event}");
            if event["type"] == "order.confirmed" {
                told.insert(event["subject"].as_str().expect("an id").to_owned());
            }
        }
        after = page["next"].clone();
    }
    assert_eq!(told, confirmed);
}

/// Waits, and names the checkout that waits in vain.
async fn in_time(wait: impl Future<Output = ()>, name: &str, otherwise: &str) {
    let waited = Clock::system().within(PATIENCE, Box::pin(wait)).await;
    waited.unwrap_or_else(|| panic!("{name} {otherwise}"));
}

/// A refusal never changes; only `undone` may have become true.
fn is_refused_as_before(name: &str, before: &Told, after: &Told) {
    let problem = |told: &Told| match &told.status["body"] {
        Value::String(text) => {
            serde_json::from_str::<Value>(text).expect("JSON")["problem"].clone()
        }
        body => body["problem"].clone(),
    };
    let mut told = problem(before);
    if !told.is_null() {
        told["undone"] = json!(true);
        assert_eq!(problem(after), told, "{name}");
    }
}

/// How a checkout ends, by its name.
fn end_of<'a>(name: &str, before: &'a Told) -> &'a str {
    match before.saga["saga"]["state"].as_str().expect("a state") {
        rest @ ("Completed" | "Compensated" | "Rejected") => rest,
        "Compensating" => "Compensated",
        _forward if name == "profile-fetched-other-price" => "Rejected",
        _forward => "Completed",
    }
}

/// What an operator does.
enum Word {
    Retry,
    Release,
    Resolve { step: &'static str, line: Option<u16>, happened: bool },
}

impl Word {
    async fn say(self, world: &World, name: &str, checkout: &Checkout) {
        let (action, body) = match self {
            Self::Retry => ("retry", json!({"reason": "their books are mended"})),
            Self::Release => ("release", json!({"reason": "it may go on"})),
            Self::Resolve { step, line, happened } => (
                "resolve",
                json!({"step": step, "line": line, "happened": happened, "reason": "by their ledger"}),
            ),
        };
        let answer = world.intervene(&format!("/sagas/{}/{action}", checkout.id), &body).await;
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
    }
}

/// What an operator has to do about a checkout, by what the neighbours' ledgers say.
fn words(name: &str) -> Vec<Word> {
    let verdict = |step, line, happened| Word::Resolve { step, line, happened };
    match name {
        "charge-in-doubt" | "taken-over-while-charging" => {
            vec![verdict("charge_payment", None, false)]
        }
        "held-in-doubt" => vec![verdict("charge_payment", None, false), Word::Release],
        "line-in-doubt" | "back-with-line-in-doubt" | "killed-while-reserving" => {
            vec![verdict("reserve_stock", Some(1), true)]
        }
        "paid-by-verdict" => vec![verdict("reserve_stock", Some(0), false)],
        "refund-in-doubt" | "back-with-nothing-reserved" => {
            vec![verdict("refund_payment", None, true)]
        }
        "release-in-doubt" | "killed-while-releasing" => {
            vec![verdict("release_stock", Some(0), true)]
        }
        // The first two are in doubt because their process was configured for neighbours that keep no keys, or
        // only briefly.
        "taken-over-while-reserving"
        | "found"
        | "refund-refused"
        | "refund-refused-again"
        | "release-refused" => vec![Word::Retry],
        "held" | "reserved" => vec![Word::Release],
        _by_itself => vec![],
    }
}
