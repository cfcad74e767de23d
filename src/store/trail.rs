//! The audit trail: what persons did, and what they tried to do (promise 63).
//!
//! The entry of an action is inserted in the action's own transaction, so that neither is there without
//! the other. What was not done has no transaction, and its entry is inserted by itself. An entry gets its
//! place in the chain once it is committed ([`super::trail_chain`]).

use chrono::{DateTime, SubsecRound, Utc};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::codec::{AUDIT, audit_row};
use super::rowset::{Form, Rowset};
use super::transaction::Transaction;
use super::{Error, Store};
use crate::config::Role;
use crate::saga::Intervention;

/// Where a person acted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::EnumIter)]
#[strum(serialize_all = "lowercase")]
pub enum Via {
    /// A request to the API.
    Api,
    /// The operators' web page.
    Console,
    /// The command line.
    Shell,
    /// A bulk run.
    Bulk,
}

/// What a person does. Each word is stored: words are added and never renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum AuditAction {
    /// Has a saga tried now.
    Retry,
    /// Stops a saga and has it undone.
    Compensate,
    /// Settles an effect.
    Resolve,
    /// Holds a saga.
    Hold,
    /// Lets a held saga go on.
    Release,
    /// Leaves a note at a saga.
    Note,
    /// Orders: an operator's token is not good for that.
    Create,
    /// Cancels an order.
    Cancel,
    /// Ships an order.
    Ship,
    /// Reports what a carrier says.
    Report,
    /// Takes goods back.
    Return,
    /// Begins a session at the console.
    #[strum(serialize = "sign-in")]
    SignIn,
    /// Ends it.
    #[strum(serialize = "sign-out")]
    SignOut,
    /// Prepares a bulk run.
    #[strum(serialize = "bulk.prepare")]
    PrepareBulk,
    /// Starts it.
    #[strum(serialize = "bulk.start")]
    StartBulk,
    /// Pauses it.
    #[strum(serialize = "bulk.pause")]
    PauseBulk,
    /// Has it go on.
    #[strum(serialize = "bulk.resume")]
    ResumeBulk,
    /// Stops it for good.
    #[strum(serialize = "bulk.stop")]
    StopBulk,
    /// Adds an endpoint.
    #[strum(serialize = "webhook.create")]
    CreateWebhook,
    /// Changes an endpoint.
    #[strum(serialize = "webhook.change")]
    ChangeWebhook,
    /// Removes an endpoint.
    #[strum(serialize = "webhook.remove")]
    RemoveWebhook,
    /// Gives an endpoint a new secret.
    #[strum(serialize = "webhook.rotate")]
    RotateWebhook,
    /// Tests an endpoint.
    #[strum(serialize = "webhook.test")]
    TestWebhook,
    /// Sends an event to an endpoint again.
    #[strum(serialize = "webhook.resend")]
    ResendDelivery,
    /// Sends everything to an endpoint again that failed.
    #[strum(serialize = "webhook.recover")]
    RecoverDeliveries,
}

impl AuditAction {
    /// The action on a saga.
    pub fn of(what: Intervention) -> Self {
        match what {
            Intervention::Retry => Self::Retry,
            Intervention::Compensate => Self::Compensate,
            Intervention::Resolve { .. } => Self::Resolve,
            Intervention::Hold => Self::Hold,
            Intervention::Release => Self::Release,
        }
    }
}

/// What became of it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::EnumString, strum::VariantNames,
)]
#[strum(serialize_all = "lowercase")]
pub enum AuditResult {
    /// It was done.
    Done,
    /// The person's role does not allow it.
    Denied,
    /// It was not possible at that time.
    Refused,
    /// The person had looked at an older version.
    Stale,
}

/// An entry that is to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAuditEntry {
    /// Its id.
    pub id: Uuid,
    /// When it was asked for, in whole microseconds.
    pub at: DateTime<Utc>,
    /// The person's name.
    pub who: String,
    /// Their role at that time.
    pub role: Role,
    /// From where.
    pub via: Via,
    /// What.
    pub action: AuditAction,
    /// To what: an id, as the routes have it.
    pub target: Option<String>,
    /// Why, in the person's own words; `None` where none are asked for or they were not read.
    pub reason: Option<String>,
    /// What became of it.
    pub result: AuditResult,
}

impl NewAuditEntry {
    /// The moment as both databases store it.
    pub fn moment(now: DateTime<Utc>) -> DateTime<Utc> {
        now.trunc_subsecs(6)
    }
}

impl Store {
    /// Stores the entry of what was not done.
    pub async fn add_audit_entry(&self, entry: &NewAuditEntry) -> Result<(), Error> {
        let transaction = self.write.begin().await?;
        let added = self.audit_in(&transaction, Some(entry)).await;
        transaction.end(added).await
    }

    /// Inserts the entry of what this transaction does, if a person does it.
    pub(super) async fn audit_in(
        &self,
        transaction: &Transaction,
        entry: Option<&NewAuditEntry>,
    ) -> Result<(), Error> {
        let Some(entry) = entry else { return Ok(()) };
        let rows = Rowset::of(&AUDIT, std::iter::once(audit_row(entry)));
        let sql = Form::Json(self.backend).insert("audit_entry", &AUDIT, 1);
        transaction.execute_raw(self.statement(&sql, vec![rows.json().into()])).await?;
        Ok(())
    }
}
