//! Claiming: how an executor comes to own sagas that nobody drives.
//!
//! One statement for all of them: those that are due, and those that a dead executor left. There
//! is no recovery code besides. A claim raises the fence, so that whatever the former owner still
//! writes touches no row; and one from a dead owner is logged, because that owner's calls may have
//! run ahead of its records. Sagas with something at risk come before those without, the oldest first.

use chrono::{DateTime, Utc};
use entity::{saga_instance, step_log};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult,
    QueryFilter, QueryOrder, Set,
};
use std::collections::HashMap;
use uuid::Uuid;

use super::adrift::DEAD_OWNERS;
use super::codec::instance_of;
use super::due::Due;
use super::retry::Retries;
use super::rowset::{self, source_of_ids};
use super::saga::IN_FLIGHT;
use super::transaction::Transaction;
use super::{Error, Store, Unreadable};
use crate::saga::{Instance, SagaId, Stuck, StuckKind};

/// Sagas with something at risk come first.
pub(super) const AT_RISK_FIRST: [bool; 2] = [true, false];

/// What a claim brought.
#[derive(Debug, Default)]
pub struct Claimed {
    /// To drive, the longest due first.
    pub sagas: Vec<Instance>,
    /// How many of them a dead executor had left.
    pub orphans: usize,
    /// Set aside as stuck; nobody owns them.
    pub unreadable: Vec<Unreadable>,
    /// There may be more to claim at once.
    pub is_full: bool,
}

impl Store {
    /// Makes `executor` the owner of up to `limit` sagas that are due or that a dead executor owned.
    /// Those that can't be read are set aside instead.
    pub async fn claim(&self, executor: Uuid, due: Due, limit: u64) -> Result<Claimed, Error> {
        let mut retries = Retries::new(self.write.clock());
        loop {
            let transaction = self.write.begin().await?;
            let claimed = self.claim_in(&transaction, executor, due, limit).await;
            let ended = transaction.end(claimed).await;
            if !retries.may_retry_transaction(&ended, self.write.clock()).await {
                return ended;
            }
        }
    }

    async fn claim_in(
        &self,
        transaction: &Transaction,
        executor: Uuid,
        due: Due,
        limit: u64,
    ) -> Result<Claimed, Error> {
        let now = due.now;
        // What a dead owner left must not hold up what is due, however much it is.
        let half = limit.div_ceil(2);
        let orphans = self.orphaned(transaction, half).await?;
        self.log_take_over(transaction, &orphans, executor, now).await?;
        let left = limit.saturating_sub(orphans.len() as u64);
        let due = if left == 0 { vec![] } else { self.due(transaction, due, left).await? };
        let is_full = orphans.len() as u64 == half || due.len() as u64 == left;
        let mut claimed = Claimed { orphans: orphans.len(), is_full, ..Claimed::default() };
        let ids: Vec<Uuid> = orphans.into_iter().chain(due).collect();
        if !ids.is_empty() {
            let rows = take(transaction, &ids, executor).await?;
            self.sort_out(transaction, rows, now, &mut claimed).await?;
        }
        Ok(claimed)
    }

    /// Makes `executor` the owner of this one saga if nobody owns it, it is not at rest, and it is
    /// at this revision.
    pub async fn claim_one(
        &self,
        (id, revision): (SagaId, i64),
        executor: Uuid,
        now: DateTime<Utc>,
    ) -> Result<Option<Instance>, Error> {
        let sql = format!(
            "SELECT id FROM saga_instance WHERE id = $1 AND revision = $2 AND owner IS NULL \
             AND {IN_FLIGHT} {}",
            self.for_update()
        );
        let mut retries = Retries::new(self.write.clock());
        loop {
            let transaction = self.write.begin().await?;
            let claimed = async {
                let id = vec![id.0.into(), revision.into()];
                let found = self.ids(&transaction, &sql, id).await?;
                let mut claimed = Claimed::default();
                let rows = take(&transaction, &found, executor).await?;
                self.sort_out(&transaction, rows, now, &mut claimed).await?;
                Ok(claimed.sagas.pop())
            };
            let claimed = claimed.await;
            let ended = transaction.end(claimed).await;
            if !retries.may_retry_transaction(&ended, self.write.clock()).await {
                return ended;
            }
        }
    }

    /// When the next saga that nobody owns is due.
    pub async fn next_due(&self) -> Result<Option<DateTime<Utc>>, Error> {
        #[derive(FromQueryResult)]
        struct Due {
            next_attempt_at: DateTime<Utc>,
        }
        let sql = "SELECT next_attempt_at FROM saga_instance WHERE owner IS NULL \
                   AND next_attempt_at IS NOT NULL AND at_risk = $1 \
                   ORDER BY next_attempt_at LIMIT 1";
        let mut first = None;
        for at_risk in AT_RISK_FIRST {
            let statement = self.statement(sql, vec![at_risk.into()]);
            let due = Due::find_by_statement(statement).one(&self.write).await?;
            first = first.into_iter().chain(due.map(|due| due.next_attempt_at)).min();
        }
        Ok(first)
    }

    async fn orphaned(&self, transaction: &Transaction, limit: u64) -> Result<Vec<Uuid>, Error> {
        let dead = self.ids(transaction, DEAD_OWNERS, vec![]).await?;
        // An executor at a time, so that each is a range of the owners' index.
        let sql = format!(
            "SELECT id FROM saga_instance WHERE owner = $1 AND at_risk = $2 \
             ORDER BY created_at LIMIT $3 {}",
            self.for_update()
        );
        let mut orphans = Vec::new();
        for at_risk in AT_RISK_FIRST {
            for dead in &dead {
                let left = limit.saturating_sub(orphans.len() as u64);
                let values = vec![(*dead).into(), at_risk.into(), left.into()];
                orphans.extend(self.ids(transaction, &sql, values).await?);
            }
        }
        Ok(orphans)
    }

