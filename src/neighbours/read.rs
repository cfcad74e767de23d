//! Reading from a neighbour: what a GET found, with a few tries where the answer makes no sense.

use std::time::Duration;

use reqwest::Method;

use super::http::{Answer, Errand, Http, Request};
use super::said::Said;
use crate::pacing::Pacing;
use crate::saga::{Outcome, Report, Step};

/// An answer that makes no sense is asked for so often before its neighbour is held at fault.
const TRIES: u32 = 3;

/// What a read found.
#[derive(Clone, Debug, PartialEq)]
pub enum Found<T> {
    /// This.
    It(T),
    /// That there is none (404).
    Missing,
    /// Answers that can't be used, every time: the neighbour is at fault.
    Nonsense(String),
    /// No usable answer this time; the report says why.
    NoAnswer,
}

impl Http {
    /// GETs `path`; `parse` reads what a 200 says, or says what is wrong with it.
    pub(super) async fn read<T>(
        &self,
        errand: Errand<'_>,
        (step, line): (Step, Option<u16>),
        (path, key): (String, &str),
        parse: impl Fn(&Said) -> Result<T, String>,
    ) -> (Report, Found<T>) {
        let mut pacing = Pacing::new(Duration::from_millis(20), Duration::from_millis(200));
        let mut tries = 0;
        loop {
            tries += 1;
            let request = Request {
                method: Method::GET,
                path: path.clone(),
                key,
                body: None,
                fresh_connection: false,
            };
            let parsed = |answer: &Answer| answer.said().and_then(|said| parse(&said));
            let judge = |answer: &Answer| match answer.status {
                200 => parsed(answer).map(|_| Outcome::Done),
                _ if answer.refuses(&[404]) => Ok(Outcome::Refused),
                _unlisted => Ok(Outcome::Unknown),
            };
            let attempt = self.call(errand, step, line, request, judge).await;
            let found = match (attempt.report.outcome, attempt.answer.as_ref().map(parsed)) {
                (Outcome::Done, Some(Ok(it))) => Found::It(it),
                (Outcome::Refused, _) => Found::Missing,
                (Outcome::Unknown, _) if attempt.report.status == Some(200) => {
                    let error = attempt.report.error.clone().unwrap_or_default();
                    Found::Nonsense(error)
                }
                _unsettled => Found::NoAnswer,
            };
            if !matches!(found, Found::Nonsense(_)) || tries == TRIES {
                return (attempt.into_report(), found);
            }
            self.clock.sleep(pacing.pause(self.clock.chance())).await;
        }
    }
}
