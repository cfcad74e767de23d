//! How a call goes, from its arrival to its answer: the fault that strikes, the wait for another
//! call with the same key, the act, the commit. Everything that waits is here, and nothing here
//! waits while it holds the lock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::{
    clock,
    config::Error,
    desk::{Desk, KeyName, Request, Struck},
    fault::{Fault, FaultKind},
    journal::Committed,
    ledger::Ledger,
    reply::Reply,
    sample::Sample,
    service::{Call, Kinds, Service},
    world::World,
};

/// The three neighbours behind their doors.
pub(super) struct Neighbourhood {
    desk: Mutex<Desk>,
    committed: Option<Committed>,
    released: Notify,
    tasks: TaskTracker,
    seed: Seed,
}

/// What a reset goes back to, where its caller doesn't say otherwise.
#[derive(Clone)]
pub(super) struct Seed {
    pub sample: Sample,
    pub kinds: Kinds,
}

impl Neighbourhood {
    pub(super) fn new(
        desk: Desk,
        committed: Option<Committed>,
        tasks: TaskTracker,
        seed: Seed,
    ) -> Self {
        Self { desk: Mutex::new(desk), committed, released: Notify::new(), tasks, seed }
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a call that changes something.
    pub(super) async fn perform(self: Arc<Self>, request: Request) -> Reply {
        let product_id = request.effect.units().map(|units| units.product_id);
        let struck = self.desk().draw(request.effect.call(), product_id);
        let Some(Struck { fault, cleared }) = struck else { return self.act(&request, None).await };
        match fault.kind {
            FaultKind::ErrorBefore | FaultKind::DropBefore | FaultKind::GarbageBefore => {
                self.told(|desk| desk.turn_away(&request, &fault)).await
            }
            FaultKind::HangBefore => {
                let Some(_held) = self.hold(&request).await else { return Reply::Cut };
                let reply = self.told(|desk| desk.turn_away(&request, &fault)).await;
                cleared.run_until_cancelled(clock::sleep(fault.pause())).await;
                reply
            }
            FaultKind::HangAfter => {
                let reply = self.act(&request, Some(&fault)).await;
                cleared.run_until_cancelled(clock::sleep(fault.pause())).await;
                reply
            }
            FaultKind::Slow => {
                // On its own, since a slow service doesn't notice that its caller has hung up.
                let late = Arc::clone(&self).act_late(request, Struck { fault, cleared });
                self.tasks.spawn(late).await.unwrap_or(Reply::Cut)
            }
            FaultKind::Refuse
            | FaultKind::ErrorAfter
            | FaultKind::DropAfter
            | FaultKind::Garbage
            | FaultKind::NegativePrice
            | FaultKind::Truncated
            | FaultKind::Elsewhere
            | FaultKind::Marked => self.act(&request, Some(&fault)).await,
        }
    }

    /// Settles a request as soon as no other call holds its key.
    async fn act(&self, request: &Request, fault: Option<&Fault>) -> Reply {
        match self.when_free(request, |desk, _| desk.settle(request, fault)).await {
            Some((reply, tail)) if self.commit(tail).await => reply,
            Some(_) | None => Reply::Cut,
        }
    }

    async fn act_late(self: Arc<Self>, request: Request, struck: Struck) -> Reply {
        let Some(held) = self.hold(&request).await else { return Reply::Cut };
        if struck.cleared.run_until_cancelled(clock::sleep(struck.fault.pause())).await.is_none() {
            return Reply::Cut;
        }
        let settled = {
            let mut desk = self.desk();
            // A reset between the end of the wait and now makes this a call to another world.
            (!struck.cleared.is_cancelled())
                .then(|| (desk.settle(&request, Some(&struck.fault)), desk.tail()))
        };
        drop(held);
        match settled {
            Some((reply, tail)) if self.commit(tail).await => reply,
            Some(_) | None => Reply::Cut,
        }
    }

    /// Holds the request's key, once it is free, until the guard is dropped.
    async fn hold(&self, request: &Request) -> Option<Held<'_>> {
        let taken = |desk: &mut Desk, name: Option<KeyName>| {
            desk.held.extend(name.clone());
            Held { neighbourhood: self, name }
        };
        self.when_free(request, taken).await.map(|(held, _)| held)
    }

