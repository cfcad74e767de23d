//! The token of a request, and the answers to a request without a good token.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::web::Problem;

/// The bearer token of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bearer<'a> {
    /// There is none.
    Absent,
    /// This one. It may be empty, although no valid token is.
    Token(&'a [u8]),
    /// There are several. A gateway in front may have checked a different one than we would.
    Several,
}

impl<'a> Bearer<'a> {
    pub(super) fn of(headers: &'a HeaderMap) -> Self {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        match (values.next(), values.next()) {
            (None, _) => Self::Absent,
            (Some(value), None) => token(value.as_bytes()).map_or(Self::Absent, Self::Token),
            (Some(_), Some(_)) => Self::Several,
        }
    }
}

fn token(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}

/// 401: there is no token.
pub(super) fn token_needed(error: &str) -> Problem {
    unauthorized(error, "Bearer")
}

/// 401: the token is not valid. The answer does not say why.
pub(super) fn token_wrong(error: &str) -> Problem {
    unauthorized(error, "Bearer error=\"invalid_token\"")
}

fn unauthorized(error: &str, challenge: &'static str) -> Problem {
    let challenge = HeaderValue::from_static(challenge);
    Problem::new(StatusCode::UNAUTHORIZED, error).header(header::WWW_AUTHENTICATE, challenge)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&'static str]) -> HeaderMap {
        let named = |value: &&'static str| (header::AUTHORIZATION, HeaderValue::from_static(value));
        values.iter().map(named).collect()
    }

    #[test]
    fn a_token_is_what_follows_bearer() {
        for value in ["Bearer abc", "bearer abc", "BEARER   abc "] {
            assert_eq!(Bearer::of(&headers(&[value])), Bearer::Token(b"abc"), "{value}");
        }
        assert_eq!(Bearer::of(&headers(&["Bearer "])), Bearer::Token(b""));
        for none in [&[][..], &["abc"], &["Basic abc"], &["Bearer"], &["Bearerabc"]] {
            assert_eq!(Bearer::of(&headers(none)), Bearer::Absent, "{none:?}");
        }
        assert_eq!(Bearer::of(&headers(&["Bearer abc", "Bearer abc"])), Bearer::Several);
    }
}
