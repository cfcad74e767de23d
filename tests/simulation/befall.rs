//! What happens to nodes: they start, are killed, stopped and continued, drained, and cut off from their
//! database. And to neighbours: they are out of order.

use std::sync::PoisonError;
use std::time::Duration;

use chrono::TimeDelta;
use order_service::saga::Promises;
use order_service::store::{Failpoint, Fault};

use super::mail::Mail;
use super::node::{Means, Node, Up};
use super::run::{COMES_TO_REST, Run};
use super::weather::{CHANGEABLE, TOGETHER, Weather};

/// How often a process takes a turn, while there are bulk runs to carry out.
const CARRYING: f64 = 0.4;

impl Run {
    /// Things that happen to nodes at random.
    pub fn befall(&mut self) {
        let weather = self.weather;
        let at = self.dice.below(self.slots.len());
        if self.dice.chance(weather.kill) {
            self.story.count("killed");
            self.stop(at, "is killed");
        }
        if self.dice.chance(weather.pause) {
            self.pause(at);
        }
        self.lose_the_database(at);
        if self.dice.chance(weather.drain) {
            self.drain(at);
        }
        if self.dice.chance(weather.hang_up) {
            self.hang_up();
        }
        if self.dice.chance(weather.operator) {
            self.meddle();
        }
        if self.plan.has_bulk_runs && self.dice.chance(weather.bulk) {
            self.act_on_many();
        }
        if self.bulks.is_any_open && self.dice.chance(CARRYING) {
            self.carry_out();
        }
        if self.dice.chance(weather.cancel) {
            self.cancel_one();
        }
        if self.dice.chance(weather.ship) {
            self.ship_one();
        }
        if self.dice.chance(weather.report) {
            self.report_one();
        }
        if self.dice.chance(weather.take_back) {
            self.take_one_back();
        }
        if self.dice.chance(weather.outage) {
            let until = self.now() + self.dice.millis(3_000, 25_000);
            let which = self.dice.one_of(&TOGETHER);
            self.out_of_order.extend(which.iter().map(|neighbour| (*neighbour, until)));
            self.story.count("neighbour out of order");
            self.tell(format_args!("{which:?} are out of order until {until:?}"));
        }
        if self.dice.chance(weather.deaf) {
            self.deafen();
        }
        let telling = if self.is_calm_for_good { 0.02 } else { self.plan.telling };
        if self.dice.chance(telling) {
            self.tell_events();
        }
        self.forget_at_random(at);
        if self.dice.chance(weather.sleep) {
            let by = self.dice.millis(10_000, 12_000_000);
            self.sleep(at, by);
        }
        if self.dice.chance(weather.clock_set) {
            let by = TimeDelta::minutes(self.dice.one_of(&[-60, -5, 5, 60]));
            self.story.count("a machine's clock was set");
            self.tell(format_args!("node {at}: its machine's clock is set by {by}"));
            self.slots[at].clock.set_machine_time_by(by);
        }
        if self.dice.chance(weather.price_change) {
            self.neighbours.change_a_price(&mut self.dice);
            self.trip_neighbours.change();
        }
    }

    pub fn start(&mut self, at: usize) {
        self.next_life += 1;
        let life = self.next_life;
        // As in a roll-out, some nodes are configured not to rely on a neighbour that does keep keys.
        let (keeps_keys, dice) = (&self.plan.promises, &mut self.dice);
        let distrusted = dice.chance(0.2).then(|| dice.one_of(&CHANGEABLE));
        let trusted = CHANGEABLE.map(|at| (at, keeps_keys.of(at) && distrusted != Some(at)));
        let trusted: Promises = trusted.into_iter().collect();
        self.tell(format_args!("node {at} starts: {trusted:?}"));
        let mail = self.mail.clone();
        let said = move |up| {
            mail.lock().unwrap_or_else(PoisonError::into_inner).push(Mail::Up { at, life, up });
        };
        let settings = self.plan.settings(&trusted);
        let clock = self.slots[at].clock.clone();
        let means = Means {
            board: &self.board,
            network: &self.network,
            receivers: &self.receivers,
            clock: &clock,
            archive: (&self.forgotten.archive, self.plan.keep),
        };
        let node = Node::start((at, &self.url), means, settings, said);
        let slot = &mut self.slots[at];
        (slot.node, slot.life, slot.trusted, slot.starts_at) = (Some(node), life, trusted, None);
        self.pump(at);
    }

    /// The process ends, wherever it is.
    pub fn stop(&mut self, at: usize, why: &str) {
        let now = self.now();
        if self.slots[at].node.take().is_none() {
            return;
        }
        self.tell(format_args!("node {at} {why}"));
        self.die_forgetting(at);
        self.die_carrying_out(at);
        let again =
            if self.weather.kill > 0.0 { self.dice.millis(10, 8_000) } else { Duration::ZERO };
        let slot = &mut self.slots[at];
        (slot.life, slot.paused_until, slot.starts_at) = (0, None, Some(now + again));
        self.lose_attempts(at);
        self.lose_readers(at);
    }

