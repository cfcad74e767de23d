//! Whether an operator's word was taken already: asked for twice, it is done once.

use chrono::{DateTime, TimeDelta, Utc};

use crate::saga::{A_MOMENT, Intervention, Word, is_word};
use crate::store::LoggedStep;

/// A retry again within this time, with nothing come of the first, is a second click.
const SECOND_CLICK: TimeDelta = TimeDelta::seconds(2);

/// Whether this very word was said since this one came, or a moment before with nothing done since. A
/// word that was said later than now was said before the clock was set back.
pub(super) fn is_second_click(
    steps: &[LoggedStep],
    (what, word): (Intervention, &Word),
    came_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> bool {
    let last = steps.last().map(|step| step.seq);
    steps.iter().rev().any(|step| {
        let reason = step.request.as_ref().and_then(|request| request["reason"].as_str());
        let is_gone = matches!(what, Intervention::Retry | Intervention::Release);
        let again = is_gone && Some(step.seq) == last;
        let patience = if again { SECOND_CLICK } else { TimeDelta::zero() };
        (came_at - patience..=now + A_MOMENT).contains(&step.started_at)
            && step.executor == word.operator
            && reason == Some(&word.reason)
            && step.event.is_some_and(|event| is_word(what, event, &step.step, step.line))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::saga::{Event, Step};

    fn retried(seconds: i64) -> LoggedStep {
        LoggedStep {
            seq: 1,
            step: Step::INTERVENE.to_string(),
            line: None,
            phase: "operator".to_owned(),
            event: Some(Event::Retried),
            outcome: None,
            attempt: 0,
            idempotency_key: None,
            started_at: at(seconds),
            duration_ms: None,
            request: Some(json!({"reason": "the bank is back"})),
            response: None,
            error: None,
            executor: "asha".to_owned(),
        }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + seconds, 0).expect("a moment")
    }

    fn is_taken(steps: &[LoggedStep], came_at: i64, now: i64) -> bool {
        let word = Word { operator: "asha".to_owned(), reason: "the bank is back".to_owned() };
        is_second_click(steps, (Intervention::Retry, &word), at(came_at), at(now))
    }

    #[test]
    fn a_word_is_taken_once_while_it_waits_and_a_moment_later() {
        assert!(!is_taken(&[], 0, 0));
        assert!(is_taken(&[retried(3)], 0, 4));
        assert!(is_taken(&[retried(0)], 1, 1));
        assert!(!is_taken(&[retried(0)], 3, 3));
    }

    #[test]
    fn a_word_that_was_said_before_the_clock_was_set_back_does_not_count_as_said_now() {
        assert!(!is_taken(&[retried(3_600)], 0, 0));
        // Another machine's clock may be ahead.
        assert!(is_taken(&[retried(1)], 0, 0));
    }
}
