//! Sagas in trouble: their rows, the groups that they form, and what is out by them.

use chrono::{DateTime, Utc};
use entity::{saga_instance, step_log};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QueryResult};
use std::collections::HashMap;
use uuid::Uuid;

use super::codec::{OVER, TROUBLE, instance_of, trouble_row};
use super::retry::Retries;
use super::rowset::{Form, Rowset};
use super::saga::IN_FLIGHT;
use super::transaction::Transaction;
use super::{Error, Found, Store, Unreadable};
use crate::order::Paise;
use crate::saga::{Instance, SagaId, Trouble};

/// That a saga is in trouble, or is no longer.
#[derive(Clone, Debug)]
pub struct Troubled {
    pub(super) saga: SagaId,
    pub(super) kind: String,
    pub(super) created_at: DateTime<Utc>,
    pub(super) trouble: Option<Trouble>,
}

impl Troubled {
    /// The saga is in this trouble.
    pub fn of(saga: &Instance, trouble: Trouble) -> Self {
        let (kind, created_at) = (saga.definition.kind.to_owned(), saga.created_at);
        Self { saga: saga.id, kind, created_at, trouble: Some(trouble) }
    }

    /// The saga is in no trouble any more.
    pub fn over(saga: SagaId) -> Self {
        let (kind, created_at) = (String::new(), DateTime::UNIX_EPOCH);
        Self { saga, kind, created_at, trouble: None }
    }

    /// This binary can't read the saga.
    fn unreadable(row: saga_instance::Model, unreadable: &Unreadable, store: &Store) -> Self {
        let found = store.found(row);
        let lines = found.known.as_ref().map_or(&[][..], |known| known.facts.lines());
        let Unreadable { step, detail, .. } = unreadable;
        let trouble = Trouble::unreadable(step, detail, found.amount, lines);
        let (saga, created_at) = (found.id, found.created_at);
        Self { saga, kind: found.kind, created_at, trouble: Some(trouble) }
    }
}

/// Sagas in the same trouble.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The same everywhere, as long as its sagas are in the same trouble.
    pub id: String,
    /// Their kind.
    pub kind: String,
    /// What is stuck or failing.
    pub step: String,
    /// Why they need a person; `None` where they are still tried.
    pub stuck: Option<String>,
    /// What went wrong, without what differs between them.
    pub error: String,
    /// How many they are.
    pub count: u64,
    /// What is out by all of them, at most.
    pub money: Paise,
    /// When the first of them was accepted.
    pub oldest: DateTime<Utc>,
    /// And the last.
    pub newest: DateTime<Utc>,
    /// One of them.
    pub sample: SagaId,
}

/// What is out by sagas in trouble.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Out {
    /// Sagas by which money may be out.
    pub money_sagas: u64,
    /// At most so much.
    pub money: Paise,
    /// Sagas by which stock may be out.
    pub stock_sagas: u64,
    /// At most so many pieces.
    pub pieces: u64,
}

/// One for each saga: the last word counts.
pub(super) fn write_troubles(form: Form, first: usize) -> String {
    let insert = form.insert("saga_trouble", &TROUBLE, first);
    let set = TROUBLE.iter().skip(1).map(|(name, _)| format!("{name} = excluded.{name}"));
    let set = set.collect::<Vec<_>>().join(", ");
    format!("{insert} ON CONFLICT (saga_id) DO UPDATE SET {set}")
}

pub(super) fn end_troubles(form: Form, first: usize) -> String {
    let over = form.source(&OVER, first);
    format!("DELETE FROM saga_trouble WHERE saga_id IN (SELECT saga_id FROM {over})")
}

/// How many sagas are looked at in one transaction.
const BATCH: usize = 200;

