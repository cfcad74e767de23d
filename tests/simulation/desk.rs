//! What the person on call is shown of money and stock, compared with the neighbours' ledgers at the same
//! moment: what is said to have happened did, what is said not to have did not, and never is more out than a
//! saga says (promise 65).

use std::collections::HashMap;

use order_service::order::{Certainty, Exposure};
use order_service::saga::{Accounted, Effect, Instance, SagaId, Sort, Work};
use order_service::store::{Filter, Found};

use super::books::Books;
use super::run::Run;

/// The effect that undoes this one.
fn undo(saga: &Instance, effect: Effect) -> Option<Effect> {
    let actions = saga.definition.stages.iter().filter_map(|stage| match &stage.work {
        Work::Effects(actions) => Some(actions.iter()),
        _no_effects => None,
    });
    match actions.flatten().find(|action| action.step == effect.step)?.sort {
        Sort::Compensable { undo } => Some(Effect { step: undo, ..effect }),
        Sort::Pivot | Sort::Retriable => None,
    }
}

impl Books {
    fn instances(&self, of: &[Found]) -> HashMap<SagaId, Instance> {
        let of: Vec<_> = of.iter().collect();
        self.runtime.block_on(self.store.instances(&of)).expect("the books can be read")
    }
}

impl Run {
    /// Looks at every saga that is not at rest.
    pub fn compare_what_is_out(&mut self) {
        let open = self.books.sagas(Filter { open: true, ..Filter::default() });
        for saga in self.books.instances(&open).values() {
            let wrong = self.wrongly_accounted(saga).or_else(|| self.wrongly_exposed(saga));
            self.faults.extend(wrong.map(|wrong| format!("{} {}", saga.id, wrong)));
        }
    }

    fn in_ledger(&self, saga: &Instance, effect: Effect) -> Certainty {
        let key = saga.key(effect, 0);
        let happened =
            !self.neighbours.acts(&key).is_empty() || self.trip_neighbours.happened(&key);
        if happened { Certainty::Yes } else { Certainty::No }
    }

    fn wrongly_accounted(&self, saga: &Instance) -> Option<String> {
        saga.accounted().into_iter().find_map(|Accounted { effect, happened, undone }| {
            let undo = undo(saga, effect).map(|undo| self.in_ledger(saga, undo));
            let truth = (self.in_ledger(saga, effect), undo.unwrap_or(undone));
            let agrees = |said, is| said == Certainty::Unknown || said == is;
            let is_true = agrees(happened, truth.0) && agrees(undone, truth.1);
            (!is_true).then(|| format!("says of {effect:?} {happened:?}, {undone:?}: {truth:?}"))
        })
    }

    fn wrongly_exposed(&mut self, saga: &Instance) -> Option<String> {
        let (said, mut out) = (saga.exposure(), Exposure::default());
        for Accounted { effect, .. } in saga.accounted() {
            let Some(movement) = saga.facts.movement(effect) else { continue };
            let undone =
                undo(saga, effect).map_or(Certainty::No, |undo| self.in_ledger(saga, undo));
            out.account(movement, self.in_ledger(saga, effect), undone);
        }
        if out.money.0 > 0 {
            let is_known = !said.is_money_unknown;
            self.story.count(if is_known { "money surely out" } else { "money possibly out" });
        }
        let is_money_right =
            out.money == said.money || (said.is_money_unknown && out.money < said.money);
        let products = said.stock.keys().chain(out.stock.keys());
        let is_stock_right = products.into_iter().all(|product| {
            let of = |all: &Exposure| all.stock.get(product).copied().unwrap_or_default();
            let ((most, is_unknown), (pieces, _)) = (of(&said), of(&out));
            pieces == most || (is_unknown && pieces < most)
        });
        (!is_money_right || !is_stock_right)
            .then(|| format!("says {said:?} is out: {out:?} {:?}", saga.accounted()))
    }
}
