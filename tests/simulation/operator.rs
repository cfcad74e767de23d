//! Operators: they retry, compensate, hold and release, and settle by the ledger what is in doubt, once no
//! request for it is on its way any more.

use std::sync::PoisonError;

use order_service::engine::{Done, NotDone};
use order_service::saga::SagaId;
use order_service::saga::resolvable;
use order_service::saga::{Instance, Intervention, StuckKind, Word};
use order_service::store::{AuditAction, Filter, Found};

use uuid::Uuid;

use super::mail::Mail;
use super::run::Run;
use super::trail::{Answer, Asked, OPERATOR, not_done};

impl Run {
    /// An operator looks at a random open saga and acts on it.
    pub fn meddle(&mut self) {
        let often = if self.plan.has_bulk_runs { 0.1 } else { 0.7 };
        let stuck = self.dice.chance(often).then_some(true);
        let open = self.books.sagas(Filter { open: true, stuck, ..Filter::default() });
        if open.is_empty() {
            return;
        }
        let found = &open[self.dice.below(open.len())];
        let node = self.dice.below(self.slots.len());
        let what = match self.dice.below(6) {
            _ if found.held.is_some() && self.dice.chance(0.5) => Some(Intervention::Release),
            5 => Some(Intervention::Hold),
            0 => Some(Intervention::Compensate),
            1 => Some(Intervention::Retry),
            _ => self.truth(node, found.id),
        };
        if let Some(what) = what {
            self.intervene(node, found, what);
        }
    }

    /// An operator deals with everything that needs a person.
    pub fn settle_everything(&mut self) {
        for found in self.books.sagas(Filter { held: Some(true), ..Filter::default() }) {
            let node = self.dice.below(self.slots.len());
            self.intervene(node, &found, Intervention::Release);
        }
        for found in self.books.sagas(Filter { open: true, stuck: Some(true), ..Filter::default() })
        {
            let node = self.dice.below(self.slots.len());
            let is_refused =
                found.stuck.as_ref().is_some_and(|stuck| stuck.kind == StuckKind::Refused);
            let truth = if is_refused { None } else { self.truth(node, found.id) };
            self.intervene(node, &found, truth.unwrap_or(Intervention::Retry));
        }
    }

    /// Counts what needs a person now.
    pub fn look_at_what_is_stuck(&mut self) {
        for kind in self.books.stuck_kinds() {
            self.story.count(match kind {
                StuckKind::InDoubt => "stuck in doubt",
                StuckKind::Exhausted => "stuck exhausted",
                StuckKind::Refused => "stuck refused",
                StuckKind::Unreadable => "stuck unreadable",
            });
        }
    }

    fn intervene(&mut self, node: usize, found: &Found, what: Intervention) {
        let Some(up) = self.up_at(node) else { return };
        self.story.count(match what {
            Intervention::Retry => "retry asked for",
            Intervention::Compensate => "compensate asked for",
            Intervention::Hold => "hold asked for",
            Intervention::Release => "release asked for",
            Intervention::Resolve { happened: true, .. } => "resolved: it happened",
            Intervention::Resolve { happened: false, .. } => "resolved: it did not",
        });
        let reason = self.trail.reason();
        let word = Word { operator: OPERATOR.to_owned(), reason: reason.clone() };
        let (action, target) = (AuditAction::of(what), Some(found.id.to_string()));
        let entry = self.entry(node, OPERATOR, Asked { action, target, reason: Some(reason) });
        let (mail, id, version) = (self.mail.clone(), found.id, found.version);
        let is_past_return = || {
            let saga = self.books.inspect(id).and_then(|inspected| inspected.instance.ok());
            saga.is_some_and(|saga| saga.position.is_past_return())
        };
        let is_stop_past_return = what == Intervention::Compensate && is_past_return();
        self.slots[node].node.as_ref().expect("it is up").spawn(async move {
            let audit = Some(entry.clone());
            let did = up.executor.intervene(id, what, &word, Some(version), audit).await;
            let not_done = did.as_ref().err().and_then(|why| not_done(&entry, why));
            if let Some(not_done) = not_done {
                up.executor.add_audit_entry(not_done).await;
            }
            let mail = &mut mail.lock().unwrap_or_else(PoisonError::into_inner);
            mail.push(Mail::Intervened { entry: entry.id, did, is_stop_past_return });
        });
        self.tell(format_args!("operator at node {node}: {what:?} of {id} at {version}"));
        self.pump(node);
    }

    /// What an operator was told is compared with the audit trail later.
    pub fn hear_of_word(&mut self, entry: Uuid, did: &Result<Done, NotDone>) {
        self.trail.hear(
            entry,
            match did {
                // A second click, or a hold of what is held, changes nothing and leaves no entry.
                Ok(done) if done.did.starts_with("nothing more") => Answer::DoneBySomebody,
                Ok(_) => Answer::Done,
                Err(NotDone::Unavailable(_)) => Answer::Unknown,
                Err(_) => Answer::Not,
            },
        );
    }

    /// A verdict that agrees with the ledger, if one can be given.
    fn truth(&mut self, node: usize, id: SagaId) -> Option<Intervention> {
        let saga: Instance = self.books.inspect(id)?.instance.ok()?;
        let policy = self.plan.settings(&self.slots[node].trusted).policy;
        let mut open = resolvable(&saga, &policy, self.clock.now());
        open.retain(|effect| !self.network.has_on_its_way(&saga.key(*effect, 0)));
        if open.is_empty() {
            return None;
        }
        let effect = open[self.dice.below(open.len())];
        let key = saga.key(effect, 0);
        let happened =
            !self.neighbours.acts(&key).is_empty() || self.trip_neighbours.happened(&key);
        Some(Intervention::Resolve { effect, happened })
    }
}
