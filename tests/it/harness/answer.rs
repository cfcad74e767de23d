//! An HTTP answer, and what every answer of one kind has to look like.

use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use uuid::Uuid;

/// An HTTP answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    pub async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.expect("a body");
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Self { status, headers, body }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("text"))
    }

    pub fn error(&self) -> &str {
        self.body["error"].as_str().unwrap_or_default()
    }

    pub fn id(&self) -> Uuid {
        self.body["id"]
            .as_str()
            .unwrap_or_else(|| panic!("no id in {self:?}"))
            .parse()
            .expect("one")
    }

    pub fn is_replayed(&self) -> bool {
        self.header("idempotent-replayed") == Some("true")
    }

    /// Checks that it is a 201 with everything that belongs to one; returns its id.
    #[track_caller]
    pub fn is_created(&self, user: Uuid, total: i64) -> Uuid {
        assert_eq!(self.status, 201, "{self:?}");
        let id = self.id();
        assert_eq!(self.body, json!({"id": id, "userId": user, "totalAmount": total}));
        assert_eq!(self.header("location"), Some(format!("/api/orders/{id}").as_str()));
        assert_eq!(self.header("content-type"), Some("application/json"));
        id
    }

    /// Checks that it is a 202 with everything that belongs to one; returns its id.
    #[track_caller]
    pub fn is_accepted(&self, user: Uuid) -> Uuid {
        assert_eq!(self.status, 202, "{self:?}");
        let id = self.id();
        let url = format!("/api/orders/{id}/status");
        let body = json!({"id": id, "userId": user, "status": "Pending", "statusUrl": url});
        assert_eq!(self.body, body);
        assert_eq!(self.header("location"), Some(url.as_str()));
        let retry_after: u32 = self.header("retry-after").expect("when").parse().expect("seconds");
        assert!(retry_after > 0);
        id
    }

    /// Checks that it is a problem document with this status, this `error`, and exactly these members
    /// besides the usual ones.
    #[track_caller]
    pub fn is_problem(&self, status: u16, error: &str, members: Value) {
        assert_eq!((self.status, self.error()), (status, error), "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        is_problem_body(&self.body, status, error, members);
    }

    /// As [`Answer::is_problem`], about a checkout that was accepted and is undone; returns its id.
    #[track_caller]
    pub fn is_refusal(&self, status: u16, error: &str, mut members: Value) -> Uuid {
        members["undone"] = json!(true);
        self.is_about_a_checkout(status, error, members)
    }

    /// Checks that it is such a refusal before everything is undone, whatever else it says; returns its id.
    #[track_caller]
    pub fn is_foretold(&self, status: u16, error: &str) -> Uuid {
        assert_eq!((self.status, self.error()), (status, error), "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(self.body["undone"], json!(false), "{self:?}");
        let retry_after: u32 = self.header("retry-after").expect("when").parse().expect("seconds");
        assert!(retry_after > 0);
        self.id()
    }

    /// As [`Answer::is_problem`], about a checkout; returns its id.
    #[track_caller]
    pub fn is_about_a_checkout(&self, status: u16, error: &str, mut members: Value) -> Uuid {
        let id = self.id();
        members["id"] = json!(id);
        self.is_problem(status, error, members);
        assert_eq!(self.body["instance"], format!("/api/orders/{id}/status"));
        id
    }
}

/// Checks a problem's body, wherever it is found.
#[track_caller]
#[expect(
    clippy::needless_pass_by_value,
    reason = "callers hand in a `json!`, not a reference to one"
)]
pub fn is_problem_body(body: &Value, status: u16, error: &str, members: Value) {
    let mut left = body.as_object().expect("an object").clone();
    let mut take = |name: &str| left.remove(name).unwrap_or_else(|| panic!("no {name} in {body}"));
    assert_eq!(take("type"), "about:blank");
    assert_eq!(take("status"), status);
    assert_eq!(take("error"), error);
    for words in ["title", "detail"] {
        assert!(take(words).as_str().is_some_and(|words| !words.is_empty()), "{words} in {body}");
    }
    assert!(take("instance").as_str().is_some_and(|path| path.starts_with('/')), "{body}");
    let trace = take("traceId");
    let trace = trace.as_str().expect("text");
    assert!(trace.len() == 32 && trace.bytes().all(|digit| digit.is_ascii_hexdigit()), "{body}");
    assert_eq!(Value::Object(left), members, "{body}");
}
