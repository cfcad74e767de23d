//! `compensate`: stop going forward and undo everything. Allowed in doubt, too: what is known is
//! undone, the rest waits for `resolve`.

use chrono::{DateTime, Utc};

use super::{WHOLE, Word, at_once, entry, then};
use crate::saga::cause::Cause;
use crate::saga::entry::Event;
use crate::saga::give_up::go_back;
use crate::saga::instance::Instance;
use crate::saga::next::Next;
use crate::saga::policy::Policy;
use crate::saga::progress::Direction;

pub(super) fn compensate(
    saga: &mut Instance,
    word: &Word,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Result<String, String> {
    if saga.progress.direction() == Direction::Backward {
        return Err("it is going back already".to_owned());
    }
    let cause = Cause::Operator { operator: word.operator.clone(), reason: word.reason.clone() };
    saga.log(entry(WHOLE, Event::Stopped, 0, word, now));
    let Some(Next::Enter(progress, cause)) = go_back(saga, policy, now, cause) else {
        return Err("there is no way back from here".to_owned());
    };
    saga.enter(progress, cause);
    at_once(saga);
    let then = if progress.is_rest() {
        "nothing was sent: there is nothing to undo".to_owned()
    } else {
        then(saga, policy, now)
    };
    Ok(format!("stopped going forward: {}; {then}", saga.state()))
}
