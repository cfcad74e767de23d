//! What the customer and the listeners were told about a saga's order, and when: computed from the books.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::Operators;
use crate::checkout::{Refusal, Undoing};
use crate::saga::{Cause, Direction, Event};
use crate::store::{Error, Found, LoggedStep, MailState};

/// Something that somebody was told.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Told)]
pub(crate) struct ToldView {
    /// Since when; of an answer by HTTP, since when it was there to give.
    pub(crate) at: DateTime<Utc>,
    /// `http`, `webhook` or `mail`.
    pub(crate) via: &'static str,
    /// In words, or the event's type.
    pub(crate) what: String,
    /// The HTTP status that was, or is, answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    /// Who: the endpoint's address, or the mail's, shortened to `a***@host`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<String>,
}

/// All that was told, oldest first.
pub(super) async fn told(
    operators: &Operators,
    found: &Found,
    log: &[LoggedStep],
) -> Result<Vec<ToldView>, Error> {
    let mut told = vec![accepted(found)];
    told.extend(answer(found, log));
    for (url, kind, attempt) in operators.store.delivered_about(found.order_id).await? {
        let (at, status) = (attempt.at, attempt.status);
        told.push(ToldView { at, via: "webhook", what: kind, status, to: Some(url) });
    }
    for mail in operators.store.mails_of(found.order_id).await? {
        let sent = mail.noted_at.filter(|_| mail.state == MailState::Sent);
        let Some(at) = sent else { continue };
        told.push(ToldView { at, via: "mail", what: mail.kind, status: None, to: mail.to });
    }
    told.sort_by_key(|told| told.at);
    Ok(told)
}

fn accepted(found: &Found) -> ToldView {
    let what = format!("the {} is accepted", found.kind);
    ToldView { at: found.created_at, via: "http", what, status: Some(202), to: None }
}

/// The final answer, once it is there to give.
fn answer(found: &Found, log: &[LoggedStep]) -> Option<ToldView> {
    let progress = found.progress?;
    let (what, status) = if progress.is_completed() {
        let status = if found.kind == "cancellation" { 200 } else { 201 };
        (format!("the {} is done: {}", found.kind, found.state), status)
    } else {
        let refused = progress.direction() == Direction::Backward;
        Undoing::of(progress).filter(|_| refused)?;
        let told = Refusal::of(found.known.as_ref()).told();
        (told.error.to_owned(), told.status)
    };
    let at = decided_at(found, log);
    Some(ToldView { at, via: "http", what, status: Some(status), to: None })
}

/// With the last thing that went forward, or with the word of whoever stopped it; where its time had passed, with the
/// way back.
fn decided_at(found: &Found, log: &[LoggedStep]) -> DateTime<Utc> {
    let goes_back = log.iter().position(|entry| entry.phase == "compensation");
    let (forward, back) = log.split_at(goes_back.unwrap_or(log.len()));
    let ended = |entry: &LoggedStep| {
        entry.started_at + TimeDelta::milliseconds(entry.duration_ms.unwrap_or(0))
    };
    let decided = |entry: &LoggedStep| match entry.event? {
        Event::Came(_) if entry.phase == "forward" => Some(ended(entry)),
        Event::Stopped | Event::Happened | Event::DidNotHappen | Event::Found => {
            Some(entry.started_at)
        }
        Event::Came(_)
        | Event::Begun
        | Event::Sending
        | Event::TakenOver(_)
        | Event::Renewed
        | Event::Retried
        | Event::Held
        | Event::Released => None,
    };
    let last = forward.iter().filter_map(decided).max();
    let cause = found.known.as_ref().and_then(|known| known.cause.as_ref());
    let at = match cause {
        Some(Cause::Deadline { .. }) => back.first().map(|entry| entry.started_at),
        Some(Cause::Cancelled { .. }) => {
            last.max(found.cancel_request.as_ref().map(|request| request.since))
        }
        _ => last,
    };
    at.unwrap_or(found.updated_at)
}
