//! Access to the operators' API. A request must have the configured token; where none is configured,
//! nobody has access.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::web::Problem;

/// The configured token as a digest. Comparing digests takes the same time whatever the request has, so
/// the time tells nothing about the token.
#[derive(Clone)]
pub(super) struct TokenDigest(Option<[u8; 32]>);

impl TokenDigest {
    /// The digest of the configured token. An empty token counts as none.
    pub(super) fn new(token: Option<&str>) -> Self {
        Self(token.filter(|token| !token.is_empty()).map(|token| digest(token.as_bytes())))
    }

    fn admit(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let Some(expected) = &self.0 else {
            return Err(Problem::new(StatusCode::FORBIDDEN, "No operator token is configured")
                .detail("the operators' API is closed until operator.token is configured"));
        };
        let Some(shown) = shown(headers) else {
            return Err(unauthorized("An operator token is needed", "Bearer"));
        };
        if bool::from(digest(shown).ct_eq(expected)) {
            Ok(())
        } else {
            let challenge = "Bearer error=\"invalid_token\"";
            Err(unauthorized("The operator token is wrong", challenge))
        }
    }
}

/// The middleware that lets only requests with the token through.
pub(super) async fn check(
    State(expected): State<TokenDigest>,
    request: Request,
    next: Next,
) -> Response {
    match expected.admit(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn shown(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}

fn digest(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

fn unauthorized(error: &str, challenge: &'static str) -> Problem {
    let challenge = HeaderValue::from_static(challenge);
    Problem::new(StatusCode::UNAUTHORIZED, error).header(header::WWW_AUTHENTICATE, challenge)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(configured: Option<&str>, shown: Option<&'static str>) -> bool {
        let mut headers = HeaderMap::new();
        if let Some(shown) = shown {
            headers.insert(header::AUTHORIZATION, HeaderValue::from_static(shown));
        }
        TokenDigest::new(configured).admit(&headers).is_ok()
    }

    #[test]
    fn only_the_configured_token_opens() {
        assert!(admits(Some("secret"), Some("Bearer secret")));
        assert!(admits(Some("secret"), Some("bearer  secret")));
        for wrong in ["Bearer secre", "Bearer secret2", "Bearer ", "secret", "Basic secret"] {
            assert!(!admits(Some("secret"), Some(wrong)), "{wrong}");
        }
        assert!(!admits(Some("secret"), None));
    }

    #[test]
    fn without_a_configured_token_nothing_opens() {
        for configured in [None, Some("")] {
            assert!(!admits(configured, Some("Bearer ")), "{configured:?}");
            assert!(!admits(configured, None), "{configured:?}");
        }
    }
}
