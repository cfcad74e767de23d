//! Where a saga stood when its log ended with one of its entries.
//!
//! States are not logged: they follow from what was done. What is not in the log, such as who held the saga or
//! when it was due, is not known of the past.

use super::definition::{Definition, Sort, Work};
use super::entry::{Entry, Event};
use super::outcome::Outcome;
use super::position::Position;
use super::progress::{End, Progress};
use super::track::Standing;
use super::word::Phase;

/// How far a saga of this table had come, with this log, which adds up to this position.
pub fn progress_after(definition: &Definition, position: &Position, log: &[Entry]) -> Progress {
    let went_back = log.iter().any(|entry| {
        let undoes = definition.actions().any(|(_, it)| it.undo() == Some(entry.effect.step));
        entry.phase == Phase::Compensation || entry.event == Event::Stopped || undoes
    });
    let refused = position.actions.iter().any(|action| {
        let may_be_refused = action.action.sort != Sort::Retriable;
        let mut tracks = action.forward.iter();
        may_be_refused && tracks.any(|track| track.standing == Standing::Refused)
    });
    if definition.back.is_some() && (went_back || refused) {
        let mut happened = position.forward();
        let any = happened.any(|track| track.may_have_happened());
        return if any { Progress::Backward } else { Progress::Rest(End::Rejected) };
    }
    let is_logged_as_done = |step| {
        let is_it =
            |entry: &Entry| entry.effect.step == step && entry.event == Event::Came(Outcome::Done);
        log.iter().any(is_it)
    };
    let is_done = |(at, stage): (usize, &super::definition::Stage)| match &stage.work {
        Work::Read { step, .. } | Work::Record(step) => is_logged_as_done(*step),
        Work::Effects(_) => position.of_stage(at).all(super::ActionPosition::is_done),
    };
    let done = definition.stages.iter().enumerate().take_while(|stage| is_done(*stage)).count();
    if done == definition.stages.len() {
        Progress::Rest(End::Completed)
    } else {
        Progress::Forward { done }
    }
}
