//! What is seen of events, and by whom: readers of the feed, RabbitMQ and endpoints; and which process takes
//! which step when.
//!
//! Whoever sees an event writes it down. Two who see one position see the same event, word for word; nobody
//! sees one before all that come before it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;
use std::time::Duration;

use order_service::events::{CloudEvent, FeedPage, FeedQuery, Led, PageError};
use serde_json::Value;
use uuid::Uuid;

use super::mail::Mail;
use super::receivers::{Receiver, Told};
use super::run::Run;
use super::teller::Step;

/// What is chosen from when a process does something about events.
const STEPS: [Option<Step>; 8] = [
    Some(Step::Sequence),
    Some(Step::Sequence),
    Some(Step::Publish),
    Some(Step::Publish),
    Some(Step::TakeIn),
    Some(Step::Deliver),
    Some(Step::Deliver),
    // A reader of the feed asks.
    None,
];

/// A reader of the feed, at whichever process it finds.
#[derive(Debug, Default)]
pub struct Reader {
    /// Where it goes on.
    pub after: i64,
    /// The process that it waits for.
    asks: Option<usize>,
    /// The time of the youngest event so far.
    youngest: String,
}

/// What was seen of events, by everybody.
#[derive(Debug, Default)]
pub struct Seen {
    /// What everybody who saw a position saw: the event's id, and all of it.
    at: BTreeMap<i64, (String, String)>,
    pub readers: Vec<Reader>,
    /// The positions that each receiver saw for the first time, in that order.
    pub first: BTreeMap<Receiver, Vec<i64>>,
    /// The ids that each receiver knows.
    known: BTreeMap<Receiver, BTreeSet<String>>,
    /// Receivers that answer nothing until these times.
    pub deaf_until: BTreeMap<Receiver, Duration>,
}

impl Seen {
    /// Nothing yet, by so many readers.
    pub fn by(readers: usize) -> Self {
        let readers = std::iter::repeat_with(Reader::default).take(readers).collect();
        Self { readers, ..Self::default() }
    }

    /// Somebody sees an event; returns its position.
    fn see(&mut self, id: &str, body: &str) -> Result<i64, String> {
        let event: Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
        let text = |name: &str| event[name].as_str().unwrap_or_default();
        let position: i64 = text("sequence").parse().map_err(|_| format!("no position: {body}"))?;
        if text("id") != id {
            return Err(format!("{body} was sent as {id}"));
        }
        let (first_id, first) =
            self.at.entry(position).or_insert_with(|| (id.to_owned(), body.to_owned()));
        if first_id != id || first != body {
            return Err(format!("position {position} was {first}, and is {body}"));
        }
        Ok(position)
    }

    /// A receiver sees an event. Returns its position if it is the first time.
    pub fn take(&mut self, to: Receiver, event: &Told) -> Result<Option<i64>, String> {
        let position = self.see(&event.id, &event.body)?;
        if !self.known.entry(to).or_default().insert(event.id.clone()) {
            return Ok(None);
        }
        let first = self.first.entry(to).or_default();
        first.push(position);
        // The broker sees all of them; so one more each time.
        if to == Receiver::Broker && i64::try_from(first.len()) != Ok(position) {
            return Err(format!("first seen were {first:?}"));
        }
        Ok(Some(position))
    }

    /// The events up to this position, each with its position and its place among those of its order.
    pub fn told_until(&self, until: i64) -> Vec<(Value, i64, i64)> {
        let mut versions: BTreeMap<String, i64> = BTreeMap::new();
        let told = self.at.range(..=until).map(|(position, (_, body))| {
            let event: Value = serde_json::from_str(body).expect("it was read before");
            let version = versions.entry(event["subject"].to_string()).or_default();
            *version += 1;
            (event, *position, *version)
        });
        told.collect()
    }

    /// The id of the event that was seen at this position.
    pub fn id_at(&self, position: i64) -> Option<Uuid> {
        self.at.get(&position).and_then(|(id, _)| id.parse().ok())
    }

    /// Whether a receiver knows an event.
    pub fn knows(&self, receiver: Receiver, id: Uuid) -> bool {
        self.known.get(&receiver).is_some_and(|known| known.contains(&id.to_string()))
    }
}

