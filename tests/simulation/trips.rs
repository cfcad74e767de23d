//! The end of a run, for trips: their neighbours' ledger, the books and what travellers were told agree.

use std::collections::BTreeSet;

use order_service::saga::{End, Progress, Step};
use order_service::store::Found;

use super::run::Run;
use super::trip::{self, ASK_BORDER, ISSUE_TICKET, Kept, POST_LETTER, TAKE_FARE};

impl Run {
    /// Notes a fault for everything that does not add up.
    pub fn audit_trips(&mut self, sagas: &[Found]) {
        for found in sagas {
            self.audit_trip(found);
        }
        let ids: BTreeSet<_> = sagas.iter().map(|found| found.id.to_string()).collect();
        self.faults.extend(trip::strays(&self.trip_neighbours, &ids));
        for (journey, at) in self.journeys.iter().zip(0..) {
            let Some(id) = journey.id else { continue };
            let is_made = sagas
                .iter()
                .find(|found| found.id == id)
                .map(|found| found.progress.is_some_and(Progress::is_completed));
            if is_made.is_none() || journey.is_made.is_some_and(|told| Some(told) != is_made) {
                let told = journey.is_made;
                self.faults.push(format!("traveller {at} was told {told:?} of {id}: {is_made:?}"));
            }
        }
        let logged = |step: Step, outcome| self.books.logged(step.word(), outcome);
        let pivot = logged(TAKE_FARE, "refused");
        let retriable = logged(ISSUE_TICKET, "refused") + logged(POST_LETTER, "refused");
        let read = logged(ASK_BORDER, "unknown") + logged(ASK_BORDER, "notSent");
        self.story.add("trip's pivot refused", pivot);
        self.story.add("trip's retriable refused", retriable);
        self.story.add("read in the middle failed", read);
    }

    fn audit_trip(&mut self, saga: &Found) {
        self.story.count(match saga.progress {
            Some(Progress::Rest(End::Completed)) => "trip travelled",
            Some(Progress::Rest(End::Compensated)) => "trip turned back",
            _called_off => "trip called off",
        });
        let definition = self.books.row(saga.id).expect("it was just there").definition;
        if definition.version < trip::DEFINITION.version {
            self.story.count("trip begun under an older table");
        }
        let order = self.books.order(saga.order_id);
        let events = self.books.events(saga.order_id);
        let kept = Kept { saga, definition, order: order.as_ref(), events };
        self.faults.extend(trip::faults_of(&kept, &self.trip_neighbours));
    }
}
