//! The audit trail: every action of every person leaves an entry, none is without its action, and what
//! was changed afterwards is found (promise 63).

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::{join, join_all};
use order_service::sandbox::Call;
use order_service::sandbox::sample::{ASHA, TEA};
use reqwest::Method;
use sea_orm::{ConnectionTrait, Database};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{REASON, parked, patient};
use crate::auth::{ask, token_of, with_roles};
use crate::books::run;
use crate::harness::{World, WorldBuilder, cart, on_both, on_both_with};

fn with_people(world: WorldBuilder) -> WorldBuilder {
    with_roles(patient(world)).set(|config| {
        config.webhooks.allow_http = true;
        config.webhooks.allow_networks = vec!["127.0.0.0/8".parse().expect("a network")];
    })
}

/// The whole trail that a query leaves, oldest first.
async fn trail(world: &World, query: &str) -> Vec<Value> {
    let answer = world.operator(&format!("/audit?limit=500&{query}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let mut items = answer.body["items"].as_array().expect("a list").clone();
    items.reverse();
    items
}

/// `who role via action target result: reason`.
fn line(entry: &Value) -> String {
    let word = |name: &str| entry[name].as_str().unwrap_or("-").to_owned();
    let words = ["who", "role", "via", "action", "target", "result"].map(word).join(" ");
    format!("{words}: {}", word("reason"))
}

/// A POST of whoever is named like their role.
fn post<'a>(role: &'a str, path: &'a str, body: Value) -> (&'a str, Method, &'a str, Value) {
    (role, Method::POST, path, body)
}

/// Somebody's requests, each with what is answered.
struct Requests<'a> {
    world: &'a World,
    expected: Vec<String>,
}

impl Requests<'_> {
    /// A request of whoever is named like their role, and the entry that it leaves, if any, as `action
    /// target: reason`.
    async fn send(
        &mut self,
        (role, method, path, body): (&str, Method, &str, Value),
        status: u16,
        entry: Option<(&str, String, &str)>,
    ) -> Value {
        let token = token_of(role);
        let answer = ask(self.world, &method, path, Some(&token), &body).await;
        assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
        let result = match status {
            403 => "denied",
            409 => "refused",
            412 => "stale",
            _ => "done",
        };
        self.expected.extend(entry.map(|(action, target, reason)| {
            format!("{role} {role} api {action} {target} {result}: {reason}")
        }));
        answer.body
    }

    async fn are_in_the_trail(&self) {
        let found: Vec<_> = trail(self.world, "").await.iter().map(line).collect();
        assert_eq!(found, self.expected);
    }
}

#[tokio::test]
async fn what_is_done_to_sagas_and_what_is_not_is_in_the_trail() {
    on_both_with(with_people, async |world| {
        let mut requests = Requests { world, expected: Vec::new() };
        let id = parked(world, Call::Process, "key").await;
        let (saga, target) = (format!("/api/operator/sagas/{id}"), || id.to_string());
        let because = || json!({"reason": REASON});
        let hold = format!("{}/hold", saga.to_uppercase());
        for (role, status, reason) in
            [("viewer", 403, "-"), ("fulfilment", 403, "-"), ("operator", 200, REASON)]
        {
            let entry = Some(("hold", target(), reason));
            requests.send(post(role, &hold, because()), status, entry).await;
        }
        // A repeat that changes nothing is no other action.
        requests.send(post("admin", &hold, because()), 200, None).await;
        for (action, status) in [("compensate", 409), ("release", 200)] {
            let (path, entry) = (format!("{saga}/{action}"), Some((action, target(), REASON)));
            requests.send(post("operator", &path, because()), status, entry).await;
        }
        let (notes, note) = (format!("{saga}/notes"), json!({"text": "they will call"}));
        let entry = Some(("note", target(), "they will call"));
        requests.send(post("operator", &notes, note), 201, entry).await;
        let entry = Some(("note", target(), "-"));
        requests.send(post("viewer", &notes, json!({"text": "x"})), 403, entry).await;
        // Not of those that count: a bad body, and what is not there.
        requests.send(post("operator", &notes, json!({})), 400, None).await;
        let nobody = format!("/api/operator/sagas/{}/retry", Uuid::from_u128(1));
        requests.send(post("operator", &nobody, because()), 404, None).await;
        let retry = format!("{saga}/retry");
        let stale = world.http.post(world.url(&retry)).bearer_auth(token_of("operator"));
        let stale = stale.header("if-match", "1000").json(&because()).send().await;
        assert_eq!(stale.expect("an answer").status(), 412);
        requests.expected.push(format!("operator operator api retry {id} stale: {REASON}"));
        let other = parked(world, Call::Process, "other").await;
        let retry = format!("/api/operator/sagas/{other}/retry");
        let entry = Some(("retry", other.to_string(), REASON));
        requests.send(post("operator", &retry, because()), 200, entry).await;
        world.until(async || world.status(other).await["state"] == "Completed").await;
        world.until(async || world.status(id).await["state"] == "Completed").await;
        let verdict = json!({"step": "charge_payment", "happened": true, "reason": REASON});
        let entry = Some(("resolve", target(), REASON));
        let resolve = format!("{saga}/resolve");
        requests.send(post("operator", &resolve, verdict), 409, entry).await;
        requests.are_in_the_trail().await;
    })
    .await;
}

