//! `retry`: try now what would be tried later.

use chrono::{DateTime, Utc};

use super::{WHOLE, Word, entry, renewal, then};
use crate::saga::definition::Sort;
use crate::saga::effect::Effect;
use crate::saga::entry::Event;
use crate::saga::instance::Instance;
use crate::saga::machine::next;
use crate::saga::next::Next;
use crate::saga::policy::Policy;
use crate::saga::position::Position;
use crate::saga::track::Standing;

pub(super) fn retry(
    saga: &mut Instance,
    word: &Word,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Result<String, String> {
    // After a definite refusal, trying again is a new effect under a new key.
    let refused: Vec<Effect> = refused_for_good(&saga.position).collect();
    for effect in refused {
        saga.log(renewal(saga, effect, word, now));
    }
    saga.log(entry(WHOLE, Event::Retried, 0, word, now));
    saga.next_attempt_at = None;
    match next(saga, policy, now) {
        Next::Read(_) | Next::Call(_) | Next::Enter(..) => Ok(then(saga, policy, now)),
        Next::Pause { .. } | Next::Rest => {
            Err("there is nothing that may be tried: it is in doubt".to_owned())
        }
    }
}

/// Effects that must not be given up and were answered with a definite no.
fn refused_for_good(position: &Position) -> impl Iterator<Item = Effect> {
    let effects = position.actions.iter().flat_map(|action| {
        let forward = action.effects().filter(|_| action.action.sort == Sort::Retriable);
        forward.chain(action.undos())
    });
    effects.filter(|(_, track)| track.standing == Standing::Refused).map(|(effect, _)| effect)
}
