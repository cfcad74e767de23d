//! What carries a request to a neighbour and its answer back.
//!
//! In production that is the network. A proof has a wire of its own, which loses, delays and repeats
//! as it likes, under the same code that says what an answer means.

use std::fmt::Debug;

use futures::future::BoxFuture;
use reqwest::Method;
use serde_json::Value;

use crate::saga::Outcome;
use crate::trace::TraceParent;

/// A request.
#[derive(Clone, Debug)]
pub struct Parcel<'a> {
    /// GET or POST.
    pub method: Method,
    /// From the neighbour's base, beginning with `/`.
    pub path: &'a str,
    /// The effect's, or the read's.
    pub key: &'a str,
    /// JSON.
    pub body: Option<&'a Value>,
    /// The saga's trace.
    pub trace: &'a TraceParent,
    /// No idle connection: a stale one would make doubt where doubt can't be resolved.
    pub fresh_connection: bool,
}

/// A complete answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// Of HTTP.
    pub status: u16,
    /// As it came.
    pub body: Vec<u8>,
    /// The neighbour's wish not to be asked again before so long.
    pub retry_after_ms: Option<u64>,
}

/// No complete answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// `NotSent` where it surely never reached the neighbour, else `Unknown`.
    pub outcome: Outcome,
    /// In a sentence without secrets.
    pub error: String,
}

/// Carries requests.
pub trait Wire: Debug + Send + Sync {
    /// Makes one attempt, and takes no longer than a call to this neighbour may. Dropped half way,
    /// the request may or may not have arrived.
    fn carry<'a>(&'a self, parcel: Parcel<'a>) -> BoxFuture<'a, Result<Carried, Lost>>;
}