    async fn due(
        &self,
        transaction: &Transaction,
        at: Due,
        limit: u64,
    ) -> Result<Vec<Uuid>, Error> {
        let far_off = Due::far_off(self.for_update());
        let sql = format!(
            "SELECT id FROM saga_instance WHERE owner IS NULL AND next_attempt_at <= $1 \
             AND at_risk = $2 ORDER BY next_attempt_at LIMIT $3 {}",
            self.for_update()
        );
        let mut due = Vec::new();
        for at_risk in AT_RISK_FIRST {
            let left = limit.saturating_sub(due.len() as u64);
            let values = vec![at.now.into(), at_risk.into(), left.into()];
            due.extend(self.ids(transaction, &sql, values).await?);
            let left = limit.saturating_sub(due.len() as u64);
            let values = at.far_off_values(at_risk, left);
            due.extend(self.ids(transaction, &far_off, values).await?);
        }
        Ok(due)
    }

    /// Replicas that claim at the same time get different sagas. SQLite has one writer anyway.
    pub(super) fn for_update(&self) -> &'static str {
        match self.backend {
            DbBackend::Postgres => "FOR UPDATE SKIP LOCKED",
            _ => "",
        }
    }

    pub(super) async fn ids(
        &self,
        transaction: &Transaction,
        sql: &str,
        values: Vec<sea_orm::Value>,
    ) -> Result<Vec<Uuid>, Error> {
        let rows = transaction.query_all_raw(self.statement(sql, values)).await?;
        Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?)
    }

    /// Where an owner died, its log says so from here on: calls may have run ahead of it.
    pub(super) async fn log_take_over(
        &self,
        transaction: &Transaction,
        orphans: &[Uuid],
        executor: Uuid,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        if orphans.is_empty() {
            return Ok(());
        }
        let sql = format!(
            "INSERT INTO step_log (saga_id, seq, step, phase, event, from_state, generation, \
             attempt, started_at, executor) \
             SELECT s.id, COALESCE((SELECT max(l.seq) FROM step_log l WHERE l.saga_id = s.id), 0) \
             + 1, 'take_over', 'forward', 'taken_over', s.state, 0, 0, {now}, $3 \
             FROM {} JOIN saga_instance s ON s.id = r.id",
            source_of_ids(self.backend),
            now = if self.backend == DbBackend::Sqlite { "$2" } else { "$2::timestamptz" },
        );
        let ids = vec![rowset::ids(orphans), now.into(), executor.to_string().into()];
        transaction.execute_raw(self.statement(&sql, ids)).await?;
        Ok(())
    }

    async fn sort_out(
        &self,
        transaction: &Transaction,
        rows: Vec<saga_instance::Model>,
        now: DateTime<Utc>,
        claimed: &mut Claimed,
    ) -> Result<(), Error> {
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let mut logs: HashMap<Uuid, Vec<step_log::Model>> = HashMap::new();
        let entries = step_log::Entity::find()
            .filter(step_log::Column::SagaId.is_in(ids))
            .order_by_asc(step_log::Column::SagaId)
            .order_by_asc(step_log::Column::Seq);
        for entry in entries.all(transaction).await? {
            logs.entry(entry.saga_id).or_default().push(entry);
        }
        for row in rows {
            let log = logs.remove(&row.id).unwrap_or_default();
            match instance_of(row, log, self.catalogue) {
                Ok(saga) => claimed.sagas.push(saga),
                Err(unreadable) => {
                    set_aside(transaction, &unreadable, now).await?;
                    claimed.unreadable.push(*unreadable);
                }
            }
        }
        Ok(())
    }
}

/// Changes the owner and raises the fence of rows that this transaction has locked.
async fn take(
    transaction: &Transaction,
    ids: &[Uuid],
    executor: Uuid,
) -> Result<Vec<saga_instance::Model>, Error> {
    use saga_instance::{Column, Entity};
    let add_one = |column: Column| Expr::col(column).add(1);
    let mut rows = Entity::update_many()
        .col_expr(Column::Owner, Expr::value(executor))
        .col_expr(Column::Fence, add_one(Column::Fence))
        .col_expr(Column::Revision, add_one(Column::Revision))
        .filter(Column::Id.is_in(ids.iter().copied()))
        .exec_with_returning(transaction)
        .await?;
    let place: HashMap<Uuid, usize> = ids.iter().enumerate().map(|(at, id)| (*id, at)).collect();
    rows.sort_by_key(|row| place.get(&row.id).copied());
    Ok(rows)
}

/// Gives a saga that can't be read to nobody, with its reason.
async fn set_aside(
    transaction: &Transaction,
    unreadable: &Unreadable,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let stuck = Stuck {
        kind: StuckKind::Unreadable,
        since: now,
        step: unreadable.step.clone(),
        detail: unreadable.detail.clone(),
    };
    let row = saga_instance::ActiveModel {
        id: Set(unreadable.id.0),
        owner: Set(None),
        next_attempt_at: Set(None),
        stuck_kind: Set(Some(stuck.kind.to_string())),
        stuck: Set(serde_json::to_value(&stuck).ok()),
        updated_at: Set(now),
        ..Default::default()
    };
    row.update(transaction).await?;
    Ok(())
}