impl Store {
    /// Writes the rows of those in trouble that have none, and removes those that are at rest: a binary that
    /// knows nothing of them has written the sagas, or could not read them.
    pub async fn note_troubles(&self) -> Result<(), Error> {
        let over = format!(
            "DELETE FROM saga_trouble WHERE saga_id IN (SELECT t.saga_id FROM saga_trouble t \
             JOIN saga_instance s ON s.id = t.saga_id WHERE s.owner IS NULL AND NOT {IN_FLIGHT})"
        );
        self.write.execute_raw(self.statement(&over, vec![])).await?;
        let mut retries = Retries::new(self.write.clock());
        loop {
            let transaction = self.write.begin().await?;
            let noted = self.note_troubles_in(&transaction).await;
            let ended = transaction.end(noted).await;
            if retries.may_retry_transaction(&ended, self.write.clock()).await {
                continue;
            }
            if ended? < BATCH {
                return Ok(());
            }
        }
    }

    async fn note_troubles_in(&self, transaction: &Transaction) -> Result<usize, Error> {
        let going_back = self.catalogue.states_going_back();
        let going_back: Vec<_> = going_back.iter().map(|state| format!("'{state}'")).collect();
        let is_failing = format!(
            "next_attempt_at IS NOT NULL AND (attempts > 0 OR last_error IS NOT NULL \
             OR state IN ({}))",
            going_back.join(", ")
        );
        let mut ids = Vec::new();
        // Each by an index of its own.
        for in_trouble in ["stuck_kind IS NOT NULL", &is_failing] {
            let sql = format!(
                "SELECT id FROM saga_instance WHERE owner IS NULL AND {in_trouble} \
                 AND NOT EXISTS (SELECT 1 FROM saga_trouble \
                 WHERE saga_trouble.saga_id = saga_instance.id) LIMIT {BATCH} {}",
                self.for_update(),
            );
            ids.extend(self.ids(transaction, &sql, vec![]).await?);
        }
        ids.sort_unstable();
        ids.dedup();
        let looked_at = ids.len();
        let rows = saga_instance::Entity::find().filter(saga_instance::Column::Id.is_in(ids));
        let rows = rows.all(transaction).await?;
        let mut logs = logs(transaction, &rows).await?;
        let troubled = rows.into_iter().filter_map(|row| {
            let log = logs.remove(&row.id).unwrap_or_default();
            match instance_of(row.clone(), log, self.catalogue) {
                Ok(saga) => Trouble::of(&saga).map(|trouble| Troubled::of(&saga, trouble)),
                Err(unreadable) => Some(Troubled::unreadable(row, &unreadable, self)),
            }
        });
        let troubled: Vec<_> = troubled.collect();
        let rows = Rowset::of(&TROUBLE, troubled.iter().filter_map(trouble_row));
        if !rows.is_empty() {
            let sql = write_troubles(Form::Json(self.backend), 1);
            transaction.execute_raw(self.statement(&sql, vec![rows.json().into()])).await?;
        }
        Ok(if troubled.is_empty() { 0 } else { looked_at })
    }

    /// Groups of sagas that are stuck or failing, by what is out, then by how many they are.
    pub async fn groups(&self) -> Result<Vec<Group>, Error> {
        let sql = "SELECT g.*, t.kind, t.step, t.stuck, t.error, t.saga_id FROM (SELECT group_id, \
                   count(*) AS sagas, CAST(sum(money) AS bigint) AS out, min(created_at) AS oldest, \
                   max(created_at) AS newest FROM saga_trouble WHERE group_id IS NOT NULL \
                   GROUP BY group_id) AS g JOIN saga_trouble t ON t.saga_id = (SELECT saga_id \
                   FROM saga_trouble s WHERE s.group_id = g.group_id \
                   ORDER BY s.created_at, s.saga_id LIMIT 1) ORDER BY g.out DESC, g.sagas DESC, \
                   g.group_id";
        let rows = self.read.query_all_raw(self.statement(sql, vec![])).await?;
        let group = |row: &QueryResult| -> Result<Group, Error> {
            Ok(Group {
                id: row.try_get("", "group_id")?,
                kind: row.try_get("", "kind")?,
                step: row.try_get("", "step")?,
                stuck: row.try_get("", "stuck")?,
                error: row.try_get("", "error")?,
                count: u64::try_from(row.try_get::<i64>("", "sagas")?).unwrap_or(0),
                money: Paise(row.try_get("", "out")?),
                oldest: row.try_get("", "oldest")?,
                newest: row.try_get("", "newest")?,
                sample: SagaId(row.try_get("", "saga_id")?),
            })
        };
        rows.iter().map(group).collect()
    }

