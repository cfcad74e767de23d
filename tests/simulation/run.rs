//! One run: everything that can happen next, and the choice of what does.
//!
//! All nodes are idle when an event is chosen; the event touches one node, which then runs until it
//! is idle again. So a run's seed alone decides the order of everything.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use order_service::clock::Clock;
use order_service::saga::{Neighbour, Promises, SagaId};

use super::attempt::Attempt;
use super::board::{Board, Seen};
use super::books::Books;
use super::bulk::{Bulks, Carrying};
use super::canceller::Cancels;
use super::carrier::Messages;
use super::client::{Purchase, double_some};
use super::dice::Dice;
use super::forgetting::Forgotten;
use super::listening::Seen as SeenEvents;
use super::mail::Mail;
use super::neighbour::Neighbourhood;
use super::network::{Due, Network};
use super::node::{Mailbox, Node};
use super::passing::is_on_disk;
use super::receivers::{Due as Telling, Receivers};
use super::returner::TakingBack;
use super::shipper::Parcels;
use super::story::Story;
use super::trail::Trail;
use super::traveller::Journey;
use super::trip;
use super::weather::{CHANGEABLE, LATEST, Plan, Weather};

/// The time in which everything has to come to rest after the faults stop.
pub const COMES_TO_REST: Duration = Duration::from_mins(3);
/// How often the operator looks after the faults stop.
const OPERATOR_EVERY: Duration = Duration::from_secs(2);

/// How many clients ask before the first fault, where the weather is fair at first.
const EARLY: usize = 8;

/// Steps in which operators clear up after the storm, by bulk runs.
const CLEARING_UP: u64 = 1_000;
/// Steps between two counts of what is stuck.
const LOOK_EVERY: u64 = 100;
/// Steps between two comparisons of what is out with the ledgers.
const COMPARE_EVERY: u64 = 25;
/// Steps between two checks of the bulk runs and the audit trail.
const CHECK_EVERY: u64 = 250;
/// Steps between two looks into the books.
const LOOK_INTO_BOOKS_EVERY: u64 = 10;

/// A slot for one process after the other.
pub struct Slot {
    pub node: Option<Node>,
    /// The clock of its machine, which may differ from the others by hours.
    pub clock: Clock,
    /// Counts the processes that were here; messages from an earlier one are ignored.
    pub life: u64,
    /// Which neighbours it believes keep keys.
    pub trusted: Promises,
    /// Stopped until this time.
    pub paused_until: Option<Duration>,
    /// To be started again at this time.
    pub starts_at: Option<Duration>,
    /// Its database is out of reach until this time.
    pub cut_until: Duration,
    /// Until then its connections lead to an old primary, which can only be read.
    pub stale_until: Duration,
    /// A look for what is over is under way.
    pub is_forgetting: bool,
    pub carrying: Carrying,
}

impl Slot {
    /// It is up and has no active saga.
    fn is_idle(&self) -> bool {
        let up = self.node.as_ref().and_then(|node| node.up.as_ref());
        up.is_some_and(|up| up.executor.in_flight() == 0)
    }
}

pub struct Run {
    pub dice: Dice,
    pub clock: Clock,
    pub board: Board,
    pub network: Network,
    pub receivers: Receivers,
    /// What was seen of events.
    pub seen: SeenEvents,
    pub neighbours: Neighbourhood,
    pub books: Books,
    pub weather: Weather,
    pub plan: Plan,
    pub slots: Vec<Slot>,
    pub purchases: Vec<Purchase>,
    pub trip_neighbours: trip::Neighbours,
    pub journeys: Vec<Journey>,
    /// What those who cancelled orders were told.
    pub cancels: Cancels,
    /// What left the warehouse, or was to.
    pub parcels: Parcels,
    /// What carriers reported.
    pub messages: Messages,
    /// What came back, or was to.
    pub returns: Vec<TakingBack>,
    pub attempts: BTreeMap<u64, Attempt>,
    pub next_attempt: u64,
    pub mail: Mailbox<Mail>,
    pub forgotten: Forgotten,
    pub bulks: Bulks,
    pub trail: Trail,
    pub story: Story,
    pub faults: Vec<String>,
    pub fences: BTreeMap<SagaId, i64>,
    /// Keys under which effects were sent, with the time of the first sending.
    pub sent: BTreeMap<String, Duration>,
    /// Neighbours that are out of order until these times.
    pub out_of_order: BTreeMap<Neighbour, Duration>,
    pub steps: u64,
    pub url: String,
    pub next_life: u64,
    /// There are no faults any more.
    pub is_calm_for_good: bool,
    /// The database's clock was set back.
    pub is_set_back: bool,
}

