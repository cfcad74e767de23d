//! What holds for every request below `/console` and every answer, errors included.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::page::Failure;
use crate::web::Problem;

/// Nothing but what this service itself serves; nobody may put a page into a frame.
const CONTENT: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                       connect-src 'self'; form-action 'self'; base-uri 'none'; \
                       frame-ancestors 'none'";

const HEADERS: [(HeaderName, HeaderValue); 3] = [
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT)),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    // Not `no-referrer`: browsers would then send `Origin: null` with our own forms.
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
];

/// Whether this is a path of the console.
pub(crate) fn is_ours(path: &str) -> bool {
    path.strip_prefix("/console").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The answer with the headers of the console's answers. Only files that never change may be kept.
pub(crate) fn under_policy(mut answer: Response) -> Response {
    let headers = answer.headers_mut();
    headers.extend(HEADERS);
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    answer
}

/// Refuses whatever may change something and was not sent by a page of ours.
pub(super) async fn only_from_here(request: Request, next: Next) -> Response {
    let is_reading = [Method::GET, Method::HEAD].contains(request.method());
    if is_reading || is_from_here(request.headers(), request.uri()) {
        return next.run(request).await;
    }
    let refused = Problem::new(StatusCode::FORBIDDEN, "Refused: the form is not from this site")
        .detail("only forms of these pages are taken; open the page here and send it again");
    Failure::from(refused).into_response()
}

/// Browsers say where a request comes from. The few that don't yet, say at least of which origin it is.
fn is_from_here(headers: &HeaderMap, uri: &Uri) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    let own = uri.authority().map(|host| host.as_str()).or(text("host"));
    let from = text("origin").and_then(|origin| origin.split_once("://"));
    own.is_some_and(|own| from.is_some_and(|(_, from)| from.eq_ignore_ascii_case(own)))
}

/// Whether the browser speaks https, with us or with the proxy before us.
pub(super) fn is_https(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let first = |list: &str| list.split(',').next().unwrap_or_default().trim().to_lowercase();
    let says_proto = text("x-forwarded-proto").is_some_and(|proto| first(proto) == "https");
    let forwarded = text("forwarded").map(first).unwrap_or_default();
    let mut pairs = forwarded.split(';').filter_map(|pair| pair.trim().split_once('='));
    says_proto || pairs.any(|(name, value)| name == "proto" && value.trim_matches('"') == "https")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn a_form_is_from_here_if_the_browser_says_so() {
        let uri = Uri::from_static("/console/sign-in");
        let host = ("host", "desk.shop:8443");
        for (said, is_ours) in [
            (&[host, ("sec-fetch-site", "same-origin")][..], true),
            (&[host, ("sec-fetch-site", "same-site"), ("origin", "https://desk.shop:8443")], false),
            (
                &[host, ("sec-fetch-site", "cross-site"), ("origin", "https://desk.shop:8443")],
                false,
            ),
            (&[host, ("sec-fetch-site", "none")], false),
            (&[host, ("origin", "https://desk.shop:8443")], true),
            (&[host, ("origin", "http://Desk.Shop:8443")], true),
            (&[host, ("origin", "https://desk.shop")], false),
            (&[host, ("origin", "https://evil.example")], false),
            (&[host, ("origin", "null")], false),
            (&[host], false),
        ] {
            assert_eq!(is_from_here(&headers(said), &uri), is_ours, "{said:?}");
        }
        let uri = Uri::from_static("https://desk.shop/console/sign-in");
        assert!(is_from_here(&headers(&[("origin", "https://desk.shop")]), &uri), "HTTP/2");
    }

    #[test]
    fn https_is_known_from_the_proxy() {
        for (said, is) in [
            (&[][..], false),
            (&[("x-forwarded-proto", "https")], true),
            (&[("x-forwarded-proto", "http, https")], false),
            (&[("forwarded", "for=1.2.3.4;proto=https, for=5.6.7.8;proto=http")], true),
            (&[("forwarded", "for=1.2.3.4; Proto=\"https\"")], true),
            (&[("forwarded", "for=1.2.3.4;proto=http")], false),
        ] {
            assert_eq!(is_https(&headers(said)), is, "{said:?}");
        }
    }

    #[test]
    fn the_desk_is_below_its_path_only() {
        assert!(is_ours("/console") && is_ours("/console/sagas"));
        assert!(!is_ours("/consoles") && !is_ours("/api/console"));
    }
}
