//! What is written of a saga, what the write builds on, and what becomes of it.

use uuid::Uuid;

use super::records::Records;
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
    /// What goes into the books with it.
    pub records: Records,
}

impl Write {
    /// The client's key, of an acceptance that has one.
    pub(super) fn key(&self) -> Option<&str> {
        let Base::New(accepted) = &self.base else { return None };
        accepted.identity.as_ref().and_then(Identity::key)
    }

    /// This, and the saga that begins with it.
    pub(super) fn with_begun(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(self.records.begun.as_deref())
    }
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

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is durable, by this commit or by an earlier one whose answer was lost.
    Written,
    /// An acceptance of a request that another saga has already accepted: this saga does not exist.
    Repeats,
    /// An acceptance that is durable, by an earlier try, and another executor owns the saga already.
    TakenUp,
    /// The saga is another executor's now: drop it, and call nothing more.
    Lost,
    /// An acceptance that is surely not in the books, as it was withdrawn before it was written.
    Withdrawn,
    /// It would decide what becomes of a saga that is to be cancelled, and its owner did not know that.
    CancelAsked,
}

impl Fate {
    /// Whether the saga is in the books.
    pub fn is_accepted(self) -> bool {
        match self {
            Self::Written | Self::TakenUp => true,
            Self::Repeats | Self::Lost | Self::Withdrawn | Self::CancelAsked => false,
        }
    }
}
