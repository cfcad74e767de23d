//! The faults of a run: what may go wrong, and how often.
//!
//! Each run has a weather of its own, with some faults left out and some frequent, because one frequent
//! fault can hide the effects of another.

use std::sync::Arc;
use std::time::Duration;

use order_service::engine::Settings;
use order_service::neighbours::{PAYMENT, PRODUCT, USER};
use order_service::saga::retry::Backoff;
use order_service::saga::{Manners, Neighbour, Policy, Promises};
use uuid::Uuid;

use super::dice::Dice;
use super::trip::{BANK, BORDER, POST, RAIL, TIMETABLE};

/// The lease: the silence after which another node takes over.
pub const LEASE: Duration = Duration::from_secs(3);
/// The time-out of a call.
pub const TIMEOUT: Duration = Duration::from_secs(2);
/// The longest time that a request takes to arrive, whether or not anybody still waits for it.
pub const LATEST: Duration = Duration::from_secs(12);
const DEADLINE: Duration = Duration::from_secs(10);
/// The deadline of a checkout whose client waits. Some clients wait for longer than that, some for less.
const DEADLINE_ATTENDED: Duration = Duration::from_secs(4);

/// Probabilities: for each step, of what happens to nodes; for each failpoint or call, of the others.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weather {
    pub kill: f64,
    pub pause: f64,
    pub cut_off: f64,
    pub fail_over: f64,
    pub drain: f64,
    pub statement_fails: f64,
    pub answer_lost: f64,
    pub commit_fails: f64,
    pub commit_unheard: f64,
    pub full: f64,
    pub forgotten: f64,
    pub read_only: f64,
    pub silence: f64,
    pub stall: f64,
    pub slow: f64,
    pub not_sent: f64,
    pub request_lost: f64,
    pub request_late: f64,
    pub reply_lost: f64,
    pub error_before: f64,
    pub error_after: f64,
    pub garbage: f64,
    pub refusal: f64,
    pub hang_up: f64,
    pub operator: f64,
    pub bulk: f64,
    pub cancel: f64,
    pub ship: f64,
    pub report: f64,
    pub take_back: f64,
    pub price_change: f64,
    pub outage: f64,
    pub sleep: f64,
    pub clock_set: f64,
    pub deaf: f64,
    pub gone: f64,
}

impl Weather {
    /// No faults any more.
    pub const CALM: Self = Self {
        kill: 0.0,
        pause: 0.0,
        cut_off: 0.0,
        fail_over: 0.0,
        drain: 0.0,
        statement_fails: 0.0,
        answer_lost: 0.0,
        commit_fails: 0.0,
        commit_unheard: 0.0,
        full: 0.0,
        forgotten: 0.0,
        read_only: 0.0,
        silence: 0.0,
        stall: 0.0,
        slow: 0.0,
        not_sent: 0.0,
        request_lost: 0.0,
        request_late: 0.0,
        reply_lost: 0.0,
        error_before: 0.0,
        error_after: 0.0,
        garbage: 0.0,
        refusal: 0.0,
        hang_up: 0.0,
        operator: 0.0,
        bulk: 0.0,
        cancel: 0.0,
        ship: 0.0,
        report: 0.0,
        take_back: 0.0,
        price_change: 0.0,
        outage: 0.0,
        sleep: 0.0,
        clock_set: 0.0,
        deaf: 0.0,
        gone: 0.0,
    };

    /// The same, with more faults of calls.
    pub fn worse(&self) -> Self {
        Self {
            not_sent: self.not_sent * 3.0,
            request_lost: self.request_lost * 3.0,
            request_late: self.request_late * 3.0,
            reply_lost: self.reply_lost * 3.0,
            error_before: self.error_before * 3.0,
            error_after: self.error_after * 3.0,
            garbage: self.garbage * 3.0,
            refusal: self.refusal * 3.0,
            ..*self
        }
    }

    /// The end of a storm, when operators clear up what it has left: processes die, but most of what is asked
    /// of the database is done.
    pub const CLEARING_UP: Self = Self {
        kill: 0.002,
        pause: 0.002,
        drain: 0.001,
        statement_fails: 0.002,
        answer_lost: 0.002,
        commit_fails: 0.01,
        commit_unheard: 0.01,
        forgotten: 0.005,
        stall: 0.002,
        slow: 0.05,
        request_lost: 0.04,
        reply_lost: 0.04,
        error_before: 0.05,
        error_after: 0.02,
        refusal: 0.1,
        bulk: 0.05,
        cancel: 0.015,
        take_back: 0.01,
        outage: 0.001,
        ..Self::CALM
    };

    pub fn of(dice: &mut Dice) -> Self {
        let mut often = |chance: f64| chance * dice.one_of(&[0.0, 0.3, 1.0, 1.0, 3.0]);
        Self {
            kill: often(0.002),
            pause: often(0.002),
            cut_off: often(0.001),
            fail_over: often(0.0005),
            drain: often(0.0015),
            statement_fails: often(0.01),
            answer_lost: often(0.01),
            commit_fails: often(0.04),
            commit_unheard: often(0.04),
            full: often(0.02),
            forgotten: often(0.02),
            read_only: often(0.01),
            silence: often(0.002),
            stall: often(0.01),
            slow: often(0.1),
            not_sent: often(0.04),
            request_lost: often(0.04),
            request_late: often(0.04),
            reply_lost: often(0.06),
            error_before: often(0.04),
            error_after: often(0.04),
            garbage: often(0.03),
            refusal: often(0.15),
            hang_up: often(0.01),
            operator: often(0.01),
            bulk: often(0.005),
            cancel: often(0.012),
            ship: often(0.012),
            report: often(0.02),
            take_back: often(0.005),
            price_change: often(0.005),
            outage: often(0.002),
            sleep: often(0.0004),
            clock_set: often(0.001),
            deaf: often(0.002),
            gone: often(0.1),
        }
    }
}