#[tokio::test]
async fn what_becomes_of_orders_is_in_the_trail() {
    on_both_with(with_people, async |world| {
        let mut requests = Requests { world, expected: Vec::new() };
        let id = world.create(&cart(ASHA, &[(TEA, 1)])).await.id();
        let target = || id.to_string();
        let (order, parcel) = (
            format!("/api/orders/{id}"),
            |number: &str| json!({"carrier": "post", "trackingNumber": number}),
        );
        let ship = format!("{order}/shipments");
        let entry = || Some(("ship", target(), "-"));
        requests.send(post("operator", &ship, parcel("1")), 403, entry()).await;
        let shipped = requests.send(post("fulfilment", &ship, parcel("1")), 201, entry()).await;
        requests.send(post("fulfilment", &ship, parcel("1")), 200, None).await;
        requests.send(post("fulfilment", &ship, parcel("2")), 409, entry()).await;
        let shipment = shipped["id"].as_str().expect("an id").to_owned();
        let events = format!("/api/shipments/{shipment}/events");
        let report = || json!({"status": "delivered", "at": "2026-05-01T10:00:00Z"});
        let entry = || Some(("report", shipment.clone(), "-"));
        requests.send(post("viewer", &events, report()), 403, entry()).await;
        requests.send(post("fulfilment", &events, report()), 200, entry()).await;
        requests.send(post("fulfilment", &events, report()), 200, None).await;
        let (cancel, staff) =
            (format!("/api/operator/orders/{id}/cancel"), || json!({"reason": "staff"}));
        let entry = |reason| Some(("cancel", target(), reason));
        requests.send(post("viewer", &cancel, staff()), 403, entry("-")).await;
        requests.send(post("operator", &cancel, staff()), 409, entry("staff")).await;
        let back = json!({"lines": [{"line": 0, "quantity": 1}], "reason": "too small"});
        let returns = format!("{order}/returns");
        let entry = |reason| Some(("return", target(), reason));
        requests.send(post("viewer", &returns, back.clone()), 403, entry("-")).await;
        for (key, status) in [("one", 201), ("one", 201), ("two", 409)] {
            let request = world.http.post(world.url(&returns)).bearer_auth(token_of("operator"));
            let answer = request.header("idempotency-key", key).json(&back).send().await;
            assert_eq!(answer.expect("an answer").status(), status, "{key}");
        }
        for result in ["done", "refused"] {
            let returned = format!("operator operator api return {id} {result}: too small");
            requests.expected.push(returned);
        }
        let other = world.create(&cart(ASHA, &[(TEA, 1)])).await.id();
        let cancel = format!("/api/operator/orders/{other}/cancel");
        let entry = Some(("cancel", other.to_string(), "staff"));
        requests.send(post("admin", &cancel, staff()), 200, entry).await;
        requests.send(post("operator", &cancel, staff()), 200, None).await;
        requests.are_in_the_trail().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_done_to_webhooks_is_in_the_trail() {
    on_both_with(with_people, async |world| {
        let mut requests = Requests { world, expected: Vec::new() };
        let all = "/api/operator/webhooks";
        let new = || json!({"url": "http://127.0.0.1:9/"});
        let (post, denied) = (Method::POST, Some(("webhook.create", "-".to_owned(), "-")));
        requests.send(("operator", post.clone(), all, new()), 403, denied).await;
        let mut answer = ask(world, &post, all, Some(&token_of("admin")), &new()).await.body;
        let id = answer["id"].take().as_str().expect("an id").to_owned();
        let one = format!("{all}/{id}");
        requests.expected.push(format!("admin admin api webhook.create {id} done: -"));
        let entry = |action| Some((action, id.clone(), "-"));
        let change = ("admin", Method::PATCH, one.as_str(), json!({"description": "ours"}));
        requests.send(change, 200, entry("webhook.change")).await;
        let rotate = ("admin", post.clone(), &*format!("{one}/rotate"), json!(null));
        requests.send(rotate, 200, entry("webhook.rotate")).await;
        let test = ("admin", post.clone(), &*format!("{one}/test"), json!(null));
        let tested = requests.send(test, 202, entry("webhook.test")).await;
        let event = tested["eventId"].as_str().expect("an id").to_owned();
        let resend = format!("{one}/deliveries/{event}/resend");
        let resent = Some(("webhook.resend", format!("{id}/{event}"), "-"));
        requests.send(("admin", post.clone(), &resend, json!(null)), 202, resent).await;
        let unknown = format!("{one}/deliveries/{id}/resend");
        requests.send(("admin", post.clone(), &unknown, json!(null)), 404, None).await;
        let since = json!({"since": "2020-01-01T00:00:00Z"});
        let recover = ("admin", post.clone(), &*format!("{one}/recover"), since);
        requests.send(recover, 202, entry("webhook.recover")).await;
        let disable = ("admin", Method::PATCH, one.as_str(), json!({"state": "disabled"}));
        requests.send(disable, 200, entry("webhook.change")).await;
        let test = ("admin", post, &*format!("{one}/test"), json!(null));
        requests.send(test, 409, entry("webhook.test")).await;
        for (role, status, entry) in [
            ("operator", 403, entry("webhook.remove")),
            ("admin", 204, entry("webhook.remove")),
            ("admin", 404, None),
        ] {
            let remove = (role, Method::DELETE, one.as_str(), json!(null));
            let token = token_of(role);
            let answer = ask(world, &remove.1, remove.2, Some(&token), &remove.3).await;
            assert_eq!(answer.status, status);
            let result = if status == 403 { "denied" } else { "done" };
            requests.expected.extend(entry.map(|(action, target, reason)| {
                format!("{role} {role} api {action} {target} {result}: {reason}")
            }));
        }
        requests.are_in_the_trail().await;
        let of_it = trail(world, &format!("target={id}")).await;
        assert_eq!(of_it.len(), requests.expected.len() - 1, "resend is below it");
    })
    .await;
}

#[tokio::test]
async fn the_trail_says_who_and_from_where_and_is_read_by_what_it_says() {
    on_both_with(with_people, async |world| {
        let id = parked(world, Call::Process, "key").await;
        let hold = format!("/sagas/{id}/hold");
        let before = world.clock.now();
        let body = json!({"reason": REASON});
        for (path, name) in [(&hold, "meena"), (&format!("/sagas/{id}/release"), "")] {
            let headers = [("x-operator", name)];
            assert_eq!(world.intervene_with(path, &body, &headers).await.status, 200);
        }
        // The fault that parks the other is not to meet this one.
        world.until(async || world.status(id).await["state"] == "Completed").await;
        let url = world.url("/");
        let other = parked(world, Call::Process, "other").await;
        let arguments = ["sagas", "retry", &other.to_string(), "--reason", "by hand"];
        let token = token_of("operator");
        let service = ["--url", url.as_str(), "--token", &token];
        let ran = run(world, &[&arguments[..], &service[..]].concat()).await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let after = world.clock.now() + Duration::from_secs(1);
        let lines: Vec<_> = trail(world, "").await.iter().map(line).collect();
        let expected = [
            format!("meena (shared token) admin api hold {id} done: {REASON}"),
            format!("operator (shared token) admin api release {id} done: {REASON}"),
            format!("operator operator shell retry {other} done: by hand"),
        ];
        assert_eq!(lines, expected);
        let moment = |moment: DateTime<Utc>| moment.to_rfc3339().replace('+', "%2B");
        for (query, expected) in [
            ("who=operator".to_owned(), &[3_i64][..]),
            ("who=meena%20(shared%20token)".to_owned(), &[1]),
            ("action=release".to_owned(), &[2]),
            ("action=resolve".to_owned(), &[]),
            (format!("target={id}"), &[1, 2]),
            (format!("target={}", id.simple()), &[1, 2]),
            ("target=x".to_owned(), &[]),
            ("result=done".to_owned(), &[1, 2, 3]),
            ("result=denied".to_owned(), &[]),
            (format!("from={}&to={}", moment(before), moment(after)), &[1, 2, 3]),
            (format!("to={}", moment(before)), &[]),
            (format!("from={}", moment(after)), &[]),
        ] {
            let found = trail(world, &query).await;
            let found: Vec<_> = found.iter().filter_map(|entry| entry["seq"].as_i64()).collect();
            assert_eq!(found, expected, "{query}");
        }
        let (mut seqs, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = world.operator(&format!("/audit?limit=2{cursor}")).await.body;
            let items = page["items"].as_array().expect("a list");
            seqs.extend(items.iter().filter_map(|entry| entry["seq"].as_i64()));
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seqs, [3, 2, 1]);
        for bad in ["result=x", "from=x", "who=", "limit=0", "limit=501", "cursor=x"] {
            assert_eq!(world.operator(&format!("/audit?{bad}")).await.status, 400, "{bad}");
        }
        world.until(async || world.status(other).await["state"] == "Completed").await;
    })
    .await;
}

#[tokio::test]
async fn who_is_not_known_is_counted_and_in_no_trail() {
    on_both(async |world| {
        for token in [None, Some("nobody's")] {
            let path = "/api/operator/summary";
            assert_eq!(ask(world, &Method::GET, path, token, &json!(null)).await.status, 401);
        }
        let metrics = world.http.get(world.url("/metrics")).send().await.expect("an answer");
        let metrics = metrics.text().await.expect("a text");
        let expected = "order_service_operator_unauthorized_total 2";
        assert!(metrics.lines().any(|line| line == expected), "{metrics}");
        assert_eq!(trail(world, "").await, [] as [Value; 0]);
    })
    .await;
}

#[tokio::test]
async fn many_at_once_have_a_chain_without_gaps_that_anybody_can_check() {
    on_both_with(with_people, async |world| {
        let id = world.create(&cart(ASHA, &[(TEA, 1)])).await.id();
        let notes = format!("/sagas/{id}/notes");
        let note = |at: usize| {
            let (path, body) = (&notes, json!({"text": format!("\"{at}\" ₹\n\\ \u{7f}")}));
            async move {
                let (noted, chained) =
                    join(world.intervene(path, &body), world.store().chain_audit_trail()).await;
                assert_eq!(noted.status, 201);
                chained.expect("the books");
            }
        };
        join_all((0..30).map(note)).await;
        let entries = trail(world, "").await;
        assert_eq!(entries.len(), 30);
        let mut before = "0".repeat(64);
        for (entry, seq) in entries.iter().zip(1..) {
            assert_eq!(entry["seq"], seq);
            let names = ["at", "who", "role", "via", "action", "target", "reason", "result"];
            let members = names.map(|name| entry[name].clone());
            let all: Vec<Value> = [json!(before), json!(seq)].into_iter().chain(members).collect();
            let text = serde_json::to_string(&all).expect("JSON");
            let hash =
                base16ct::lower::encode_string(&<sha2::Sha256 as sha2::Digest>::digest(text));
            assert_eq!(entry["hash"], hash, "{entry}");
            before = hash;
        }
    })
    .await;
}

/// Statements that let the trail be changed, and that forbid it again.
const GUARDS: [[&str; 2]; 2] = [
    ["ALTER TABLE audit_entry DISABLE TRIGGER USER", "ALTER TABLE audit_entry ENABLE TRIGGER USER"],
    ["DROP TRIGGER audit_entry_unchanged; DROP TRIGGER audit_entry_kept", "SELECT 1"],
];

/// What somebody does to the trail, how it is undone, and what is found of it.
const TAMPERINGS: [(&str, &str, &[&str]); 5] = [
    (
        "UPDATE audit_entry SET who = 'mallory' WHERE seq = 2",
        "UPDATE audit_entry SET who = 'operator (shared token)' WHERE seq = 2",
        &["entry 2: its hash is not that of what it says"],
    ),
    (
        "DELETE FROM audit_entry WHERE seq = 2",
        "INSERT INTO audit_entry SELECT * FROM kept WHERE seq = 2",
        &["entry 2 is missing"],
    ),
    (
        "DELETE FROM audit_entry WHERE seq < 3",
        "INSERT INTO audit_entry SELECT * FROM kept WHERE seq < 3",
        &["entries 1 to 2 are missing"],
    ),
    (
        "DELETE FROM audit_entry WHERE seq > 3",
        "INSERT INTO audit_entry SELECT * FROM kept WHERE seq > 3",
        &["ends with entry 3; 4 were noted"],
    ),
    (
        "UPDATE audit_head SET entries = 3",
        "UPDATE audit_head SET entries = 4",
        &["ends with entry 4; 3 were noted", "entry 3: its hash is not the one that was noted"],
    ),
];

#[tokio::test]
async fn a_change_a_gap_and_a_cut_tail_are_found() {
    on_both_with(with_people, async |world| {
        let id = world.create(&cart(ASHA, &[(TEA, 1)])).await.id();
        for text in ["one", "two", "three", "four"] {
            let (path, body) = (format!("/sagas/{id}/notes"), json!({"text": text}));
            assert_eq!(world.intervene(&path, &body).await.status, 201);
        }
        assert_eq!(trail(world, "").await.len(), 4);
        let url = &world.config.database.url;
        let books = Database::connect(url.reveal()).await.expect("the books");
        let tell = async |sql: &str| books.execute_unprepared(sql).await;
        let undone = [
            "UPDATE audit_entry SET who = 'mallory' WHERE seq = 2",
            "UPDATE audit_entry SET seq = 9 WHERE seq = 2",
            "DELETE FROM audit_entry WHERE seq = 2",
        ];
        for sql in undone {
            let refused = tell(sql).await.expect_err(sql).to_string();
            assert!(refused.contains("append-only"), "{refused}");
        }
        let [open, close] = GUARDS[usize::from(url.is_sqlite())];
        for sql in
            ["CREATE TABLE kept AS SELECT * FROM audit_entry"].into_iter().chain(open.split(';'))
        {
            tell(sql).await.expect(sql);
        }
        let broken = async || {
            let ran = run(world, &["audit", "--json", "--rate", "5000"]).await;
            let report: Value = serde_json::from_str(&ran.stdout).expect("a report");
            let findings = report["findings"].as_array().expect("a list").clone();
            assert_eq!(ran.code, Some(i32::from(!findings.is_empty())), "{ran:?}");
            let said = findings.iter().map(|finding| {
                assert_eq!((&finding["about"], &finding["id"]), (&json!("trail"), &Value::Null));
                finding["books"].as_str().expect("a text").to_owned()
            });
            said.collect::<Vec<_>>()
        };
        assert_eq!(broken().await, [] as [&str; 0]);
        for (change, undo, found) in TAMPERINGS {
            tell(change).await.expect(change);
            assert_eq!(broken().await, found, "{change}");
            tell(undo).await.expect(undo);
        }
        assert_eq!(broken().await, [] as [&str; 0]);
        tell(close).await.expect(close);
        books.close().await.expect("closing");
    })
    .await;
}
