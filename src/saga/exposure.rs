//! What became of the effects of a saga, as far as its log knows, and what they leave the customer and the
//! shop out of.
//!
//! The invariant: `No` means that an effect certainly did not happen, and `Yes` that it certainly did; and
//! never is more out than [`Instance::exposure`] says.

use std::iter::repeat;

use super::effect::Effect;
use super::entry::{Entry, Event};
use super::instance::Instance;
use super::position::Position;
use super::track::{Standing, Track};
use super::word::Step;
use crate::order::{Certainty, Exposure};

/// What became of an effect and of what undoes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accounted {
    /// Which effect; never one that undoes another.
    pub effect: Effect,
    /// Whether it happened.
    pub happened: Certainty,
    /// Whether it was undone; `No` for an effect that can't be.
    pub undone: Certainty,
}

impl Position {
    /// Every effect in the order of the table, without what undoes.
    pub fn accounted(&self) -> Vec<Accounted> {
        let mut all = Vec::new();
        // A later stage is only sent once every effect of the earlier ones is done.
        let mut may_be_sent = true;
        for stage in self.stages() {
            for action in stage {
                let undos = action.undos().map(|(_, track)| Some(track));
                for ((effect, track), undo) in action.effects().zip(undos.chain(repeat(None))) {
                    let happened = match happened(Some(track)) {
                        Certainty::Unknown if !may_be_sent => Certainty::No,
                        known @ (Certainty::Yes | Certainty::No | Certainty::Unknown) => known,
                    };
                    all.push(Accounted { effect, happened, undone: undone(happened, undo) });
                }
            }
            let mut tracks = stage.iter().flat_map(|action| &action.forward);
            may_be_sent &= tracks.all(Track::may_have_happened);
        }
        all
    }
}

impl Instance {
    /// What became of every effect. While an owner drives the saga, calls may be ahead of the log, so it is
    /// judged as if its owner had just died.
    pub fn accounted(&self) -> Vec<Accounted> {
        self.doubted().map_or_else(|| self.position.accounted(), |position| position.accounted())
    }

    /// Takes whatever an owner may have sent by now for unsure.
    pub(super) fn doubt_what_is_under_way(&mut self) {
        if let Some(position) = self.doubted() {
            self.position = position;
        }
    }

    /// Where it would stand if its owner had just died; `None` without one.
    fn doubted(&self) -> Option<Position> {
        if self.owner.is_none() || self.progress.is_rest() {
            return None;
        }
        let mut position = self.position.clone();
        let (effect, event) = (Effect::of(Step::TAKE_OVER), Event::TakenOver(self.progress));
        position.apply(&Entry::new(effect, self.phase(), event, self.updated_at));
        Some(position)
    }

    /// The most that the customer and the shop may be out of now; nothing at rest.
    pub fn exposure(&self) -> Exposure {
        let mut exposure = Exposure::default();
        if self.progress.is_rest() {
            return exposure;
        }
        for Accounted { effect, happened, undone } in self.accounted() {
            let Some(movement) = self.facts.movement(effect) else { continue };
            exposure.account(movement, happened, undone);
        }
        exposure
    }
}

/// Without a track, no such effect can have been sent yet, or there is nothing to pay.
fn happened(track: Option<Track>) -> Certainty {
    match track.map(|track| track.standing) {
        Some(Standing::Done) => Certainty::Yes,
        Some(Standing::Unsure { .. }) => Certainty::Unknown,
        Some(Standing::Refused | Standing::Untouched) | None => Certainty::No,
    }
}

/// An effect that certainly did not happen was never undone.
fn undone(forward: Certainty, undo: Option<Track>) -> Certainty {
    match forward {
        Certainty::No => Certainty::No,
        Certainty::Yes | Certainty::Unknown => happened(undo),
    }
}
