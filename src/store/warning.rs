//! Hears PostgreSQL's warnings, which the driver only logs.
//!
//! With a synchronous standby, a COMMIT returns when the standby has it. If somebody cuts that wait
//! short (`pg_cancel_backend`), PostgreSQL still answers that it committed, with a warning that the
//! standby may not have it: a failover would lose the commit. So a commit that comes with *any* warning
//! counts as one of unknown outcome, and is settled like one whose answer was lost.
//!
//! The driver offers no way to read warnings; it hands each to the log while it reads the answer. So
//! while a commit is under way, a log subscriber of ours stands before the process's own: it counts
//! the warnings, whatever log level is configured, and passes everything on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::dispatcher::get_default;
use tracing::instrument::WithSubscriber as _;
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Dispatch, Event, Level, Metadata, Subscriber};

/// The target under which the driver logs them.
const NOTICES: &str = "sqlx::postgres::notice";

/// Counts the warnings that come with a pool's commits.
#[derive(Clone, Debug)]
pub(super) struct Warnings {
    count: Arc<AtomicU64>,
    listener: Dispatch,
}

impl Warnings {
    /// Passes everything on to the subscriber that is the default at this moment.
    pub(super) fn new() -> Self {
        let count = Arc::<AtomicU64>::default();
        let (log, level) = (get_default(Dispatch::clone), LevelFilter::current());
        let listener = Listener { count: count.clone(), log, level: level.max(LevelFilter::WARN) };
        Self { count, listener: Dispatch::new(listener) }
    }

    /// The answer to what was sent, and whether a warning came while it was read.
    pub(super) async fn during<T>(&self, sent: impl Future<Output = T>) -> (T, bool) {
        let before = self.count.load(Ordering::Acquire);
        let answer = sent.with_subscriber(self.listener.clone()).await;
        (answer, self.count.load(Ordering::Acquire) != before)
    }
}

struct Listener {
    count: Arc<AtomicU64>,
    log: Dispatch,
    level: LevelFilter,
}

fn is_warning(metadata: &Metadata<'_>) -> bool {
    metadata.target() == NOTICES && *metadata.level() <= Level::WARN
}

impl Subscriber for Listener {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if is_warning(metadata) { Interest::always() } else { self.log.register_callsite(metadata) }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        is_warning(metadata) || self.log.enabled(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn event(&self, event: &Event<'_>) {
        if is_warning(event.metadata()) {
            self.count.fetch_add(1, Ordering::AcqRel);
        }
        if self.log.enabled(event.metadata()) {
            self.log.event(event);
        }
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.log.new_span(span)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        self.log.record(span, values);
    }

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        self.log.record_follows_from(span, follows);
    }

    fn enter(&self, span: &Id) {
        self.log.enter(span);
    }

    fn exit(&self, span: &Id) {
        self.log.exit(span);
    }

    fn clone_span(&self, id: &Id) -> Id {
        self.log.clone_span(id)
    }

    fn try_close(&self, id: Id) -> bool {
        self.log.try_close(id)
    }
}
