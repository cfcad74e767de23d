//! Handles a call from its arrival to its reply: the fault that strikes it, the wait for another call with
//! the same key, the act, and the commit to the file. All waiting is done in this file, and never with the
//! state's lock held.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::{
    clock,
    config::Error,
    effect::Subject,
    fault::{Fault, FaultKind},
    journal::Committed,
    ledger::Ledger,
    reply::Reply,
    sample::Sample,
    service::{Call, Idempotency, Service},
    state::{ActiveFault, EffectRequest, KeyName, SandboxState},
    world::World,
};

/// The three neighbours.
pub(super) struct Neighbourhood {
    state: Mutex<SandboxState>,
    committed: Option<Committed>,
    released: Notify,
    tasks: TaskTracker,
    initial: InitialState,
}

/// What a reset restores, unless its caller says otherwise.
#[derive(Clone)]
pub(super) struct InitialState {
    pub sample: Sample,
    pub idempotency: Idempotency,
}

impl Neighbourhood {
    pub(super) fn new(
        state: SandboxState,
        committed: Option<Committed>,
        tasks: TaskTracker,
        initial: InitialState,
    ) -> Self {
        Self { state: Mutex::new(state), committed, released: Notify::new(), tasks, initial }
    }

    fn state(&self) -> MutexGuard<'_, SandboxState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Handles a call that changes something.
    pub(super) async fn perform(self: Arc<Self>, request: EffectRequest) -> Reply {
        let struck = self.state().strike(request.effect.call(), request.effect.subject());
        let Some(ActiveFault { fault, cleared }) = struck else {
            return self.act(&request, None).await;
        };
        match fault.kind {
            FaultKind::ErrorBefore | FaultKind::DropBefore | FaultKind::GarbageBefore => {
                self.commit_and_reply(|state| state.fault_before(&request, &fault)).await
            }
            FaultKind::HangBefore => {
                let Some(_held) = self.hold(&request).await else { return Reply::Cut };
                let reply =
                    self.commit_and_reply(|state| state.fault_before(&request, &fault)).await;
                cleared.run_until_cancelled(clock::sleep(fault.pause())).await;
                reply
            }
            FaultKind::HangAfter => {
                let reply = self.act(&request, Some(&fault)).await;
                cleared.run_until_cancelled(clock::sleep(fault.pause())).await;
                reply
            }
            FaultKind::Slow => {
                // In a task of its own, since a slow service doesn't notice that its caller has hung up.
                let late = Arc::clone(&self).act_late(request, ActiveFault { fault, cleared });
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

    /// Carries out a request as soon as no other call holds its key.
    async fn act(&self, request: &EffectRequest, fault: Option<&Fault>) -> Reply {
        match self.when_free(request, |state, _| state.settle(request, fault)).await {
            Some((reply, journal_len)) if self.await_commit(journal_len).await => reply,
            Some(_) | None => Reply::Cut,
        }
    }

    async fn act_late(self: Arc<Self>, request: EffectRequest, struck: ActiveFault) -> Reply {
        let Some(held) = self.hold(&request).await else { return Reply::Cut };
        if struck.cleared.run_until_cancelled(clock::sleep(struck.fault.pause())).await.is_none() {
            return Reply::Cut;
        }
        let settled = {
            let mut state = self.state();
            // If the sandbox was reset after the pause, this call belongs to the old world.
            (!struck.cleared.is_cancelled())
                .then(|| (state.settle(&request, Some(&struck.fault)), state.journal_len()))
        };
        drop(held);
        match settled {
            Some((reply, journal_len)) if self.await_commit(journal_len).await => reply,
            Some(_) | None => Reply::Cut,
        }
    }

    /// Holds the request's key until the guard is dropped. Waits until the key is free.
    async fn hold(&self, request: &EffectRequest) -> Option<HeldKey<'_>> {
        let taken = |state: &mut SandboxState, name: Option<KeyName>| {
            state.held.extend(name.clone());
            HeldKey { neighbourhood: self, name }
        };
        self.when_free(request, taken).await.map(|(held, _)| held)
    }

    /// Calls `then` as soon as no call holds the request's key. `None` if a reset came first.
    async fn when_free<T>(
        &self,
        request: &EffectRequest,
        then: impl FnOnce(&mut SandboxState, Option<KeyName>) -> T,
    ) -> Option<(T, u64)> {
        let mut since = None;
        loop {
            // Created before the keys are looked at, so that no release in between is missed.
            let released = self.released.notified();
            let epoch = {
                let mut state = self.state();
                let epoch = since.get_or_insert_with(|| state.epoch.clone()).clone();
                if epoch.is_cancelled() {
                    return None;
                }
                let name = state.key_name(request);
                if !name.as_ref().is_some_and(|name| state.held.contains(name)) {
                    let result = then(&mut state, name);
                    return Some((result, state.journal_len()));
                }
                epoch
            };
            epoch.run_until_cancelled(released).await?;
        }
    }

    /// Handles a read. `answer` gets the fault that strikes it, as some faults change the answer.
    pub(super) async fn read(
        &self,
        call: Call,
        product_id: Option<Uuid>,
        answer: impl Fn(&World, Option<&Fault>) -> Reply,
    ) -> Reply {
        let struck = {
            let mut state = self.state();
            let reads = state.world.reads();
            match call.service() {
                Service::User => reads.user += 1,
                Service::Product => reads.product += 1,
                Service::Payment => reads.payment += 1,
            }
            state.strike(call, Subject { product_id, user_id: None })
        };
        let fault = struck.as_ref().map(|struck| &struck.fault);
        let reply = self.commit_and_reply(|state| answer(&state.world, fault)).await;
        let Some(ActiveFault { fault, cleared }) = struck else { return reply };
        match fault.kind {
            FaultKind::HangBefore | FaultKind::HangAfter => {
                cleared.run_until_cancelled(clock::sleep(fault.pause())).await;
                Reply::Cut
            }
            FaultKind::Slow => {
                if cleared.run_until_cancelled(clock::sleep(fault.pause())).await.is_none() {
                    return Reply::Cut;
                }
                self.commit_and_reply(|state| answer(&state.world, None)).await
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
            | FaultKind::Marked => reply.with_fault(&fault),
        }
    }

    /// Reads or changes the state, and returns the reply once everything is committed.
    pub(super) async fn commit_and_reply(
        &self,
        act: impl FnOnce(&mut SandboxState) -> Reply,
    ) -> Reply {
        self.commit_and_return(act).await.unwrap_or(Reply::Cut)
    }

    /// Reads or changes the state, and returns the result once everything is committed; `None` if it can't be
    /// committed.
    pub(super) async fn commit_and_return<T>(
        &self,
        act: impl FnOnce(&mut SandboxState) -> T,
    ) -> Option<T> {
        let (commit_and_return, journal_len) = {
            let mut state = self.state();
            (act(&mut state), state.journal_len())
        };
        self.await_commit(journal_len).await.then_some(commit_and_return)
    }

    /// Waits until this many entries of the journal are committed. `false` if they never will be.
    async fn await_commit(&self, journal_len: u64) -> bool {
        match &self.committed {
            None => true,
            Some(committed) => {
                committed.clone().wait_for(|done| *done >= journal_len).await.is_ok()
            }
        }
    }

    /// Refuses an invalid body, as a real service's framework does.
    pub(super) async fn unreadable(&self, error: &str) -> Reply {
        self.commit_and_reply(|state| {
            state.world.count_unreadable();
            Reply::error(400, error)
        })
        .await
    }

    pub(super) fn initial(&self) -> InitialState {
        self.initial.clone()
    }

    pub(super) fn ledger(&self) -> Ledger {
        self.state().world.ledger(0)
    }

    pub(super) fn inject(&self, fault: Fault) -> Result<(), Error> {
        self.state().inject(fault)
    }

    pub(super) fn clear_faults(&self) {
        self.state().clear_faults();
    }
}

/// A key that is held. Other calls with this key wait until this is dropped, which also happens when the
/// caller hangs up.
struct HeldKey<'a> {
    neighbourhood: &'a Neighbourhood,
    name: Option<KeyName>,
}

impl Drop for HeldKey<'_> {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            self.neighbourhood.state().held.remove(name);
            self.neighbourhood.released.notify_waiters();
        }
    }
}