    pub fn pause(&mut self, at: usize) {
        // The database ends a transaction whose process has gone silent.
        let open = self.board.passable().into_iter().find(|seen| {
            self.board.is_open(at) && seen.node == at && seen.point == Failpoint::Commit
        });
        if let Some(open) = open {
            self.board.refuse(open, Fault::Cut);
            self.pump(at);
        }
        if self.board.is_open(at) || self.slots[at].paused_until.is_some() {
            return;
        }
        let until = self.now() + self.dice.millis(100, 12_000);
        let slot = &mut self.slots[at];
        if slot.node.is_some() {
            slot.paused_until = Some(until);
            self.story.count("paused");
            self.tell(format_args!("node {at} is stopped until {:.3}", until.as_secs_f64()));
        }
    }

    fn lose_the_database(&mut self, at: usize) {
        if self.dice.chance(self.weather.cut_off) {
            self.cut_off(at);
        }
        if self.dice.chance(self.weather.fail_over) {
            self.fail_over();
        }
    }

    fn cut_off(&mut self, at: usize) {
        let until = self.now() + self.dice.millis(100, 9_000);
        let everybody = self.dice.chance(0.3);
        self.story.count(if everybody {
            "database down"
        } else {
            "database out of a node's reach"
        });
        self.tell(format_args!(
            "no database until {:.3}: {at}, all {everybody}",
            until.as_secs_f64()
        ));
        for (other, slot) in self.slots.iter_mut().enumerate() {
            if everybody || other == at {
                slot.cut_until = until;
            }
        }
    }

    /// The primary is lost, and a synchronous standby is promoted: what was committed stays, what was under way ends
    /// without an answer. Some nodes reach the old primary for a while, which comes back as a standby.
    fn fail_over(&mut self) {
        let promoted = self.now() + self.dice.millis(100, 6_000);
        self.story.count("failover");
        self.tell(format_args!("another primary from {:.3} on", promoted.as_secs_f64()));
        for slot in &mut self.slots {
            let reaches_old = self.dice.chance(0.4);
            let stale = if reaches_old { self.dice.millis(50, 3_000) } else { Duration::ZERO };
            (slot.cut_until, slot.stale_until) = (promoted, promoted + stale);
        }
    }

    /// The whole machine sleeps, for up to some hours, and one process for a little longer.
    pub fn sleep(&mut self, at: usize, by: Duration) {
        self.network.lose_all();
        self.receivers.lose_all();
        // Nobody waits through that.
        while !self.attempts.is_empty() {
            self.hang_up();
        }
        self.tell(format_args!("everything sleeps for {by:?}"));
        self.story.count("everything slept");
        self.pause(at);
        if let Some(until) = &mut self.slots[at].paused_until {
            *until += by;
        }
        self.advance(by);
    }

    fn drain(&mut self, at: usize) {
        let Some(Up { executor, teller, retention, bulk, .. }) = self.up_at(at) else { return };
        let (mail, life) = (self.mail.clone(), self.slots[at].life);
        self.end_turns(at);
        let longest = self.dice.one_of(&[5, 500, 4_000]);
        let grace = self.dice.millis(0, longest);
        self.slots[at].node.as_ref().expect("it is up").spawn(async move {
            tokio::join!(teller.stop(), retention.stop(), bulk.stop());
            executor.drain(grace).await;
            mail.lock().unwrap_or_else(PoisonError::into_inner).push(Mail::Drained { at, life });
        });
        self.story.count("drained");
        self.tell(format_args!("node {at} drains"));
        self.pump(at);
    }

    /// From here on there are no faults.
    pub fn calm_down(&mut self) {
        self.tell(format_args!("the weather calms down"));
        // Not when keys are nearly forgotten: with the clock set back they look younger than they are, by the
        // time since the last log entry.
        if self.now() + COMES_TO_REST < self.plan.key_memory && self.dice.chance(0.5) {
            self.story.count("database's clock set back");
            self.is_set_back = true;
            self.clock.set_shared_time_by(TimeDelta::minutes(-60));
        }
        self.weather = Weather::CALM;
        self.out_of_order.clear();
        self.seen.deaf_until.clear();
        self.is_calm_for_good = true;
        let now = self.now();
        for slot in &mut self.slots {
            (slot.cut_until, slot.stale_until) = (Duration::ZERO, Duration::ZERO);
            slot.paused_until = slot.paused_until.map(|_| now);
            slot.starts_at = slot.starts_at.map(|_| now);
        }
    }
}
