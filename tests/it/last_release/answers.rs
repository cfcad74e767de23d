//! Every answer that clients and operators get about the checkouts in a database, in a form in which two
//! releases can be compared: the second must answer as the first did.
//!
//! The service can't reach any neighbour, so no checkout changes its state in the meantime. What changes
//! anyway when a saga is taken up (its owner, its schedule, new log entries) is left out.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use order_service::clock::Clock;
use reqwest::header::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::TOKEN;

/// The headers that are compared.
const HEADERS: [&str; 5] =
    ["content-type", "location", "idempotent-replayed", "retry-after", "link"];

/// The trace of every request, so that its id in answers is always the same.
const TRACE: &str = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01";

const STATES: [&str; 9] = [
    "Started",
    "ProfileFetched",
    "Priced",
    "Paid",
    "Reserved",
    "Completed",
    "Compensating",
    "Compensated",
    "Rejected",
];

/// The members that do not change while a saga waits.
const LASTING: [&str; 5] = ["kind", "state", "held", "totalAmount", "createdAt"];
/// The members of a log entry that are compared; its request and response are the row's own JSON.
const STEP: [&str; 10] = [
    "seq",
    "step",
    "line",
    "phase",
    "outcome",
    "attempt",
    "idempotencyKey",
    "startedAt",
    "durationMs",
    "executor",
];
/// The members of an allowed action that are compared; the text of what it will do has times in it.
const PREVIEW: [&str; 4] = ["action", "step", "line", "happened"];
const LINE: [&str; 4] = ["productId", "quantity", "reserved", "released"];

/// A checkout as its client asked for it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Checkout {
    pub id: Uuid,
    pub cart: Value,
    /// The client's `Idempotency-Key`, if it sent one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// All answers about one checkout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// `GET /api/orders/{id}/status`.
    pub status: Value,
    /// `GET /api/orders/{id}`; absent if there is no order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Value>,
    /// The answer to the repeated request, if it had a key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<Value>,
    /// `GET /api/operator/sagas/{id}`.
    pub saga: Value,
}

/// All answers about all checkouts.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Answers {
    pub checkouts: BTreeMap<String, Told>,
    /// Lists, by their paths.
    pub lists: BTreeMap<String, Value>,
}

/// A client that asks a service for everything.
pub struct Reader<'a> {
    pub http: &'a reqwest::Client,
    /// The service's address.
    pub url: &'a str,
    /// Log entries after this time were written by the service itself.
    pub made_at: DateTime<Utc>,
}

