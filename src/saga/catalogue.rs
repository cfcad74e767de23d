//! Every table of every kind of saga that a binary knows.

use super::definition::{Action, Definition, Per, Work};
use super::neighbour::Neighbour;
use super::progress::Progress;
use super::word::Step;

/// The tables that a binary can carry sagas by.
#[derive(Clone, Copy, Debug)]
pub struct Catalogue(&'static [&'static Definition]);

impl Catalogue {
    /// Of these tables.
    pub const fn of(definitions: &'static [&'static Definition]) -> Self {
        Self(definitions)
    }

    /// Every table.
    pub fn tables(self) -> &'static [&'static Definition] {
        self.0
    }

    /// The table of this kind and version.
    pub fn find(self, kind: &str, version: i32) -> Option<&'static Definition> {
        let is_it = |known: &&Definition| known.kind == kind && known.version == version;
        self.0.iter().copied().find(is_it)
    }

    /// The last table of this kind.
    pub fn latest(self, kind: &str) -> Option<&'static Definition> {
        let of_kind = self.0.iter().copied().filter(|known| known.kind == kind);
        of_kind.max_by_key(|known| known.version)
    }

    /// The names of the kinds, each once.
    pub fn kinds(self) -> Vec<&'static str> {
        distinct(self.0.iter().map(|definition| definition.kind))
    }

    /// The words for where a saga can stand, each once, in the order of the tables.
    pub fn states(self) -> Vec<&'static str> {
        self.words(|_| true)
    }

    /// The words of sagas that are not at rest.
    pub fn open_states(self) -> Vec<&'static str> {
        self.words(|progress| !progress.is_rest())
    }

    /// The words of sagas that go back.
    pub fn states_going_back(self) -> Vec<&'static str> {
        self.words(|progress| progress == Progress::Backward)
    }

    /// Whether this word says that a saga is at rest; not so for a word that nobody knows.
    pub fn is_rest(self, state: &str) -> bool {
        self.words(Progress::is_rest).contains(&state)
    }

    /// Every step that has effects, each once: forward steps first, then those that undo.
    pub fn effect_steps(self) -> Vec<(Step, Per)> {
        let actions = || self.0.iter().flat_map(|definition| definition.actions());
        let forward = actions().map(|(_, action)| (action.step, action.per));
        let undo = actions().filter_map(|(_, action)| Some((action.undo()?, action.per)));
        distinct(forward.chain(undo))
    }

    /// Every step of every kind, each once: the forward ones in order, then those that undo.
    pub fn steps(self) -> Vec<&'static str> {
        let stages = || self.0.iter().flat_map(|definition| definition.stages);
        let forward = stages().flat_map(|stage| stage.work.steps());
        let undo = stages().flat_map(|stage| stage.work.actions()).filter_map(Action::undo);
        distinct(forward.chain(undo).map(Step::word))
    }

    /// Everybody who is called, each once.
    pub fn neighbours(self) -> Vec<&'static str> {
        let stages = self.0.iter().flat_map(|definition| definition.stages);
        let called = stages.flat_map(|stage| match &stage.work {
            Work::Read { from, .. } => vec![*from],
            Work::Effects(actions) => actions.iter().map(|action| action.at).collect(),
            Work::Record(_) => Vec::new(),
        });
        distinct(called.map(Neighbour::name))
    }

    fn words(self, wanted: impl Fn(Progress) -> bool) -> Vec<&'static str> {
        let words = self.0.iter().flat_map(|definition| {
            let wanted = definition.all_progress().filter(|progress| wanted(*progress));
            wanted.map(|progress| definition.word(progress)).collect::<Vec<_>>()
        });
        distinct(words)
    }
}

fn distinct<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut distinct = Vec::new();
    for one in all {
        if !distinct.contains(&one) {
            distinct.push(one);
        }
    }
    distinct
}
