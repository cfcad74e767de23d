//! `If-Match`: the version of the saga that its sender has looked at.

use axum::http::{HeaderMap, header};

use crate::json::parse_digits;
use crate::web::Problem;

/// The version in `If-Match`, which may be bare, quoted or weak; `None` for any version (`*`).
pub(super) fn if_match(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let bare = text.strip_prefix("W/").unwrap_or(text);
    let bare = bare.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(bare);
    let version = parse_digits(bare).and_then(|version| i64::try_from(version).ok());
    let version =
        version.ok_or_else(|| Problem::bad_request("If-Match must be the saga's version"));
    version.map(Some)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(name: &'static str, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name.parse().expect("a name"), HeaderValue::from_static(value))])
    }

    #[test]
    fn a_version_may_be_bare_quoted_or_weak() {
        for value in ["7", "\"7\"", "W/\"7\""] {
            assert_eq!(if_match(&headers("if-match", value)).ok(), Some(Some(7)), "{value}");
        }
        assert_eq!(if_match(&headers("if-match", "*")).ok(), Some(None));
        assert_eq!(if_match(&HeaderMap::new()).ok(), Some(None));
        for bad in ["", "x", "-7", "+7", "\"7", "\"7\", \"8\""] {
            assert!(if_match(&headers("if-match", bad)).is_err(), "{bad}");
        }
    }
}
