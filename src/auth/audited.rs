//! What a person does, and what the audit trail will say of it (promise 63).
//!
//! ```text
//! let mut audited = who.audited(AuditAction::Retry, &id, &clock);
//! let acted = async {
//!     who.require(Right::Act)?;              403: denied
//!     audited.because(reason);
//!     store.act(.., audited.done())          the entry goes into the transaction of the action
//! };
//! audited.answer(&executor, acted.await)     409: refused, 412: stale; stored by themselves
//! ```

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use super::{Caller, Person};
use crate::clock::Clock;
use crate::engine::Executor;
use crate::store::{AuditAction, AuditResult, NewAuditEntry};
use crate::web::{Problem, Segment};

/// The most characters of a target that is no id.
const MAX_TARGET: usize = 100;

/// An action of a person, from its request to its answer.
#[derive(Clone, Debug)]
pub(crate) struct Audited(NewAuditEntry);

impl Person {
    /// What this person does to what the path names.
    pub(crate) fn audited(&self, action: AuditAction, target: &Segment, clock: &Clock) -> Audited {
        let target = target.as_ref().ok().map(|Path(text)| spelt(text));
        Audited(NewAuditEntry { target, ..self.audited_anew(action, clock).0 })
    }

    /// What this person does that has no id yet.
    pub(crate) fn audited_anew(&self, action: AuditAction, clock: &Clock) -> Audited {
        Audited(NewAuditEntry {
            id: clock.fresh_id(),
            at: NewAuditEntry::moment(clock.now()),
            who: self.audited_name(),
            role: self.role,
            via: self.via,
            action,
            target: None,
            reason: None,
            result: AuditResult::Done,
        })
    }
}

impl Caller {
    /// What an operator does on a route of the clients' API; `None` for anybody else.
    pub(crate) fn audited(
        &self,
        action: AuditAction,
        target: &Segment,
        clock: &Clock,
    ) -> Option<Audited> {
        self.person().map(|person| person.audited(action, target, clock))
    }
}

impl Audited {
    /// Says why, in the person's own words, if they gave any.
    pub(crate) fn because<'a>(&mut self, reason: impl Into<Option<&'a str>>) {
        self.0.reason = reason.into().map(str::to_owned);
    }

    /// Says to what.
    pub(crate) fn to(&mut self, target: &str) {
        self.0.target = Some(spelt(target));
    }

    /// The entry for the transaction of the action.
    pub(crate) fn done(&self) -> &NewAuditEntry {
        &self.0
    }

    /// The answer. Where it says that nothing was done, the trail is told first.
    pub(crate) async fn answer<T: IntoResponse>(
        self,
        executor: &Executor,
        acted: Result<T, Problem>,
    ) -> Response {
        let response = acted.into_response();
        if let Some(result) = result_of(response.status().as_u16()) {
            executor.add_audit_entry(NewAuditEntry { result, ..self.0 }).await;
        }
        response
    }

    /// What came of it, for whoever answers by a page. Where nothing was done, the trail is told first.
    pub(crate) async fn conclude<T>(
        self,
        executor: &Executor,
        acted: Result<T, Problem>,
    ) -> Result<T, Problem> {
        if let Err(problem) = &acted
            && let Some(result) = result_of(problem.status())
        {
            executor.add_audit_entry(NewAuditEntry { result, ..self.0 }).await;
        }
        acted
    }

    /// The same, where it may be no person who asked.
    pub(crate) async fn answer_any<T: IntoResponse>(
        audited: Option<Self>,
        executor: &Executor,
        acted: Result<T, Problem>,
    ) -> Response {
        match audited {
            Some(audited) => audited.answer(executor, acted).await,
            None => acted.into_response(),
        }
    }
}

/// What the trail says of an answer; nothing of one that says that it was done, or of what is malformed.
fn result_of(status: u16) -> Option<AuditResult> {
    match status {
        403 => Some(AuditResult::Denied),
        409 => Some(AuditResult::Refused),
        412 => Some(AuditResult::Stale),
        _done_or_malformed => None,
    }
}

/// An id in its usual spelling; anything else as far as it can be stored.
fn spelt(text: &str) -> String {
    match text.parse::<Uuid>() {
        Ok(id) => id.to_string(),
        Err(_) => text.chars().filter(|letter| !letter.is_control()).take(MAX_TARGET).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_spelt_in_one_way_and_can_be_stored() {
        let id = "0198F0C2-7A51-7C3E-9D7E-2F6D1C0B5A44";
        assert_eq!(spelt(id), id.to_ascii_lowercase());
        assert_eq!(spelt(&id.replace('-', "")), id.to_ascii_lowercase());
        assert_eq!(spelt("a\0b\nc"), "abc");
        assert_eq!(spelt(&"₹".repeat(200)).chars().count(), MAX_TARGET);
    }
}
