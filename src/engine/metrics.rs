//! This process's metrics, as Prometheus reads them.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use super::books_metrics::BooksMetrics;
use crate::neighbours::{BreakerState, BreakerView};
use crate::saga::{Catalogue, Outcome, Report};

/// The labels of a metric of one state.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InState {
    state: Word,
}

/// The labels of a metric of one step and outcome.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfStep {
    step: Word,
    outcome: Word,
}

/// The labels of a metric of one neighbour.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfNeighbour {
    neighbour: Word,
}

/// The labels of a metric of one class of HTTP status codes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfClass {
    code: Word,
}

/// The labels of a metric of one sink of events.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfSink {
    sink: String,
}

/// A label's value: a state, a step, an outcome or a neighbour.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Word(pub(super) &'static str);

impl EncodeLabelValue for Word {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        EncodeLabelValue::encode(&self.0, encoder)
    }
}

/// The metrics. Their names and help texts are part of the interface.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    entered: Family<InState, Counter>,
    durations: Family<InState, Histogram>,
    steps: Family<OfStep, Histogram>,
    in_flight: Gauge,
    open: Family<InState, Gauge>,
    breakers: Family<OfNeighbour, Gauge>,
    creates: Family<OfClass, Counter>,
    /// How the books stand.
    pub(super) books: BooksMetrics,
    sink_backlog: Family<OfSink, Gauge>,
    sink_age: Family<OfSink, Gauge<f64, AtomicU64>>,
    shed: Counter,
    taken_over: Counter,
    dead_letters: Counter,
    unauthorized: Counter,
    commits: Counter,
    committed: Counter,
    batch: Gauge<f64, AtomicU64>,
}

impl Default for Metrics {
    fn default() -> Self {
        // Buckets from 1 ms to about 65 s, and from 0.5 ms to about 32 s.
        let slow = || Histogram::new(exponential_buckets(0.001, 2.0, 17));
        let fast = || Histogram::new(exponential_buckets(0.0005, 2.0, 17));
        let mut this = Self {
            registry: Registry::with_prefix("order_service"),
            entered: Family::default(),
            durations: Family::new_with_constructor(slow),
            steps: Family::new_with_constructor(fast),
            in_flight: Gauge::default(),
            open: Family::default(),
            breakers: Family::default(),
            creates: Family::default(),
            books: BooksMetrics::default(),
            sink_backlog: Family::default(),
            sink_age: Family::default(),
            shed: Counter::default(),
            taken_over: Counter::default(),
            dead_letters: Counter::default(),
            unauthorized: Counter::default(),
            commits: Counter::default(),
            committed: Counter::default(),
            batch: Gauge::default(),
        };
        this.register();
        this.books.register(&mut this.registry);
        for code in ["2xx", "4xx", "5xx"] {
            this.creates.get_or_create(&OfClass { code: Word(code) }).inc_by(0);
        }
        this
    }
}

impl Metrics {
    /// Metrics of these kinds of saga. What is counted by state or step begins at 0: whoever compares a figure
    /// with an earlier one needs the earlier one.
    pub(super) fn of(catalogue: Catalogue) -> Self {
        let this = Self::default();
        for state in catalogue.states() {
            let labels = InState { state: Word(state) };
            this.entered.get_or_create(&labels).inc_by(0);
            if catalogue.is_rest(state) {
                drop(this.durations.get_or_create(&labels));
            }
        }
        this.open(&catalogue.open_states(), &[]);
        for neighbour in catalogue.neighbours() {
            this.breakers.get_or_create(&OfNeighbour { neighbour: Word(neighbour) }).set(0);
        }
        for step in catalogue.steps() {
            let labels = OfStep { step: Word(step), outcome: Word(Outcome::Done.into()) };
            drop(this.steps.get_or_create(&labels));
        }
        this
    }

