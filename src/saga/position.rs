//! The position of a saga: for every effect, what its log says of it. A fold over the log.

use chrono::{DateTime, TimeDelta, Utc};

use super::action::ActionPosition;
use super::definition::{Definition, Sort, Stage, Work};
use super::effect::Effect;
use super::entry::{Entry, Event};
use super::facts::SagaFacts;
use super::neighbour::Promises;
use super::progress::Progress;
use super::track::{Standing, Track};
use super::word::Step;

/// Calls that were made side by side are logged out of order by less than this.
const SIDE_BY_SIDE: TimeDelta = TimeDelta::minutes(1);

/// The standing of every effect of a saga.
#[derive(Clone, Debug, PartialEq)]
pub struct Position {
    /// In the order of the table. Actions whose effects are not known yet have none.
    pub actions: Vec<ActionPosition>,
    definition: ByTable,
    promises: Promises,
    accepted_at: DateTime<Utc>,
    last_entry_at: DateTime<Utc>,
    /// What went wrong last with effects, as far as it is logged.
    errors: Vec<(Effect, String)>,
}

/// A table, which is the same only as itself.
#[derive(Clone, Copy, Debug)]
struct ByTable(&'static Definition);

impl PartialEq for ByTable {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Position {
    /// The position of a saga of which nothing is logged.
    pub fn new(
        definition: &'static Definition,
        facts: &SagaFacts,
        promises: &Promises,
        accepted_at: DateTime<Utc>,
    ) -> Self {
        let actions = definition.actions().map(|(stage, action)| {
            let (forward, undo) = (Vec::new(), Vec::new());
            let mut position = ActionPosition { action, stage, forward, undo };
            position.widen(facts);
            position
        });
        let (actions, promises) = (actions.collect(), promises.clone());
        let (definition, last_entry_at) = (ByTable(definition), accepted_at);
        Self { actions, definition, promises, accepted_at, last_entry_at, errors: Vec::new() }
    }

    /// More is known of the saga, since `now`: effects that were not known before, and which nobody
    /// can have sent before.
    pub(super) fn widen(&mut self, facts: &SagaFacts, now: DateTime<Utc>) {
        self.actions.iter_mut().for_each(|action| action.widen(facts));
        self.last_entry_at = self.last_entry_at.max(now);
    }

    /// Takes in the next entry of the log. One that is earlier than the one before it was written by
    /// a clock that had been set back: what was sent before is older than it looks.
    pub fn apply(&mut self, entry: &Entry) {
        let ahead = entry.started_at - self.last_entry_at;
        if ahead < -SIDE_BY_SIDE {
            self.clock_was_set_back(ahead);
            self.last_entry_at = entry.started_at;
        }
        match entry.event {
            Event::TakenOver(progress) => self.doubt_unlogged(progress, entry.started_at),
            Event::Begun | Event::Retried | Event::Stopped | Event::Held | Event::Released => {}
            Event::Sending => self.on(entry.effect, |track| {
                let is_first = track.standing == Standing::Untouched;
                track.sole_intent = is_first.then_some(entry.attempt);
                track.attempts = track.attempts.max(entry.attempt);
                track.open_since = Some(entry.started_at);
                track.doubt_from(entry.started_at);
            }),
            Event::Came(outcome) => self.on(entry.effect, |track| track.came(outcome, entry)),
            Event::Found => self.found(entry.effect),
            Event::Happened => self.on(entry.effect, |track| track.standing = Standing::Done),
            Event::DidNotHappen => {
                self.on(entry.effect, |track| track.standing = Standing::Refused);
            }
            Event::Renewed => self.on(entry.effect, |track| {
                *track = Track { generation: entry.generation, ..Track::NEW };
            }),
        }
        self.note_error(entry);
        self.last_entry_at = self.last_entry_at.max(entry.started_at);
    }

    fn note_error(&mut self, entry: &Entry) {
        if entry.error.is_some() || entry.event == Event::Renewed {
            self.errors.retain(|(effect, _)| *effect != entry.effect);
            self.errors.extend(entry.error.clone().map(|error| (entry.effect, error)));
        }
    }

    /// What went wrong last with this effect.
    pub(super) fn error_of(&self, effect: Effect) -> Option<&str> {
        let mut errors = self.errors.iter();
        errors.find_map(|(of, error)| (*of == effect).then_some(error.as_str()))
    }

    /// An owner died when the saga had come this far. At neighbours that were idempotent when the
    /// saga began, calls run ahead of their records, so everything that the owner could have come to
    /// may have been sent, at the earliest after the last entry. At others, the log has every intent.
    fn doubt_unlogged(&mut self, progress: Progress, taken_over_at: DateTime<Utc>) {
        match progress {
            Progress::Forward { done } => self.doubt_ahead(done, taken_over_at),
            Progress::Backward => self.doubt_undos(taken_over_at),
            Progress::Rest(_) => {}
        }
    }

    fn doubt_ahead(&mut self, done: usize, taken_over_at: DateTime<Utc>) {
        let (since, barrier) = (self.last_entry_at, self.definition.0.next_barrier(done));
        let mut at = 0;
        while let Some(stage) = self.actions.get(at).map(|action| action.stage) {
            if stage >= barrier {
                return;
            }
            let length = self.actions[at..].iter().take_while(|it| it.stage == stage).count();
            let actions = &mut self.actions[at..at + length];
            let mut all_logged_are_done = true;
            for action in &mut *actions {
                if self.promises.of(action.action.at) {
                    for track in &mut action.forward {
                        track.may_have_begun(since, taken_over_at);
                    }
                } else {
                    all_logged_are_done &= action.is_done();
                }
            }
            // At a neighbour that is not idempotent, the outcome is durable before the next stage
            // begins: unless it is done, nothing later was sent.
            if !all_logged_are_done {
                return;
            }
            at += length;
        }
    }

    fn doubt_undos(&mut self, taken_over_at: DateTime<Utc>) {
        let since = self.last_entry_at;
        let promises = &self.promises;
        for action in self.actions.iter_mut().filter(|action| promises.of(action.action.at)) {
            for (undo, forward) in action.undo.iter_mut().zip(&action.forward) {
                if forward.may_have_happened() {
                    undo.may_have_begun(since, taken_over_at);
                }
            }
        }
    }

    /// It happened in a future that the books have lost: so may have what comes after it.
    fn found(&mut self, effect: Effect) {
        let since = self.accepted_at;
        let stage = self.action(effect.step).map_or(usize::MAX, |action| action.stage);
        let later = self.actions.iter_mut().filter(|action| action.stage > stage);
        later.flat_map(|action| &mut action.forward).for_each(|track| track.doubt_from(since));
        self.on(effect, |track| track.standing = Standing::Done);
    }

    /// A look-up has found nothing of it. Kept in memory only: whoever takes the saga up looks again.
    pub(super) fn note_missing(&mut self, effect: Effect) {
        self.on(effect, |track| track.is_missing = true);
    }

    /// The clock was set back, by this much (below zero): the moments in memory are of the clock as
    /// it was.
    pub(super) fn clock_was_set_back(&mut self, by: TimeDelta) {
        let all = self.actions.iter_mut();
        for track in all.flat_map(|action| action.forward.iter_mut().chain(&mut action.undo)) {
            if let Standing::Unsure { since } = &mut track.standing {
                *since += by;
            }
            if let Some(begun) = &mut track.open_since {
                *begun += by;
            }
        }
    }

    fn on(&mut self, effect: Effect, change: impl FnOnce(&mut Track)) {
        let at = usize::from(effect.line.unwrap_or(0));
        let track = self.actions.iter_mut().find_map(|action| {
            let tracks = match effect.step {
                step if step == action.action.step => &mut action.forward,
                step if Some(step) == action.action.undo() => &mut action.undo,
                _not_this_action => return None,
            };
            tracks.get_mut(at)
        });
        if let Some(track) = track {
            change(track);
        }
    }

    /// What is known of an effect; `None` for a step without effects, or a line out of range.
    pub fn track(&self, effect: Effect) -> Option<Track> {
        let at = usize::from(effect.line.unwrap_or(0));
        self.actions.iter().find_map(|action| {
            let tracks = match effect.step {
                step if step == action.action.step => &action.forward,
                step if Some(step) == action.action.undo() => &action.undo,
                _not_this_action => return None,
            };
            tracks.get(at).copied()
        })
    }

    /// The action of this forward step.
    pub fn action(&self, step: Step) -> Option<&ActionPosition> {
        self.actions.iter().find(|action| action.action.step == step)
    }

    /// The action of this step, be it forward or undoing.
    pub fn action_of(&self, step: Step) -> Option<&ActionPosition> {
        let is_of = |it: &&ActionPosition| it.action.step == step || it.action.undo() == Some(step);
        self.actions.iter().find(is_of)
    }

    /// The actions of the stage at this place.
    pub fn of_stage(&self, stage: usize) -> impl Iterator<Item = &ActionPosition> {
        self.actions.iter().filter(move |action| action.stage == stage)
    }

    /// The actions stage by stage, in order.
    pub fn stages(&self) -> impl Iterator<Item = &[ActionPosition]> {
        self.actions.chunk_by(|one, other| one.stage == other.stage)
    }

    /// Every forward effect, over all actions.
    pub fn forward(&self) -> impl Iterator<Item = &Track> {
        self.actions.iter().flat_map(|action| &action.forward)
    }

    /// Whether what the stage at this place does may be given up: it can be undone, or only be refused.
    pub(super) fn may_be_given_up(&self, stage: usize) -> bool {
        self.of_stage(stage).all(|action| match action.action.sort {
            Sort::Compensable { .. } | Sort::Pivot => true,
            Sort::Retriable => false,
        })
    }

    /// Something that can't be undone happened, or may have: from here on it only goes forward. What
    /// stands behind an effect that surely did not happen was never sent, whatever a dead owner left
    /// unsure. A kind without a way back is past it from the start.
    pub fn is_past_return(&self) -> bool {
        if self.definition.0.back.is_none() {
            return true;
        }
        let mut may_be_sent = true;
        for stage in self.stages() {
            let lasting = stage.iter().filter(|action| match action.action.sort {
                Sort::Compensable { .. } => false,
                Sort::Pivot | Sort::Retriable => true,
            });
            let mut lasting = lasting.flat_map(|action| &action.forward);
            if may_be_sent && lasting.any(Track::may_have_happened) {
                return true;
            }
            let mut tracks = stage.iter().flat_map(|action| &action.forward);
            may_be_sent &= tracks.all(Track::may_have_happened);
        }
        false
    }
}

impl Definition {
    /// How far the calls of an owner can have run ahead of its records, when this many stages are
    /// durably done: the place of the first stage beyond. What was read is durable before an effect
    /// is sent, and so is everything before a pivot.
    fn next_barrier(&self, done: usize) -> usize {
        let is_barrier = |(at, stage): &(usize, &Stage)| match &stage.work {
            Work::Read { .. } | Work::Record(_) => true,
            Work::Effects(actions) => {
                *at > done && actions.iter().any(|action| action.sort == Sort::Pivot)
            }
        };
        let ahead = self.stages.iter().enumerate().skip(done);
        ahead.into_iter().find(is_barrier).map_or(self.stages.len(), |(at, _)| at)
    }
}
