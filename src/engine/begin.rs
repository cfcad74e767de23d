//! Sagas that begin in the middle of an order's life, and cancels of what is in flight: written
//! by whoever has the request, and driven by whoever is first to claim.

use std::time::Duration;

use super::executor::Executor;
use super::waiting::Seen;
use crate::clock::Clock;
use crate::saga::{CancelRequest, Policy, SagaId};
use crate::store::{
    Beginning, Error, Found, MovedOrder, NewAuditEntry, NewEvent, NewReturn, ReturnBeginning,
    Returnable, Write,
};

impl Executor {
    /// The clock that its sagas go by.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// What is configured of how sagas are driven.
    pub fn policy(&self) -> &Policy {
        &self.0.settings.policy
    }

    /// Asks for a saga to be cancelled, and tells its driver; `None` where it is too late for that, or
    /// somebody has asked before.
    ///
    /// # Errors
    /// Those of the database; it may have been written nevertheless.
    pub async fn request_cancel(
        &self,
        id: SagaId,
        request: &CancelRequest,
        event: &NewEvent,
        audit: Option<&NewAuditEntry>,
    ) -> Result<Option<CancelRequest>, Error> {
        let asked = self.0.store.request_cancel(id, request, event, audit).await?;
        if let Some(request) = &asked {
            match self.0.active.get(id) {
                Some(active) => active.cancel.give(request.clone()),
                None => self.0.claim_schedule.parked_until(request.since),
            }
        }
        Ok(asked)
    }

    /// Moves an order and begins a saga about it, in one transaction.
    ///
    /// # Errors
    /// Those of the database; it may have been written nevertheless.
    pub async fn move_and_begin(
        &self,
        moved: &MovedOrder,
        write: &Write,
    ) -> Result<Beginning, Error> {
        let begun = self.0.store.move_and_begin(moved, write).await?;
        self.0.claim_schedule.parked_until(write.saga.created_at);
        Ok(begun)
    }

    /// Begins a return, unless `judge` says why not of what the order has.
    ///
    /// # Errors
    /// Those of the database; it may have been written nevertheless.
    pub async fn begin_return<R>(
        &self,
        new: &NewReturn,
        write: &Write,
        judge: impl Fn(&Returnable) -> Result<(), R>,
    ) -> Result<ReturnBeginning<R>, Error> {
        let begun = self.0.store.begin_return(new, write, judge).await?;
        self.0.claim_schedule.parked_until(write.saga.created_at);
        Ok(begun)
    }

    /// Waits until a saga is at rest or needs a person, or until `wait` is over.
    pub async fn wait_until_settled(&self, found: Found, wait: Duration) -> Seen {
        self.wait_for(found, wait).await
    }
}
