//! What becomes of calls: they are checked when sent, and get lost, late, refused or garbled.

use std::collections::btree_map::Entry;
use std::time::Duration;

use order_service::checkout::step::RESERVE_STOCK;
use order_service::neighbours::{Response, TransportError};
use order_service::order::OrderId;
use order_service::reversal::RETURN;
use order_service::saga::{Definition, Neighbour, Outcome, Progress, SagaId, Sort, Work};

use super::network::{Request, effect_of, neighbour_of};
use super::run::Run;
use super::trip::{Asked, LOOK_UP, Mood, TAKE_FARE};
use super::weather::{LEASE, Weather};

impl Run {
    /// A node has sent a request: checks that it was allowed to, and decides what becomes of it.
    pub fn send(&mut self, call: u64, request: &Request) {
        let now = self.now();
        if request.is_effect {
            self.check_sent(request);
        }
        self.tell(format_args!("node {} sends call {call}: {}", request.node, request.key));
        let weather = self.weather_at(neighbour_of(&request.path));
        if self.dice.chance(weather.not_sent) {
            self.story.count("call not sent");
            let message = "could not connect".to_owned();
            let answer = Err(TransportError { outcome: Outcome::NotSent, message });
            return self.network.answer(call, now + self.dice.millis(0, 20), answer);
        }
        self.note_sent(request);
        if self.dice.chance(weather.request_lost) {
            self.story.count("request lost");
            self.tell(format_args!("call {call} is lost"));
            return self.network.lose(call);
        }
        let takes = if self.dice.chance(weather.request_late) {
            self.story.count("request late");
            self.dice.millis(1_000, 11_000)
        } else {
            self.dice.millis(0, 40)
        };
        self.network.forward(call, now + takes);
    }

    /// One neighbour of each run is worse than the others, so that its steps go wrong while others don't.
    fn weather_at(&self, neighbour: Neighbour) -> Weather {
        if neighbour == self.plan.worst { self.weather.worse() } else { self.weather }
    }

    /// Checks a repeat: a key is sent only once to a neighbour that acts on every call, and to any other
    /// only while it surely remembers the key.
    fn note_sent(&mut self, request: &Request) {
        if !request.is_effect {
            return;
        }
        let (now, key) = (self.now(), &request.key);
        let keeps_keys = self.plan.promises.of(neighbour_of(&request.path));
        match self.sent.entry(key.clone()) {
            Entry::Vacant(never) => {
                never.insert(now);
            }
            Entry::Occupied(_) if !keeps_keys => {
                self.faults.push(format!("{key} was sent twice where keys are not kept"));
            }
            Entry::Occupied(first) if now >= *first.get() + self.plan.key_memory => {
                let fault = format!("{key} was sent at {:?}, and again now", first.get());
                self.faults.push(format!("{fault}, when it may be forgotten"));
            }
            Entry::Occupied(_) => {}
        }
    }

