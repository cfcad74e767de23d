//! The extractors that tell a handler who asks.

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;

use super::{Access, Caller, Person};
use crate::web::Problem;

impl<S> FromRequestParts<S> for Person
where
    S: Send + Sync,
    Access: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Access::from_ref(state).person(&parts.headers)
    }
}

impl<S> FromRequestParts<S> for Caller
where
    S: Send + Sync,
    Access: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Access::from_ref(state).caller(&parts.headers).await
    }
}
