//! One round of calls, side by side.

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tracing::{debug, info};

use super::drive::Drive;
use super::kind::Kind;
use crate::clock::chance;
use crate::neighbours::Errand;
use crate::saga::{Call, Instance, Outcome, Report, settle};
use crate::trace::TraceParent;

impl Drive {
    /// Makes the calls and takes in what comes of each. Where an outcome has to be durable before
    /// the next step, it is handed in as soon as it is known: a call that is slow should not put
    /// its neighbours in doubt.
    pub(super) async fn call(&mut self, calls: Vec<Call>) {
        let trace = self.trace();
        // What the calls see; the saga itself changes as they come in.
        let sight = self.saga.clone();
        let (life, shared) = (self.life.clone(), self.shared.clone());
        let may_send = || life.holds();
        let kind = shared.kind(&sight);
        let errand = Errand { trace: &trace, may_send: &may_send };
        let (cut, clock, sight) = (&shared.cut, &shared.clock, &sight);
        let mut under_way: FuturesUnordered<_> = calls
            .iter()
            .map(|call| async move {
                let report = tokio::select! {
                    report = kind.call(sight, call, errand) => report,
                    () = cut.cancelled() => cut_off(sight, call, clock),
                };
                (call, report)
            })
            .collect();
        let mut failed = Vec::new();
        while let Some((call, report)) = under_way.next().await {
            shared.metrics.called(&report);
            log(call, &report);
            settle::record(&mut self.saga, call, &report, &shared.name);
            self.changed = true;
            if call.intent_first && !under_way.is_empty() {
                self.submit();
            }
            if matches!(report.outcome, Outcome::NotSent | Outcome::Unknown) {
                failed.push(report);
            }
        }
        let (policy, now) = (&shared.settings.policy, shared.clock.now());
        settle::schedule(&mut self.saga, &failed, policy, now, chance());
    }

    pub(super) fn kind(&self) -> &dyn Kind {
        self.shared.kind(&self.saga)
    }

    pub(super) fn trace(&self) -> TraceParent {
        TraceParent::parse(&self.saga.trace_parent).unwrap_or_else(TraceParent::fresh)
    }
}

/// The process ends before an answer came: what came of the call is unknown.
fn cut_off(saga: &Instance, call: &Call, clock: &crate::clock::Clock) -> Report {
    Report {
        step: call.effect.step,
        line: call.effect.line,
        outcome: Outcome::Unknown,
        started_at: clock.now().max(saga.updated_at),
        duration_ms: 0,
        status: None,
        request: None,
        response: None,
        error: Some("the process stopped before an answer came".to_owned()),
        retry_after_ms: None,
    }
}

fn log(call: &Call, report: &Report) {
    let (step, line, attempt) = (call.effect.step, call.effect.line, call.attempt);
    let (outcome, duration_ms) = (report.outcome, report.duration_ms);
    match &report.error {
        None => debug!(%step, ?line, attempt, %outcome, duration_ms, "called"),
        Some(error) => info!(%step, ?line, attempt, %outcome, duration_ms, error, "called"),
    }
}