/// Something that can happen next.
#[derive(Clone, Copy)]
enum Choice {
    Pass(Seen),
    Call(Due),
    Telling(Telling),
    Client(usize),
    Traveller(usize),
    Returner(usize),
    Start(usize),
    Resume(usize),
}

impl Run {
    pub fn new(seed: u64, books: &Path, aloud: bool) -> Self {
        let mut dice = Dice::from(seed);
        let (plan, weather) = (Plan::of(&mut dice), Weather::of(&mut dice));
        let start = DateTime::from_timestamp(1_700_000_000, 0).expect("a moment");
        let url = format!("sqlite://{}", books.display());
        let neighbours = Neighbourhood::new(&mut dice, plan.clone());
        let purchase = |at| Purchase::plan(at, &mut dice, &neighbours);
        let mut purchases: Vec<_> = (0..plan.checkouts).map(purchase).collect();
        if plan.fair > 0 {
            for early in purchases.iter_mut().take(EARLY) {
                early.next_at = Some(dice.millis(0, 400));
            }
        }
        double_some(&mut purchases, &mut dice);
        let journey = |at| Journey::plan(at, &mut dice, &neighbours);
        let journeys = (0..plan.trips).map(journey).collect();
        let keep_keys = CHANGEABLE.into_iter().filter(|at| plan.promises.of(*at));
        let clock = Clock::manual(start, seed);
        let mut slot = || Slot {
            node: None,
            clock: clock.of_another_machine(TimeDelta::minutes(dice.one_of(&[0, 0, 60, -60, 7]))),
            life: 0,
            trusted: plan.promises.clone(),
            paused_until: None,
            starts_at: Some(dice.millis(0, 100)),
            cut_until: Duration::ZERO,
            stale_until: Duration::ZERO,
            is_forgetting: false,
            carrying: Carrying::default(),
        };
        let mut run = Self {
            slots: (0..plan.nodes).map(|_| slot()).collect(),
            clock,
            board: Board::default(),
            network: Network::default(),
            receivers: Receivers::default(),
            seen: SeenEvents::by(plan.nodes),
            neighbours,
            books: Books::open(&url),
            weather,
            plan: plan.clone(),
            purchases,
            trip_neighbours: trip::Neighbours::new(keep_keys, plan.key_memory + LATEST, plan.fare),
            journeys,
            cancels: Cancels::new(),
            parcels: Parcels::default(),
            messages: Messages::default(),
            returns: Vec::new(),
            attempts: BTreeMap::new(),
            next_attempt: 0,
            mail: Mailbox::default(),
            forgotten: Forgotten::of(books.with_file_name("archive")),
            bulks: Bulks::default(),
            trail: Trail::default(),
            story: Story::new(aloud),
            faults: Vec::new(),
            fences: BTreeMap::new(),
            sent: BTreeMap::new(),
            out_of_order: BTreeMap::new(),
            steps: 0,
            url,
            next_life: 0,
            is_calm_for_good: false,
            is_set_back: false,
            dice,
        };
        plan.endpoints.iter().for_each(|it| run.books.add_endpoint(it, start));
        run.tell(format_args!("{plan:?} {weather:?}"));
        run
    }

