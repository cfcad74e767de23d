//! The header `Idempotency-Key`, by which a repeated request is recognised.

use axum::http::HeaderMap;

use crate::web::Problem;

const NAME: &str = "idempotency-key";
const MALFORMED: &str = "Idempotency-Key must be 1 to 255 visible ASCII characters";

/// The key, if one is given. Quotes around it are dropped: the header's draft standard wants a quoted
/// string, but most clients send a bare one. 400 if it is malformed or given twice.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(NAME).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Problem::bad_request("Idempotency-Key must be given once"));
    }
    let text = value.to_str().map_err(|_bytes| Problem::bad_request(MALFORMED))?;
    bare_key(text).map(Some)
}

/// The key that this text is, without the quotes around it. 400 if it is malformed.
pub(super) fn bare_key(text: &str) -> Result<String, Problem> {
    let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    let is_visible = bare.bytes().all(|byte| byte.is_ascii_graphic());
    if bare.is_empty() || bare.len() > 255 || !is_visible {
        return Err(Problem::bad_request(MALFORMED));
    }
    Ok(bare.to_owned())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn read(values: &[&[u8]]) -> Result<Option<String>, ()> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(NAME, HeaderValue::from_bytes(value).expect("a header's value"));
        }
        idempotency_key(&headers).map_err(|_problem| ())
    }

    #[test]
    fn quotes_around_a_key_do_not_count() {
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&[b"abc"]), Ok(Some("abc".to_owned())));
        assert_eq!(read(&[b"\"abc\""]), Ok(Some("abc".to_owned())));
        assert_eq!(read(&["k".repeat(255).as_bytes()]), Ok(Some("k".repeat(255))));
    }

    #[test]
    fn a_malformed_key_is_refused() {
        let long = "k".repeat(256);
        for bad in [&b""[..], b"\"\"", b"a b", b"\xc3\xa4", b"a\tb", long.as_bytes()] {
            assert_eq!(read(&[bad]), Err(()), "{bad:?}");
        }
        assert_eq!(read(&[b"a", b"a"]), Err(()));
    }
}
