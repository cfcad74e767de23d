//! Mails to customers: owed with the cursor that has passed their event, and kept once they are dealt with.
//!
//! A mail is written down in the transaction that moves the cursor past its event, once for each event. So
//! none is owed before its event is committed, none is lost and none is owed twice (promise 62). What is
//! sent, and by whom, is in `mail_claims.rs`.

use chrono::{DateTime, Utc};
use entity::mails::{self, Column as Of};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use strum::{Display, EnumString, IntoStaticStr};
use uuid::Uuid;

use super::cursor::Lead;
use super::outbox::StoredEvent;
use super::rowset::{Column, Form, Rowset, Type};
use super::{Error, Store};
use crate::order::OrderId;

/// What has become of a mail. The words are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum MailState {
    /// It is to be sent.
    Owed,
    /// The mail server has it.
    Sent,
    /// It can't be sent, and is not tried again.
    NotSent,
}

/// A mail as the order's page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The event that it tells of.
    pub event_id: Uuid,
    /// What happened.
    pub kind: String,
    /// What has become of the mail.
    pub state: MailState,
    /// To which address, shortened to `a***@host`; `None` where it has none yet, or none that is one.
    pub to: Option<String>,
    /// Why it was put off last, or not sent.
    pub why: Option<String>,
    /// When it was sent, or given up.
    pub noted_at: Option<DateTime<Utc>>,
}

/// How many mails are owed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwedMails {
    /// How many.
    pub count: i64,
    /// When the event of the oldest became true.
    pub oldest: Option<DateTime<Utc>>,
}

const OWED: [Column; 9] = [
    ("event_id", Type::Uuid),
    ("order_id", Type::Uuid),
    ("user_id", Type::Uuid),
    ("kind", Type::Text),
    ("payload", Type::Json),
    ("created_at", Type::Time),
    ("position", Type::BigInt),
    ("state", Type::Text),
    ("due_at", Type::Time),
];

impl Store {
    /// Owes a mail for each of these events, which are due now, and moves the cursor past them, in one
    /// transaction. `false` if the lead is lost: nothing is owed then.
    pub async fn owe_mails(
        &self,
        lead: &Lead,
        events: &[StoredEvent],
        to: i64,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        if events.is_empty() {
            return self.move_cursor(lead, to).await;
        }
        let rows = Rowset::of(
            &OWED,
            events.iter().map(|event| {
                [
                    event.id.into(),
                    event.order_id.0.into(),
                    event.user_id.map(|user| user.0).into(),
                    event.kind.as_str().into(),
                    event.data.to_string().into(),
                    event.at.into(),
                    event.position.unwrap_or_default().into(),
                    <&str>::from(MailState::Owed).into(),
                    now.into(),
                ]
            }),
        );
        let insert = Form::Json(self.backend).insert("mails", &OWED, 1);
        let sql = format!("{insert} ON CONFLICT (event_id) DO NOTHING");
        let transaction = self.write.begin().await?;
        let owed = async {
            if !self.move_cursor_in(&transaction, lead, to).await? {
                return Ok(false);
            }
            transaction.execute_raw(self.statement(&sql, vec![rows.json().into()])).await?;
            Ok(true)
        };
        let owed = owed.await;
        transaction.end(owed).await
    }

    /// The mails of an order, in the order of their events.
    pub async fn mails_of(&self, id: OrderId) -> Result<Vec<Mail>, Error> {
        let mails = mails::Entity::find()
            .filter(Of::OrderId.eq(id.0))
            .order_by_asc(Of::Position)
            // Not among those who may wait for a locked table of orders: a saga's inspection has these, too.
            .all(&self.read)
            .await?;
        let mail = |row: mails::Model| -> Result<Mail, Error> {
            let unknown = |_| Error::Unusable(format!("a mail's state is `{}`", row.state));
            Ok(Mail {
                state: row.state.parse().map_err(unknown)?,
                event_id: row.event_id,
                kind: row.kind,
                to: row.address,
                why: row.why,
                noted_at: row.noted_at,
            })
        };
        mails.into_iter().map(mail).collect()
    }

    /// How many mails are owed.
    pub async fn owed_mails(&self) -> Result<OwedMails, Error> {
        let sql = "SELECT count(*) AS owed, min(created_at) AS oldest FROM mails \
                   WHERE due_at IS NOT NULL";
        let row = self.read.query_one_raw(self.statement(sql, vec![])).await?;
        let Some(row) = row else { return Ok(OwedMails::default()) };
        Ok(OwedMails { count: row.try_get("", "owed")?, oldest: row.try_get("", "oldest")? })
    }

    /// Notes that a client who waited for this checkout is about to be told that it is pending. To be
    /// followed by a look at the checkout: either this is in the books before the checkout's end is, or
    /// the look finds the end.
    pub async fn note_pending_answer(&self, id: OrderId, now: DateTime<Utc>) -> Result<(), Error> {
        let sql = "INSERT INTO pending_answer (order_id, at) VALUES ($1, $2) \
                   ON CONFLICT (order_id) DO NOTHING";
        self.write.execute_raw(self.statement(sql, vec![id.0.into(), now.into()])).await?;
        Ok(())
    }

    /// Whether a client who waited for this checkout was told that it is pending.
    pub async fn was_answered_pending(&self, id: OrderId) -> Result<bool, Error> {
        let sql = "SELECT 1 FROM pending_answer WHERE order_id = $1";
        let row = self.read.query_one_raw(self.statement(sql, vec![id.0.into()])).await?;
        Ok(row.is_some())
    }
}
