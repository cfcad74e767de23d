//! Replies to callers, including those that a fault has changed or cut.

use std::io;

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::{StreamExt, stream};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    connection::Cut,
    fault::{Fault, FaultKind},
};

/// A reply to a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// A whole answer.
    Whole { status: u16, body: Vec<u8>, retry_after: Option<u64> },
    /// The first half of an answer, then the end of the connection.
    Half { status: u16, body: Vec<u8> },
    /// Nothing: the end of the connection.
    Cut,
}

impl Reply {
    pub(super) fn json(status: u16, body: &impl Serialize) -> Self {
        let body = serde_json::to_vec(body).expect("our own plain types always serialise");
        Self::Whole { status, body, retry_after: None }
    }

    pub(super) fn error(status: u16, message: &str) -> Self {
        Self::json(status, &json!({"error": message}))
    }

    fn garbage() -> Self {
        let body = b"<html>It works!</html>".to_vec();
        Self::Whole { status: 200, body, retry_after: None }
    }

    /// This reply as a fault changes it.
    pub(super) fn with_fault(self, fault: &Fault) -> Self {
        match fault.kind {
            FaultKind::Refuse | FaultKind::Slow | FaultKind::NegativePrice => self,
            FaultKind::ErrorBefore | FaultKind::ErrorAfter => {
                match Self::error(fault.error(), "Injected fault") {
                    Self::Whole { status, body, .. } => {
                        Self::Whole { status, body, retry_after: fault.retry_after }
                    }
                    whole @ (Self::Half { .. } | Self::Cut) => whole,
                }
            }
            FaultKind::Garbage | FaultKind::GarbageBefore => Self::garbage(),
            FaultKind::Truncated => match self {
                Self::Whole { status, body, .. } => Self::Half { status, body },
                other @ (Self::Half { .. } | Self::Cut) => other,
            },
            FaultKind::Elsewhere => self.with_body(about_something_else),
            FaultKind::Marked => self.with_body(|body| [&BYTE_ORDER_MARK[..], body].concat()),
            FaultKind::DropBefore
            | FaultKind::DropAfter
            | FaultKind::HangBefore
            | FaultKind::HangAfter => Self::Cut,
        }
    }

    fn with_body(self, change: impl FnOnce(&[u8]) -> Vec<u8>) -> Self {
        match self {
            Self::Whole { status, body, retry_after } => {
                Self::Whole { status, body: change(&body), retry_after }
            }
            other @ (Self::Half { .. } | Self::Cut) => other,
        }
    }

    /// The status that is sent; `None` if nothing is.
    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Self::Whole { status, .. } | Self::Half { status, .. } => Some(*status),
            Self::Cut => None,
        }
    }

    /// Turns it into a response. Cuts the connection if there is nothing to send.
    pub(super) fn send(self, cut: &Cut) -> Response {
        match self {
            Self::Whole { status, body, retry_after } => {
                let mut response = head(status, body.into());
                if let Some(seconds) = retry_after {
                    response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
                }
                response
            }
            Self::Half { status, body } => half(status, &body),
            Self::Cut => {
                cut.cut();
                // Never sent: the connection takes no more bytes.
                StatusCode::NO_CONTENT.into_response()
            }
        }
    }
}

/// A UTF-8 byte order mark.
const BYTE_ORDER_MARK: [u8; 3] = [0xEF, 0xBB, 0xBF];

/// The same answer with another amount or, if it has no amount, another user, order or product.
fn about_something_else(body: &[u8]) -> Vec<u8> {
    let Ok(Value::Object(mut members)) = serde_json::from_slice(body) else { return body.to_vec() };
    let named = |name: &&&str| members.contains_key(**name);
    if let Some(name) = ["amount", "userId", "orderId", "id"].iter().find(named) {
        let other = if *name == "amount" { json!(1.00) } else { json!(Uuid::from_u128(0xE15E)) };
        members.insert((*name).to_owned(), other);
    }
    Value::Object(members).to_string().into_bytes()
}

fn head(status: u16, body: Body) -> Response {
    let json = HeaderValue::from_static("application/json");
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, json)], body).into_response()
}

fn half(status: u16, body: &[u8]) -> Response {
    let first = body[..body.len() / 2].to_vec();
    let stream = stream::once(async { Ok(first) }).chain(stream::once(async {
        // Without this, the server would close the connection before it has sent the first half.
        tokio::task::yield_now().await;
        Err(io::Error::from(io::ErrorKind::ConnectionAborted))
    }));
    let mut response = head(status, Body::from_stream(stream));
    response.headers_mut().insert(header::CONTENT_LENGTH, body.len().into());
    response
}