    /// Plays it to its end: in some runs without faults at first, so that orders stand by then; with faults;
    /// and without, until everything comes to rest.
    ///
    /// # Errors
    /// The first promise that was broken.
    pub fn play(&mut self, storm: u64) -> Result<(), String> {
        let weather = std::mem::replace(&mut self.weather, Weather::CALM);
        while self.steps < self.plan.fair {
            self.step()?;
        }
        self.weather = weather;
        while self.steps < storm {
            self.step()?;
            if self.steps == storm / 3 && self.plan.has_night {
                self.pass_a_night();
            }
        }
        if self.plan.has_bulk_runs {
            self.weather = Weather::CLEARING_UP;
            while self.steps < storm + CLEARING_UP {
                self.step()?;
            }
        }
        self.calm_down();
        let (calm_since, mut looked) = (self.now(), Duration::ZERO);
        while !self.is_at_rest() {
            self.step()?;
            if self.now() > looked + OPERATOR_EVERY {
                looked = self.now();
                self.settle_everything();
                self.end_all_runs();
            }
            if self.now() > calm_since + COMES_TO_REST {
                return Err(self.unrest());
            }
        }
        self.forget_the_rest()?;
        self.put_everything_back();
        let took = self.now().saturating_sub(calm_since).as_secs();
        self.story.most("longest calm, s", took);
        self.story.add("taken over", self.books.take_overs());
        self.story.add("executors", self.books.executors());
        self.audit();
        self.audit_events();
        self.audit_runs();
        self.forgotten.is_all_back = true;
        self.check_trail();
        self.first_fault()
    }

    pub fn now(&self) -> Duration {
        self.clock.monotonic()
    }

    pub fn tell(&mut self, what: std::fmt::Arguments<'_>) {
        let now = self.clock.monotonic();
        self.story.tell(now, what);
    }

    fn first_fault(&mut self) -> Result<(), String> {
        self.faults.append(&mut self.neighbours.faults);
        self.faults.append(&mut self.trip_neighbours.faults);
        match self.faults.first() {
            Some(fault) => Err(fault.clone()),
            None => Ok(()),
        }
    }

    pub fn step(&mut self) -> Result<(), String> {
        self.steps += 1;
        if self.steps.is_multiple_of(LOOK_EVERY) {
            self.look_at_what_is_stuck();
        }
        if self.steps.is_multiple_of(COMPARE_EVERY) {
            self.compare_what_is_out();
        }
        if self.steps.is_multiple_of(CHECK_EVERY) {
            self.check_runs();
            self.check_trail();
        }
        if self.steps.is_multiple_of(LOOK_INTO_BOOKS_EVERY) {
            self.look_into_the_books();
        }
        self.befall();
        let choices = self.choices();
        if choices.is_empty() && self.is_calm_for_good && self.dice.chance(0.5) {
            // What is left is to tell of it.
            self.tell_events();
        } else if choices.is_empty() {
            self.advance_to_the_next();
        } else if self.dice.chance(0.03) {
            let by = self.dice.millis(1, 30);
            self.advance(by);
        } else {
            let at = self.dice.below(choices.len());
            self.make(choices[at]);
        }
        self.first_fault()
    }

    fn look_into_the_books(&mut self) {
        self.forgotten.is_any_due = self.books.is_any_over(self.clock.now() - self.plan.keep);
        self.look_at_runs();
        let look = self.books.look();
        let double = look.double_of.map(|of| format!("two equal carts in flight, of {of}"));
        let untold = look.moved_untold.map(|id| format!("no event tells how order {id} stands"));
        self.faults.extend(double.into_iter().chain(untold));
    }

    /// Everything that can happen, each with its time.
    fn future(&self) -> Vec<(Duration, Choice)> {
        let runs =
            |at: usize| self.slots[at].node.is_some() && self.slots[at].paused_until.is_none();
        let points = self.board.passable().into_iter().filter(|seen| runs(seen.node));
        let calls = self.network.due().into_iter().filter(|due| due.answers.is_none_or(runs));
        let mut future: Vec<_> = points.map(|seen| (seen.ready_at, Choice::Pass(seen))).collect();
        future.extend(calls.map(|due| (due.at, Choice::Call(due))));
        let told = self.receivers.due().into_iter().filter(|due| due.replies.is_none_or(runs));
        future.extend(told.map(|due| (due.at, Choice::Telling(due))));
        for (at, purchase) in self.purchases.iter().enumerate() {
            future.extend(purchase.next_at.map(|when| (when, Choice::Client(at))));
        }
        for (at, journey) in self.journeys.iter().enumerate() {
            future.extend(journey.next_at.map(|when| (when, Choice::Traveller(at))));
        }
        for (at, goods) in self.returns.iter().enumerate() {
            future.extend(goods.next_at.map(|when| (when, Choice::Returner(at))));
        }
        for (at, slot) in self.slots.iter().enumerate() {
            future.extend(slot.starts_at.map(|when| (when, Choice::Start(at))));
            future.extend(slot.paused_until.map(|when| (when, Choice::Resume(at))));
        }
        future
    }