    /// The id of this saga's group, and how many sagas are in it; `None` where it is in no trouble, or has not failed.
    pub async fn group_of(&self, saga: SagaId) -> Result<Option<(String, u64)>, Error> {
        let sql = "SELECT group_id, count(*) FROM saga_trouble WHERE group_id = \
                   (SELECT group_id FROM saga_trouble WHERE saga_id = $1) GROUP BY group_id";
        let row = self.read.query_one_raw(self.statement(sql, vec![saga.0.into()])).await?;
        let Some(row) = row else { return Ok(None) };
        let count: i64 = row.try_get_by_index(1)?;
        Ok(Some((row.try_get_by_index(0)?, u64::try_from(count).unwrap_or(0))))
    }

    /// What is out by all sagas in trouble.
    pub async fn out(&self) -> Result<Out, Error> {
        let sql = "SELECT CAST(COALESCE(sum(CASE WHEN money > 0 THEN 1 ELSE 0 END), 0) AS bigint), \
                   CAST(COALESCE(sum(money), 0) AS bigint), \
                   CAST(COALESCE(sum(CASE WHEN pieces > 0 THEN 1 ELSE 0 END), 0) AS bigint), \
                   CAST(COALESCE(sum(pieces), 0) AS bigint) FROM saga_trouble";
        let Some(row) = self.read.query_one_raw(self.statement(sql, vec![])).await? else {
            return Ok(Out::default());
        };
        let at = |at| -> Result<i64, Error> { Ok(row.try_get_by_index(at)?) };
        let count = |count: i64| u64::try_from(count).unwrap_or(0);
        Ok(Out {
            money_sagas: count(at(0)?),
            money: Paise(at(1)?),
            stock_sagas: count(at(2)?),
            pieces: count(at(3)?),
        })
    }

    /// Those of these that can be read, as an executor would hold them.
    pub async fn instances(&self, of: &[&Found]) -> Result<HashMap<SagaId, Instance>, Error> {
        if of.is_empty() {
            return Ok(HashMap::new());
        }
        let ids = of.iter().map(|found| found.id.0);
        let rows = saga_instance::Entity::find().filter(saga_instance::Column::Id.is_in(ids));
        let rows = rows.all(&self.read).await?;
        let mut logs = logs(&self.read, &rows).await?;
        let read = rows.into_iter().filter_map(|row| {
            let log = logs.remove(&row.id).unwrap_or_default();
            let saga = instance_of(row, log, self.catalogue).ok()?;
            Some((saga.id, saga))
        });
        Ok(read.collect())
    }
}

/// The logs of these sagas.
async fn logs(
    from: &impl ConnectionTrait,
    rows: &[saga_instance::Model],
) -> Result<HashMap<Uuid, Vec<step_log::Model>>, Error> {
    let mut logs: HashMap<Uuid, Vec<step_log::Model>> = HashMap::new();
    if rows.is_empty() {
        return Ok(logs);
    }
    let entries = step_log::Entity::find()
        .filter(step_log::Column::SagaId.is_in(rows.iter().map(|row| row.id)))
        .order_by_asc(step_log::Column::SagaId)
        .order_by_asc(step_log::Column::Seq);
    for entry in entries.all(from).await? {
        logs.entry(entry.saga_id).or_default().push(entry);
    }
    Ok(logs)
}
