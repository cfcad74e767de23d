//! Travellers: clients that ask for trips. They have no desk: they ask the executor, repeat their
//! request under its key, hang up, and remember what they were told.

use std::time::Duration;

use order_service::engine::{Admission, NewSaga, Seen, Wait};
use order_service::order::{Line, OrderId, ProductId, UserId};
use order_service::saga::{Definition, Progress, SagaFacts, SagaId};
use order_service::store::Identity;
use order_service::trace::TraceParent;

use super::attempt::{Asking, Attempt, Client, Heard};
use super::client::TRACE;
use super::dice::Dice;
use super::neighbour::Neighbourhood;
use super::run::Run;
use super::trip::{self, TripFacts};

/// A trip that somebody wants to make, and what they know of it.
pub struct Journey {
    definition: &'static Definition,
    user_id: UserId,
    order_id: OrderId,
    legs: Vec<Line>,
    key: String,
    /// From the first answer that had one.
    pub id: Option<SagaId>,
    /// Whether it is made, once they were told.
    pub is_made: Option<bool>,
    /// When they first asked.
    first_at: Option<Duration>,
    /// When to ask next.
    pub next_at: Option<Duration>,
}

impl Journey {
    pub fn plan(number: usize, dice: &mut Dice, neighbours: &Neighbourhood) -> Self {
        let is_older = dice.chance(0.3);
        let mut leg = || {
            let product_id = ProductId(dice.one_of(&neighbours.products));
            Line { product_id, quantity: dice.one_of(&[1, 2]) }
        };
        let mut legs = vec![leg(), leg(), leg()];
        legs.truncate(dice.one_of(&[1, 2, 2, 3]));
        Self {
            definition: if is_older { &trip::OLDER } else { &trip::DEFINITION },
            user_id: UserId(dice.one_of(&neighbours.users).0),
            order_id: OrderId(dice.id()),
            legs,
            key: format!("journey-{number}"),
            id: None,
            is_made: None,
            first_at: None,
            next_at: Some(dice.millis(200, 15_000)),
        }
    }

    /// A request for it, or for a trip with more seats under the same key.
    fn request(&self, is_other: bool, attended: bool) -> NewSaga {
        let mut legs = self.legs.clone();
        for leg in &mut legs {
            leg.quantity += u32::from(is_other);
        }
        NewSaga {
            definition: self.definition,
            order_id: Some(self.order_id),
            user_id: self.user_id,
            fingerprint: format!("{legs:?}"),
            facts: SagaFacts::new(TripFacts::asked(self.order_id, legs)),
            attended,
            identity: Some(Identity::Key(self.key.clone())),
            trace: TraceParent::parse(TRACE).expect("a trace"),
        }
    }
}

impl Run {
    /// A traveller asks, or asks again.
    pub fn travel(&mut self, at: usize) {
        let now = self.now();
        let node = self.dice.below(self.slots.len());
        let Some(up) = self.up_at(node) else {
            self.journeys[at].next_at = Some(now + self.dice.millis(50, 1_000));
            return;
        };
        let wait = match self.dice.below(4) {
            0 => Wait::Accepted,
            seconds => Wait::Decided(Duration::from_secs(seconds as u64 * 2)),
        };
        let may_repeat = self.may_repeat(self.journeys[at].first_at);
        let journey = &mut self.journeys[at];
        journey.next_at = None;
        if !may_repeat {
            return self.story.count("a key was given up");
        }
        journey.first_at = journey.first_at.or(Some(now));
        let is_other = journey.id.is_some() && self.dice.chance(0.1);
        let new = journey.request(is_other, wait != Wait::Accepted);
        let is_decided = journey.is_made.is_some();
        let asking = Asking { client: Client::Traveller(at), node, is_other, is_decided };
        let answer = async move { Heard::Trip(up.executor.admit(new, wait).await) };
        let attempt = self.ask(asking, answer);
        if !is_decided && self.dice.chance(0.1) {
            self.travel_again(at);
        }
        self.tell(format_args!("traveller {at} asks node {node}, {wait:?}: {attempt}"));
        self.pump(node);
    }

    pub fn travel_again(&mut self, at: usize) {
        let now = self.now();
        let journey = &mut self.journeys[at];
        if journey.is_made.is_none() {
            journey.next_at = Some(now + self.dice.millis(10, 5_000));
        }
    }

    pub fn hear_traveller(&mut self, at: usize, attempt: &Attempt, answer: Admission) {
        self.tell(format_args!("traveller {at} hears {answer:?}"));
        let (seen, is_other) = match answer {
            Admission::Accepted { seen, .. } => (seen, false),
            Admission::KeyReused { seen } => (seen, true),
            Admission::Shed(_) | Admission::Unavailable { .. } => return self.travel_again(at),
        };
        let (known, order_id) = (self.journeys[at].id, self.journeys[at].order_id);
        if is_other != attempt.is_other
            || known.is_some_and(|known| known != seen.id)
            || order_id != seen.order_id
        {
            let fault = format!("traveller {at} asked for {known:?}, other {}", attempt.is_other);
            self.faults.push(format!("{fault}, and got {seen:?}, other {is_other}"));
        }
        self.journeys[at].id = Some(seen.id);
        let is_made = match seen.progress {
            Some(Progress::Rest(end)) => Some(Progress::Rest(end).is_completed()),
            // No trip comes of it any more.
            Some(Progress::Backward) => Some(false),
            Some(Progress::Forward { .. }) | None => None,
        };
        self.check_seen(at, &seen);
        let before = self.journeys[at].is_made;
        if attempt.is_decided && before != is_made && seen.progress.is_some() {
            self.faults.push(format!("traveller {at} was told {before:?}, and then {seen:?}"));
        }
        self.journeys[at].is_made = before.or(is_made);
        if before.is_none() && is_made.is_some() {
            let again = self.dice.chance(0.3).then(|| self.now() + self.dice.millis(10, 9_000));
            self.journeys[at].next_at = again;
        } else {
            self.travel_again(at);
        }
    }

    /// What a traveller is told has to be durable.
    fn check_seen(&mut self, at: usize, seen: &Seen) {
        let Some(found) = self.books.find(seen.id) else {
            if self.forgotten.sagas.contains_key(&seen.id) {
                return self.story.count("answered once it was forgotten");
            }
            return self
                .faults
                .push(format!("traveller {at} got {seen:?}, which is not in the books"));
        };
        let now = found.progress;
        let is_true = match seen.progress {
            Some(rest @ Progress::Rest(_)) => now == Some(rest) && found.amount == seen.amount,
            Some(Progress::Backward) => now.is_some_and(|now| {
                now == Progress::Backward || (now.is_rest() && !now.is_completed())
            }),
            Some(Progress::Forward { .. }) | None => true,
        };
        if !is_true {
            self.faults.push(format!("traveller {at} got {seen:?} of {found:?}"));
        }
    }
}
