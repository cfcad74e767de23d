//! Paths match as in ASP.NET: without regard to case, with or without a slash at the end, and with
//! letters percent-encoded or not.

use std::borrow::Cow;

use axum::http::Uri;
use axum::http::uri::PathAndQuery;

/// The same address in the routes' own spelling; `None` if it already has that spelling.
///
/// Lower case is right for the words of every route, for ids and for the names of the files below /docs.
/// The query is left alone: case matters in its values.
pub(crate) fn canonical_uri(uri: &Uri) -> Option<Uri> {
    let path = canonical_path(uri.path())?;
    let path = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(path).ok()?);
    Uri::from_parts(parts).ok()
}

fn canonical_path(path: &str) -> Option<String> {
    let is_plain = |byte: u8| !byte.is_ascii_uppercase() && byte != b'%';
    let trimmed = path.strip_suffix('/').filter(|rest| !rest.is_empty()).unwrap_or(path);
    if trimmed.len() == path.len() && path.bytes().all(is_plain) {
        return None;
    }
    Some(decoded(trimmed).to_ascii_lowercase())
}

/// The path with percent-encoded letters and digits decoded, `%41` for example (RFC 3986, 6.2.2.2).
/// Other characters stay encoded: an encoded slash is part of a segment and must not end it.
fn decoded(path: &str) -> Cow<'_, str> {
    let Some((first, rest)) = path.split_once('%') else { return path.into() };
    let mut text = first.to_owned();
    for part in rest.split('%') {
        let code = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let Some(letter) = code.map(char::from).filter(|letter| is_unreserved(*letter)) {
            text.push(letter);
            text.push_str(&part[2..]);
        } else {
            text.push('%');
            text.push_str(part);
        }
    }
    text.into()
}

fn is_unreserved(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.' | '_' | '~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_matches_without_regard_to_case_and_with_a_slash_at_its_end() {
        for (asked, known) in [
            ("/API/Orders/Create", "/api/orders/create"),
            ("/api/orders/create/", "/api/orders/create"),
            ("/Health/Live/?Verbose=TRUE", "/health/live?Verbose=TRUE"),
            ("/%41pi/order%73/ABC%2fd", "/api/orders/abc%2fd"),
            ("/api/orders/%ZZ/%", "/api/orders/%zz/%"),
            ("/a//", "/a/"),
            ("http://Shop.Example/API/Health", "http://shop.example/api/health"),
        ] {
            let uri = canonical_uri(&asked.parse().expect("an address")).expect("another");
            assert_eq!(uri.to_string().to_ascii_lowercase(), known.to_ascii_lowercase(), "{asked}");
            assert_eq!(uri.path(), known.parse::<Uri>().expect("one").path(), "{asked}");
        }
        for known in ["/", "/api/orders/user/1?userId=A", "/a//b", "*", "/ä"] {
            assert_eq!(known.parse().ok().and_then(|uri| canonical_uri(&uri)), None, "{known}");
        }
    }
}
