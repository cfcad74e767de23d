//! Cancelling what is in flight, and beginning what gives back what stands: writes of a client's wish that
//! need no owner.
//!
//! Whoever drives the saga learns of the wish from its row: a write that would decide what becomes of it,
//! or give it up until it is due, is not taken from an owner that does not know (`commit_sql.rs`, promise 54).

use entity::saga_instance::{Column, Entity};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::outbox::NewEvent;
use super::records::MovedOrder;
use super::retry::Retries;
use super::trail::NewAuditEntry;
use super::transaction::Transaction;
use super::write::Write;
use super::{Error, Found, Store};
use crate::order::OrderId;
use crate::saga::{CancelRequest, Progress, SagaId, Work};

/// What became of the beginning of a saga about an order that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// It has begun, and is due.
    Begun,
    /// The order is not where it has to be.
    Elsewhere,
    /// There is one of this identity.
    Repeats,
}

impl Store {
    /// Writes down that a saga is to be cancelled, if it goes forward and nobody has asked before; returns
    /// what is written. One that nobody owns is due at once, unless it is held. The event goes with it, except
    /// where the saga has only its books left to write: those tell it then.
    pub async fn request_cancel(
        &self,
        id: SagaId,
        request: &CancelRequest,
        event: &NewEvent,
        audit: Option<&NewAuditEntry>,
    ) -> Result<Option<CancelRequest>, Error> {
        let mut retries = Retries::new(self.write.clock());
        loop {
            let transaction = self.write.begin().await?;
            let asked = self.request_cancel_in(&transaction, id, request, (event, audit)).await;
            let ended = transaction.end(asked).await;
            if !retries.may_retry_transaction(&ended, self.write.clock()).await {
                return ended;
            }
        }
    }

    async fn request_cancel_in(
        &self,
        transaction: &Transaction,
        id: SagaId,
        request: &CancelRequest,
        (event, audit): (&NewEvent, Option<&NewAuditEntry>),
    ) -> Result<Option<CancelRequest>, Error> {
        // SQLite has one writer: what it reads in this transaction stays so.
        let row = Entity::find_by_id(id.0).lock_exclusive().one(transaction).await?;
        let Some(row) = row.filter(|row| row.cancel_request.is_none()) else { return Ok(None) };
        let definition = self.catalogue.find(&row.kind, row.definition_version);
        let progress = definition.and_then(|it| Some((it, it.progress(&row.state)?)));
        let Some((definition, Progress::Forward { done })) = progress else { return Ok(None) };
        let is_decided = matches!(definition.stage(done).work, Work::Record(_));
        let request = CancelRequest { is_told: !is_decided, ..request.clone() };
        // Plain data with string keys.
        let stored = serde_json::to_value(&request).unwrap_or_default();
        let mut change = Entity::update_many()
            .col_expr(Column::CancelRequest, Expr::value(stored))
            .filter(Column::Id.eq(id.0));
        if row.owner.is_none() {
            let version = row.version.unwrap_or(row.revision) + 1;
            change = change.col_expr(Column::Version, Expr::value(version));
        }
        if row.owner.is_none() && row.held.is_none() {
            change = change.col_expr(Column::NextAttemptAt, Expr::value(request.since));
        }
        change.exec(transaction).await?;
        if request.is_told {
            self.tell(transaction, std::slice::from_ref(event)).await?;
        }
        self.audit_in(transaction, audit).await?;
        Ok(Some(request))
    }

    /// Why and since when a saga is to be cancelled, if it is.
    pub async fn cancel_request(&self, id: SagaId) -> Result<Option<CancelRequest>, Error> {
        let found = Entity::find_by_id(id.0)
            .select_only()
            .column(Column::CancelRequest)
            .into_tuple::<Option<serde_json::Value>>()
            .one(&self.write)
            .await?;
        Ok(found.flatten().and_then(|stored| serde_json::from_value(stored).ok()))
    }

    /// The sagas of this owner that are to be cancelled.
    pub async fn to_be_cancelled(
        &self,
        owner: Uuid,
    ) -> Result<Vec<(SagaId, CancelRequest)>, Error> {
        let rows = Entity::find()
            .select_only()
            .columns([Column::Id, Column::CancelRequest])
            .filter(Column::Owner.eq(owner))
            .filter(Column::CancelRequest.is_not_null())
            .into_tuple::<(Uuid, serde_json::Value)>()
            .all(&self.alive)
            .await?;
        let read = |(id, stored)| Some((SagaId(id), serde_json::from_value(stored).ok()?));
        Ok(rows.into_iter().filter_map(read).collect())
    }

    /// Moves an order and begins a saga that nobody owns yet, if the order is where the move begins.
    pub async fn move_and_begin(
        &self,
        moved: &MovedOrder,
        write: &Write,
    ) -> Result<Beginning, Error> {
        let mut retries = Retries::new(self.write.clock());
        loop {
            let transaction = self.write.begin().await?;
            let begun = async {
                if !self.move_order(&transaction, moved).await? {
                    return Ok(Beginning::Elsewhere);
                }
                self.begin_in(&transaction, write).await
            };
            let begun = begun.await;
            let ended = transaction.end(begun).await;
            if !retries.may_retry_transaction(&ended, self.write.clock()).await {
                return ended;
            }
        }
    }

    pub(super) async fn begin_in(
        &self,
        transaction: &Transaction,
        write: &Write,
    ) -> Result<Beginning, Error> {
        // Nothing in it comes to rest, so nothing is counted for a writer.
        let touched = self.write_in_turn(transaction, Uuid::nil(), &[write]).await?;
        let is_new = touched.contains(&write.saga.id.0);
        Ok(if is_new { Beginning::Begun } else { Beginning::Repeats })
    }

    /// The sagas about an order, its checkout first.
    pub async fn sagas_of(&self, order: OrderId) -> Result<Vec<Found>, Error> {
        let of_order =
            Condition::any().add(Column::Id.eq(order.0)).add(Column::OrderId.eq(order.0));
        let rows = Entity::find().filter(of_order).all(&self.read).await?;
        let mut found: Vec<_> = rows.into_iter().map(|row| self.found(row)).collect();
        // A checkout's id is its order's. The others may be of the same instant, or of a clock that was
        // set back.
        found.sort_by_key(|saga| (saga.id.0 != order.0, saga.created_at, saga.id.0));
        Ok(found)
    }
}
