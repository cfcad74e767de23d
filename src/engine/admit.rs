//! What becomes of a request for a saga: a new saga, the answer of the one that it repeats, or a
//! refusal to take anything in. The same for every kind.
//!
//! Two requests of one user with the same [`Identity`] are one saga. The books decide which was first
//! (a unique index), on whatever replica they come; the other gets the first one's answer. A repeat is
//! answered even where nothing new is taken in, as it costs no permit.

use super::accept::{NewSaga, Shed, Wait};
use super::executor::Executor;
use super::waiting::Seen;
use crate::saga::SagaId;
use crate::store::{Fate, Found, Identity};

/// What became of a request for a saga.
#[derive(Clone, Debug)]
pub enum Admission {
    /// It is in the books.
    Accepted {
        /// As it was last seen.
        seen: Seen,
        /// An earlier request began it.
        is_repeat: bool,
    },
    /// The client's key began another request, of this saga.
    KeyReused {
        /// What the saga looks like.
        seen: Seen,
    },
    /// Nothing was accepted.
    Shed(Shed),
    /// The database is out of reach.
    Unavailable {
        /// Set where the saga may have been accepted.
        id: Option<SagaId>,
    },
}

/// Why a request did not begin a saga as the first of its identity.
enum NotFirst {
    /// There is one already.
    Repeats,
    /// Nothing new is taken in.
    Shed(Shed),
}

impl Executor {
    /// Begins a saga, or joins the one that the request repeats, and waits as long as the client
    /// wants to. The saga goes on whether or not the client does: dropping this future stops nothing.
    pub async fn admit(&self, new: NewSaga, wait: Wait) -> Admission {
        if let Some(identity) = &new.identity
            && self.has_accepted(new.user_id, identity).await
            && let Some(joined) = Box::pin(self.join(&new, wait)).await
        {
            return joined;
        }
        match self.begin_first(&new, wait).await {
            Ok(admission) => admission,
            Err(not_first) => Box::pin(self.join_or(&new, wait, not_first)).await,
        }
    }

    /// Begins it as the first of its identity.
    async fn begin_first(&self, new: &NewSaga, wait: Wait) -> Result<Admission, NotFirst> {
        let accepted = match self.accept(new.clone(), wait) {
            Ok(accepted) => accepted,
            Err(Shed::NoDatabase) => return Ok(Admission::Unavailable { id: None }),
            Err(shed) => return Err(NotFirst::Shed(shed)),
        };
        let id = accepted.id;
        let (fate, seen) = match wait {
            Wait::Decided(limit) if !wait.is_over_at_once() => accepted.decided(limit).await,
            Wait::Decided(_) | Wait::Accepted | Wait::Promised => (accepted.durable().await, None),
        };
        match fate {
            Some(Fate::Written | Fate::TakenUp) => {
                let seen = seen.unwrap_or_else(|| Seen::undecided(id, new));
                Ok(Admission::Accepted { seen, is_repeat: false })
            }
            Some(Fate::Repeats) => Err(NotFirst::Repeats),
            Some(Fate::Lost | Fate::Withdrawn | Fate::CancelAsked) => {
                Ok(Admission::Unavailable { id: None })
            }
            None => Ok(Admission::Unavailable { id: Some(id) }),
        }
    }

    /// Joins the saga that is there already, or says why there is none.
    async fn join_or(&self, new: &NewSaga, wait: Wait, not_first: NotFirst) -> Admission {
        if let Some(identity) = &new.identity {
            // One that came a moment before may be on its way into the books.
            self.has_accepted(new.user_id, identity).await;
        }
        if let Some(joined) = self.join(new, wait).await {
            return joined;
        }
        let gone = Admission::Unavailable { id: None };
        match (not_first, &new.identity) {
            (NotFirst::Shed(shed), _) => Admission::Shed(shed),
            // The equal one has come to rest in between: this is a saga of its own.
            (NotFirst::Repeats, Some(Identity::Content(_))) => {
                match self.begin_first(new, wait).await {
                    Ok(admission) => admission,
                    Err(NotFirst::Shed(shed)) => Admission::Shed(shed),
                    Err(NotFirst::Repeats) => self.join(new, wait).await.unwrap_or(gone),
                }
            }
            (NotFirst::Repeats, Some(Identity::Key(_)) | None) => gone,
        }
    }

    /// The answer of the saga that this request repeats; `None` where there is none.
    async fn join(&self, new: &NewSaga, wait: Wait) -> Option<Admission> {
        let identity = new.identity.as_ref()?;
        let first = self.0.store.find_first(new.user_id, new.definition.kind, identity).await;
        let Ok(first) = first else { return Some(Admission::Unavailable { id: None }) };
        let first: Found = first?;
        if first.fingerprint != new.fingerprint {
            return Some(Admission::KeyReused { seen: Seen::from(first) });
        }
        let seen = match wait {
            Wait::Accepted | Wait::Promised => Seen::from(first),
            Wait::Decided(limit) => self.wait_for(first, limit).await,
        };
        Some(Admission::Accepted { seen, is_repeat: true })
    }
}