impl Reader<'_> {
    /// Asks for everything, once every saga has been taken up and waits again.
    pub async fn read(&self, checkouts: &BTreeMap<String, Checkout>) -> Answers {
        for checkout in checkouts.values() {
            while !self.waits(checkout.id).await {
                tokio::task::yield_now().await;
            }
        }
        let mut told = BTreeMap::new();
        for (name, checkout) in checkouts {
            told.insert(name.clone(), self.ask(checkout).await);
        }
        let users: BTreeSet<_> =
            checkouts.values().filter_map(|checkout| checkout.cart["userId"].as_str()).collect();
        let of_user = |user: &&str| {
            let path = format!("/api/orders/user/{user}");
            ["limit=20", "limit=5&status=Rejected", "limit=5&status=Pending"]
                .map(|query| format!("{path}?{query}"))
        };
        let filters = ["stuck=true", "held=true", "kind=checkout"].map(str::to_owned);
        let filters = filters.into_iter().chain(STATES.map(|state| format!("state={state}")));
        let mut lists = BTreeMap::new();
        for path in users.iter().flat_map(of_user) {
            let list = self.order_list(&path).await;
            lists.insert(path, list);
        }
        for path in filters.map(|filter| format!("/api/operator/sagas?limit=500&{filter}")) {
            let list = self.saga_list(&path).await;
            lists.insert(path, list);
        }
        lists.insert("/api/operator/summary".to_owned(), self.summary().await);
        Answers { checkouts: told, lists }
    }

    /// All answers about one checkout.
    pub async fn ask(&self, checkout: &Checkout) -> Told {
        let id = checkout.id;
        let status = self.get(&format!("/api/orders/{id}/status")).await;
        let order = self.get(&format!("/api/orders/{id}")).await;
        let order = Some(order).filter(|order| order["status"] != 404);
        let repeat = match &checkout.key {
            Some(key) => Some(self.repeat(&checkout.cart, key).await),
            None => None,
        };
        Told { status, order, repeat, saga: self.saga(id).await }
    }

    async fn repeat(&self, cart: &Value, key: &str) -> Value {
        let request = self.http.post(format!("{}/api/orders/create", self.url)).json(cart);
        let request = request.header("Idempotency-Key", key).header("Prefer", "respond-async");
        self.answer(request).await
    }

    async fn get(&self, path: &str) -> Value {
        self.answer(self.http.get(format!("{}{path}", self.url))).await
    }

    /// The status, headers and body of an answer. The body is kept as text, byte for byte, unless it is about
    /// a checkout that is still under way, whose `updatedAt` is not compared.
    async fn answer(&self, request: reqwest::RequestBuilder) -> Value {
        let answer = request.header("traceparent", TRACE).send().await.expect("an answer");
        let (status, headers) = (answer.status().as_u16(), headers(answer.headers()));
        let text = answer.text().await.expect("a body");
        let parsed: Value = serde_json::from_str(&text).expect("JSON");
        let is_at_rest =
            ["Completed", "Compensated", "Rejected"].iter().any(|rest| parsed["state"] == *rest);
        let body =
            if parsed.get("updatedAt").is_none() || parsed.get("state").is_none() || is_at_rest {
                json!(text)
            } else {
                without(parsed, &["updatedAt"])
            };
        json!({"status": status, "headers": headers, "body": body})
    }

    async fn operator(&self, path: &str) -> Value {
        let request = self.http.get(format!("{}/api/operator{path}", self.url)).bearer_auth(TOKEN);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.expect("JSON")
    }

    /// Whether the saga stays as it is unless a person acts.
    async fn waits(&self, id: Uuid) -> bool {
        let saga = self.operator(&format!("/sagas/{id}")).await;
        let next: Option<DateTime<Utc>> =
            serde_json::from_value(saga["nextAttemptAt"].clone()).expect("a time");
        saga["owner"].is_null() && next.is_none_or(|next| next > Clock::system().now())
    }

    async fn saga(&self, id: Uuid) -> Value {
        let saga = self.operator(&format!("/sagas/{id}")).await;
        let steps = saga["steps"].as_array().expect("a log").iter();
        let steps = steps.filter(|step| {
            let started_at: DateTime<Utc> =
                serde_json::from_value(step["startedAt"].clone()).expect("a time");
            started_at <= self.made_at
        });
        let steps: Vec<_> = steps.map(|step| in_a_line(step, &STEP)).collect();
        let previews = saga["previews"].as_array().expect("a list").iter();
        let previews: Vec<_> = previews.map(|preview| in_a_line(preview, &PREVIEW)).collect();
        let effects = &saga["effects"];
        let lines = effects["lines"].as_array().expect("a list").iter();
        let lines: Vec<_> = lines.map(|line| in_a_line(line, &LINE)).collect();
        let lasting: Value =
            LASTING.iter().map(|name| ((*name).to_owned(), saga[*name].clone())).collect();
        json!({
            "saga": lasting,
            "effects": in_a_line(effects, &["charged", "refunded"]),
            "lines": lines,
            "steps": steps,
            "actions": saga["actions"],
            "previews": previews,
            "stuck": in_a_line(&saga["stuck"], &["kind", "step"]),
        })
    }

    async fn order_list(&self, path: &str) -> Value {
        let mut answer = self.get(path).await;
        let text = answer["body"].as_str().expect("text").to_owned();
        if path.ends_with("Pending") {
            let orders: Vec<Value> = serde_json::from_str(&text).expect("a list");
            answer["body"] =
                orders.into_iter().map(|order| without(order, &["updatedAt"])).collect();
        }
        answer
    }

    /// The ids in a page of sagas, newest first.
    async fn saga_list(&self, path: &str) -> Value {
        let path = path.strip_prefix("/api/operator").expect("an operator's");
        let page = self.operator(path).await;
        page["items"].as_array().expect("a page").iter().map(|saga| saga["id"].clone()).collect()
    }

    /// The counts of a summary.
    async fn summary(&self) -> Value {
        let summary = self.operator("/summary").await;
        let counts = summary.as_object().expect("an object").iter();
        let counts =
            counts.filter(|(name, _)| ["byState", "stuck", "held"].contains(&name.as_str()));
        Value::Object(counts.map(|(name, count)| (name.clone(), count.clone())).collect())
    }
}

/// These members, in one line.
fn in_a_line(of: &Value, members: &[&str]) -> String {
    let word = |name: &&str| match &of[*name] {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    members.iter().map(word).collect::<Vec<_>>().join(" ")
}

fn headers(of: &HeaderMap) -> Value {
    let text = |name: &str| of.get(name).map(|value| value.to_str().expect("text").to_owned());
    HEADERS.iter().filter_map(|name| Some(((*name).to_owned(), json!(text(name)?)))).collect()
}

fn without(mut value: Value, members: &[&str]) -> Value {
    if let Some(object) = value.as_object_mut() {
        object.retain(|name, _| !members.contains(&name.as_str()));
    }
    value
}
