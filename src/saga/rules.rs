//! The rules of a table. The machine relies on them, and a test of each kind asserts them.

use std::collections::{BTreeSet, HashSet};

use super::definition::{Definition, Per, Sort, Stage, Work};
use super::word::Step;

impl Definition {
    /// What is wrong with this table, a sentence each.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let records = |stage: &Stage| matches!(stage.work, Work::Record(_));
        let last = self.stages.last();
        if !last.is_some_and(records) || self.stages.iter().filter(|it| records(it)).count() != 1 {
            faults.push("the last stage, and no other, has to record".to_owned());
        }
        let mut words: Vec<_> = self.all_progress().map(|progress| self.word(progress)).collect();
        // One after the other is the same state to whoever reads it.
        let keeps = |at: &usize| matches!(self.stages[at - 1].work, Work::Effects(_));
        let kept = (1..self.stages.len()).filter(keeps).filter(|at| words[*at] == words[at - 1]);
        for at in kept.collect::<Vec<_>>().into_iter().rev() {
            words.remove(at);
        }
        if words.iter().collect::<BTreeSet<_>>().len() != words.len() {
            faults.push("two states have the same word".to_owned());
        }
        let undo = self.actions().filter_map(|(_, action)| action.undo());
        let steps = self.stages.iter().flat_map(|stage| stage.work.steps()).chain(undo);
        let steps: Vec<_> = steps.chain([Step::BEGIN, Step::TAKE_OVER, Step::INTERVENE]).collect();
        if steps.iter().collect::<BTreeSet<_>>().len() != steps.len() {
            faults.push("two steps have the same name".to_owned());
        }
        faults.extend(self.faults_of_sorts());
        faults
    }

    /// Compensable before the pivot, of which there is one at most, retriable after it.
    fn faults_of_sorts(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut earlier = 0;
        for (at, stage) in self.stages.iter().enumerate() {
            let actions = stage.work.actions();
            if actions.is_empty() && matches!(stage.work, Work::Effects(_)) {
                faults.push(format!("stage {at} has no actions"));
            }
            for action in actions {
                let rank = match action.sort {
                    Sort::Compensable { .. } => 0,
                    Sort::Pivot => 1,
                    Sort::Retriable => 2,
                };
                if rank < earlier || (rank == 1 && earlier == 1) {
                    faults.push(format!(
                        "{}: compensable, pivot, retriable: in this order",
                        action.step
                    ));
                }
                earlier = rank;
                if action.sort == Sort::Pivot && action.per == Per::Line {
                    // One line done and another refused would leave no way to go.
                    faults.push(format!("{} is a pivot with lines", action.step));
                }
                if rank < 2 && self.back.is_none() {
                    faults
                        .push(format!("{} may be given up, and there is no way back", action.step));
                }
            }
            let sorts = actions.iter().map(|action| std::mem::discriminant(&action.sort));
            if sorts.collect::<HashSet<_>>().len() > 1 {
                faults.push(format!("stage {at} has actions of different sorts"));
            }
        }
        faults
    }
}
