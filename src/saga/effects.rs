//! The money-and-stock position of a saga: for every effect, what its log says of it.
//!
//! A fold over the log. The invariant: an effect that may have been sent is never `Untouched`, and
//! doubt is sticky: only an outcome that settles it, or a person, ends it (promise 13).

use chrono::{DateTime, TimeDelta, Utc};

use super::context::{Context, Kinds};
use super::definition::{Definition, EffectStage};
use super::entry::{Entry, Event};
use super::outcome::Outcome;
use super::vocabulary::{Direction, State, Step};

/// Entries of calls that were made side by side may be out of order by less.
const A_STEP: TimeDelta = TimeDelta::minutes(1);

/// Which effect: a step, and the cart's line where there is one per line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Effect {
    /// The step.
    pub step: Step,
    /// The line, from 0.
    pub line: Option<u16>,
}

/// What is known of an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It was surely never sent.
    Untouched,
    /// It may have been sent, at the earliest then, and is not settled.
    Unsure {
        /// The earliest moment at which its key may have reached the neighbour.
        since: DateTime<Utc>,
    },
    /// Settled: it happened.
    Done,
    /// Settled: it did not happen.
    Refused,
}

impl Standing {
    /// Nothing more can be learnt of it.
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Done | Self::Refused)
    }
}

/// An effect's standing with what its next attempt needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Track {
    /// What is known.
    pub standing: Standing,
    /// Which doing of it, from 0.
    pub generation: u32,
    /// Attempts logged of this doing.
    pub attempts: u32,
    /// A call of it may be in flight since then: it was begun, and what came of it is not known.
    pub open_since: Option<DateTime<Utc>>,
    /// It was looked up just now, and the neighbour has nothing recorded of it.
    pub is_missing: bool,
    /// The attempt whose intent is logged and whose outcome is not, where nothing before it was
    /// unsure: if that very attempt turns out not to have been sent, the effect is untouched again.
    sole_intent: Option<u32>,
}

impl Track {
    const NEW: Self = Self {
        standing: Standing::Untouched,
        generation: 0,
        attempts: 0,
        open_since: None,
        is_missing: false,
        sole_intent: None,
    };

    fn doubt_from(&mut self, moment: DateTime<Utc>) {
        self.standing = match self.standing {
            Standing::Untouched => Standing::Unsure { since: moment },
            Standing::Unsure { since } => Standing::Unsure { since: since.min(moment) },
            settled @ (Standing::Done | Standing::Refused) => settled,
        };
    }

    /// A dead owner may have begun a call of it at any time between these two.
    fn may_have_begun(&mut self, earliest: DateTime<Utc>, latest: DateTime<Utc>) {
        if !self.standing.is_settled() {
            self.doubt_from(earliest);
            self.open_since = Some(latest);
        }
    }

    fn came(&mut self, outcome: Outcome, entry: &Entry) {
        self.attempts = self.attempts.max(entry.attempt);
        let sole_intent = std::mem::take(&mut self.sole_intent);
        self.open_since = None;
        if self.standing.is_settled() {
            return;
        }
        match outcome {
            Outcome::Done => self.standing = Standing::Done,
            Outcome::Refused => self.standing = Standing::Refused,
            Outcome::NotSent if sole_intent == Some(entry.attempt) => {
                self.standing = Standing::Untouched;
            }
            Outcome::NotSent => {}
            Outcome::Unknown => self.doubt_from(entry.started_at),
        }
    }
}

/// The effects of one stage: forward, and what undoes each.
#[derive(Clone, Debug, PartialEq)]
pub struct StagePosition {
    /// The stage.
    pub stage: EffectStage,
    /// Forward, one per line or one in all.
    pub forward: Vec<Track>,
    /// What undoes the forward effect at the same place.
    pub undo: Vec<Track>,
}

/// The standing of every effect of a saga.
#[derive(Clone, Debug, PartialEq)]
pub struct Position {
    /// In forward order. Widths are 0 until the saga is priced: nothing can have been sent.
    pub stages: Vec<StagePosition>,
    kinds: Kinds,
    accepted_at: DateTime<Utc>,
    last_entry_at: DateTime<Utc>,
}

impl Position {
    /// The position of a saga of which nothing is logged.
    pub fn new(definition: &Definition, context: &Context, accepted_at: DateTime<Utc>) -> Self {
        let stages = definition.effect_stages().map(|stage| {
            let width = stage.width(context);
            StagePosition { stage, forward: vec![Track::NEW; width], undo: vec![Track::NEW; width] }
        });
        let (stages, kinds) = (stages.collect(), context.kinds);
        Self { stages, kinds, accepted_at, last_entry_at: accepted_at }
    }

    /// The position of a saga that was priced then: nothing was sent before.
    pub(super) fn priced(
        definition: &Definition,
        context: &Context,
        times: [DateTime<Utc>; 2],
    ) -> Self {
        let [accepted_at, last_entry_at] = times;
        Self { last_entry_at, ..Self::new(definition, context, accepted_at) }
    }

