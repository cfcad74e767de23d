//! The caller: the headers that the ledger keeps, and the switch that cuts the connection.

use std::{convert::Infallible, sync::Arc};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::request::Parts,
};

use crate::sandbox::{connection::Cut, effect::Effect, state::EffectRequest};

/// What is known of a caller without reading the body.
pub(super) struct Caller {
    key: Option<Arc<str>>,
    traceparent: bool,
    /// Cuts the connection.
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
                .expect("every connection comes from a CuttableListener, which gives it a switch"),
        })
    }
}

impl Caller {
    /// The caller's request for an effect.
    pub(super) fn asks(&self, effect: Effect) -> EffectRequest {
        EffectRequest { effect, key: self.key.clone(), traceparent: self.traceparent }
    }
}
