//! What goes back to a caller, a spoilt answer or none included.

use std::io;

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::{StreamExt, stream};
use serde::Serialize;
use serde_json::json;

use super::{
    connection::Cut,
    fault::{Fault, FaultKind},
};

/// What goes back to a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// An answer.
    Whole { status: u16, body: Vec<u8>, retry_after: Option<u64> },
    /// The first half of an answer, then the end of the connection.
    Half { status: u16, body: Vec<u8> },
    /// No byte: the end of the connection.
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

    /// What is left of this answer when a fault strikes it on the way out.
    pub(super) fn spoilt(self, fault: &Fault) -> Self {
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
                spoilt @ (Self::Half { .. } | Self::Cut) => spoilt,
            },
            FaultKind::DropBefore
            | FaultKind::DropAfter
            | FaultKind::HangBefore
            | FaultKind::HangAfter => Self::Cut,
        }
    }

    /// The status that is sent, if any.
    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Self::Whole { status, .. } | Self::Half { status, .. } => Some(*status),
            Self::Cut => None,
        }
    }

    /// Sends it, by cutting the connection where there is nothing to send.
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
                // Never leaves the process: the connection takes no more bytes.
                StatusCode::NO_CONTENT.into_response()
            }
        }
    }
}

fn head(status: u16, body: Body) -> Response {
    let json = HeaderValue::from_static("application/json");
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, json)], body).into_response()
}

fn half(status: u16, body: &[u8]) -> Response {
    let first = body[..body.len() / 2].to_vec();
    let stream = stream::once(async { Ok(first) }).chain(stream::once(async {
        // Without a pause the server would give up before it has sent the first half.
        tokio::task::yield_now().await;
        Err(io::Error::from(io::ErrorKind::ConnectionAborted))
    }));
    let mut response = head(status, Body::from_stream(stream));
    response.headers_mut().insert(header::CONTENT_LENGTH, body.len().into());
    response
}