    /// Takes in the next entry of the log. One that is earlier than the one before it was written by a
    /// clock that had been set back: what was sent before is older than it looks.
    pub fn apply(&mut self, entry: &Entry) {
        let ahead = entry.started_at - self.last_entry_at;
        if ahead < -A_STEP {
            self.clock_was_set_back(ahead);
            self.last_entry_at = entry.started_at;
        }
        match entry.event {
            Event::TakenOver(state) => self.doubt_unlogged(state, entry.started_at),
            Event::Retried | Event::Stopped | Event::Held | Event::Released => {}
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
        self.last_entry_at = self.last_entry_at.max(entry.started_at);
    }

    /// An owner died in `state`. At neighbours that were idempotent when the saga began, calls run
    /// ahead of their records, so everything that the owner could have come to may have been sent,
    /// at the earliest after the last entry. At others, the log has every intent.
    fn doubt_unlogged(&mut self, state: State, taken_over_at: DateTime<Utc>) {
        if matches!(state, State::Started | State::ProfileFetched) {
            // Nothing is sent before a durable `Priced`.
            return;
        }
        let since = self.last_entry_at;
        for stage in &mut self.stages {
            let idempotent = self.kinds.of(stage.stage.at);
            match state.direction() {
                Direction::Forward if idempotent => {
                    stage.forward.iter_mut().for_each(|track| {
                        track.may_have_begun(since, taken_over_at);
                    });
                }
                // Its outcome is durable before the next stage begins: unless it is done, nothing
                // later was sent.
                Direction::Forward => {
                    if stage.forward.iter().any(|track| track.standing != Standing::Done) {
                        return;
                    }
                }
                Direction::Backward if idempotent => {
                    let sent = stage.forward.iter().map(|track| match track.standing {
                        Standing::Done | Standing::Unsure { .. } => true,
                        Standing::Untouched | Standing::Refused => false,
                    });
                    let undo = stage.undo.iter_mut().zip(sent);
                    undo.filter(|(_, sent)| *sent)
                        .for_each(|(track, _)| track.may_have_begun(since, taken_over_at));
                }
                Direction::Backward => {}
            }
        }
    }

    /// It happened in a future that the books have lost: so may have what comes after it.
    fn found(&mut self, effect: Effect) {
        let since = self.accepted_at;
        let at = self.stages.iter().position(|stage| stage.stage.step == effect.step);
        let later = self.stages.iter_mut().skip(at.map_or(usize::MAX, |at| at + 1));
        later.flat_map(|stage| &mut stage.forward).for_each(|track| track.doubt_from(since));
        self.on(effect, |track| track.standing = Standing::Done);
    }

    /// A look has found nothing of it. Only in memory: whoever takes the saga up looks again.
    pub(super) fn note_missing(&mut self, effect: Effect) {
        self.on(effect, |track| track.is_missing = true);
    }

    /// The clock was set by so much, back: moments that are in memory are of the clock as it is now.
    pub(super) fn clock_was_set_back(&mut self, by: TimeDelta) {
        let tracks = self
            .stages
            .iter_mut()
            .flat_map(|stage| stage.forward.iter_mut().chain(&mut stage.undo));
        for track in tracks {
            if let Standing::Unsure { since } = &mut track.standing {
                *since += by;
            }
            if let Some(begun) = &mut track.open_since {
                *begun += by;
            }
        }
    }

    fn on(&mut self, effect: Effect, change: impl FnOnce(&mut Track)) {
        if let Some(track) = self.track_mut(effect) {
            change(track);
        }
    }

    fn track_mut(&mut self, effect: Effect) -> Option<&mut Track> {
        let at = usize::from(effect.line.unwrap_or(0));
        self.stages.iter_mut().find_map(|stage| {
            let tracks = match effect.step {
                step if step == stage.stage.step => &mut stage.forward,
                step if step == stage.stage.undo => &mut stage.undo,
                _not_this_stage => return None,
            };
            tracks.get_mut(at)
        })
    }

    /// What is known of an effect; `None` for a step without effects, or a line out of range.
    pub fn track(&self, effect: Effect) -> Option<Track> {
        let at = usize::from(effect.line.unwrap_or(0));
        self.stages.iter().find_map(|stage| {
            let tracks = match effect.step {
                step if step == stage.stage.step => &stage.forward,
                step if step == stage.stage.undo => &stage.undo,
                _not_this_stage => return None,
            };
            tracks.get(at).copied()
        })
    }

    /// The stage whose forward step this is.
    pub fn stage(&self, step: Step) -> Option<&StagePosition> {
        self.stages.iter().find(|stage| stage.stage.step == step)
    }

    /// Every forward effect, over all stages.
    pub fn forward(&self) -> impl Iterator<Item = &Track> {
        self.stages.iter().flat_map(|stage| &stage.forward)
    }
}
