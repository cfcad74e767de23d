//! The body of a request: JSON, not too long, and not too slow in coming.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use futures::StreamExt;
use serde_json::Value;

use super::problem::Problem;

/// The longest body that is taken (CONTRACT.md, section 2), in bytes.
const MAX: usize = 256 * 1024;
/// How much of a longer one is still read and dropped, in bytes, so that its sender is still
/// listening when it is told.
const DRAINED: usize = 4 * 1024 * 1024;
/// How long a body may take to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// The bytes of a JSON body. In this order: 415 for another media type, 413 for one that is too
/// long, 408 for one that does not come.
pub(crate) async fn json_bytes(headers: &HeaderMap, body: Body) -> Result<Vec<u8>, Problem> {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !media_type.is_some_and(is_json) {
        let error = "Content-Type must be application/json";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, error));
    }
    match tokio::time::timeout(PATIENCE, read(body)).await {
        Ok(read) => read,
        Err(_elapsed) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            format!("the body did not come within {} s", PATIENCE.as_secs()),
        )),
    }
}

/// The JSON in those bytes; 400 with line and column where there is none.
pub(crate) fn parse_json(bytes: &[u8]) -> Result<Value, Problem> {
    serde_json::from_slice(bytes)
        .map_err(|error| Problem::bad_request(format!("the body is not valid JSON: {error}")))
}

/// Both at once.
pub(crate) async fn json_body(headers: &HeaderMap, body: Body) -> Result<Value, Problem> {
    parse_json(&json_bytes(headers, body).await?)
}

async fn read(body: Body) -> Result<Vec<u8>, Problem> {
    let mut chunks = body.into_data_stream();
    let mut bytes = Vec::new();
    let mut length = 0;
    while let Some(chunk) = chunks.next().await {
        let chunk =
            chunk.map_err(|_broken| Problem::bad_request("the body broke off before its end"))?;
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

/// `application/json` or `application/*+json`, with any parameters.
fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.strip_prefix("application/") {
        Some(subtype) => subtype == "json" || (subtype.len() > 5 && subtype.ends_with("+json")),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_known_by_its_media_type() {
        for json in
            ["application/json", "Application/JSON; charset=utf-8", "application/vnd.shop+json"]
        {
            assert!(is_json(json), "{json}");
        }
        for other in ["", "text/json", "application/xml", "application/+json", "application/jsonp"]
        {
            assert!(!is_json(other), "{other}");
        }
    }

    #[tokio::test]
    async fn a_body_may_be_as_long_as_the_contract_says_and_no_longer() {
        let longest = read(Body::from(vec![b' '; MAX])).await.expect("just not too long");
        assert_eq!(longest.len(), MAX);
        let refused = read(Body::from(vec![b' '; MAX + 1])).await.expect_err("one too many");
        let body = refused.into_body("/", String::new());
        let body = serde_json::to_value(body).expect("a plain struct");
        assert_eq!(body["status"], 413);
    }
}
