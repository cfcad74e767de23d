//! Runs as the console prepares, shows and moves them, with the bodies that they have in the API.

use serde_json::Value;
use strum::IntoEnumIterator;
use uuid::Uuid;

use super::super::Operators;
use super::body::{MoveBody, NewRunBody};
use super::change::moved;
use super::prepare::prepare;
use super::view::DetailView;
use crate::auth::{Person, Right};
use crate::bulk::BulkVerb;
use crate::store::AuditAction;
use crate::web::{Problem, read};

/// Prepares the run that a form asks for; returns its id.
pub(crate) async fn prepare_bulk(
    operators: &Operators,
    who: &Person,
    body: &Value,
) -> Result<Uuid, Problem> {
    let mut audited = who.audited_anew(AuditAction::PrepareBulk, &operators.clock);
    let prepared = async {
        who.require(Right::Act)?;
        let run = prepare(operators, who, &read::<NewRunBody>(body)?, &mut audited).await?;
        Ok(run.id)
    };
    let prepared = prepared.await;
    audited.conclude(&operators.executor, prepared).await
}

/// Does this to a run: `start`, `pause`, `resume` or `stop`; `None` for any other word.
pub(crate) async fn move_bulk(
    operators: &Operators,
    who: &Person,
    id: Uuid,
    word: &str,
    body: &Value,
) -> Result<Option<DetailView>, Problem> {
    let Some(verb) = BulkVerb::iter().find(|verb| verb.to_string() == word) else {
        return Ok(None);
    };
    let mut audited = who.audited_anew(verb.audited(), &operators.clock);
    audited.to(&id.to_string());
    let moved = async {
        who.require(Right::Act)?;
        moved(operators, id, &read::<MoveBody>(body)?, verb, &mut audited).await.map(Some)
    };
    let moved = moved.await;
    audited.conclude(&operators.executor, moved).await
}
