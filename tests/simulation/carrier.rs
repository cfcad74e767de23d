//! Carriers: they report where shipments are, late, twice, out of order, one report or several at a time.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use order_service::fulfilment::{CarrierEvent, CarrierStatus};
use order_service::store::{Error, Shipment};
use uuid::Uuid;

use super::attempt::{Asking, Attempt, Client, Heard};
use super::client::TRACE;
use super::dice::Dice;
use super::run::Run;

/// What carriers say without an id of their own.
const WORDS: [&str; 7] =
    ["picked_up", "in_transit", "delayed", "returned", "CUSTOMS", "delivered", "delivered"];
/// What they say under an id of their own: what happened is the same each time, and when may differ.
const NAMED: [(&str, &str); 3] = [("a", "in_transit"), ("b", "exception"), ("c", "delivered")];

/// A report as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    event_id: Option<&'static str>,
    word: &'static str,
    at: DateTime<Utc>,
    location: Option<&'static str>,
}

/// What makes it the same report when it comes again, by the interface.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Identity {
    Named(String),
    Said(String, DateTime<Utc>, Option<String>),
}

/// Some reports about a shipment.
#[derive(Debug)]
pub struct Message {
    pub shipment: Uuid,
    pub reports: Vec<Report>,
    /// It was answered: all of it is in the set.
    pub is_taken: bool,
}

/// What carriers reported.
#[derive(Debug, Default)]
pub struct Messages {
    pub sent: Vec<Message>,
    /// The shipments that somebody was told had arrived.
    arrived: BTreeSet<Uuid>,
}

impl Report {
    fn any(dice: &mut Dice) -> Self {
        let (event_id, word) = if dice.chance(0.4) {
            let (event_id, word) = dice.one_of(&NAMED);
            (Some(event_id), word)
        } else {
            (None, dice.one_of(&WORDS))
        };
        let minute = TimeDelta::minutes(dice.one_of(&[0, 1, 2, 3, 4]));
        let at = DateTime::UNIX_EPOCH + minute;
        Self { event_id, word, at, location: dice.one_of(&[None, Some("Pune")]) }
    }

    pub fn identity(&self) -> Identity {
        let said = || {
            let location = self.location.map(str::to_owned);
            Identity::Said(self.word.to_owned(), self.at, location)
        };
        self.event_id.map_or_else(said, |id| Identity::Named(id.to_owned()))
    }

    /// Of two with one identity, the greater stays: the word is the same for both.
    pub fn content(&self) -> (DateTime<Utc>, Option<String>) {
        (self.at, self.location.map(str::to_owned))
    }

    fn event(&self, received: (Uuid, DateTime<Utc>)) -> CarrierEvent {
        let location = self.location.map(str::to_owned);
        CarrierEvent::reported(received, self.event_id, (self.word, self.at), location, None)
    }
}

/// The identity of a report in a set.
pub fn identity_of(event: &CarrierEvent) -> Identity {
    let shown = event.shown_id();
    if shown != event.id.to_string() {
        return Identity::Named(shown);
    }
    let other = event.description.clone().filter(|_| event.status == CarrierStatus::Other);
    let word = other.unwrap_or_else(|| event.status.to_string());
    Identity::Said(word, event.at, event.location.clone())
}

/// Where a shipment is, by what was reported: what arrived stays; else the latest known word counts.
pub fn state_of(set: &[CarrierEvent]) -> CarrierStatus {
    let known = |event: &&CarrierEvent| event.status != CarrierStatus::Other;
    let latest = set.iter().filter(known).map(|event| (event.at, event.status)).max();
    if set.iter().any(|event| event.status == CarrierStatus::Delivered) {
        CarrierStatus::Delivered
    } else if let Some((_, status)) = latest {
        status
    } else if set.is_empty() {
        CarrierStatus::LabelCreated
    } else {
        CarrierStatus::Other
    }
}

/// Since when, by the earliest report of it.
pub fn arrival_of(set: &[CarrierEvent]) -> Option<DateTime<Utc>> {
    let arrivals = set.iter().filter(|event| event.status == CarrierStatus::Delivered);
    arrivals.map(|event| event.at).min()
}

impl Run {
    /// A carrier reports about one of the shipments.
    pub fn report_one(&mut self) {
        let shipments = self.books.shipments();
        let node = self.dice.below(self.slots.len());
        let Some(up) = self.up_at(node).filter(|_| !shipments.is_empty()) else { return };
        let shipment = shipments[self.dice.below(shipments.len())];
        let before: Vec<_> =
            self.messages.sent.iter().filter(|it| it.shipment == shipment).collect();
        let reports = if !before.is_empty() && self.dice.chance(0.3) {
            // The same message once more.
            before[self.dice.below(before.len())].reports.clone()
        } else {
            (0..self.dice.one_of(&[1, 1, 2, 4])).map(|_| Report::any(&mut self.dice)).collect()
        };
        let clock = up.executor.clock().clone();
        let received = || (clock.fresh_id(), clock.now());
        let events: Vec<_> = reports.iter().map(|report| report.event(received())).collect();
        let is_decided = self.messages.arrived.contains(&shipment);
        let client = Client::Carrier(self.messages.sent.len());
        let asking = Asking { client, node, is_other: false, is_decided };
        let attempt = self.ask(asking, async move {
            let clock = up.executor.clock();
            Heard::Report(up.store.report(shipment, &events, TRACE, clock, None).await)
        });
        self.tell(format_args!("{shipment} is {reports:?}, node {node} hears: {attempt}"));
        self.messages.sent.push(Message { shipment, reports, is_taken: false });
        self.pump(node);
    }

    /// A carrier is told of a set that has its reports, and of what follows from the set.
    pub fn hear_carrier(
        &mut self,
        at: usize,
        by: &Attempt,
        answer: &Result<Option<Shipment>, Error>,
    ) {
        self.tell(format_args!("carrier {at} hears {answer:?}"));
        self.story.count(if answer.is_ok() { "reported" } else { "report unavailable" });
        let Ok(answer) = answer else { return };
        let message = &mut self.messages.sent[at];
        message.is_taken = true;
        let Some(told) = answer.as_ref().filter(|told| told.id == message.shipment) else {
            return self.faults.push(format!("{message:?} was answered {answer:?}"));
        };
        let set: BTreeSet<_> = told.events.iter().map(identity_of).collect();
        let has_all = message.reports.iter().all(|report| set.contains(&report.identity()));
        let state = state_of(&told.events);
        let is_pure = told.state == state.to_string();
        let has_arrived = state == CarrierStatus::Delivered;
        let now = self.books.shipment(told.id).map(|now| now.events).unwrap_or_default();
        let now: BTreeSet<_> = now.iter().map(identity_of).collect();
        if !has_all || !is_pure || (by.is_decided && !has_arrived) || !set.is_subset(&now) {
            self.faults.push(format!("{message:?} was answered {told:?} of {now:?}"));
        }
        if has_arrived {
            self.messages.arrived.insert(told.id);
        }
    }
}