    fn register(&mut self) {
        let Self { registry, .. } = self;
        registry.register("sagas_entered", "Sagas that entered a state here", self.entered.clone());
        registry.register_with_unit(
            "checkout_duration",
            "From acceptance to rest, by the state of rest",
            Unit::Seconds,
            self.durations.clone(),
        );
        registry.register_with_unit(
            "step_duration",
            "One attempt at a step, by outcome",
            Unit::Seconds,
            self.steps.clone(),
        );
        registry.register("sagas_in_flight", "Sagas being advanced here", self.in_flight.clone());
        registry.register(
            "sagas_open",
            "Sagas not at rest that no replica is advancing now",
            self.open.clone(),
        );
        registry.register(
            "circuit_open",
            "1 while a neighbour is only asked now and then",
            self.breakers.clone(),
        );
        registry.register(
            "sink_backlog",
            "Events that a sink was not told yet",
            self.sink_backlog.clone(),
        );
        registry.register_with_unit(
            "sink_age",
            "The age of the oldest event that a sink was not told yet",
            Unit::Seconds,
            self.sink_age.clone(),
        );
        registry.register("checkouts_shed", "Checkouts not accepted", self.shed.clone());
        let taken_over = self.taken_over.clone();
        registry.register("sagas_taken_over", "Sagas that a dead owner left", taken_over);
        registry.register(
            "dead_letters",
            "Messages of the queue that are no orders",
            self.dead_letters.clone(),
        );
        registry.register(
            "operator_unauthorized",
            "Requests that need an operator's token and had no good one",
            self.unauthorized.clone(),
        );
        registry.register(
            "creates",
            "Answers to requests that create an order, by class of their status code",
            self.creates.clone(),
        );
        registry.register("log_commits", "Commits of the log writer", self.commits.clone());
        registry.register("log_writes", "Sagas written in those", self.committed.clone());
        registry.register("log_last_batch", "Sagas in the last commit", self.batch.clone());
    }

    /// All metrics in the text format that Prometheus reads.
    pub fn render(&self) -> String {
        let mut text = String::new();
        // Writing to a string can't fail.
        let _infallible = encode(&mut text, &self.registry);
        text
    }

    /// A saga is being advanced.
    pub(super) fn began(&self) {
        self.in_flight.inc();
    }

    /// It is being advanced no more.
    pub(super) fn ended(&self) {
        self.in_flight.dec();
    }

    /// A saga durably entered this state.
    pub(super) fn entered(&self, state: &'static str) {
        self.entered.get_or_create(&InState { state: Word(state) }).inc();
    }

    /// A saga came to rest, this long after it was accepted.
    pub(super) fn came_to_rest(&self, state: &'static str, took: Duration) {
        let labels = InState { state: Word(state) };
        self.durations.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// One attempt at a step was made.
    pub(super) fn called(&self, report: &Report) {
        let labels =
            OfStep { step: Word(report.effect.step.word()), outcome: Word(report.outcome.into()) };
        let millis = u32::try_from(report.duration_ms).unwrap_or(u32::MAX);
        self.steps.get_or_create(&labels).observe(f64::from(millis) / 1000.0);
    }

    /// A saga was not accepted.
    pub(super) fn shed(&self) {
        self.shed.inc();
    }

    /// A message of a queue was put with the dead letters.
    pub fn dead_letter(&self) {
        self.dead_letters.inc();
    }

    /// A request that needs an operator's token had no good one.
    pub fn unauthorized(&self) {
        self.unauthorized.inc();
    }

    /// `count` sagas were taken over from dead executors.
    pub(super) fn took_over(&self, count: usize) {
        self.taken_over.inc_by(count as u64);
    }

    /// The log writer committed a batch of this many sagas.
    pub(super) fn committed(&self, sagas: usize) {
        self.commits.inc();
        self.committed.inc_by(sagas as u64);
        self.batch.set(f64::from(u32::try_from(sagas).unwrap_or(u32::MAX)));
    }

    pub(super) fn breakers(&self, breakers: &[BreakerView]) {
        for breaker in breakers {
            let gauge = self
                .breakers
                .get_or_create(&OfNeighbour { neighbour: Word(breaker.neighbour.into()) });
            gauge.set(i64::from(breaker.state != BreakerState::Closed));
        }
    }

    /// A request to create an order was answered with this status code.
    pub fn created(&self, code: u16) {
        let class = match code {
            200..=299 => "2xx",
            500..=599 => "5xx",
            _other => "4xx",
        };
        self.creates.get_or_create(&OfClass { code: Word(class) }).inc();
    }

    /// This is how far a sink of events has come.
    pub fn sink(&self, sink: &str, backlog: i64, age_seconds: f64) {
        let labels = OfSink { sink: sink.to_owned() };
        self.sink_backlog.get_or_create(&labels).set(backlog);
        self.sink_age.get_or_create(&labels).set(age_seconds);
    }

    /// The open sagas that nobody drives were counted, in each of the states that there are.
    pub(super) fn open(&self, states: &[&'static str], by_state: &[(String, u64)]) {
        for state in states {
            let count = by_state.iter().find(|(counted, _)| counted == state);
            let gauge = self.open.get_or_create(&InState { state: Word(state) });
            gauge.set(count.map_or(0, |(_, count)| i64::try_from(*count).unwrap_or(i64::MAX)));
        }
    }
}
