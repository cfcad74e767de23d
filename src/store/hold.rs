//! Holding a saga, and letting it go on: the only writes of a saga besides its claims that need no
//! owner. What is held is due at no time, so no claim, of whatever binary, finds it.

use entity::{saga_instance, step_log};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set,
};
use serde_json::Value;

use super::saga::IN_FLIGHT;
use super::trail::NewAuditEntry;
use super::{Error, Store};
use crate::saga::{Entry, Instance};

impl Store {
    /// Writes whether the saga is held, and the entry of its log that says so, if nobody owns it, it
    /// is not at rest, and it is at this revision; whether it was.
    pub async fn hold(
        &self,
        saga: &Instance,
        entry: &Entry,
        revision: i64,
        audit: Option<&NewAuditEntry>,
    ) -> Result<bool, Error> {
        use saga_instance::{Column, Entity};
        // Plain data with string keys.
        let held = saga.held.as_ref().map(|held| serde_json::to_value(held).unwrap_or_default());
        let row = Entity::update_many()
            .col_expr(Column::Held, Expr::value(held))
            .col_expr(Column::NextAttemptAt, Expr::value(saga.next_attempt_at))
            .col_expr(Column::FailingSince, Expr::value(saga.failing_since))
            .col_expr(Column::DeadlineAt, Expr::value(saga.deadline_at))
            .col_expr(Column::UpdatedAt, Expr::value(entry.started_at))
            .col_expr(Column::Revision, Expr::col(Column::Revision).add(1))
            .col_expr(Column::Version, Expr::value(saga.version))
            .filter(Column::Id.eq(saga.id.0))
            .filter(Column::Owner.is_null())
            .filter(Column::Revision.eq(revision))
            .filter(Expr::cust(IN_FLIGHT));
        let transaction = self.write.begin().await?;
        let written = async {
            if row.exec(&transaction).await?.rows_affected != 1 {
                return Ok(false);
            }
            let last: Option<i32> = step_log::Entity::find()
                .select_only()
                .column(step_log::Column::Seq)
                .filter(step_log::Column::SagaId.eq(saga.id.0))
                .order_by_desc(step_log::Column::Seq)
                .into_tuple()
                .one(&transaction)
                .await?;
            logged(saga, entry, last.unwrap_or(0) + 1).insert(&transaction).await?;
            self.audit_in(&transaction, audit).await?;
            Ok(true)
        };
        let written = written.await;
        transaction.end(written).await
    }
}

fn logged(saga: &Instance, entry: &Entry, seq: i32) -> step_log::ActiveModel {
    let word = |word: &'static str| Set(word.to_owned());
    step_log::ActiveModel {
        saga_id: Set(saga.id.0),
        seq: Set(seq),
        step: word(entry.effect.step.into()),
        line: Set(None),
        phase: word(entry.phase.into()),
        event: word(entry.event.into()),
        outcome: Set(None),
        from_state: Set(None),
        generation: Set(0),
        attempt: Set(0),
        idempotency_key: Set(None),
        started_at: Set(entry.started_at),
        duration_ms: Set(None),
        request: Set(entry.request.clone()),
        response: Set(None::<Value>),
        error: Set(None),
        executor: Set(entry.executor.clone()),
    }
}
