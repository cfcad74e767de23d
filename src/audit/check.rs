//! The check before a deployment: which sagas in flight the new binary could not continue.

use serde::Serialize;

use crate::saga::{SagaId, StuckKind};
use crate::store::{Error, Kept, Schema, Store};

/// Sagas read at a time.
const PAGE: u64 = 250;
/// The most sagas in each list; those beyond are only counted.
const KEPT: usize = 1_000;

/// A saga in a list of the check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Unfit {
    /// Its id.
    pub id: SagaId,
    /// The stored word for its kind.
    pub kind: String,
    /// The version of the kind's table.
    pub version: i32,
    /// The stored word for its state.
    pub state: String,
    /// What this binary can't read of it, or why it was set aside.
    pub why: String,
}

/// The result of a check.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Checked {
    /// Sagas that are not at rest.
    pub open: u64,
    /// How many of the open sagas this binary could not continue.
    pub lost: u64,
    /// The first of those.
    pub could_not: Vec<Unfit>,
    /// Sagas that an older binary set aside and this one would take up.
    pub regained: u64,
    /// The first of those.
    pub would_take_up: Vec<Unfit>,
    /// Migrations that this binary would run.
    pub missing_migrations: Vec<String>,
    /// Migrations in the database that this binary doesn't know.
    pub newer_migrations: Vec<String>,
}

/// Tries to read every saga in flight as a service with the store's tables would. Writes nothing.
pub async fn check(store: &Store) -> Result<Checked, Error> {
    let Schema { missing, newer, is_empty } = store.schema().await?;
    let mut checked =
        Checked { missing_migrations: missing, newer_migrations: newer, ..Checked::default() };
    if is_empty {
        return Ok(checked);
    }
    let is_open = |state: &String| !store.catalogue().is_rest(state);
    for state in store.states().await?.into_iter().filter(is_open) {
        let mut after = None;
        loop {
            let page = store.sagas_in(&state, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some((last.row.created_at, last.row.id.0));
            for saga in page {
                checked.look_at(saga);
            }
        }
    }
    Ok(checked)
}

impl Checked {
    fn look_at(&mut self, saga: Kept) {
        self.open += 1;
        let stuck = saga.row.stuck.filter(|stuck| stuck.kind == StuckKind::Unreadable);
        let (why, count, kept) = match (saga.readable, stuck) {
            (Err(unreadable), _) => (unreadable.detail, &mut self.lost, &mut self.could_not),
            (Ok(_), Some(stuck)) => (stuck.detail, &mut self.regained, &mut self.would_take_up),
            (Ok(_), None) => return,
        };
        *count += 1;
        if kept.len() < KEPT {
            let (id, kind, state) = (saga.row.id, saga.row.kind, saga.row.state);
            kept.push(Unfit { id, kind, version: saga.version, state, why });
        }
    }
}
