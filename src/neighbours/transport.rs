//! How a request reaches a neighbour, and how its response comes back.
//!
//! In production that is HTTP ([`super::http_transport`]). The simulation has a transport of its own,
//! which loses, delays and repeats messages. Everything above this trait is the same in both.

use std::fmt::Debug;

use futures::future::BoxFuture;
use reqwest::Method;
use serde_json::Value;

use super::response::Response;
use crate::saga::{Call, Outcome};
use crate::trace::TraceParent;

/// A request to a neighbour.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// GET or POST.
    pub method: Method,
    /// Relative to the neighbour's base URL; begins with `/`.
    pub path: String,
    /// The `Idempotency-Key` of the effect or the read.
    pub key: &'a str,
    /// The JSON body of a POST.
    pub body: Option<Value>,
    /// The saga's trace.
    pub trace: &'a TraceParent,
    /// Whether to open a new connection instead of taking one from the pool. The neighbour may have
    /// closed a pooled connection already, and then nobody knows whether the request arrived.
    pub needs_fresh_connection: bool,
}

impl<'a> Request<'a> {
    /// A read.
    pub(super) fn get(path: String, key: &'a str, trace: &'a TraceParent) -> Self {
        Self { method: Method::GET, path, key, body: None, trace, needs_fresh_connection: false }
    }

    /// An attempt at an effect, with this JSON body.
    pub fn post(path: String, call: &'a Call, body: Value, trace: &'a TraceParent) -> Self {
        Self {
            method: Method::POST,
            path,
            key: &call.key,
            body: Some(body),
            trace,
            needs_fresh_connection: call.intent_first,
        }
    }
}

/// Why there is no complete response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransportError {
    /// `NotSent` if the request certainly never reached the neighbour, `Unknown` otherwise.
    pub outcome: Outcome,
    /// The cause as a sentence, without secrets.
    pub message: String,
}

/// Carries requests to one neighbour.
pub trait Transport: Debug + Send + Sync {
    /// Sends a request once and waits for the response, no longer than the neighbour's timeout.
    /// If the future is dropped, the request may or may not have arrived.
    fn send<'a>(
        &'a self,
        request: &'a Request<'a>,
    ) -> BoxFuture<'a, Result<Response, TransportError>>;
}
