//! The parameters of a query. They are parsed one by one, so that an error names the wrong one. Unknown
//! ones are ignored; a known one without a value is an error.

use std::convert::Infallible;
use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use chrono::{DateTime, NaiveDate, Utc};
use url::form_urlencoded;

use super::problem::Problem;
use crate::json::parse_digits;

/// The parameters, decoded, in the client's order. If a name occurs twice, the first one counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Parses what follows the question mark of a URL.
    pub(crate) fn parse(query: &str) -> Self {
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// These parameters, decoded.
    pub(crate) fn of(parameters: Vec<(String, String)>) -> Self {
        Self(parameters)
    }

    /// The text of a parameter. Case matters in its name.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A parameter as `read` parses it. If that returns `None`, the error is `{name} must be {what}`.
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
            parse_digits(text).filter(|limit| (1..=most).contains(limit))
        })?;
        Ok(limit.unwrap_or(default))
    }

    /// An amount in paise. It may be negative although no order's amount is, since it is only a bound to
    /// compare with.
    pub(crate) fn amount(&self, name: &str) -> Result<Option<i64>, Problem> {
        self.read(name, "a whole number of paise", |text| {
            let digits = text.strip_prefix('-').unwrap_or(text);
            let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|_| is_number)
        })
    }

    /// A time, limited by [`within_years`].
    pub(crate) fn moment(&self, name: &str) -> Result<Option<DateTime<Utc>>, Problem> {
        self.read(name, "a time such as 2026-01-31T00:00:00Z", |text| {
            DateTime::parse_from_rfc3339(text).ok().map(|moment| within_years(moment.to_utc()))
        })
    }

    /// A value of a type that implements `FromStr`.
    pub(crate) fn parsed<T: FromStr>(&self, name: &str, what: &str) -> Result<Option<T>, Problem> {
        self.read(name, what, |text| text.parse().ok())
    }

    /// The parameters that have a value, and whether any has none: a form sends every field that it has.
    pub(crate) fn without_empty(mut self) -> (Self, bool) {
        let before = self.0.len();
        self.0.retain(|(_, value)| !value.is_empty());
        let is_any = self.0.len() < before;
        (self, is_any)
    }

    /// All of them.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// As it stands behind the question mark.
    pub(crate) fn encoded(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }

    /// The same query with this cursor, encoded.
    pub(crate) fn with_cursor(&self, cursor: &str) -> String {
        let others = self.0.iter().filter(|(name, _)| name != "cursor");
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(others)
            .append_pair("cursor", cursor)
            .finish()
    }
}

/// The time, or the nearest one whose year has four digits.
///
/// A time near either end can leave that range when its offset is removed. SQLite compares times as
/// text, so it would sort the year 10000 before all others.
pub(crate) fn within_years(moment: DateTime<Utc>) -> DateTime<Utc> {
    let first = NaiveDate::from_ymd_opt(0, 1, 1).and_then(|day| day.and_hms_opt(0, 0, 0));
    let last = NaiveDate::from_ymd_opt(9999, 12, 31);
    let last = last.and_then(|day| day.and_hms_micro_opt(23, 59, 59, 999_999));
    let moment = first.map_or(moment, |first| moment.max(first.and_utc()));
    last.map_or(moment, |last| moment.min(last.and_utc()))
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
        let query = Query::parse("limit=5&From=x&x=%zz&limit=6&to");
        assert_eq!(query.limit(1000, 1000).ok(), Some(5));
        assert!(matches!(query.moment("from"), Ok(None)));
        assert!(query.moment("to").is_err(), "there and empty");
        for bad in [
            "",
            "0",
            "1001",
            "x",
            "-1",
            "1.0",
            "%2B1",
            "+1",
            "1%00",
            "%FF",
            "1".repeat(99).as_str(),
        ] {
            let problem = Query::parse(&format!("limit={bad}")).limit(1000, 1000);
            let body = problem.expect_err(bad).into_body("/", String::new());
            let body = serde_json::to_value(body).expect("a plain struct");
            assert_eq!(body["error"], "limit must be a whole number from 1 to 1000");
        }
    }

    #[test]
    fn an_amount_has_digits_and_perhaps_a_minus() {
        let amount = |text: &str| Query::parse(&format!("a={text}")).amount("a").map_err(drop);
        assert_eq!(amount("-9223372036854775808"), Ok(Some(i64::MIN)));
        assert_eq!(amount("0"), Ok(Some(0)));
        for bad in ["", "-", "%2B1", "--1", "1.0", "9223372036854775808", "%D9%A1"] {
            assert_eq!(amount(bad), Err(()), "{bad}");
        }
    }

    #[test]
    fn a_moment_at_the_edge_of_what_can_be_written_stays_there() {
        let moment = |text: &str| {
            let moment = Query::parse(&format!("to={text}")).moment("to").map_err(drop);
            moment.map(|moment| moment.expect("it is there").to_rfc3339())
        };
        for (text, expected) in [
            ("9999-12-31T23:59:59-01:00", "9999-12-31T23:59:59.999999+00:00"),
            ("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.999999+00:00"),
            ("0000-01-01T00:00:00%2B01:00", "0000-01-01T00:00:00+00:00"),
            ("2026-01-31T00:00:00%2B05:30", "2026-01-30T18:30:00+00:00"),
        ] {
            assert_eq!(moment(text).as_deref(), Ok(expected), "{text}");
        }
        for bad in ["10000-01-01T00:00:00Z", "-0001-01-01T00:00:00Z", "2026-01-31", ""] {
            assert_eq!(moment(bad), Err(()), "{bad}");
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
