//! Who calls: the headers that the ledger keeps, and the connection to answer on or to cut.

use std::{convert::Infallible, sync::Arc};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::request::Parts,
};

use crate::sandbox::{connection::Cut, desk::Request, effect::Effect};

/// What is known of a caller before the body.
pub(super) struct Caller {
    key: Option<Arc<str>>,
    traceparent: bool,
    /// The connection.
    pub cut: Cut,
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let key = parts.headers.get("idempotency-key");
        Ok(Self {
            key: key.map(|key| String::from_utf8_lossy(key.as_bytes()).into()),
            traceparent: parts.headers.contains_key("traceparent"),
            cut: parts
                .extensions
                .get::<ConnectInfo<Cut>>()
                .map(|ConnectInfo(cut)| cut.clone())
                .expect("every connection comes through a door, which gives it a switch"),
        })
    }
}

impl Caller {
    /// The caller's request for an effect.
    pub(super) fn asks(&self, effect: Effect) -> Request {
        Request { effect, key: self.key.clone(), traceparent: self.traceparent }
    }
}
