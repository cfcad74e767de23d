//! An operator's word, taken to a saga that nobody drives right now.

use tracing::info;

use super::drive::Drive;
use super::executor::{Executor, Place};
use crate::order::OrderId;
use crate::saga::intervention::{intervene, is_allowed};
use crate::saga::{Instance, Intervention, Word};
use crate::store::{self, Found};

/// What was done.
#[derive(Clone, Debug)]
pub struct Done {
    /// The saga right after.
    pub saga: Found,
    /// In words.
    pub did: String,
}

/// Why nothing was done.
#[derive(Debug)]
pub enum NotDone {
    /// There is no such saga.
    NotFound,
    /// The operator looked at another version than this.
    Stale {
        /// The present one.
        version: i64,
    },
    /// Not now.
    NotAllowed {
        /// Why.
        why: String,
        /// What is.
        allowed: Vec<&'static str>,
    },
    /// The database is out of reach. It may have been done.
    Unavailable(store::Error),
}

impl Executor {
    /// What an operator may do to this saga now: judged by doing it to a copy.
    pub fn actions(&self, saga: &Instance) -> Vec<&'static str> {
        if saga.owner.is_some() {
            return Vec::new();
        }
        let (policy, now) = (&self.0.settings.policy, self.0.clock.now());
        let all = <Intervention as strum::IntoEnumIterator>::iter();
        all.filter(|what| is_allowed(saga, *what, policy, now)).map(<&str>::from).collect()
    }

    /// Has the saga tried now. Done when it is durable; the saga is driven on from there. An
    /// operator who hangs up stops nothing.
    ///
    /// # Errors
    /// As [`NotDone`] says.
    pub async fn retry(
        &self,
        id: OrderId,
        word: &Word,
        if_match: Option<i64>,
    ) -> Result<Done, NotDone> {
        let (this, word) = (self.clone(), word.clone());
        let task = async move { this.claim_and_retry(id, &word, if_match).await };
        let Ok(done) = self.0.sagas.spawn(task).await else {
            return Err(not_allowed("it broke; see the log".to_owned(), vec![]));
        };
        done
    }

    async fn claim_and_retry(
        &self,
        id: OrderId,
        word: &Word,
        if_match: Option<i64>,
    ) -> Result<Done, NotDone> {
        let shared = &self.0;
        let inspected = shared.store.inspect(id, &shared.definitions).await;
        let inspected = inspected.map_err(NotDone::Unavailable)?.ok_or(NotDone::NotFound)?;
        let version = inspected.found.revision;
        if if_match.is_some_and(|wanted| wanted != version) {
            return Err(NotDone::Stale { version });
        }
        let saga = match inspected.instance {
            Ok(saga) => saga,
            Err(unreadable) => return Err(not_allowed(unreadable.to_string(), vec![])),
        };
        self.check(&saga, Intervention::Retry, word)?;
        let (life, now) = (shared.life(), shared.clock.now());
        let claim = shared.store.claim_one((id, version), life.id, now, &shared.definitions).await;
        let Some(mut saga) = claim.map_err(NotDone::Unavailable)? else {
            return Err(not_allowed("it was just taken up".to_owned(), vec![]));
        };
        let policy = &shared.settings.policy;
        let did = intervene(&mut saga, Intervention::Retry, word, policy, now);
        let mut drive = Drive::claimed(shared.clone(), life, saga);
        let did = did.map_err(|why| not_allowed(why, vec![]))?;
        drive.changed = true;
        drive.submit();
        let gone = |_| not_allowed("it was taken over by another executor".to_owned(), vec![]);
        drive.durable().await.map_err(gone)?;
        info!(saga.id = %id, operator = word.operator, did, "an operator intervened");
        let done = Done { saga: Found::of(&drive.saga), did };
        // An operator's word needs no free place: a person is waiting for it.
        let place = shared.places.clone().try_acquire_owned().ok();
        shared.spawn(drive, Place::for_word(place));
        Ok(done)
    }

    fn check(&self, saga: &Instance, what: Intervention, word: &Word) -> Result<(), NotDone> {
        let allowed = self.actions(saga);
        if saga.owner.is_some() {
            return Err(not_allowed("it is being advanced right now".to_owned(), allowed));
        }
        let (policy, now) = (&self.0.settings.policy, self.0.clock.now());
        match intervene(&mut saga.clone(), what, word, policy, now) {
            Ok(_did) => Ok(()),
            Err(why) => Err(not_allowed(why, allowed)),
        }
    }
}

fn not_allowed(why: String, allowed: Vec<&'static str>) -> NotDone {
    NotDone::NotAllowed { why, allowed }
}
