//! The end of a run, for events: positions, and who was told what (promises 58 to 61).

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::receivers::Receiver;
use super::run::Run;
use super::weather::Endpoint;

/// An event, by its row.
#[derive(Clone, Debug)]
pub struct EventRow {
    pub id: Uuid,
    pub order_id: Uuid,
    pub kind: String,
    pub version: i64,
    pub position: Option<i64>,
    /// The saga that it is about and why, if it tells that one is stuck, or is not any more.
    pub trouble: Option<(String, String)>,
}

/// A delivery, by its row.
#[derive(Clone, Debug)]
pub struct DeliveryRow {
    pub event_id: Uuid,
    pub state: String,
    pub cause: Option<String>,
    pub attempts: usize,
}

impl Run {
    /// Notes a fault for everything that was not told as it should be.
    pub fn audit_events(&mut self) {
        let events = self.books.event_rows();
        let mut wrong = wrong_positions(&events);
        wrong.extend(wrong_pairs(&events));
        let head = i64::try_from(events.len()).expect("not that many");
        for (name, position, fence) in self.books.cursors() {
            if position != head {
                wrong.push(format!("the cursor of {name} stands at {position} of {head}"));
            }
            let taken_over = match name.as_str() {
                "sequencer" => "a sequencer was taken over",
                "broker" => "the broker's sink was taken over",
                _webhooks => "the webhooks' sink was taken over",
            };
            self.story.add(taken_over, fence - 1);
        }
        for event in &events {
            let seen = event.position.and_then(|position| self.seen.id_at(position));
            if seen != Some(event.id) {
                wrong.push(format!("{event:?} was seen as {seen:?}"));
            }
        }
        let first = self.seen.first.get(&Receiver::Broker).map_or(0, Vec::len);
        if first != events.len() {
            wrong.push(format!("the broker has {first} of {head} events"));
        }
        for endpoint in self.plan.endpoints.clone() {
            wrong.extend(self.wrong_deliveries(&endpoint, &events));
        }
        self.story.add("events told", head);
        self.faults.extend(wrong.into_iter().map(|wrong| format!("events: {wrong}")));
    }

    /// Each event that an endpoint wants is a delivery of it; what counts as delivered, it has.
    fn wrong_deliveries(&mut self, endpoint: &Endpoint, events: &[EventRow]) -> Vec<String> {
        let to = Receiver::Endpoint(endpoint.id);
        let rows = self.books.deliveries(endpoint.id);
        let is_disabled = events.iter().any(|event| event.order_id == endpoint.id);
        let mut wrong = Vec::new();
        let wanted = events.iter().filter(|it| endpoint.wants(&it.kind, it.order_id));
        let wanted: BTreeSet<_> = wanted.map(|event| event.id).collect();
        let made: BTreeSet<_> = rows.iter().map(|row| row.event_id).collect();
        if made != wanted {
            wrong.push(format!("{endpoint:?} has {} of {} events", made.len(), wanted.len()));
        }
        for row in &rows {
            self.story.count(match row.state.as_str() {
                "delivered" => "a webhook was delivered",
                _failed => "a webhook was given up",
            });
            if row.state == "delivered" && row.attempts > 1 {
                self.story.count("a webhook was delivered at last");
            }
            let is_right = match row.state.as_str() {
                "delivered" => self.seen.knows(to, row.event_id),
                "failed" if row.cause.as_deref() == Some("disabled") => is_disabled,
                "failed" => is_disabled || row.attempts > super::teller::SCHEDULE.len(),
                _pending => false,
            };
            if !is_right {
                wrong.push(format!("{endpoint:?}: {row:?}"));
            }
        }
        if endpoint.ordered {
            let delivered = rows.iter().filter(|row| row.state == "delivered");
            let delivered: BTreeSet<_> = delivered.map(|row| row.event_id).collect();
            wrong.extend(self.wrong_order_at(to, events, &delivered));
        }
        wrong
    }

    /// Where events of an order are sent one after the other, each is delivered before the next is seen.
    fn wrong_order_at(
        &self,
        to: Receiver,
        events: &[EventRow],
        delivered: &BTreeSet<Uuid>,
    ) -> Option<String> {
        let at = |position: i64| events.iter().find(|event| event.position == Some(position));
        let first = self.seen.first.get(&to).map_or(&[][..], Vec::as_slice);
        let mut last: BTreeMap<Uuid, i64> = BTreeMap::new();
        let seen = first.iter().filter_map(|position| at(*position));
        seen.filter(|event| delivered.contains(&event.id)).find_map(|event| {
            let before = last.insert(event.order_id, event.version).unwrap_or(0);
            (before > event.version).then(|| format!("{to:?} saw {event:?} after {before}"))
        })
    }
}

/// Positions are 1 to n; within an order, in their order, versions are 1 to m.
fn wrong_positions(events: &[EventRow]) -> Vec<String> {
    let mut last: BTreeMap<Uuid, i64> = BTreeMap::new();
    let wrong = events.iter().zip(1..).filter(|(event, position)| {
        let version = last.entry(event.order_id).or_insert(0);
        *version += 1;
        event.position != Some(*position) || event.version != *version
    });
    wrong.map(|(event, position)| format!("{event:?} is at {position}")).collect()
}

/// Nothing is told twice to be stuck for one reason, or to be stuck no more; and in the end nothing is stuck.
fn wrong_pairs(events: &[EventRow]) -> Vec<String> {
    let mut stuck: BTreeMap<&str, &str> = BTreeMap::new();
    let mut wrong = Vec::new();
    for event in events {
        let Some((saga, why)) = &event.trouble else { continue };
        let is_news = if event.kind == "saga.stuck" {
            stuck.insert(saga, why) != Some(why.as_str())
        } else {
            stuck.remove(saga.as_str()).is_some()
        };
        if !is_news {
            wrong.push(format!("{event:?} was told twice"));
        }
    }
    wrong.extend(stuck.iter().map(|(saga, why)| format!("{saga} is told to be stuck: {why}")));
    wrong
}
