//! `retry`: try now what would be tried later.

use chrono::{DateTime, Utc};

use super::{WHOLE, Word, entry, renewal, then};
use crate::saga::definition::Per;
use crate::saga::effects::{Effect, Position, Standing};
use crate::saga::entry::Event;
use crate::saga::instance::Instance;
use crate::saga::machine::{Next, Policy, next};

pub(super) fn retry(
    saga: &mut Instance,
    word: &Word,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Result<String, String> {
    // After a definite refusal, trying again is a new effect under a new key.
    let refused: Vec<Effect> = refused_undos(&saga.position).collect();
    for effect in refused {
        saga.log(renewal(saga, effect, word, now));
    }
    saga.log(entry(WHOLE, Event::Retried, 0, word, now));
    saga.next_attempt_at = None;
    match next(saga, policy, now) {
        Next::Read | Next::Call(_) | Next::Enter(..) => Ok(then(saga, policy, now)),
        Next::Pause { .. } | Next::Rest => {
            Err("there is nothing that may be tried: it is in doubt".to_owned())
        }
    }
}

/// Refunds and releases that were answered with a definite no.
fn refused_undos(position: &Position) -> impl Iterator<Item = Effect> {
    position.stages.iter().flat_map(|stage| {
        let per_line = stage.stage.per == Per::Line;
        stage.undo.iter().zip(0_u16..).filter_map(move |(track, at)| {
            let effect = Effect { step: stage.stage.undo, line: per_line.then_some(at) };
            (track.standing == Standing::Refused).then_some(effect)
        })
    })
}
