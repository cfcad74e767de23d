//! The sandbox's state, all behind one lock: the world, its journal, the faults, and the keys that are
//! held. Nothing in this file waits; all waiting is done without the lock, in `neighbourhood`.

use std::{collections::HashSet, sync::Arc};

use tokio_util::sync::CancellationToken;

use super::{
    answer, clock,
    config::Error,
    decision::{self, Decision},
    effect::{Effect, Subject},
    fault::{Fault, FaultKind},
    fault_list::FaultList,
    journal::Journal,
    ledger::{Record, RecordResult},
    reply::Reply,
    service::{Call, Service},
    world::{JournalEntry, World},
};

/// A request for an effect.
#[derive(Clone)]
pub(super) struct EffectRequest {
    pub effect: Effect,
    pub key: Option<Arc<str>>,
    pub traceparent: bool,
}

impl EffectRequest {
    pub(super) fn service(&self) -> Service {
        self.effect.call().service()
    }
}

/// A fault that strikes a call, and the signal that ends its pause.
pub(super) struct ActiveFault {
    pub fault: Fault,
    pub cleared: CancellationToken,
}

/// A key with the service that it was sent to.
pub(super) type KeyName = (Service, Arc<str>);

/// The state behind the lock.
pub(super) struct SandboxState {
    pub world: World,
    journal: Option<Journal>,
    faults: FaultList,
    /// The keys of calls that a fault delays before they act. Other calls with these keys wait.
    pub held: HashSet<KeyName>,
    /// Cancelled by a reset: a call that waited meanwhile must not act on the new world.
    pub epoch: CancellationToken,
    /// Cancelled when the faults are cleared, and by a reset.
    cleared: CancellationToken,
    /// Cancelled when the sandbox stops.
    stop: CancellationToken,
    seed: u64,
}

impl SandboxState {
    pub(super) fn new(
        world: World,
        journal: Option<Journal>,
        seed: u64,
        stop: CancellationToken,
    ) -> Self {
        let epoch = stop.child_token();
        let (cleared, faults) = (epoch.child_token(), FaultList::new(seed));
        Self { world, journal, faults, held: HashSet::new(), epoch, cleared, stop, seed }
    }

    /// Journals a change and applies it to the world. Nothing else changes the world.
    pub(super) fn enter(&mut self, entry: JournalEntry) {
        if let Some(journal) = &mut self.journal {
            journal.add(entry.clone());
        }
        self.world.apply(entry);
    }

    /// How many entries of the journal must be committed before an answer may reveal this state.
    pub(super) fn journal_len(&self) -> u64 {
        self.journal.as_ref().map_or(0, Journal::len)
    }

    /// Starts over with this world, without faults, and with the random generator seeded again.
    pub(super) fn reset(&mut self, world: JournalEntry) {
        self.epoch.cancel();
        self.epoch = self.stop.child_token();
        self.cleared = self.epoch.child_token();
        self.faults = FaultList::new(self.seed);
        self.enter(world);
    }

    pub(super) fn inject(&mut self, fault: Fault) -> Result<(), Error> {
        self.faults.add(fault)
    }

    pub(super) fn faults(&self) -> &[Fault] {
        self.faults.faults()
    }

    pub(super) fn clear_faults(&mut self) {
        self.faults.clear();
        self.cleared.cancel();
        self.cleared = self.epoch.child_token();
    }

    pub(super) fn strike(&mut self, call: Call, about: Subject) -> Option<ActiveFault> {
        let fault = self.faults.strike(call, about)?;
        Some(ActiveFault { fault, cleared: self.cleared.clone() })
    }

    /// The key that a call must wait for; `None` if it has none or its service doesn't remember keys.
    pub(super) fn key_name(&self, request: &EffectRequest) -> Option<KeyName> {
        let idempotency = self.world.idempotency();
        let key = request.key.as_ref().filter(|_| idempotency.is_idempotent(request.service()))?;
        Some((request.service(), Arc::clone(key)))
    }

    /// Decides about a request, carries it out, records it, and returns the reply.
    pub(super) fn settle(&mut self, request: &EffectRequest, fault: Option<&Fault>) -> Reply {
        let first = self.world.remembered(request.service(), request.key.as_ref());
        let (result, status, left, answer) = match first {
            Some(first) if first.effect == request.effect => {
                (RecordResult::Replayed, first.status, first.left, Some(answer::effect(first)))
            }
            // The caller has used one key for two effects. A real service may not notice that, and
            // answer with the other effect's result; this one always refuses.
            Some(_) => (RecordResult::Refused, Some(422), None, None),
            None => match self.decide(request, fault) {
                Decision::Act { left } => (RecordResult::Acted, Some(200), Some(left), None),
                Decision::Refuse { status, left } => {
                    (RecordResult::Refused, Some(status), left, None)
                }
            },
        };
        let mut record = self.record(request, fault, result);
        (record.status, record.left) = (status, left);
        let answer = answer.unwrap_or_else(|| answer::effect(&record));
        let reply = match fault {
            Some(fault) => answer.with_fault(fault),
            None => answer,
        };
        record.sent = reply.status();
        self.enter(JournalEntry::Record(record));
        reply
    }

    /// Records that a fault kept a request from being carried out, and returns the reply.
    pub(super) fn fault_before(&mut self, request: &EffectRequest, fault: &Fault) -> Reply {
        let reply = Reply::Cut.with_fault(fault);
        let mut record = self.record(request, Some(fault), RecordResult::FaultedBefore);
        record.sent = reply.status();
        self.enter(JournalEntry::Record(record));
        reply
    }

    fn decide(&self, request: &EffectRequest, fault: Option<&Fault>) -> Decision {
        match fault.filter(|fault| fault.kind == FaultKind::Refuse) {
            Some(fault) => Decision::Refuse {
                status: fault.refusal(request.effect.call()),
                left: decision::current(&self.world, &request.effect),
            },
            None => decision::decide(&self.world, &request.effect),
        }
    }

    fn record(
        &self,
        request: &EffectRequest,
        fault: Option<&Fault>,
        result: RecordResult,
    ) -> Record {
        Record {
            seq: self.world.next_seq(),
            at: clock::now(),
            service: request.service(),
            effect: request.effect.clone(),
            key: request.key.clone(),
            traceparent: request.traceparent,
            result,
            status: None,
            left: None,
            fault: fault.map(|fault| fault.kind),
            sent: None,
        }
    }
}
