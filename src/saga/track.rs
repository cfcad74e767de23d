//! What is known of one effect.
//!
//! The invariant: an effect that may have been sent is never `Untouched`, and doubt is sticky: only an
//! outcome that settles the effect, or a person, ends it (promise 13).

use chrono::{DateTime, Utc};

use super::entry::Entry;
use super::outcome::Outcome;

/// What is known of an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It was surely never sent.
    Untouched,
    /// It may have been sent, and is not settled.
    Unsure {
        /// The earliest moment at which its key may have reached the neighbour.
        since: DateTime<Utc>,
    },
    /// Settled: it happened.
    Done,
    /// Settled: it did not happen.
    Refused,
}

impl Standing {
    /// Whether it is known what became of the effect.
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Done | Self::Refused)
    }
}

/// An effect's standing with what its next attempt needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Track {
    /// What is known.
    pub standing: Standing,
    /// How often a person has had it done anew.
    pub generation: u32,
    /// Attempts logged in this generation.
    pub attempts: u32,
    /// When a call began whose outcome is not known: it may still be in flight.
    pub open_since: Option<DateTime<Utc>>,
    /// It was looked up just now, and its neighbour has nothing recorded of it.
    pub is_missing: bool,
    /// The attempt whose intent is logged and whose outcome is not, where no earlier attempt is
    /// unsure: if this attempt turns out not to have been sent, the effect is untouched again.
    pub(super) sole_intent: Option<u32>,
}

impl Track {
    pub(super) const NEW: Self = Self {
        standing: Standing::Untouched,
        generation: 0,
        attempts: 0,
        open_since: None,
        is_missing: false,
        sole_intent: None,
    };

    pub(super) fn doubt_from(&mut self, moment: DateTime<Utc>) {
        self.standing = match self.standing {
            Standing::Untouched => Standing::Unsure { since: moment },
            Standing::Unsure { since } => Standing::Unsure { since: since.min(moment) },
            settled @ (Standing::Done | Standing::Refused) => settled,
        };
    }

    /// Whether it happened, or may have.
    pub fn may_have_happened(&self) -> bool {
        match self.standing {
            Standing::Done | Standing::Unsure { .. } => true,
            Standing::Untouched | Standing::Refused => false,
        }
    }

    /// A dead owner may have begun a call of it at any time between these two moments.
    pub(super) fn may_have_begun(&mut self, earliest: DateTime<Utc>, latest: DateTime<Utc>) {
        if !self.standing.is_settled() {
            self.doubt_from(earliest);
            self.open_since = Some(latest);
        }
    }

    pub(super) fn came(&mut self, outcome: Outcome, entry: &Entry) {
        self.attempts = self.attempts.max(entry.attempt);
        let sole_intent = std::mem::take(&mut self.sole_intent);
        self.open_since = None;
        if self.standing.is_settled() {
            return;
        }
        match outcome {
            Outcome::Done => self.standing = Standing::Done,
            Outcome::Refused => self.standing = Standing::Refused,
            Outcome::NotSent if sole_intent == Some(entry.attempt) => {
                self.standing = Standing::Untouched;
            }
            Outcome::NotSent => {}
            Outcome::Unknown => self.doubt_from(entry.started_at),
        }
    }
}
