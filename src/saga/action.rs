//! What is known of the effects of one action.

use super::definition::{Action, Per};
use super::effect::Effect;
use super::facts::SagaFacts;
use super::track::{Standing, Track};
use super::word::Step;

/// The effects of one action: forward, and what undoes each.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionPosition {
    /// The action.
    pub action: &'static Action,
    /// The place of its stage in the table.
    pub stage: usize,
    /// Forward: one for each line, or one in all.
    pub forward: Vec<Track>,
    /// What undoes the forward effect at the same place; as many, and none where it can't be undone.
    pub undo: Vec<Track>,
}

impl ActionPosition {
    /// The forward effects with what is known of them.
    pub fn effects(&self) -> impl Iterator<Item = (Effect, Track)> {
        self.forward
            .iter()
            .zip(0_u16..)
            .map(|(track, at)| (self.effect(self.action.step, at), *track))
    }

    /// The effects that undo, with what is known of them.
    pub fn undos(&self) -> impl Iterator<Item = (Effect, Track)> {
        let undo = self.action.undo();
        let tracks = self.undo.iter().zip(0_u16..);
        tracks.filter_map(move |(track, at)| Some((self.effect(undo?, at), *track)))
    }

    /// Every effect is done.
    pub fn is_done(&self) -> bool {
        self.forward.iter().all(|track| track.standing == Standing::Done)
    }

    fn effect(&self, step: Step, at: u16) -> Effect {
        match self.action.per {
            Per::Saga => Effect::of(step),
            Per::Line => Effect::of_line(step, at),
        }
    }

    /// Makes room for effects that are known now and were not before.
    pub(super) fn widen(&mut self, facts: &SagaFacts) {
        if !self.forward.is_empty() {
            return;
        }
        let width = facts.width(self.action.step);
        self.forward = vec![Track::NEW; width];
        let undos = if self.action.undo().is_some() { width } else { 0 };
        self.undo = vec![Track::NEW; undos];
    }
}
