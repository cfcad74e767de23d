//! Driving one saga: ask the machine, do what it allows, write down what came of it, until the saga
//! rests or has to wait.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, debug, info, info_span, warn};

use super::acceptances::Identified;
use super::cancel_notice::CancelNotice;
use super::executor::Parts;
use super::kind::Recording;
use super::lease::Session;
use super::queued::Answered;
use super::shown::Shown;
use crate::clock::Watch;
use crate::neighbours::CallContext;
use crate::saga::machine::next;
use crate::saga::take_up::clock_was_set;
use crate::saga::{
    Cause, Effect, End, Instance, Learned, Next, Outcome, Progress, Reading, Report, Step, Stuck,
    Work, settle,
};
use crate::store::{Base, Fate, Records};
use crate::trace::TraceParent;

/// The saga is no longer ours, or never was: write nothing, call nothing.
#[derive(Debug)]
pub(super) struct Gone;

/// A saga with its owner's means.
pub(super) struct Drive {
    pub(super) parts: Arc<Parts>,
    pub(super) session: Arc<Session>,
    pub(super) saga: Instance,
    /// The client's trace; with its `tracestate` where this process accepted the saga.
    pub(super) trace: TraceParent,
    /// An operator waits for the saga.
    pub(super) yield_to_operator: CancellationToken,
    /// And not for the end of calls in flight whose keys settle them later.
    pub(super) cut_calls: CancellationToken,
    /// Hears that the saga is to be cancelled.
    pub(super) cancel: CancelNotice,
    /// The trouble that listeners know of.
    pub(super) told: Option<Stuck>,
    /// What operators have seen of the saga.
    pub(super) shown: Shown,
    /// What this acceptance is noted under.
    pub(super) accepts: Option<Identified>,
    /// What the next write builds on.
    pub(super) base: Base,
    /// Writes on their way, oldest first.
    pub(super) unanswered: Vec<oneshot::Receiver<Answered>>,
    /// Something changed since the last write.
    pub(super) changed: bool,
    /// Who hears, besides the driver, what becomes of the next write.
    pub(super) heard_by: Vec<oneshot::Sender<Fate>>,
    /// A state was entered that has to be durable before any effect.
    pub(super) barrier: bool,
    /// What goes into the books with the next write.
    pub(super) records: Records,
    /// Notices when the clock is set while the saga is driven.
    pub(super) watch: Watch,
    /// What failed last, of what it is at.
    pub(super) failed: Option<(Step, Outcome)>,
    /// States entered and not yet known to be durable: only what is true is counted.
    pub(super) passed: Vec<&'static str>,
}

impl Drive {
    pub(super) fn new(
        parts: Arc<Parts>,
        session: Arc<Session>,
        saga: Instance,
        base: Base,
    ) -> Self {
        let unanswered = Vec::new();
        let (passed, watch) = (vec![saga.state()], Watch::new(&parts.clock));
        let trace = TraceParent::parse(&saga.trace_parent).unwrap_or_else(TraceParent::fresh);
        Self {
            parts,
            session,
            trace,
            yield_to_operator: CancellationToken::new(),
            cut_calls: CancellationToken::new(),
            cancel: CancelNotice::default(),
            told: saga.stuck.clone(),
            shown: Shown::accepted(&saga),
            saga,
            accepts: None,
            base,
            unanswered,
            changed: false,
            heard_by: Vec::new(),
            barrier: true,
            records: Records::default(),
            watch,
            failed: None,
            passed,
        }
    }

    /// For a saga that was just claimed.
    pub(super) fn claimed(parts: Arc<Parts>, session: Arc<Session>, saga: Instance) -> Self {
        let base = Base::Owned { owner: session.id, fence: saga.fence, revision: saga.revision };
        let shown = Shown::claimed(&saga, &parts.settings.policy, parts.clock.now());
        Self { barrier: false, passed: Vec::new(), shown, ..Self::new(parts, session, saga, base) }
    }

    /// Drives the saga as far as it goes now.
    pub(super) async fn run(mut self: Box<Self>) {
        let (id, kind, fence) = (self.saga.id, self.saga.definition.kind, self.saga.fence);
        let span = info_span!("saga", saga.id = %id, saga.kind = kind, fence);
        self.trace.adopt(&span);
        let ended = self.session.ended.clone();
        async {
            tokio::select! {
                biased;
                () = ended.cancelled() => info!("dropped: this executor was declared dead"),
                driven = self.advance() => if let Err(Gone) = driven {
                    debug!("dropped: it is not ours");
                },
            }
            self.was_not_handed_in();
        }
        .instrument(span)
        .await;
    }

    async fn advance(&mut self) -> Result<(), Gone> {
        loop {
            let now = self.now();
            if let Some(request) = self.cancel.take(&self.saga) {
                self.saga.cancel(request);
            }
            match next(&self.saga, &self.parts.settings.policy, now) {
                Next::Read(_) | Next::Call(_) if self.must_stop() => return self.hand_over().await,
                Next::Read(step) => match self.read(step).await {
                    Some(reading) => self.learn(reading),
                    None if self.cancel.is_news(&self.saga) => {}
                    None => return self.hand_over().await,
                },
                Next::Call(calls) => {
                    self.make_durable(&calls).await?;
                    self.call(calls).await;
                }
                Next::Enter(progress, cause) => self.enter(progress, cause),
                Next::Pause { until, stuck } => return self.park(until, stuck).await,
                Next::Rest => return self.rest().await,
            }
        }
    }