    /// Runs `then` at the desk as soon as no call holds the request's key. `None` when a reset came
    /// in between.
    async fn when_free<T>(
        &self,
        request: &Request,
        then: impl FnOnce(&mut Desk, Option<KeyName>) -> T,
    ) -> Option<(T, u64)> {
        let mut since = None;
        loop {
            // Made before the look at the keys, so that no release in between is missed.
            let released = self.released.notified();
            let era = {
                let mut desk = self.desk();
                let era = since.get_or_insert_with(|| desk.era.clone()).clone();
                if era.is_cancelled() {
                    return None;
                }
                let name = desk.key_name(request);
                if !name.as_ref().is_some_and(|name| desk.held.contains(name)) {
                    let result = then(&mut desk, name);
                    return Some((result, desk.tail()));
                }
                era
            };
            era.run_until_cancelled(released).await?;
        }
    }

    /// Takes a read; `answer` is given the fault that strikes, for those that change the answer.
    pub(super) async fn read(
        &self,
        call: Call,
        product_id: Option<Uuid>,
        answer: impl Fn(&World, Option<&Fault>) -> Reply,
    ) -> Reply {
        let struck = {
            let mut desk = self.desk();
            let reads = desk.world.reads();
            match call.service() {
                Service::User => reads.user += 1,
                Service::Product => reads.product += 1,
                Service::Payment => reads.payment += 1,
            }
            desk.draw(call, product_id)
        };
        let fault = struck.as_ref().map(|struck| &struck.fault);
        let reply = self.told(|desk| answer(&desk.world, fault)).await;
        let Some(Struck { fault, cleared }) = struck else { return reply };
        match fault.kind {
            FaultKind::HangBefore | FaultKind::HangAfter => {
                cleared.run_until_cancelled(clock::sleep(fault.pause())).await;
                Reply::Cut
            }
            FaultKind::Slow => {
                if cleared.run_until_cancelled(clock::sleep(fault.pause())).await.is_none() {
                    return Reply::Cut;
                }
                self.told(|desk| answer(&desk.world, None)).await
            }
            FaultKind::Refuse => Reply::error(fault.refusal(call), "Refused"),
            FaultKind::ErrorBefore
            | FaultKind::ErrorAfter
            | FaultKind::DropBefore
            | FaultKind::DropAfter
            | FaultKind::Garbage
            | FaultKind::GarbageBefore
            | FaultKind::NegativePrice
            | FaultKind::Truncated
            | FaultKind::Elsewhere
            | FaultKind::Marked => reply.spoilt(&fault),
        }
    }

    /// Looks at or changes what is at the desk, and tells of it once it is committed.
    pub(super) async fn told(&self, act: impl FnOnce(&mut Desk) -> Reply) -> Reply {
        self.seen(act).await.unwrap_or(Reply::Cut)
    }

    /// Looks at or changes what is at the desk. `None` when what was seen can't be committed.
    pub(super) async fn seen<T>(&self, act: impl FnOnce(&mut Desk) -> T) -> Option<T> {
        let (seen, tail) = {
            let mut desk = self.desk();
            (act(&mut desk), desk.tail())
        };
        self.commit(tail).await.then_some(seen)
    }

    /// Waits until the journal is committed this far; false if it never will be.
    async fn commit(&self, tail: u64) -> bool {
        match &self.committed {
            None => true,
            Some(committed) => committed.clone().wait_for(|done| *done >= tail).await.is_ok(),
        }
    }

    /// Refuses a body that it can't read, as a service does before its own code runs.
    pub(super) async fn unreadable(&self, error: &str) -> Reply {
        self.told(|desk| {
            desk.world.count_unreadable();
            Reply::error(400, error)
        })
        .await
    }

    pub(super) fn seed(&self) -> Seed {
        self.seed.clone()
    }

    pub(super) fn ledger(&self) -> Ledger {
        self.desk().world.ledger(0)
    }

    pub(super) fn inject(&self, fault: Fault) -> Result<(), Error> {
        self.desk().inject(fault)
    }

    pub(super) fn clear_faults(&self) {
        self.desk().clear_faults();
    }
}

/// A key that is held. Others with that key wait until this is dropped, also by a caller who hangs up.
struct Held<'a> {
    neighbourhood: &'a Neighbourhood,
    name: Option<KeyName>,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            self.neighbourhood.desk().held.remove(name);
            self.neighbourhood.released.notify_waiters();
        }
    }
}
