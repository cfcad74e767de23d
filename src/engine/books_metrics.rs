//! Metrics of what the books say. They are the same at every replica: whoever adds replicas up takes their
//! maximum, and not their sum.

use std::sync::atomic::AtomicU64;

use chrono::{DateTime, Utc};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use strum::IntoEnumIterator;

use super::metrics::Word;
use crate::saga::StuckKind;
use crate::store::Watched;

/// The labels of a metric of one reason to need a person.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfStuck {
    stuck: Word,
}

/// How the books stand.
#[derive(Debug, Default)]
pub(super) struct BooksMetrics {
    stuck: Family<OfStuck, Gauge>,
    money_out_oldest: Gauge<f64, AtomicU64>,
    executors_alive: Gauge,
    webhooks_disabled: Gauge,
    audit_differences: Gauge,
    audit_age: Gauge<f64, AtomicU64>,
    sagas_forgotten: Gauge,
    events_forgotten: Gauge,
    archive_bytes: Gauge,
    retention_failures: Gauge,
    retention_last_batch: Gauge<f64, AtomicU64>,
    retention_failing: Gauge<f64, AtomicU64>,
}

impl BooksMetrics {
    /// Registers them, each at 0: whoever compares a figure with an earlier one needs the earlier one.
    pub(super) fn register(&self, registry: &mut Registry) {
        for stuck in StuckKind::iter() {
            self.stuck.get_or_create(&OfStuck { stuck: Word(stuck.into()) }).set(0);
        }
        registry.register("sagas_stuck", "Sagas that need a person, by why", self.stuck.clone());
        registry.register_with_unit(
            "money_out_oldest",
            "How long a customer may have been out of money by a saga that has failed or goes back",
            Unit::Seconds,
            self.money_out_oldest.clone(),
        );
        registry.register(
            "executors_alive",
            "Replicas whose lease has not lapsed",
            self.executors_alive.clone(),
        );
        registry.register(
            "webhooks_disabled",
            "Webhooks that are not sent to any more",
            self.webhooks_disabled.clone(),
        );
        registry.register(
            "audit_differences",
            "What the last audit of the books found to differ",
            self.audit_differences.clone(),
        );
        registry.register_with_unit(
            "audit_age",
            "How long ago the last audit of the books ended; 0 where there was none",
            Unit::Seconds,
            self.audit_age.clone(),
        );
        registry.register(
            "sagas_forgotten",
            "Sagas that were archived and deleted",
            self.sagas_forgotten.clone(),
        );
        registry.register(
            "events_forgotten",
            "Events that were deleted",
            self.events_forgotten.clone(),
        );
        registry.register(
            "archive_bytes",
            "Bytes that the archive got for forgotten sagas",
            self.archive_bytes.clone(),
        );
        registry.register(
            "retention_failures",
            "Attempts to forget what is over that failed",
            self.retention_failures.clone(),
        );
        registry.register(
            "retention_last_batch_timestamp_seconds",
            "When something was forgotten last, in seconds since 1970; 0 where nothing was",
            self.retention_last_batch.clone(),
        );
        registry.register_with_unit(
            "retention_failing",
            "Since how long nothing can be forgotten; 0 where that can",
            Unit::Seconds,
            self.retention_failing.clone(),
        );
    }

    /// This is how the books stand: so many replicas are `alive`, and some customer is out of money since
    /// `out_since`.
    pub(super) fn set(
        &self,
        watched: &Watched,
        alive: usize,
        out_since: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) {
        let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        for stuck in StuckKind::iter() {
            let word: &str = stuck.into();
            let counted = watched.by_stuck.iter().find(|(counted, _)| counted == word);
            let gauge = self.stuck.get_or_create(&OfStuck { stuck: Word(word) });
            gauge.set(counted.map_or(0, |(_, counted)| count(*counted)));
        }
        let seconds = |since: Option<DateTime<Utc>>| {
            since.map_or(0.0, |since| (now - since).as_seconds_f64().max(0.0))
        };
        self.money_out_oldest.set(seconds(out_since));
        self.executors_alive.set(count(alive as u64));
        self.webhooks_disabled.set(count(watched.disabled_webhooks));
        self.audit_differences.set(count(watched.audit.map_or(0, |audit| audit.differences)));
        self.audit_age.set(seconds(watched.audit.map(|audit| audit.ended_at)));
        let forgotten = &watched.forgotten;
        self.sagas_forgotten.set(count(forgotten.sagas));
        self.events_forgotten.set(forgotten.events_until);
        self.archive_bytes.set(count(forgotten.bytes));
        self.retention_failures.set(count(forgotten.failures));
        let last = forgotten.last_batch_at.unwrap_or_default();
        self.retention_last_batch.set((last - DateTime::<Utc>::UNIX_EPOCH).as_seconds_f64());
        self.retention_failing.set(seconds(forgotten.failing_since));
    }
}
