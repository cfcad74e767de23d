//! A client of the service's API: sends one request, and returns the answer as text or the refusal as an
//! error.

use std::{error::Error as _, time::Duration};

use reqwest::{RequestBuilder, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::Error;
use crate::auth::SHELL;

/// Long, because an action waits for its commit, and a database under load may be slow.
const TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A client of one service, with one operator's token.
pub(super) struct Client {
    http: reqwest::Client,
    base: Url,
    token: Option<String>,
}

/// A service's answer, unchanged, for `--json`.
pub(super) struct ApiAnswer {
    text: String,
    url: Url,
}

impl Client {
    /// A client of the service at `base`. If there is no token, the service's refusal says what is needed.
    pub(super) fn new(base: Url, token: Option<String>) -> Result<Self, Error> {
        // The service's audit trail tells by it that the shell was used.
        let http = reqwest::Client::builder()
            .user_agent(format!("{SHELL}{}", env!("CARGO_PKG_VERSION")))
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .build()
            .map_err(|error| Error::Usage(format!("the HTTP client can't start: {error}")))?;
        Ok(Self { http, base, token })
    }

    /// `GET`, with the filters that have a value.
    pub(super) async fn get(
        &self,
        path: &[&str],
        filters: &[(&str, Option<String>)],
    ) -> Result<ApiAnswer, Error> {
        let mut url = self.url(path);
        for (name, value) in filters {
            if let Some(value) = value {
                url.query_pairs_mut().append_pair(name, value);
            }
        }
        self.send(self.http.get(url)).await
    }

    /// `POST`s an action in the name of `operator`.
    pub(super) async fn act(
        &self,
        path: &[&str],
        body: &Value,
        operator: Option<&str>,
    ) -> Result<ApiAnswer, Error> {
        let mut request = self.http.post(self.url(path)).json(body);
        if let Some(operator) = operator {
            request = request.header("X-Operator", operator);
        }
        self.send(request).await
    }

    /// `DELETE`.
    pub(super) async fn delete(&self, path: &[&str]) -> Result<ApiAnswer, Error> {
        self.send(self.http.delete(self.url(path))).await
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    async fn send(&self, request: RequestBuilder) -> Result<ApiAnswer, Error> {
        let request = match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        let text = response.text().await.map_err(|error| self.unreachable(&error))?;
        if status.is_success() {
            Ok(ApiAnswer { text, url: self.base.clone() })
        } else {
            Err(refusal(status, &text))
        }
    }

    fn unreachable(&self, error: &reqwest::Error) -> Error {
        if error.is_builder() {
            return Error::Usage(
                "the token or the operator's name can't be sent in a header".to_owned(),
            );
        }
        let mut reason = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            reason = inner.to_string();
            source = inner.source();
        }
        Error::Unreachable { url: self.base.clone(), reason }
    }
}

impl ApiAnswer {
    /// The answer's text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The answer as a `T`.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_str(&self.text)
            .map_err(|error| Error::Unreadable { url: self.url.clone(), reason: error.to_string() })
    }
}

/// A problem document in one line: its `error`, and its `detail` if that says more.
fn refusal(status: StatusCode, body: &str) -> Error {
    let problem = serde_json::from_str::<Value>(body).unwrap_or_default();
    let member = |name: &str| problem.get(name).and_then(Value::as_str).unwrap_or_default();
    let answer = match (member("error"), member("detail")) {
        ("", "") => format!("the service answered {status}"),
        (error, "") => error.to_owned(),
        ("", detail) => detail.to_owned(),
        (error, detail) if detail.contains(error) => detail.to_owned(),
        (error, detail) => format!("{error}: {detail}"),
    };
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Error::Unauthorized { answer },
        StatusCode::BAD_REQUEST => Error::Usage(answer),
        _ => Error::Refused(answer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(status: u16, body: &str) -> String {
        let status = StatusCode::from_u16(status).expect("the test gives a valid status");
        refusal(status, body).to_string()
    }

    #[test]
    fn a_refusal_is_told_in_one_line_from_the_problem_document() {
        let body = r#"{"status":409,"detail":"allowed: resolve","error":"Not allowed now"}"#;
        assert_eq!(line(409, body), "Not allowed now: allowed: resolve");
        assert_eq!(line(404, r#"{"error":"Saga not found"}"#), "Saga not found");
        assert_eq!(line(502, "<html>"), "the service answered 502 Bad Gateway");
    }

    #[test]
    fn what_the_service_finds_wrong_with_an_argument_is_wrong_usage() {
        let code = |status| refusal(status, r#"{"error":"id is not a UUID"}"#).exit_code();
        assert_eq!(line(400, r#"{"error":"id is not a UUID"}"#), "id is not a UUID");
        assert_eq!(code(StatusCode::BAD_REQUEST), 2);
        for status in [StatusCode::NOT_FOUND, StatusCode::CONFLICT, StatusCode::BAD_GATEWAY] {
            assert_eq!(code(status), 1, "{status}");
        }
    }

    #[test]
    fn a_missing_token_is_answered_with_how_to_give_one() {
        assert!(line(401, "").contains("--token"));
        assert!(
            line(403, r#"{"error":"No operator token is configured"}"#).contains("operator.token")
        );
    }

    #[test]
    fn a_base_url_with_a_path_is_kept() {
        let base = Url::parse("https://shop.example/orders/").expect("the test gives a valid URL");
        let client = Client::new(base, None).expect("a client without settings starts");
        assert_eq!(
            client.url(&["api", "operator", "sagas", "a/b"]).as_str(),
            "https://shop.example/orders/api/operator/sagas/a%2Fb"
        );
    }
}