    /// Checks an effect before it is sent: its sender owns the saga, and what has to be durable is.
    fn check_sent(&mut self, request: &Request) {
        let (key, at) = (&request.key, request.node);
        let id = key.split(':').next().and_then(|id| id.parse().ok()).map(SagaId);
        // The keys of a cancellation are of its order.
        let id = id.map(|id| self.books.cancellation_of(id).unwrap_or(id));
        let Some((id, row)) = id.and_then(|id| Some((id, self.books.row(id)?))) else {
            return self.faults.push(format!("{key} was sent for a saga that is not in the books"));
        };
        if row.definition.kind == RETURN.kind {
            let lines = self.books.lines_of_return(id).into_iter();
            let reserved = lines.map(|(order, line)| format!("{order}:reserve_stock:{line}"));
            self.neighbours.reserved_as.insert(id.to_string(), reserved.collect());
        }
        let sender = self.up_at(at).map(|up| up.executor.id());
        if row.owner != sender || sender.is_none() {
            let fault =
                format!("{key} was sent by node {at}, {sender:?}; its owner is {:?}", row.owner);
            self.faults.push(fault);
        }
        // Counted from the time in the database, which is later than the time that the owner counts from.
        let silent = row.heard.map(|(heard, _)| self.clock.now() - heard);
        let lapsed = silent.is_none_or(|silent| silent.to_std().unwrap_or_default() > LEASE);
        if lapsed || row.heard.is_none_or(|(_, dead)| dead) {
            self.faults.push(format!("{key} was sent by node {at} without a lease: {row:?}"));
        }
        if row.is_held {
            self.faults.push(format!("{key} was sent though its saga is held"));
        }
        let (definition, step) = (row.definition, effect_of(key).split(':').nth(1));
        let progress = definition.progress(&row.state);
        if !progress.zip(step).is_some_and(|(at, step)| may_be_sent(definition, step, at)) {
            self.faults.push(format!("{key} was sent in {}", row.state));
        }
        let is_pivot = definition
            .actions()
            .any(|(_, action)| action.sort == Sort::Pivot && Some(action.step.word()) == step);
        if is_pivot && self.clock.now() >= row.deadline_at {
            self.story.count("pivot unsure at the deadline");
        }
        let fence = self.fences.entry(id).or_default();
        if row.fence < *fence {
            self.faults.push(format!("{id}: the fence fell from {fence} to {}", row.fence));
        }
        *fence = row.fence;
        let keeps_keys = self.plan.promises.of(neighbour_of(&request.path));
        if !keeps_keys && !self.books.is_intended(id, key) {
            self.faults.push(format!("{key} was sent, and that it would be is not in the books"));
        }
    }

    /// One of the trip's neighbours handles a request, and answers it.
    fn answer_trip(&mut self, now: Duration, request: &Request, mood: Mood) -> Response {
        let Request { path, key, body, is_effect, .. } = request;
        let is_repeat = self.trip_neighbours.happened(effect_of(key));
        if *is_effect && is_repeat && path.ends_with(TAKE_FARE.word()) && self.plan.declines_repeats
        {
            // The bank looks at the account before the key, like the payment service.
            let body = b"{\"error\": \"insufficient balance\"}".to_vec();
            return Response { status: 409, body, retry_after_ms: None };
        }
        if path.split('/').nth(3) == Some(LOOK_UP) {
            self.story.count("pivot looked up");
        }
        let body = is_effect.then_some(body);
        self.trip_neighbours.answer(now, Asked { path, key, body }, mood)
    }

    /// How its neighbour takes a request.
    fn mood_for(&mut self, request: &Request, weather: &Weather) -> Mood {
        let until = self.out_of_order.get(&neighbour_of(&request.path));
        // Every leg of every trip is asked about.
        let refusal = match (request.is_effect, is_of_a_trip(request)) {
            (true, _) => weather.refusal,
            (false, true) => weather.refusal / 10.0,
            (false, false) => 0.0,
        };
        let is_out = until.is_some_and(|until| self.now() < *until);
        if is_out || self.dice.chance(weather.error_before) {
            self.story.count("error before");
            Mood::Error(self.dice.one_of(&[408, 429, 500, 502, 503]))
        } else if self.dice.chance(refusal) {
            self.story.count("refusal");
            Mood::Refuse
        } else {
            Mood::Good
        }
    }

    /// Now and then somebody cancels a checkout that will have nothing left to do but to write its order.
    fn cancel_meanwhile(&mut self, request: &Request) {
        let id = reserved_for(request).filter(|_| self.dice.chance(70.0 * self.weather.cancel));
        if let Some(id) = id {
            self.cancel(id);
        }
    }

