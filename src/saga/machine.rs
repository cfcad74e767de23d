//! What a saga does next.
//!
//! [`next`] is total: every saga in every state has an answer. What it returns is all that an
//! executor may do; what comes of it goes into [`super::settle`].

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::call::Call;
use super::context::{Cause, Context, Kinds};
use super::definition::{EffectStage, Stage, Work};
use super::effects::{Effect, StagePosition, Standing, Track};
use super::give_up::go_back;
use super::held::trouble_of_held;
use super::instance::{Instance, Stuck};
use super::plan::{Plan, numbered};
use super::retry::{Backoff, LONGEST_ASKED};
use super::vocabulary::{Direction, Neighbour, State};

/// Clocks that agree differ by less.
pub const A_MOMENT: Duration = Duration::from_secs(2);

/// What is configured now; a saga is held to the stricter of this and what it began under.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Which neighbours are idempotent now.
    pub kinds: Kinds,
    /// `services.product.key_memory`.
    pub product_key_memory: Duration,
    /// `services.payment.key_memory`.
    pub payment_key_memory: Duration,
    /// `services.product.timeout`: a call lasts no longer.
    pub product_timeout: Duration,
    /// `services.payment.timeout`.
    pub payment_timeout: Duration,
    /// Pauses between attempts.
    pub backoff: Backoff,
    /// `retry.stuck_after`.
    pub stuck_after: Duration,
    /// `checkout.deadline`.
    pub deadline: Duration,
    /// `checkout.deadline_attended`.
    pub deadline_attended: Duration,
}

impl Policy {
    /// Whether an effect that may have been sent since then may be sent again: its neighbour is
    /// idempotent, was so when the saga began, and still remembers the key.
    pub(super) fn may_repeat(
        &self,
        saga: &Instance,
        stage: EffectStage,
        since: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> bool {
        self.keeps_keys(saga, stage) && now < self.remembered_until(stage, since)
    }

    /// Until when the key of an effect that was sent then is remembered.
    pub(super) fn remembered_until(
        &self,
        stage: EffectStage,
        since: DateTime<Utc>,
    ) -> DateTime<Utc> {
        since
            + match stage.at {
                Neighbour::Product => self.product_key_memory,
                Neighbour::Payment | Neighbour::User => self.payment_key_memory,
            }
    }

    /// Until when a call that was begun then may be in flight.
    pub(super) fn in_flight_until(
        &self,
        stage: EffectStage,
        begun: DateTime<Utc>,
    ) -> DateTime<Utc> {
        begun
            + match stage.at {
                Neighbour::Product => self.product_timeout,
                Neighbour::Payment | Neighbour::User => self.payment_timeout,
            }
    }

    /// Schedules are hardly ever further off: only what a neighbour asks for is. What an executor puts
    /// off besides, for an operator or after a fault of its own, is shorter than half a minute.
    pub fn usual_pause(&self) -> Duration {
        self.backoff.longest().max(Duration::from_secs(30)) + A_MOMENT
    }

    /// No schedule is further off.
    pub fn longest_pause(&self) -> Duration {
        self.usual_pause().max(LONGEST_ASKED + A_MOMENT)
    }

    /// Whether a schedule can't be meant: it was made by a clock that has been set back since, or by
    /// another that was ahead. What is due by such a one is due now.
    fn is_too_far(&self, saga: &Instance, at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        at > now + self.longest_pause()
            || (at > now + self.usual_pause() && saga.updated_at > now + A_MOMENT)
    }

    /// How long a saga may take to be `Reserved`: from acceptance, and from the end of a doubt.
    pub fn time_for(&self, context: &Context) -> Duration {
        if context.attended { self.deadline_attended.min(self.deadline) } else { self.deadline }
    }

    /// Whether the stage's neighbour acts once per key.
    pub(super) fn keeps_keys(&self, saga: &Instance, stage: EffectStage) -> bool {
        self.kinds.of(stage.at) && saga.context.kinds.of(stage.at)
    }
}

/// What to do now.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Read what is not known yet.
    Read,
    /// Make these calls, side by side.
    Call(Vec<Call>),
    /// Write that the saga is in this state now, for this cause.
    Enter(State, Option<Cause>),
    /// Nothing to do before `until` (`None`: before a person has spoken).
    Pause {
        /// When to look again.
        until: Option<DateTime<Utc>>,
        /// What a person should know.
        stuck: Option<Stuck>,
    },
    /// The saga is at rest.
    Rest,
}

/// What this saga may do now.
pub fn next(saga: &Instance, policy: &Policy, now: DateTime<Utc>) -> Next {
    if saga.state.is_rest() {
        return Next::Rest;
    }
    if saga.held.is_some() {
        return pause(None, trouble_of_held(saga, policy, now));
    }
    match (saga.state.direction(), saga.definition.stage_from(saga.state)) {
        (Direction::Forward, Some(stage)) => forward(saga, stage, policy, now),
        (Direction::Forward, None) | (Direction::Backward, _) => backward(saga, policy, now),
    }
}

