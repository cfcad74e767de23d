//! Mails to customers, one for each event that they are told of.

use sea_orm::entity::prelude::*;

/// A mail.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "mails")]
pub struct Model {
    /// The event that it tells of.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: Uuid,
    /// About which order.
    pub order_id: Uuid,
    /// To whom; null where nobody knows any more.
    pub user_id: Option<Uuid>,
    /// What happened.
    pub kind: String,
    /// What is particular to the kind of event; null once the mail is dealt with.
    pub payload: Option<Json>,
    /// When the event became true.
    pub created_at: DateTimeUtc,
    /// The event's position.
    pub position: i64,
    /// `owed`, `sent` or `not_sent`.
    pub state: String,
    /// Not to be sent before then; null once it is dealt with.
    pub due_at: Option<DateTimeUtc>,
    /// Rises with each claim.
    pub fence: i64,
    /// How often it was put off.
    pub attempts: i32,
    /// Why it was put off last, or not sent.
    pub why: Option<String>,
    /// To which address it was sent, shortened.
    pub address: Option<String>,
    /// When it was dealt with.
    pub noted_at: Option<DateTimeUtc>,
}

/// None: a mail carries all that it says.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
