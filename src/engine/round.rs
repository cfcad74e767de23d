//! One round of calls, side by side.

use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Utc};
use futures::FutureExt;
use futures::future::select_all;
use tracing::{debug, info};

use super::drive::Drive;
use crate::neighbours::CallContext;
use crate::saga::{Call, Outcome, Report, settle};

impl Drive {
    /// Makes the calls and takes in what comes of each. Where an outcome has to be durable before
    /// the next step, it is handed in as soon as it is known: a call that is slow should not put
    /// its neighbours in doubt.
    pub(super) async fn call(&mut self, calls: Vec<Call>) {
        let trace = self.trace.clone();
        // What the calls see; the saga itself changes as they come in.
        let sight = self.saga.clone();
        let (session, parts) = (self.session.clone(), self.parts.clone());
        let kind = parts.kinds.of(&sight);
        let (cut, clock, sight, trace, session) =
            (&parts.shutdown.cut, &parts.clock, &sight, &trace, &session);
        let cut_calls = &self.cut_calls.clone();
        let under_way = calls.iter().map(|call| {
            async move {
                let began = clock.now();
                let limit = call.time_limit(began);
                let sent = AtomicBool::new(false);
                let may_send = || {
                    let may = session.holds() && call.is_in_time(clock.now());
                    sent.fetch_or(may, Ordering::AcqRel);
                    may
                };
                let context = CallContext { trace, may_send: &may_send, attempt: call.attempt };
                let report = tokio::select! {
                    biased;
                    report = kind.call(sight, call, context) => report,
                    () = cut.cancelled() => cut_off(call, began, how_far(&sent)),
                    // Only where its key settles it later.
                    () = cut_calls.cancelled(), if !call.intent_first => {
                        cut_off(call, began, how_far(&sent))
                    }
                    () = clock.sleep(limit.unwrap_or_default()), if limit.is_some() => {
                        out_of_time(call, began, clock.now(), how_far(&sent))
                    }
                };
                (call, report)
            }
            .boxed()
        });
        // Not FuturesUnordered: it yields to other threads each time that it has polled all.
        let mut next = select_all(under_way);
        let mut failed = Vec::new();
        let mut timer = parts.writer.coalesce();
        loop {
            let ((call, report), _, under_way) = tokio::select! {
                biased;
                came = &mut next => came,
                () = &mut timer, if self.changed => {
                    timer = parts.writer.coalesce();
                    self.submit();
                    continue;
                }
            };
            parts.metrics.called(&report);
            log(call, &report);
            settle::record(&mut self.saga, call, &report, &parts.name);
            self.changed = true;
            if call.intent_first && !under_way.is_empty() {
                self.submit();
            }
            if matches!(report.outcome, Outcome::NotSent | Outcome::Unknown) {
                failed.push(report);
            }
            if under_way.is_empty() {
                break;
            }
            next = select_all(under_way);
        }
        self.note_failed(&failed);
        let (policy, now) = (&parts.settings.policy, self.now());
        settle::schedule(&mut self.saga, &failed, policy, now, parts.clock.chance());
        settle::end_doubt(&mut self.saga, policy, now);
    }
}

/// How far a call had got that was cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HowFar {
    /// It still waited for its turn.
    NotSent,
    /// Its effect may have happened.
    MaybeSent,
}

fn how_far(sent: &AtomicBool) -> HowFar {
    if sent.load(Ordering::Acquire) { HowFar::MaybeSent } else { HowFar::NotSent }
}

/// A call whose answer is not waited for any more.
fn cut_off(call: &Call, began: DateTime<Utc>, how_far: HowFar) -> Report {
    let (outcome, error) = match how_far {
        HowFar::MaybeSent => (Outcome::Unknown, "was cut off before an answer came"),
        HowFar::NotSent => (Outcome::NotSent, "was cut off before it was sent"),
    };
    Report { error: Some(error.to_owned()), ..Report::new(call.effect, outcome, began) }
}

/// The saga's deadline came before an answer.
fn out_of_time(call: &Call, began: DateTime<Utc>, now: DateTime<Utc>, how_far: HowFar) -> Report {
    let error = match how_far {
        HowFar::MaybeSent => "no answer by the deadline",
        HowFar::NotSent => "not sent by the deadline",
    };
    Report {
        duration_ms: (now - began).num_milliseconds(),
        error: Some(error.to_owned()),
        ..cut_off(call, began, how_far)
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
