//! `create` for a message of a queue: read by the same rules, and answered with the same documents.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

use super::cart::cart;
use super::create::CreatedView;
use super::key::bare_key;
use super::refusal;
use crate::checkout::Answer;
use crate::order::Cart;
use crate::trace::TraceParent;
use crate::web::{Problem, json_bytes, parse_json};

/// Where the same request would have been sent by HTTP.
const PATH: &str = "/api/orders/create";

/// A message, as far as it is read.
#[derive(Debug)]
pub struct QueuedOrder<'a> {
    /// Without one the body is taken for JSON.
    pub content_type: Option<&'a str>,
    /// Without one the body is plain.
    pub content_encoding: Option<&'a str>,
    /// What repeats are known by.
    pub key: QueuedKey<'a>,
    /// The JSON.
    pub body: Vec<u8>,
}

/// The key of a message.
#[derive(Clone, Copy, Debug)]
pub enum QueuedKey<'a> {
    /// As it was sent.
    Given(&'a str),
    /// It is no text.
    NoText,
    /// There is none.
    Missing,
}

/// An answer, or why a message is no order.
#[derive(Clone, Debug)]
pub struct Document {
    /// What the status of the HTTP answer would be.
    pub status: u16,
    /// The media type of the body.
    pub media_type: &'static str,
    /// The fixed text of a problem.
    pub error: Option<String>,
    /// JSON.
    pub body: Vec<u8>,
}

impl Document {
    fn of(problem: Problem, trace: &TraceParent) -> Self {
        let (status, error) = (problem.status(), problem.error().to_owned());
        let body = json(&problem.into_body(PATH, trace.trace_id()));
        Self { status, media_type: "application/problem+json", error: Some(error), body }
    }
}

/// The cart and the key of a message.
///
/// # Errors
/// What HTTP would answer with 400, 413 or 415.
pub async fn read_queued(
    message: QueuedOrder<'_>,
    trace: &TraceParent,
) -> Result<(Cart, String), Document> {
    read(message).await.map_err(|problem| Document::of(problem, trace))
}

async fn read(message: QueuedOrder<'_>) -> Result<(Cart, String), Problem> {
    let QueuedOrder { content_type, content_encoding, key, body } = message;
    let mut headers = HeaderMap::new();
    insert(&mut headers, header::CONTENT_TYPE, content_type.unwrap_or("application/json"))?;
    insert(&mut headers, header::CONTENT_ENCODING, content_encoding.unwrap_or("identity"))?;
    let bytes = json_bytes(&headers, Body::from(body)).await?;
    let key = match key {
        QueuedKey::Given(text) => bare_key(text)?,
        QueuedKey::NoText => bare_key("")?,
        QueuedKey::Missing => {
            let error = "the message has neither a header idempotency-key nor a message_id";
            return Err(Problem::bad_request(error));
        }
    };
    Ok((cart(&parse_json(&bytes)?)?, key))
}

/// What could not be a header of HTTP says nothing that is known here.
fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) -> Result<(), Problem> {
    let value = HeaderValue::from_str(value).map_err(|_bytes| {
        let error = format!("{name} is malformed");
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, error)
    })?;
    headers.insert(name, value);
    Ok(())
}

/// The document that HTTP would answer with: a 201, a refusal, or that the key began another request. `None`
/// while there is neither.
pub fn queued_answer(answer: Answer, trace: &TraceParent) -> Option<Document> {
    match answer {
        Answer::Confirmed { id, user_id, total_amount, replayed: _ } => Some(Document {
            status: StatusCode::CREATED.as_u16(),
            media_type: "application/json",
            error: None,
            body: json(&CreatedView::of(id, user_id, total_amount)),
        }),
        Answer::Refused { id, refusal, undoing, replayed: _ } => {
            Some(Document::of(refusal::problem(id, refusal, undoing), trace))
        }
        Answer::KeyReused { id } => Some(Document::of(refusal::key_reused(id), trace)),
        Answer::Pending { .. }
        | Answer::TooMany
        | Answer::NotNow { .. }
        | Answer::Unavailable { .. } => None,
    }
}

fn json(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).expect("plain data with string keys")
}