    /// A request arrives, whether or not anybody waits for it.
    pub fn arrive(&mut self, call: u64) {
        let Some((request, is_awaited)) = self.network.arrive(call) else { return };
        if request.is_effect && !is_awaited {
            self.story.count("effect arrived after its caller had gone");
        }
        let (now, weather) = (self.now(), self.weather_at(neighbour_of(&request.path)));
        let mood = self.mood_for(&request, &weather);
        let mut answer = if is_of_a_trip(&request) {
            self.answer_trip(now, &request, mood)
        } else {
            self.neighbours.answer(now, &request, mood)
        };
        self.tell(format_args!("call {call} arrives at {}: {}", request.path, answer.status));
        self.cancel_meanwhile(&request);
        if self.dice.chance(weather.error_after) {
            self.story.count("error after");
            answer = Response {
                status: self.dice.one_of(&[500, 503, 504]),
                body: Vec::new(),
                retry_after_ms: self.dice.one_of(&[None, Some(3_000)]),
            };
        } else if self.dice.chance(weather.garbage) {
            self.story.count("garbage");
            let bodies: [&[u8]; 7] = [
                b"<html>",
                b"{}",
                b"[]",
                b"{\"status\":\"Paid\",\"am",
                // An answer about something else: no cart costs 1.
                b"{\"status\":\"Paid\",\"Amount\":1.00}",
                b"{\"status\":\"Refunded\",\"amount\":\"1\"}",
                b"{\"id\":\"00000000-0000-0000-0000-00000000e15e\",\"remaining\":7}",
            ];
            answer.body = self.dice.one_of(&bodies).to_vec();
            // A gateway's page says nothing about the effect, whatever its status.
            answer.status = self.dice.one_of(&[200, 200, 500]);
        }
        if self.dice.chance(0.1) {
            // A byte order mark, as .NET and PowerShell may add; it changes nothing.
            self.story.count("byte order mark");
            answer.body.splice(..0, *b"\xEF\xBB\xBF");
        }
        if self.dice.chance(weather.reply_lost) {
            self.story.count("reply lost");
            if self.dice.chance(0.5) {
                return self.network.lose(call);
            }
            let message = "the connection broke".to_owned();
            let lost = Err(TransportError { outcome: Outcome::Unknown, message });
            return self.network.answer(call, now, lost);
        }
        let takes = if self.dice.chance(weather.slow) {
            self.dice.millis(50, 3_000)
        } else {
            Duration::ZERO
        };
        self.network.answer(call, now + takes, Ok(answer));
    }
}

/// The order whose stock is being reserved by a request.
fn reserved_for(request: &Request) -> Option<OrderId> {
    let (id, effect) = effect_of(&request.key).split_once(':')?;
    effect.starts_with(RESERVE_STOCK.word()).then(|| id.parse().ok().map(OrderId)).flatten()
}

fn is_of_a_trip(request: &Request) -> bool {
    request.path.starts_with("/trip/")
}

/// Whether an effect of this step may be sent when no more than this is durable.
fn may_be_sent(definition: &Definition, step: &str, durable: Progress) -> bool {
    let actions = definition.actions();
    let mut of_step = actions.filter_map(|(stage, action)| {
        let is_undo = action.undo().is_some_and(|undo| undo.word() == step);
        (is_undo || action.step.word() == step).then_some((stage, action.sort, is_undo))
    });
    let Some((stage, sort, is_undo)) = of_step.next() else { return false };
    match durable {
        Progress::Forward { done } => {
            !is_undo && (durable_before(definition, stage)..=stage).contains(&done)
        }
        // An effect that can be undone is sent again to find out whether it happened.
        Progress::Backward => is_undo || matches!(sort, Sort::Compensable { .. }),
        Progress::Rest(_) => false,
    }
}

/// How many stages are durably done before an effect of this stage is sent: everything that was read, and
/// everything before a pivot.
fn durable_before(definition: &Definition, stage: usize) -> usize {
    let stages = definition.stages[..=stage].iter().zip(0..);
    let least = stages.map(|(before, at)| match &before.work {
        Work::Read { .. } | Work::Record(_) => at + 1,
        Work::Effects(actions) if actions.iter().any(|it| it.sort == Sort::Pivot) => at,
        Work::Effects(_) => 0,
    });
    least.max().unwrap_or(0)
}
