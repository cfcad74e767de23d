//! Who sends a mail: a lease on its row, which any replica may take once the mail is due.
//!
//! A claim moves the time at which the mail is due ahead, and raises its fence. Whoever renews the claim or
//! puts the mail off names the fence, so that one that was paused and comes back finds that the mail is
//! another's. What was sent is noted whoever has the claim by then: it is true (promise 62).

use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult};
use serde_json::Value;
use uuid::Uuid;

use super::mails::MailState;
use super::{Error, Store};
use crate::order::{OrderId, UserId};

/// A mail in the hands of whoever is to send it.
#[derive(Clone, Debug)]
pub struct MailClaim {
    /// The event that it tells of.
    pub event_id: Uuid,
    /// About which order.
    pub order_id: OrderId,
    /// To whom; `None` where nobody knows any more.
    pub user_id: Option<UserId>,
    /// What happened, as stored.
    pub kind: String,
    /// What is particular to the kind of event.
    pub data: Value,
    /// When the event was taken in.
    pub created_at: DateTime<Utc>,
    /// How often it was put off.
    pub attempts: u32,
    /// The claim's.
    fence: i64,
}

/// What a mail comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailEnd {
    /// The mail server has it.
    Sent {
        /// The address, shortened.
        to: String,
    },
    /// It can't be sent.
    NotSent {
        /// The address, shortened, if it is one.
        to: Option<String>,
        /// Why.
        why: String,
    },
}

impl Store {
    /// Takes the mail that has been due longest, for `lease` from `now`.
    pub async fn claim_mail(
        &self,
        now: DateTime<Utc>,
        lease: Duration,
    ) -> Result<Option<MailClaim>, Error> {
        // Elsewhere one statement writes at a time.
        let skip = match self.backend {
            DbBackend::Postgres => " FOR UPDATE SKIP LOCKED",
            _ => "",
        };
        let sql = format!(
            "UPDATE mails SET due_at = $2, fence = fence + 1 WHERE due_at <= $1 AND event_id = \
             (SELECT event_id FROM mails WHERE due_at <= $1 ORDER BY due_at, position LIMIT 1{skip}) \
             RETURNING event_id, order_id, user_id, kind, payload, created_at, attempts, fence"
        );
        let values = vec![now.into(), (now + lease).into()];
        let row = self.write.query_one_raw(self.statement(&sql, values)).await?;
        let claim = |row: QueryResult| -> Result<MailClaim, Error> {
            let user_id: Option<Uuid> = row.try_get("", "user_id")?;
            let data: Option<Value> = row.try_get("", "payload")?;
            let attempts: i32 = row.try_get("", "attempts")?;
            Ok(MailClaim {
                event_id: row.try_get("", "event_id")?,
                order_id: OrderId(row.try_get("", "order_id")?),
                user_id: user_id.map(UserId),
                kind: row.try_get("", "kind")?,
                data: data.unwrap_or_default(),
                created_at: row.try_get("", "created_at")?,
                attempts: u32::try_from(attempts).unwrap_or(0),
                fence: row.try_get("", "fence")?,
            })
        };
        row.map(claim).transpose()
    }

    /// Renews a claim for `lease` from `now`; `false` if the mail is another's by now, or is dealt with.
    pub async fn renew_mail(
        &self,
        claim: &MailClaim,
        now: DateTime<Utc>,
        lease: Duration,
    ) -> Result<bool, Error> {
        let sql = "UPDATE mails SET due_at = $3 \
                   WHERE event_id = $1 AND fence = $2 AND due_at IS NOT NULL";
        let values = vec![claim.event_id.into(), claim.fence.into(), (now + lease).into()];
        let renewed = self.write.execute_raw(self.statement(sql, values)).await?;
        Ok(renewed.rows_affected() == 1)
    }

    /// Gives a claim up until then. One that is another's by now is left alone.
    pub async fn put_off_mail(
        &self,
        claim: &MailClaim,
        due_at: DateTime<Utc>,
        why: &str,
    ) -> Result<(), Error> {
        let sql = "UPDATE mails SET due_at = $3, why = $4, attempts = attempts + 1 \
                   WHERE event_id = $1 AND fence = $2 AND due_at IS NOT NULL";
        let values =
            vec![claim.event_id.into(), claim.fence.into(), due_at.into(), why.to_owned().into()];
        self.write.execute_raw(self.statement(sql, values)).await?;
        Ok(())
    }

    /// Notes what a mail has come to, unless that is noted already. What was in it is not kept.
    pub async fn note_mail(
        &self,
        event_id: Uuid,
        end: &MailEnd,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let (state, to, why) = match end {
            MailEnd::Sent { to } => (MailState::Sent, Some(to.clone()), None),
            MailEnd::NotSent { to, why } => (MailState::NotSent, to.clone(), Some(why.clone())),
        };
        let sql = "UPDATE mails SET state = $2, address = $3, why = $4, noted_at = $5, \
                   due_at = NULL, payload = NULL WHERE event_id = $1 AND due_at IS NOT NULL";
        let state = <&str>::from(state).to_owned();
        let values = vec![event_id.into(), state.into(), to.into(), why.into(), now.into()];
        self.write.execute_raw(self.statement(sql, values)).await?;
        Ok(())
    }
}
