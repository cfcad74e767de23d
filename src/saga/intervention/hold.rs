//! `hold` and `release`: nothing is sent for a saga while a person does something about it by hand.

use chrono::{DateTime, Utc};

use super::{WHOLE, Word, entry, then};
use crate::saga::entry::Event;
use crate::saga::instance::{Held, Instance};
use crate::saga::policy::Policy;

/// What a held saga says of itself.
pub(super) const NOTHING_IS_SENT: &str = "nothing is sent until it is released";

/// Holding what is held already is harmless, and changes nothing.
pub(super) fn hold(saga: &mut Instance, word: &Word, now: DateTime<Utc>) -> String {
    if let Some(held) = &saga.held {
        return format!("nothing more: it is {}", said(held));
    }
    let (who, reason) = (word.operator.clone(), word.reason.clone());
    saga.held = Some(Held { since: now, who, reason });
    saga.next_attempt_at = None;
    saga.log(entry(WHOLE, Event::Held, 0, word, now));
    format!("held: {NOTHING_IS_SENT}")
}

/// It goes on at once, and nothing failed meanwhile.
pub(super) fn release(
    saga: &mut Instance,
    word: &Word,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Result<String, String> {
    let held = saga.held.take().ok_or("it is not held")?;
    let held_for = (now - held.since).max(chrono::TimeDelta::zero());
    saga.failing_since = saga.failing_since.map(|since| (since + held_for).min(now));
    saga.next_attempt_at = Some(now);
    // It starts anew: what comes next is not that it has passed.
    saga.deadline_at = now + policy.time_for(&saga.terms);
    saga.log(entry(WHOLE, Event::Released, 0, word, now));
    Ok(format!("released; {}", then(saga, policy, now)))
}

/// Why nothing else may be done to a held saga but to settle it.
pub(super) fn refusal(held: &Held) -> String {
    format!("it is {}: release it first", said(held))
}

fn said(Held { since, who, reason }: &Held) -> String {
    format!("held since {since} by {who} ({reason})")
}
