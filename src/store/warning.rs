//! Hears PostgreSQL's warnings, which the driver only logs.
//!
//! When somebody ends a commit's wait for a standby (`pg_cancel_backend`), PostgreSQL answers that it
//! committed, with a warning that this may be on no standby. So a commit that comes with any warning
//! counts as one that was not heard of. The driver tells a warning to whoever listens to its log
//! while the answer is read: that is us, whatever the process's own log is set to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::dispatcher::get_default;
use tracing::instrument::WithSubscriber as _;
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Dispatch, Event, Level, Metadata, Subscriber};

/// Under which name the driver logs them.
const NOTICES: &str = "sqlx::postgres::notice";

/// Listens to the warnings of one pool.
#[derive(Clone, Debug)]
pub(super) struct Warnings {
    heard: Arc<AtomicU64>,
    listener: Dispatch,
}

impl Warnings {
    /// Passes everything on to the log that there is now.
    pub(super) fn new() -> Self {
        let heard = Arc::<AtomicU64>::default();
        let (log, most) = (get_default(Dispatch::clone), LevelFilter::current());
        let listener = Listener { heard: heard.clone(), log, most: most.max(LevelFilter::WARN) };
        Self { heard, listener: Dispatch::new(listener) }
    }

    /// What this comes to, and whether there was a warning meanwhile.
    pub(super) async fn during<T>(&self, asked: impl Future<Output = T>) -> (T, bool) {
        let before = self.heard.load(Ordering::Acquire);
        let answer = asked.with_subscriber(self.listener.clone()).await;
        (answer, self.heard.load(Ordering::Acquire) != before)
    }
}

struct Listener {
    heard: Arc<AtomicU64>,
    log: Dispatch,
    most: LevelFilter,
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
        Some(self.most)
    }

    fn event(&self, event: &Event<'_>) {
        if is_warning(event.metadata()) {
            self.heard.fetch_add(1, Ordering::AcqRel);
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