impl Run {
    /// A process does something about events.
    pub fn tell_events(&mut self) {
        let node = self.dice.below(self.slots.len());
        let step = self.dice.one_of(&STEPS);
        if self.plan.endpoints.is_empty() && step == Some(Step::Deliver) {
            return;
        }
        let Some(up) = self.up_at(node) else { return };
        let Some(step) = step else { return self.read(node) };
        let (mail, life) = (self.mail.clone(), self.slots[node].life);
        self.tell(format_args!("node {node}: {step:?}"));
        self.slots[node].node.as_ref().expect("it is up").spawn(async move {
            if let Some(led) = up.teller.step(step).await {
                let mail = &mut mail.lock().unwrap_or_else(PoisonError::into_inner);
                mail.push(Mail::Sequenced { at: node, life, led });
            }
        });
        self.pump(node);
    }

    pub fn hear_sequencer(&mut self, at: usize, led: Led) {
        if led == Led::LeadLost {
            self.story.count("a sequencer woke to a lost lead");
        }
        self.tell(format_args!("node {at}: {led:?}"));
    }

    /// A reader of the feed asks a process for the next page.
    fn read(&mut self, node: usize) {
        let reader = self.dice.below(self.seen.readers.len());
        let (limit, wait) = (self.dice.between(1, 20), self.dice.one_of(&[0, 0, 0, 700]));
        // One at a time: those who wait for the same news are woken in any order, which no seed decides.
        let is_asked = self.seen.readers.iter().any(|reader| reader.asks == Some(node));
        if is_asked || self.seen.readers[reader].asks.is_some() {
            return;
        }
        let Some(up) = self.up_at(node) else { return };
        self.seen.readers[reader].asks = Some(node);
        let after = self.seen.readers[reader].after;
        let query = FeedQuery { after, types: None, limit, wait: Duration::from_millis(wait) };
        let (mail, life) = (self.mail.clone(), self.slots[node].life);
        self.tell(format_args!("reader {reader} asks node {node} for what is after {after}"));
        self.slots[node].node.as_ref().expect("it is up").spawn(async move {
            let page = up.teller.events.page(&query).await;
            let mail = &mut mail.lock().unwrap_or_else(PoisonError::into_inner);
            mail.push(Mail::Read { at: node, life, reader, page });
        });
        self.pump(node);
    }

    /// Readers that waited for a process that is gone ask another one.
    pub fn lose_readers(&mut self, node: usize) {
        for reader in self.seen.readers.iter_mut().filter(|reader| reader.asks == Some(node)) {
            reader.asks = None;
        }
    }

    pub fn hear_page(&mut self, reader: usize, page: Result<FeedPage, PageError>) {
        self.seen.readers[reader].asks = None;
        let FeedPage { events, next } = match page {
            Ok(page) => page,
            Err(PageError::Store(_)) => return self.story.count("the feed was unavailable"),
            Err(PageError::Gone { first }) => return self.hear_of_gone_events(reader, first),
        };
        let after = self.seen.readers[reader].after;
        self.tell(format_args!("reader {reader} gets {} events, up to {next}", events.len()));
        for (event, expected) in events.iter().zip(after + 1..) {
            let body = serde_json::to_string(event).expect("plain values");
            match self.seen.see(&event.id.to_string(), &body) {
                Ok(position) if position == expected => {}
                Ok(position) => self
                    .faults
                    .push(format!("reader {reader} got {position}, not {expected}: {body}")),
                Err(wrong) => self.faults.push(format!("reader {reader}: {wrong}")),
            }
            self.note_late(reader, event);
        }
        if next != after + i64::try_from(events.len()).expect("few") {
            self.faults.push(format!("reader {reader} goes on after {next}, from {after}"));
        }
        self.seen.readers[reader].after = next;
    }

    /// What a reader did not read in time is gone, and it is told so. It goes on with the first that is left.
    fn hear_of_gone_events(&mut self, reader: usize, first: i64) {
        self.story.count("a reader was told that events are gone");
        let (until, ..) = self.books.forgotten_events();
        let after = self.seen.readers[reader].after;
        self.tell(format_args!("reader {reader}, after {after}, hears that {first} is the first"));
        if first <= after + 1 || first > until + 1 {
            self.faults.push(format!("reader {reader}, after {after}: {first} of {until}"));
        }
        self.seen.readers[reader].after = first - 1;
    }

    /// An event that became true before one that its reader knows already was committed late.
    fn note_late(&mut self, reader: usize, event: &CloudEvent) {
        let youngest = &mut self.seen.readers[reader].youngest;
        if event.time < *youngest {
            self.story.count("a reader saw an event that was committed late");
        } else {
            youngest.clone_from(&event.time);
        }
    }

    /// Whether everybody has been told everything.
    pub fn is_told(&self) -> bool {
        let (untold, head) = self.books.untold();
        untold == 0 && self.seen.readers.iter().all(|reader| reader.after == head)
    }
}