    fn choices(&self) -> Vec<Choice> {
        let now = self.now();
        let future = self.future().into_iter();
        future.filter(|(at, _)| *at <= now).map(|(_, choice)| choice).collect()
    }

    fn advance_to_the_next(&mut self) {
        let now = self.now();
        let known = self.future().into_iter().map(|(at, _)| at.saturating_sub(now));
        let next = known.chain(self.clock.next_wake()).min();
        let Some(next) = next else {
            return self.faults.push("nothing will ever happen again".to_owned());
        };
        // What was due in between happens a little late.
        let late = if self.dice.chance(0.2) { self.dice.millis(0, 50) } else { Duration::ZERO };
        self.advance(next + late);
    }

    pub fn advance(&mut self, by: Duration) {
        self.clock.advance(by);
        self.tell(format_args!("time passes"));
        (0..self.slots.len()).for_each(|at| self.pump(at));
    }

    fn make(&mut self, choice: Choice) {
        match choice {
            Choice::Pass(seen) => self.pass(seen),
            Choice::Call(due) => match due.answers {
                Some(at) => {
                    self.tell(format_args!("call {} is answered", due.call));
                    self.network.deliver(due.call);
                    self.pump(at);
                }
                None => self.arrive(due.call),
            },
            Choice::Telling(due) => match due.replies {
                Some(at) => {
                    self.tell(format_args!("telling {} is answered", due.telling));
                    self.receivers.deliver(due.telling);
                    self.pump(at);
                }
                None => self.arrive_at_receiver(due.telling),
            },
            Choice::Client(at) => self.visit(at),
            Choice::Traveller(at) => self.travel(at),
            Choice::Returner(at) => self.take_back(at),
            Choice::Start(at) => self.start(at),
            Choice::Resume(at) => {
                self.tell(format_args!("node {at} goes on"));
                self.slots[at].paused_until = None;
                self.pump(at);
            }
        }
    }

    /// Runs a node until it is idle, and handles its messages.
    pub fn pump(&mut self, at: usize) {
        let slot = &self.slots[at];
        let Some(node) = slot.node.as_ref().filter(|_| slot.paused_until.is_none()) else { return };
        node.pump();
        let now = self.now();
        let (dice, weather) = (&mut self.dice, &self.weather);
        self.board.stamp(|_, point| {
            now + if !is_on_disk(point) && dice.chance(weather.silence) {
                // The client has long stopped waiting.
                dice.millis(3_600_000, 7_200_000)
            } else if dice.chance(weather.stall) {
                dice.millis(500, 13_000)
            } else if dice.chance(weather.slow) {
                dice.millis(1, 300)
            } else {
                Duration::ZERO
            }
        });
        for (call, request) in self.network.fresh() {
            self.send(call, &request);
        }
        for (telling, sent) in self.receivers.fresh() {
            self.send_telling(telling, &sent);
        }
        self.read_mail();
    }

    fn is_at_rest(&self) -> bool {
        self.attempts.is_empty()
            && self.purchases.iter().all(|purchase| purchase.next_at.is_none())
            && self.journeys.iter().all(|journey| journey.next_at.is_none())
            && self.returns.iter().all(|goods| goods.next_at.is_none())
            && self.network.due().is_empty()
            && self.receivers.due().is_empty()
            && self.slots.iter().all(|slot| slot.is_idle())
            && self.books.open_sagas() == 0
            && self.is_told()
            && self.books.busy_runs() == 0
            && self.books.unchained() == 0
    }
}
