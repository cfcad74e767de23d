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
    }
}