fn forward(saga: &Instance, stage: &Stage, policy: &Policy, now: DateTime<Utc>) -> Next {
    let late = now >= saga.deadline_at;
    match stage.work {
        Work::Confirm => Next::Enter(stage.reaches, None),
        Work::Read if late => go_back(saga, policy, now, out_of_time(saga)),
        Work::Read => match waits_until(saga, policy, now) {
            Some(until) => pause(Some(until.min(saga.deadline_at)), None),
            None => Next::Read,
        },
        Work::Effect { .. } => {
            // The position has every effect stage of the definition.
            let Some(position) = saga.position.stage(stage.step) else { return Next::Rest };
            effects(saga, stage, position, policy, now)
        }
    }
}

fn effects(
    saga: &Instance,
    stage: &Stage,
    position: &StagePosition,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Next {
    if position.forward.iter().all(|track| track.standing == Standing::Done) {
        return Next::Enter(stage.reaches, None);
    }
    if position.forward.iter().any(|track| track.standing == Standing::Refused) {
        return go_back(
            saga,
            policy,
            now,
            Cause::Refused { step: stage.step, line: None, status: None, body: None },
        );
    }
    let mut plan = Plan::default();
    for (line, track) in numbered(position.stage, &position.forward) {
        plan.settle(saga, policy, now, position.stage, Effect { step: stage.step, line }, track);
    }
    // The deadline doesn't run while a saga is in doubt (promise 26).
    if now >= saga.deadline_at && plan.doubts.is_empty() {
        return go_back(saga, policy, now, out_of_time(saga));
    }
    let limit = plan.doubts.is_empty().then_some(saga.deadline_at);
    plan.into_next(saga, policy, now, limit)
}

fn backward(saga: &Instance, policy: &Policy, now: DateTime<Utc>) -> Next {
    let mut plan = Plan::default();
    let mut earlier = Earlier::Done;
    for position in &saga.position.stages {
        let stage = position.stage;
        for (line, track) in numbered(stage, &position.forward) {
            let at = usize::from(line.unwrap_or(0));
            match track.standing {
                Standing::Untouched if policy.wants_a_look(saga, stage, track, now) => {
                    plan.settle(saga, policy, now, stage, Effect { step: stage.step, line }, track);
                }
                Standing::Untouched | Standing::Refused => {}
                Standing::Unsure { .. } => match earlier {
                    Earlier::Done => {
                        let effect = Effect { step: stage.step, line };
                        plan.settle(saga, policy, now, stage, effect, track);
                    }
                    // Never sent: nothing to settle.
                    Earlier::Refused | Earlier::Unsettled => {}
                },
                Standing::Done => {
                    let effect = Effect { step: stage.undo, line };
                    plan.settle(saga, policy, now, stage, effect, position.undo[at]);
                }
            }
        }
        earlier = earlier.and(&position.forward);
    }
    if plan.is_empty() {
        let any = saga.position.forward().any(|track| track.standing == Standing::Done);
        let to = if any { State::Compensated } else { State::Rejected };
        return Next::Enter(to, None);
    }
    plan.into_next(saga, policy, now, None)
}

/// What is known of all stages before one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Earlier {
    Done,
    Refused,
    Unsettled,
}

impl Earlier {
    fn and(self, tracks: &[Track]) -> Self {
        let has = |wanted: fn(Standing) -> bool| tracks.iter().any(|track| wanted(track.standing));
        match self {
            Self::Refused | Self::Unsettled => self,
            Self::Done if has(|standing| matches!(standing, Standing::Unsure { .. })) => {
                Self::Unsettled
            }
            Self::Done if has(|standing| standing != Standing::Done) => Self::Refused,
            Self::Done => Self::Done,
        }
    }
}

pub(super) fn waits_until(
    saga: &Instance,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    saga.next_attempt_at.filter(|at| *at > now && !policy.is_too_far(saga, *at, now))
}

pub(super) fn pause(until: Option<DateTime<Utc>>, stuck: Option<Stuck>) -> Next {
    Next::Pause { until, stuck }
}

fn out_of_time(saga: &Instance) -> Cause {
    Cause::Deadline { step: saga.current_step(), detail: saga.last_error.clone() }
}

/// Whether any effect may have happened and may not be sent again.
pub(super) fn in_doubt(saga: &Instance, policy: &Policy, now: DateTime<Utc>) -> bool {
    saga.position.stages.iter().any(|position| {
        position.forward.iter().chain(&position.undo).any(|track| match track.standing {
            Standing::Unsure { since } => !policy.may_repeat(saga, position.stage, since, now),
            Standing::Untouched | Standing::Done | Standing::Refused => false,
        })
    })
}
