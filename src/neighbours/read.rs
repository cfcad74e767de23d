//! Reads from a neighbour: a GET that is repeated a few times if its response is malformed.

use std::time::Duration;

use super::endpoint::{CallContext, Endpoint};
use super::fields::Fields;
use super::response::Response;
use super::transport::Request;
use crate::pacing::Pacing;
use crate::saga::{Effect, Outcome, Report};

/// After this many malformed responses in a row, the neighbour is considered at fault.
const MAX_TRIES: u32 = 3;

/// What a read found.
#[derive(Clone, Debug, PartialEq)]
pub enum ReadResult<T> {
    /// This value.
    Value(T),
    /// The neighbour says that it doesn't exist (404).
    Missing,
    /// Every response was malformed, so the neighbour is at fault. Holds what is wrong with the last
    /// one, as a sentence.
    Malformed(String),
    /// No usable response this time; the report says why.
    NoAnswer,
}

/// What to read.
#[derive(Clone, Debug)]
pub struct Read {
    /// The effect that it is logged as.
    pub effect: Effect,
    /// The path below the neighbour's base URL; begins with `/`.
    pub path: String,
    /// The idempotency key, the same for every try.
    pub key: String,
}

impl Endpoint {
    /// Sends the GET. `parse` takes the value out of a 200, or says what is wrong with the response.
    pub async fn read<T>(
        &self,
        context: CallContext<'_>,
        read: Read,
        parse: impl Fn(&Fields) -> Result<T, String>,
    ) -> (Report, ReadResult<T>) {
        let Read { effect, path, key } = read;
        let mut pacing = Pacing::new(Duration::from_millis(20), Duration::from_millis(200));
        let mut tries = 0;
        loop {
            tries += 1;
            let request = Request::get(path.clone(), &key, context.trace);
            let mut value = None;
            let judge = |response: &Response| match response.status {
                200 => {
                    value = Some(parse(&response.fields()?)?);
                    Ok(Outcome::Done)
                }
                _ if response.is_refusal(&[404]) => Ok(Outcome::Refused),
                _unlisted => Ok(Outcome::Unknown),
            };
            let attempt = self.attempt(context, effect, request, judge).await;
            let report = &attempt.report;
            let result = match (report.outcome, value) {
                (Outcome::Done, Some(value)) => ReadResult::Value(value),
                (Outcome::Refused, _) => ReadResult::Missing,
                (Outcome::Unknown, _) if report.status == Some(200) => {
                    ReadResult::Malformed(report.error.clone().unwrap_or_default())
                }
                _unsettled => ReadResult::NoAnswer,
            };
            if !matches!(result, ReadResult::Malformed(_)) || tries == MAX_TRIES {
                return (attempt.into_report(), result);
            }
            self.clock.sleep(pacing.pause(self.clock.chance())).await;
        }
    }
}
