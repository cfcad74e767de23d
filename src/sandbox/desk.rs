//! The one thing behind the lock: the world, its journal, the faults and the keys at work. What
//! happens here happens at once; whatever waits, waits outside (`neighbourhood`).

use std::{collections::HashSet, sync::Arc};

use tokio_util::sync::CancellationToken;

use super::{
    answer, clock,
    config::Error,
    effect::Effect,
    fault::{Fault, FaultKind},
    fault_list::FaultList,
    journal::Journal,
    ledger::{Record, RecordResult},
    reply::Reply,
    service::{Call, Kinds, Service},
    verdict::{self, Verdict},
    world::{Entry, World},
};

/// An effect as it was asked for.
#[derive(Clone)]
pub(super) struct Request {
    pub effect: Effect,
    pub key: Option<Arc<str>>,
    pub traceparent: bool,
}

impl Request {
    pub(super) fn service(&self) -> Service {
        self.effect.call().service()
    }
}

/// A fault that strikes, and the signal that ends every call it holds.
pub(super) struct Struck {
    pub fault: Fault,
    pub cleared: CancellationToken,
}

/// A name that a key has among all services.
pub(super) type KeyName = (Service, Arc<str>);

/// What is behind the lock.
pub(super) struct Desk {
    pub world: World,
    journal: Option<Journal>,
    faults: FaultList,
    /// Keys of calls that are held before they act. Empty without a fault that holds.
    pub held: HashSet<KeyName>,
    /// Ends at a reset: what waited over one must not act on the new world.
    pub era: CancellationToken,
    /// Ends when the faults are cleared, and with the era.
    cleared: CancellationToken,
    /// Ends with the sandbox.
    stop: CancellationToken,
    seed: u64,
}

impl Desk {
    pub(super) fn new(
        world: World,
        journal: Option<Journal>,
        seed: u64,
        stop: CancellationToken,
    ) -> Self {
        let era = stop.child_token();
        let (cleared, faults) = (era.child_token(), FaultList::new(seed));
        Self { world, journal, faults, held: HashSet::new(), era, cleared, stop, seed }
    }

    /// Changes the world, and the journal with it. The only way that it changes.
    pub(super) fn enter(&mut self, entry: Entry) {
        if let Some(journal) = &mut self.journal {
            journal.put(entry.clone());
        }
        self.world.apply(entry);
    }

    /// How much of the journal must be committed before anything seen here is told.
    pub(super) fn tail(&self) -> u64 {
        self.journal.as_ref().map_or(0, Journal::len)
    }

    /// Begins anew: the world as given, no faults, the dice as at the start.
    pub(super) fn reset(&mut self, world: Entry) {
        self.era.cancel();
        self.era = self.stop.child_token();
        self.cleared = self.era.child_token();
        self.faults = FaultList::new(self.seed);
        self.enter(world);
    }

    pub(super) fn inject(&mut self, fault: Fault) -> Result<(), Error> {
        self.faults.add(fault)
    }

    pub(super) fn faults(&self) -> &[Fault] {
        self.faults.set()
    }

    pub(super) fn clear_faults(&mut self) {
        self.faults.clear();
        self.cleared.cancel();
        self.cleared = self.era.child_token();
    }

    pub(super) fn draw(&mut self, call: Call, product_id: Option<uuid::Uuid>) -> Option<Struck> {
        let fault = self.faults.draw(call, product_id)?;
        Some(Struck { fault, cleared: self.cleared.clone() })
    }

    /// The name under which a call must wait for another with its key: none, where keys are
    /// not remembered.
    pub(super) fn key_name(&self, request: &Request) -> Option<KeyName> {
        let kinds: Kinds = self.world.kinds();
        let key = request.key.as_ref().filter(|_| kinds.idempotent(request.service()))?;
        Some((request.service(), Arc::clone(key)))
    }

    /// Decides a request, lets it happen, records it, and says what goes back.
    pub(super) fn settle(&mut self, request: &Request, fault: Option<&Fault>) -> Reply {
        let first = self.world.remembered(request.service(), request.key.as_ref());
        let (result, status, left, answer) = match first {
            Some(first) if first.effect == request.effect => {
                (RecordResult::Replayed, first.status, first.left, Some(answer::effect(first)))
            }
            // One key for two effects is a mistake of the caller that a real service may not
            // notice; here it is never hidden by the answer to something else.
            Some(_) => (RecordResult::Refused, Some(422), None, None),
            None => match self.verdict(request, fault) {
                Verdict::Act { left } => (RecordResult::Acted, Some(200), Some(left), None),
                Verdict::Refuse { status, left } => {
                    (RecordResult::Refused, Some(status), left, None)
                }
            },
        };
        let mut record = self.record(request, fault, result);
        (record.status, record.left) = (status, left);
        let answer = answer.unwrap_or_else(|| answer::effect(&record));
        let reply = match fault {
            Some(fault) => answer.spoilt(fault),
            None => answer,
        };
        record.sent = reply.status();
        self.enter(Entry::Record(record));
        reply
    }

    /// Records that a fault kept a request from the service, and says what goes back.
    pub(super) fn turn_away(&mut self, request: &Request, fault: &Fault) -> Reply {
        let reply = Reply::Cut.spoilt(fault);
        let mut record = self.record(request, Some(fault), RecordResult::FaultedBefore);
        record.sent = reply.status();
        self.enter(Entry::Record(record));
        reply
    }

    fn verdict(&self, request: &Request, fault: Option<&Fault>) -> Verdict {
        match fault.filter(|fault| fault.kind == FaultKind::Refuse) {
            Some(fault) => Verdict::Refuse {
                status: fault.refusal(request.effect.call()),
                left: verdict::holding(&self.world, &request.effect),
            },
            None => verdict::judge(&self.world, &request.effect),
        }
    }

    fn record(&self, request: &Request, fault: Option<&Fault>, result: RecordResult) -> Record {
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
