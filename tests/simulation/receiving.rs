//! What becomes of what is sent to RabbitMQ and to endpoints: it gets lost, arrives late or in part; and the
//! same of the replies.

use std::time::Duration;

use super::receivers::{Receiver, Reply, Telling, Told};
use super::run::Run;
use super::weather::TIMEOUT;

impl Run {
    /// A node tells a receiver something: decides what becomes of it.
    pub fn send_telling(&mut self, telling: u64, sent: &Telling) {
        let (now, weather) = (self.now(), self.weather.worse());
        let Telling { node, to, events } = sent;
        self.tell(format_args!("node {node} tells {to:?} {} events: {telling}", events.len()));
        if self.dice.chance(weather.not_sent) {
            return self.receivers.reply(telling, now, Reply::Broken);
        }
        if self.dice.chance(weather.request_lost) {
            return self.receivers.lose(telling);
        }
        let takes = if self.dice.chance(weather.request_late) {
            self.dice.millis(1_000, 11_000)
        } else {
            self.dice.millis(0, 40)
        };
        self.receivers.forward(telling, now + takes);
    }

    /// Events arrive, whether or not anybody waits for the reply.
    pub fn arrive_at_receiver(&mut self, telling: u64) {
        let Some((sent, is_awaited)) = self.receivers.arrive(telling) else { return };
        let (now, weather) = (self.now(), self.weather.worse());
        let to = sent.to;
        let is_broker = to == Receiver::Broker;
        self.tell(format_args!("telling {telling} arrives"));
        if !is_awaited {
            self.story.count("events arrived after their teller had gone");
        }
        if self.seen.deaf_until.get(&to).is_some_and(|until| now < *until) {
            self.story.count(if is_broker { "the broker hung" } else { "an endpoint hung" });
            return self.receivers.lose(telling);
        }
        if self.dice.chance(weather.error_before) {
            self.story.count(if is_broker { "not confirmed" } else { "an endpoint failed" });
            return self.receivers.reply(telling, now, Reply::Status(503));
        }
        let count = sent.events.len();
        // A connection may break in the middle of a batch.
        let breaks = weather.error_after + if is_broker { 2.0 * weather.request_lost } else { 0.0 };
        let taken = if self.dice.chance(breaks) { self.dice.below(count + 1) } else { count };
        for event in &sent.events[..taken] {
            self.take(to, event);
        }
        if taken < count {
            if is_broker && taken > 0 {
                self.story.count("a batch arrived in part");
            }
            return self.receivers.reply(telling, now, Reply::Broken);
        }
        if !is_broker && self.dice.chance(weather.gone) {
            self.story.count("an endpoint was gone");
            return self.receivers.reply(telling, now, Reply::Status(410));
        }
        let lost = if is_broker { "a confirm was lost" } else { "an endpoint's answer was lost" };
        if self.dice.chance(weather.reply_lost) {
            self.story.count(lost);
            if self.dice.chance(0.5) {
                return self.receivers.lose(telling);
            }
            return self.receivers.reply(telling, now, Reply::Broken);
        }
        let takes = if self.dice.chance(weather.slow * 3.0) {
            self.dice.millis(50, 4_000)
        } else {
            Duration::ZERO
        };
        if is_broker && takes > TIMEOUT {
            self.story.count("a confirm came too late");
        }
        self.receivers.reply(telling, now + takes, Reply::Status(200));
    }

    /// A receiver takes an event, and drops it if it knows its id.
    fn take(&mut self, to: Receiver, event: &Told) {
        match (self.seen.take(to, event), to) {
            (Ok(Some(_first)), _) => {}
            (Ok(None), Receiver::Broker) => self.story.count("a message was published twice"),
            (Ok(None), Receiver::Endpoint(_)) => self.story.count("a webhook was sent twice"),
            (Err(wrong), _) => self.faults.push(format!("{to:?}: {wrong}")),
        }
    }

    /// Somebody who listens does not answer for a while.
    pub fn deafen(&mut self) {
        let endpoints = self.plan.endpoints.iter().map(|it| Receiver::Endpoint(it.id));
        let all: Vec<_> = endpoints.chain([Receiver::Broker]).collect();
        let (to, until) = (self.dice.one_of(&all), self.now() + self.dice.millis(1_000, 15_000));
        self.tell(format_args!("{to:?} hangs until {until:?}"));
        self.seen.deaf_until.insert(to, until);
    }
}