    /// The time; the saga's own times have followed it if it was set.
    pub(super) fn now(&mut self) -> DateTime<Utc> {
        if let Some(by) = self.watch.was_set_by(&self.parts.clock) {
            warn!(by_ms = by.num_milliseconds(), "the clock was set");
            clock_was_set(&mut self.saga, by);
        }
        self.parts.clock.now()
    }

    /// Nothing new is begun while the process stops, while the lease is in doubt, or when an operator
    /// waits: the saga is given up for whoever can go on.
    fn must_stop(&self) -> bool {
        let asked = self.parts.shutdown.is_draining() || self.yield_to_operator.is_cancelled();
        asked || !self.session.holds()
    }

    /// Reads what this step reads. A saga that can still go back stops reading at its deadline. `None`
    /// when it must stop.
    async fn read(&mut self, step: Step) -> Option<Reading> {
        let (parts, yield_to_operator) = (self.parts.clone(), self.yield_to_operator.clone());
        let (cancel, is_news) = (self.cancel.clone(), self.saga.cancel_request.is_none());
        let (sight, trace) = (self.saga.clone(), self.trace.clone());
        // A read is safe whoever owns the saga.
        let attempt = sight.attempts.saturating_add(1);
        let context = CallContext { trace: &trace, may_send: &|| true, attempt };
        let reading = parts.kinds.of(&sight).read(&sight, step, context);
        let has_limit = !sight.position.is_past_return();
        let left = sight.deadline_at - parts.clock.now();
        let limit = parts.clock.sleep(left.to_std().unwrap_or(Duration::ZERO));
        let mut timer = parts.writer.coalesce();
        tokio::pin!(reading, limit);
        loop {
            tokio::select! {
                biased;
                reading = &mut reading => return Some(reading),
                () = &mut limit, if has_limit => return Some(self.out_of_time(step)),
                () = parts.shutdown.cut.cancelled() => return None,
                () = yield_to_operator.cancelled() => return None,
                () = cancel.asked(), if is_news => return None,
                () = &mut timer, if self.changed => self.submit(),
            }
        }
    }

    fn out_of_time(&self, step: Step) -> Reading {
        let now = self.parts.clock.now();
        let report = Report {
            error: Some("no answer by the deadline".to_owned()),
            ..Report::new(Effect::of(step), Outcome::Unknown, now)
        };
        Reading { reports: vec![report], learned: Learned::Nothing }
    }

    fn learn(&mut self, reading: Reading) {
        reading.reports.iter().for_each(|report| self.parts.metrics.called(report));
        self.note_failed(&reading.reports);
        let before = self.saga.progress;
        let now = self.now();
        let policy = &self.parts.settings.policy;
        let chance = self.parts.clock.chance();
        settle::learn(&mut self.saga, reading, &self.parts.name, policy, now, chance);
        self.changed = true;
        if self.saga.progress != before {
            // What was read is durable before any effect is sent.
            self.barrier = true;
            self.entered();
        }
    }

    /// Keeps what the pause that may follow is for.
    pub(super) fn note_failed(&mut self, reports: &[Report]) {
        let failed =
            |report: &&Report| matches!(report.outcome, Outcome::NotSent | Outcome::Unknown);
        let failed = reports.iter().find(failed);
        self.failed = failed.map(|report| (report.effect.step, report.outcome));
    }

    fn enter(&mut self, progress: Progress, cause: Option<Cause>) {
        if let Progress::Forward { done } = self.saga.progress
            && let Work::Record(step) = self.saga.definition.stage(done).work
            && progress.is_completed()
        {
            let parts = self.parts.clone();
            self.saga.enter(progress, cause);
            settle::recorded(&mut self.saga, step, &parts.name, parts.clock.now());
        } else {
            self.saga.enter(progress, cause);
        }
        // That the saga goes back is durable before anything is undone, and everything before the pivot
        // is durable before the pivot and what follows it, also where the pivot has nothing to do.
        self.barrier |=
            progress == Progress::Backward || self.saga.definition.is_at_pivot(progress);
        self.entered();
    }

    fn entered(&mut self) {
        self.changed = true;
        let state = self.saga.state();
        debug!(saga.state = %state, "entered");
        self.passed.push(state);
    }

    /// Fills in what goes into the books with the end of the saga.
    pub(super) fn record(&mut self) {
        let parts = self.parts.clone();
        let context = Recording { clock: &parts.clock, policy: &parts.settings.policy };
        let audited = std::mem::take(&mut self.records.audited);
        self.records = parts.kinds.of(&self.saga).record(&self.saga, context);
        self.records.audited = audited;
    }

    /// The end: answered only once it is durable.
    async fn rest(&mut self) -> Result<(), Gone> {
        self.saga.owner = None;
        self.saga.next_attempt_at = None;
        self.saga.stuck = None;
        self.record();
        self.changed = true;
        self.submit();
        self.durable().await?;
        self.parts.waiting.tell(&self.saga);
        let took = self.parts.clock.now() - self.saga.created_at;
        let took = took.to_std().unwrap_or(Duration::ZERO);
        self.parts.closed(self.saga.state(), took);
        let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let state = self.saga.state();
        // A shop's every order is counted, and in the books; what was taken back is worth a line.
        if self.saga.progress == Progress::Rest(End::Compensated) {
            info!(saga.state = %state, duration_ms, "at rest");
        } else {
            debug!(saga.state = %state, duration_ms, "at rest");
        }
        Ok(())
    }
}