/// The neighbours where something can be changed.
pub const CHANGEABLE: [Neighbour; 5] = [PRODUCT, PAYMENT, RAIL, BANK, POST];
/// The neighbours that are out of order at the same time.
pub const TOGETHER: [&[Neighbour]; 5] =
    [&[USER, PRODUCT], &[PAYMENT], &[TIMETABLE, RAIL, POST], &[BORDER, POST], &[BANK]];

/// What a run is about besides its weather.
#[derive(Clone, Debug)]
pub struct Plan {
    pub nodes: usize,
    /// Steps before the first fault, so that there are orders by then.
    pub fair: u64,
    pub checkouts: usize,
    pub trips: usize,
    /// What a seat costs at first.
    pub fare: u64,
    /// Which neighbours keep keys.
    pub promises: Promises,
    /// The neighbour where calls go wrong more often.
    pub worst: Neighbour,
    pub key_memory: Duration,
    /// The payment service looks at the wallet before the key: a repeat of a charge that happened may be
    /// declined, and only the status call tells the truth.
    pub declines_repeats: bool,
    pub concurrency: usize,
    pub backlog: u64,
    /// The probability, for each step, that a process does something about events.
    pub telling: f64,
    /// The probability, for each step, that a process looks for what is over.
    pub forgetting: f64,
    /// How long what is over is kept.
    pub keep: Duration,
    /// For longer than that, everything sleeps once.
    pub has_night: bool,
    /// Operators prepare bulk runs, and leave what is stuck to them.
    pub has_bulk_runs: bool,
    pub endpoints: Vec<Endpoint>,
}

/// An endpoint of webhooks.
#[derive(Clone, Debug)]
pub struct Endpoint {
    pub id: Uuid,
    /// The filter that it is registered with, and what that means: the beginning of a type.
    pub types: (&'static str, &'static str),
    pub ordered: bool,
}

impl Endpoint {
    fn of(dice: &mut Dice) -> Self {
        let types = dice.one_of(&[
            ("order.*", "order."),
            ("order.cancelled", "order.cancelled"),
            ("saga.*", "saga."),
            ("*", ""),
        ]);
        Self { id: dice.id(), types, ordered: dice.chance(0.5) }
    }

    /// Whether it is told such an event; never one about itself.
    pub fn wants(&self, kind: &str, about: Uuid) -> bool {
        kind.starts_with(self.types.1) && about != self.id
    }
}

impl Plan {
    pub fn of(dice: &mut Dice) -> Self {
        let nodes = dice.one_of(&[1, 2, 3, 3]);
        let trips = dice.one_of(&[0, 8, 24]);
        Self {
            nodes,
            fair: dice.one_of(&[0, 300, 300]),
            checkouts: if trips == 24 { 8 } else { dice.one_of(&[8, 20, 40]) },
            trips,
            fare: dice.one_of(&[0, 100, 100, 100]),
            promises: promises(dice),
            worst: dice.one_of(&CHANGEABLE),
            key_memory: Duration::from_secs(dice.one_of(&[5, 15, 600, 600])),
            declines_repeats: dice.chance(0.4),
            concurrency: dice.one_of(&[3, 8, 64]),
            backlog: dice.one_of(&[6, 1_000_000, 1_000_000]),
            telling: dice.one_of(&[0.06, 0.12, 0.24]),
            forgetting: dice.one_of(&[0.001, 0.003, 0.006]),
            keep: Duration::from_secs(dice.one_of(&[75, 120, 900])),
            has_night: dice.chance(0.75),
            has_bulk_runs: dice.chance(0.5),
            endpoints: (0..dice.one_of(&[0, 1, 1, 2])).map(|_| Endpoint::of(dice)).collect(),
        }
    }

    /// The settings of a node that believes these neighbours keep keys.
    pub fn settings(&self, promises: &Promises) -> Settings {
        let backoff = Backoff {
            initial: Duration::from_millis(100),
            max: Duration::from_secs(5),
            multiplier: 2.0,
            jitter: 0.5,
        };
        let manners = |at| {
            let (idempotent, key_memory) = (promises.of(at), self.key_memory);
            (at, Manners { idempotent, key_memory, timeout: TIMEOUT })
        };
        let policy = Policy {
            neighbours: Arc::new(CHANGEABLE.map(manners).into()),
            backoff,
            stuck_after: Duration::from_secs(2),
            deadline: DEADLINE,
            deadline_attended: DEADLINE_ATTENDED,
        };
        Settings { concurrency: self.concurrency, backlog: self.backlog, lease: LEASE, policy }
    }
}

/// Which neighbours keep keys: all of them, none or some. What has to be durable depends on whether all do.
fn promises(dice: &mut Dice) -> Promises {
    let chance = dice.one_of(&[1.0, 1.0, 0.0, 0.6, 0.6]);
    CHANGEABLE.iter().map(|at| (*at, dice.chance(chance))).collect()
}
