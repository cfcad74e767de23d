//! Reads from a neighbour: a GET, repeated a few times where the response makes no sense.

use std::time::Duration;

use super::endpoint::{CallContext, Endpoint};
use super::fields::Fields;
use super::response::Response;
use super::transport::Request;
use crate::pacing::Pacing;
use crate::saga::{Effect, Outcome, Report};

/// How many malformed responses in a row it takes to say that the neighbour is at fault.
const MAX_TRIES: u32 = 3;

/// What a read found.
#[derive(Clone, Debug, PartialEq)]
pub enum ReadResult<T> {
    /// This value.
    Value(T),
    /// The neighbour says that there is none (404).
    Missing,
    /// Every response was one that can't be used: the neighbour is at fault. What is wrong with
    /// the last one, as a sentence.
    Malformed(String),
    /// No usable response this time; the report says why.
    NoAnswer,
}

/// What to read.
#[derive(Clone, Debug)]
pub struct Read {
    /// What it is logged as.
    pub effect: Effect,
    /// Below the neighbour's base URL, beginning with `/`.
    pub path: String,
    /// The idempotency key of the first try; reads are repeated freely.
    pub key: String,
}

impl Endpoint {
    /// GETs it. `parse` takes the value out of a 200, or says what is wrong with the response.
    pub async fn read<T>(
        &self,
        context: CallContext<'_>,
        read: Read,
        parse: impl Fn(&Fields) -> Result<T, String>,
    ) -> (Report, ReadResult<T>) {
        let Read { effect, path, key } = read;
        let parsed = |response: &Response| response.fields().and_then(|fields| parse(&fields));
        let judge = |response: &Response| match response.status {
            200 => parsed(response).map(|_value| Outcome::Done),
            _ if response.is_refusal(&[404]) => Ok(Outcome::Refused),
            _unlisted => Ok(Outcome::Unknown),
        };
        let mut pacing = Pacing::new(Duration::from_millis(20), Duration::from_millis(200));
        let mut tries = 0;
        loop {
            tries += 1;
            let request = Request::get(path.clone(), &key, context.trace);
            let attempt = self.attempt(context, effect, request, judge).await;
            let report = &attempt.report;
            let result = match (report.outcome, attempt.response.as_ref().map(parsed)) {
                (Outcome::Done, Some(Ok(value))) => ReadResult::Value(value),
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
