//! The items of bulk runs: one saga each, as it was when the run was prepared, and what became of it.
//!
//! An item is in hand (`running`) before anything is done for it, and has a result only afterwards. So a
//! process that dies in between leaves it in hand, and whoever leads the run next finds out from the saga
//! whether it was done.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult, QueryResult};
use serde_json::Value;
use strum::{Display, EnumIter, EnumString, IntoStaticStr};
use uuid::Uuid;

use super::bulk::{BulkRun, BulkState};
use super::rowset::{Column, Form, Rowset, Type};
use super::{Error, Store};
use crate::saga::SagaId;

/// What became of an item. The words are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, EnumString, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum BulkResult {
    /// Its turn has not come.
    Waiting,
    /// It is acted on, or has been and it is not known yet whether that has helped.
    Running,
    /// It was done.
    Done,
    /// It was not allowed.
    Refused,
    /// The saga had changed since the run was prepared, and was left alone.
    #[strum(serialize = "moved on")]
    MovedOn,
    /// It was done, and the saga came back.
    Relapsed,
}

/// A saga in a run.
#[derive(Clone, Debug, PartialEq)]
pub struct BulkItem {
    /// Its place, from 0.
    pub place: i64,
    /// Which saga.
    pub saga: SagaId,
    /// The saga's version when the run was prepared.
    pub version: i64,
    /// The version that it must have for the next try: that, or the one with which it came back.
    pub expected: i64,
    /// What was to be done when the run was prepared; `None` where it was not allowed.
    pub will: Option<String>,
    /// What it was stuck with then.
    pub cause: Option<Value>,
    /// What became of it.
    pub result: BulkResult,
    /// What was done.
    pub did: Option<String>,
    /// Why not, or how it came back.
    pub error: Option<String>,
    /// When it was last acted on, or decided.
    pub at: Option<DateTime<Utc>>,
    /// The saga's state right after the action, and its failures in a row by then.
    pub then: Option<(String, i64)>,
    /// It came back with what it was stuck with.
    pub halts: bool,
}

/// What a leader takes in hand next.
#[derive(Clone, Debug, PartialEq)]
pub enum Taken {
    /// These items; none where there is nothing to take now.
    Items(Vec<BulkItem>),
    /// The run does not run.
    NotRunning,
    /// Another process leads it.
    LeadLost,
}

#[derive(FromQueryResult)]
struct Row {
    place: i64,
    saga_id: Uuid,
    version: i64,
    expected: i64,
    will: Option<String>,
    cause: Option<String>,
    result: String,
    did: Option<String>,
    error: Option<String>,
    at: Option<DateTime<Utc>>,
    then_state: Option<String>,
    then_attempts: Option<i64>,
    halts: bool,
}

impl TryFrom<Row> for BulkItem {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let unknown = |_| Error::Unusable(format!("a bulk item's result is `{}`", row.result));
        Ok(Self {
            result: row.result.parse().map_err(unknown)?,
            place: row.place,
            saga: SagaId(row.saga_id),
            version: row.version,
            expected: row.expected,
            will: row.will,
            cause: row.cause.and_then(|cause| serde_json::from_str(&cause).ok()),
            did: row.did,
            error: row.error,
            at: row.at,
            then: row.then_state.map(|state| (state, row.then_attempts.unwrap_or(0))),
            halts: row.halts,
        })
    }
}

const NEW: [Column; 8] = [
    ("bulk_id", Type::Uuid),
    ("place", Type::BigInt),
    ("saga_id", Type::Uuid),
    ("version", Type::BigInt),
    ("expected", Type::BigInt),
    ("will", Type::Text),
    ("cause", Type::Text),
    ("result", Type::Text),
];

/// What a leader writes of an item in hand.
const NOTED: [Column; 9] = [
    ("place", Type::BigInt),
    ("result", Type::Text),
    ("expected", Type::BigInt),
    ("did", Type::Text),
    ("error", Type::Text),
    ("at", Type::Time),
    ("then_state", Type::Text),
    ("then_attempts", Type::BigInt),
    ("halts", Type::Bool),
];

impl Store {
    /// Adds items of a run to be.
    pub async fn add_bulk_items(&self, run: Uuid, items: &[BulkItem]) -> Result<(), Error> {
        let rows = Rowset::of(
            &NEW,
            items.iter().map(|item| {
                [
                    run.into(),
                    item.place.into(),
                    item.saga.0.into(),
                    item.version.into(),
                    item.expected.into(),
                    item.will.as_deref().into(),
                    item.cause.as_ref().map(Value::to_string).into(),
                    <&str>::from(item.result).into(),
                ]
            }),
        );
        let sql = Form::Json(self.backend).insert("bulk_item", &NEW, 1);
        self.write.execute_raw(self.statement(&sql, vec![rows.json().into()])).await?;
        Ok(())
    }

