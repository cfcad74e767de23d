//! Parameters of a query, parsed one by one, so that a bad one can be named. Unknown ones are
//! ignored, empty ones count as not given.

use std::convert::Infallible;
use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use chrono::{DateTime, Utc};
use url::form_urlencoded;

use super::problem::Problem;

/// A query's parameters, decoded, in their order. The first of a name counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Of the part behind the question mark.
    pub(crate) fn parse(query: &str) -> Self {
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// The text of a parameter.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// A parameter as `read` reads it; `None` from it is a 400: `name must be {what}`.
    pub(crate) fn read<T>(
        &self,
        name: &str,
        what: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match read(text) {
            Some(value) => Ok(Some(value)),
            None => Err(Problem::bad_request(format!("{name} must be {what}"))),
        }
    }

    /// A whole number from 1 to `most`, or `default`.
    pub(crate) fn limit(&self, most: u64, default: u64) -> Result<u64, Problem> {
        let what = format!("a whole number from 1 to {most}");
        let limit = self.read("limit", &what, |text| {
            text.parse().ok().filter(|limit| (1..=most).contains(limit))
        })?;
        Ok(limit.unwrap_or(default))
    }

    /// A moment.
    pub(crate) fn moment(&self, name: &str) -> Result<Option<DateTime<Utc>>, Problem> {
        self.read(name, "a time such as 2026-01-31T00:00:00Z", |text| {
            DateTime::parse_from_rfc3339(text).ok().map(|moment| moment.to_utc())
        })
    }

    /// Anything that reads itself.
    pub(crate) fn parsed<T: FromStr>(&self, name: &str, what: &str) -> Result<Option<T>, Problem> {
        self.read(name, what, |text| text.parse().ok())
    }

    /// The same query with another cursor, encoded.
    pub(crate) fn with_cursor(&self, cursor: &str) -> String {
        let others = self.0.iter().filter(|(name, _)| name != "cursor");
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(others)
            .append_pair("cursor", cursor)
            .finish()
    }
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_parameter_is_named_and_an_unknown_one_ignored() {
        let query = Query::parse("limit=5&from=&x=%zz");
        assert_eq!(query.limit(1000, 1000).ok(), Some(5));
        assert!(matches!(query.moment("from"), Ok(None)));
        for bad in ["0", "1001", "x", "-1", "1.0"] {
            let problem = Query::parse(&format!("limit={bad}")).limit(1000, 1000);
            let body = problem.expect_err(bad).into_body("/", String::new());
            let body = serde_json::to_value(body).expect("a plain struct");
            assert_eq!(body["error"], "limit must be a whole number from 1 to 1000");
        }
    }

    #[test]
    fn a_next_page_keeps_the_other_parameters() {
        let query =
            Query::parse("cursor=a&status=Confirmed&from=2026-01-01T00%3A00%3A00%2B05%3A30");
        assert_eq!(
            query.with_cursor("b"),
            "status=Confirmed&from=2026-01-01T00%3A00%3A00%2B05%3A30&cursor=b"
        );
    }
}
