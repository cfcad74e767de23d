//! The body of a request as JSON, with a limit on its length and on the time it takes to arrive.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use futures::StreamExt;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::problem::Problem;
use super::prompt::Late;
use super::query::Query;
use super::read::read;
use crate::json::read_folded;

/// The longest body that is accepted, in bytes.
const MAX: usize = 256 * 1024;
/// How much of a longer body is read and discarded before the answer, in bytes: a client that is still
/// sending may not read the answer.
const DRAINED: usize = 4 * 1024 * 1024;

/// The bytes of a JSON body. The errors, in this order: 415 for another media type, a charset other than
/// UTF-8 or a compressed body; 413 for a body that is too long; 408 for one that does not arrive in time.
pub(crate) async fn json_bytes(headers: &HeaderMap, body: Body) -> Result<Vec<u8>, Problem> {
    let unsupported = |error| Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, error);
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = media_type.unwrap_or_default();
    if !is_json(media_type) {
        return Err(unsupported("Content-Type must be application/json"));
    }
    if !is_utf8(media_type) {
        return Err(unsupported("the charset of the body must be utf-8"));
    }
    if !is_plain(headers) {
        return Err(unsupported("the body must not be compressed")
            .detail("Content-Encoding is not supported; send the body as it is")
            .header(header::ACCEPT_ENCODING, HeaderValue::from_static("identity")));
    }
    collect(body).await
}

/// The JSON in these bytes, with its property names in lower case. 400 with line and column if they are
/// not JSON.
pub(crate) fn parse_json(bytes: &[u8]) -> Result<Value, Problem> {
    read_folded(bytes)
        .map_err(|error| Problem::bad_request(format!("the body is not valid JSON: {error}")))
}

/// A JSON body, parsed as `T`.
pub(crate) async fn json_body<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
) -> Result<T, Problem> {
    Ok(read(&parse_json(&json_bytes(headers, body).await?)?)?)
}

/// The fields of a form that a browser sends. 415 for another media type.
pub(crate) async fn form_body(headers: &HeaderMap, body: Body) -> Result<Query, Problem> {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = media_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") || !is_plain(headers) {
        let error = "Content-Type must be application/x-www-form-urlencoded";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, error));
    }
    let bytes = collect(body).await?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Problem::bad_request("the body is not a form in UTF-8"))?;
    Ok(Query::parse(text))
}

/// A JSON body that may be left out. An empty body counts as left out, whatever its media type.
pub(crate) async fn optional_json_body<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
) -> Result<T, Problem> {
    let bytes = collect(body).await?;
    if bytes.is_empty() {
        return Ok(read(&Value::Object(Map::new()))?);
    }
    let body = parse_json(&json_bytes(headers, Body::from(bytes)).await?)?;
    if !body.is_object() && !body.is_null() {
        return Err(Problem::bad_request("the body must be a JSON object"));
    }
    Ok(read(&body)?)
}

async fn collect(body: Body) -> Result<Vec<u8>, Problem> {
    let mut chunks = body.into_data_stream();
    let mut bytes = Vec::new();
    let mut length = 0;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(broken)?;
        length += chunk.len();
        if length <= MAX {
            bytes.extend_from_slice(&chunk);
        }
        if length > DRAINED {
            break;
        }
    }
    if length > MAX {
        let error = format!("the body must not be longer than {} KiB", MAX / 1024);
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, error));
    }
    Ok(bytes)
}

fn broken(error: axum::Error) -> Problem {
    match error.into_inner().downcast::<Late>() {
        Ok(late) => Problem::new(StatusCode::REQUEST_TIMEOUT, late.to_string()),
        Err(_cut_off) => Problem::bad_request("the body broke off before its end"),
    }
}

/// `application/json`, `text/json` or `*/*+json`, with any parameters.
fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.split_once('/') {
        Some(("application" | "text", "json")) => true,
        Some((sort, subtype)) => {
            let suffixed = subtype.strip_suffix("+json").is_some_and(|name| !name.is_empty());
            !sort.is_empty() && suffixed
        }
        None => false,
    }
}

/// Without a charset, or with UTF-8, or with ASCII, which is a subset of it.
fn is_utf8(media_type: &str) -> bool {
    let parameters =
        media_type.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let mut charsets = parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    charsets.all(|(_, charset)| {
        let charset = charset.trim().trim_matches('"');
        ["utf-8", "utf8", "us-ascii"].iter().any(|known| charset.eq_ignore_ascii_case(known))
    })
}

/// Not compressed.
fn is_plain(headers: &HeaderMap) -> bool {
    headers.get_all(header::CONTENT_ENCODING).iter().all(|value| {
        let codings =
            value.as_bytes().split(|byte| *byte == b',').map(|coding| coding.trim_ascii());
        let mut codings = codings.filter(|coding| !coding.is_empty());
        codings.all(|coding| coding.eq_ignore_ascii_case(b"identity"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_known_by_its_media_type() {
        for json in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/vnd.shop+json",
            "text/json",
            "Text/Json;charset=\"UTF-8\"; x=y",
            "image/svg+json",
        ] {
            assert!(is_json(json) && is_utf8(json), "{json}");
        }
        for other in ["", "json", "application/xml", "application/+json", "application/jsonp"] {
            assert!(!is_json(other), "{other}");
        }
        for other in ["image/json", "/x+json", "application/json+xml", "x-application/json"] {
            assert!(!is_json(other), "{other}");
        }
        for charset in ["utf-16", "iso-8859-1", "", "\"utf-16\"", "utf-8; charset=latin1"] {
            assert!(!is_utf8(&format!("application/json; Charset={charset}")), "{charset}");
        }
    }

    #[test]
    fn a_compressed_body_is_known_by_its_header() {
        let coded = |values: &[&'static str]| {
            let named =
                |value: &&'static str| (header::CONTENT_ENCODING, HeaderValue::from_static(value));
            is_plain(&values.iter().map(named).collect())
        };
        for plain in [&[][..], &["identity"], &["Identity, identity"], &[""]] {
            assert!(coded(plain), "{plain:?}");
        }
        for other in [&["gzip"][..], &["br"], &["identity, gzip"], &["identity", "zstd"], &["x"]] {
            assert!(!coded(other), "{other:?}");
        }
    }

    #[tokio::test]
    async fn a_body_may_have_256_kib_and_no_more() {
        let longest = collect(Body::from(vec![b' '; MAX])).await.expect("just not too long");
        assert_eq!(longest.len(), MAX);
        let refused = collect(Body::from(vec![b' '; MAX + 1])).await.expect_err("one too many");
        let body = refused.into_body("/", String::new());
        let body = serde_json::to_value(body).expect("a plain struct");
        assert_eq!(body["status"], 413);
    }
}