    /// The items of a run behind a place, in order, of this result if one is named; one more than asked for
    /// where there are more.
    pub async fn bulk_items(
        &self,
        run: Uuid,
        result: Option<BulkResult>,
        after: i64,
        limit: u64,
    ) -> Result<Vec<BulkItem>, Error> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let mut values = vec![run.into(), after.into(), limit.into()];
        let only = if result.is_some() { "AND result = $4" } else { "" };
        values.extend(result.map(|result| result.to_string().into()));
        let sql = format!(
            "SELECT * FROM bulk_item WHERE bulk_id = $1 AND place > $2 {only} ORDER BY place LIMIT $3"
        );
        let rows = Row::find_by_statement(self.statement(&sql, values)).all(&self.read).await?;
        rows.into_iter().map(BulkItem::try_from).collect()
    }

    /// How many items of a run have each result; results that none has are left out.
    pub async fn bulk_results(&self, run: Uuid) -> Result<Vec<(BulkResult, u64)>, Error> {
        let sql = "SELECT result, count(*) FROM bulk_item WHERE bulk_id = $1 GROUP BY result";
        let rows = self.read.query_all_raw(self.statement(sql, vec![run.into()])).await?;
        let counted = |row: &QueryResult| -> Result<(BulkResult, u64), Error> {
            let (word, count): (String, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            let unknown = |_| Error::Unusable(format!("a bulk item's result is `{word}`"));
            Ok((word.parse().map_err(unknown)?, u64::try_from(count).unwrap_or(0)))
        };
        rows.iter().map(counted).collect()
    }

    /// The first place of a run whose item has no result yet.
    pub async fn first_open_place(&self, run: Uuid) -> Result<Option<i64>, Error> {
        let sql = "SELECT min(place) FROM (SELECT min(place) AS place FROM bulk_item \
                   WHERE bulk_id = $1 AND result = 'waiting' UNION ALL SELECT min(place) \
                   FROM bulk_item WHERE bulk_id = $1 AND result = 'running') AS open";
        let row = self.read.query_one_raw(self.statement(sql, vec![run.into()])).await?;
        Ok(row.map_or(Ok(None), |row| row.try_get_by_index(0))?)
    }

    /// Takes the next items before `end` in hand, if the run runs.
    pub async fn take_bulk_items(
        &self,
        lead: &BulkRun,
        end: i64,
        most: u64,
        now: DateTime<Utc>,
    ) -> Result<Taken, Error> {
        let sql = "UPDATE bulk_item SET result = 'running', at = $4, did = NULL, then_state = NULL, \
                   halts = FALSE WHERE bulk_id = $1 AND place IN (SELECT place FROM bulk_item \
                   WHERE bulk_id = $1 AND result = 'waiting' AND place < $2 ORDER BY place LIMIT $3) \
                   RETURNING *";
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let values = vec![lead.id.into(), end.into(), most.into(), now.into()];
        let transaction = self.write.begin().await?;
        let taken = async {
            match self.hold_lead(&transaction, lead).await? {
                None => Ok(Taken::LeadLost),
                Some(BulkState::Running) => {
                    let rows = Row::find_by_statement(self.statement(sql, values));
                    let rows = rows.all(&transaction).await?;
                    let items = rows.into_iter().map(BulkItem::try_from);
                    let mut items = items.collect::<Result<Vec<_>, Error>>()?;
                    items.sort_by_key(|item| item.place);
                    Ok(Taken::Items(items))
                }
                Some(_other) => Ok(Taken::NotRunning),
            }
        };
        let taken = taken.await;
        transaction.end(taken).await
    }

    /// Notes what became of items in hand, and that the run halts, if it still runs and that is why; `false`
    /// if the lead is lost: nothing is noted then.
    pub async fn note_bulk_items(
        &self,
        lead: &BulkRun,
        items: &[BulkItem],
        halted_by: Option<&str>,
    ) -> Result<bool, Error> {
        let rows = Rowset::of(
            &NOTED,
            items.iter().map(|item| {
                [
                    item.place.into(),
                    <&str>::from(item.result).into(),
                    item.expected.into(),
                    item.did.as_deref().into(),
                    item.error.as_deref().into(),
                    item.at.into(),
                    item.then.as_ref().map(|(state, _)| state.as_str()).into(),
                    item.then.as_ref().map(|(_, attempts)| *attempts).into(),
                    item.halts.into(),
                ]
            }),
        );
        let source = Form::Json(self.backend).source(&NOTED, 1);
        let set = NOTED.iter().skip(1).map(|(name, _)| format!("{name} = r.{name}"));
        let set = set.collect::<Vec<_>>().join(", ");
        let note = format!(
            "UPDATE bulk_item SET {set} FROM {source} WHERE bulk_item.bulk_id = $2 \
             AND bulk_item.place = r.place AND bulk_item.result = 'running'"
        );
        let halt = "UPDATE bulk_run SET state = 'halted', halted_by = $2 \
                    WHERE id = $1 AND state = 'running'";
        let transaction = self.write.begin().await?;
        let noted = async {
            if self.hold_lead(&transaction, lead).await?.is_none() {
                return Ok(false);
            }
            let values = vec![rows.json().into(), lead.id.into()];
            transaction.execute_raw(self.statement(&note, values)).await?;
            if let Some(why) = halted_by {
                let values = vec![lead.id.into(), why.to_owned().into()];
                transaction.execute_raw(self.statement(halt, values)).await?;
            }
            Ok(true)
        };
        let noted = noted.await;
        transaction.end(noted).await
    }

    /// Notes that a run is done, if it runs and all of its items have their results; whether it is.
    pub async fn end_bulk_run(&self, lead: &BulkRun) -> Result<bool, Error> {
        let sql = "UPDATE bulk_run SET state = 'done' WHERE id = $1 AND owner = $2 AND fence = $3 \
                   AND state = 'running' AND NOT EXISTS (SELECT 1 FROM bulk_item \
                   WHERE bulk_id = $1 AND result IN ('waiting', 'running'))";
        let values = vec![lead.id.into(), lead.owner.into(), lead.fence.into()];
        let ended = self.write.execute_raw(self.statement(sql, values)).await?;
        Ok(ended.rows_affected() == 1)
    }
}
