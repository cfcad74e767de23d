//! What is written of a saga, what it builds on, and what becomes of it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::order::{Line, OrderId, Paise, UserId};
use crate::saga::{Entry, Instance};

/// What one saga has to write: its row as it is now, and what is new in its log.
#[derive(Clone, Debug)]
pub struct Write {
    /// What it builds on.
    pub base: Base,
    /// The row to be.
    pub saga: Instance,
    /// New entries; the instance's own `unsaved` are not looked at.
    pub entries: Vec<Entry>,
    /// The order, with `Completed`.
    pub order: Option<NewOrder>,
}

/// What a write builds on; it is void when that is no longer so.
#[derive(Clone, Debug)]
pub enum Base {
    /// Nothing: the saga is being accepted.
    New(Accepted),
    /// The row as this owner left it.
    Owned {
        /// Who.
        owner: Uuid,
        /// Under which claim.
        fence: i64,
        /// At which revision.
        revision: i64,
    },
}

/// What only acceptance knows.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// What no other saga may have; `None` where any number of equal requests is taken in.
    pub identity: Option<Identity>,
    /// Of the request as parsed.
    pub fingerprint: String,
}

/// What a request is known by as the repeat of another of the same user.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Identity {
    /// The client's idempotency key: once used, it is for ever.
    Key(String),
    /// What is asked for, by its fingerprint: as long as a saga that was begun without a key is in
    /// flight, there is no second one like it.
    Content(String),
}

impl Identity {
    /// The client's key.
    pub(super) fn key(&self) -> Option<&str> {
        match self {
            Self::Key(key) => Some(key),
            Self::Content(_) => None,
        }
    }

    /// What equal requests join by.
    pub(super) fn content(&self) -> Option<&str> {
        match self {
            Self::Key(_) => None,
            Self::Content(fingerprint) => Some(fingerprint),
        }
    }
}

/// An order row with its lines and its event.
#[derive(Clone, Debug)]
pub struct NewOrder {
    /// The saga's id.
    pub id: OrderId,
    /// Who bought.
    pub user_id: UserId,
    /// The sum.
    pub total: Paise,
    /// When the checkout was accepted.
    pub created_at: DateTime<Utc>,
    /// When it completed.
    pub confirmed_at: DateTime<Utc>,
    /// An id of its own, the line, and the price it was charged at; in cart order.
    pub items: Vec<(Uuid, Line, Paise)>,
    /// The id of the `OrderConfirmed` event.
    pub event_id: Uuid,
}

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is durable, by this commit or by an earlier one whose answer was lost.
    Written,
    /// Another saga has this user's [`Identity`]: nothing was accepted.
    Repeats,
    /// An earlier try of this acceptance landed, and the saga is another's already.
    TakenUp,
    /// The saga is another's now: drop it, and call nothing more.
    Lost,
}
