//! Sagas and their logs.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum SagaInstance {
    Table,
    Id,
    Kind,
    DefinitionVersion,
    State,
    StuckKind,
    Stuck,
    UserId,
    TotalAmount,
    Context,
    IdempotencyKey,
    Fingerprint,
    Attempts,
    NextAttemptAt,
    FailingSince,
    LastError,
    DeadlineAt,
    Owner,
    Fence,
    Revision,
    TraceParent,
    CreatedAt,
    UpdatedAt,
}

#[derive(DeriveIden)]
enum StepLog {
    Table,
    SagaId,
    Seq,
    Step,
    Line,
    Phase,
    Event,
    Outcome,
    FromState,
    Generation,
    Attempt,
    IdempotencyKey,
    StartedAt,
    DurationMs,
    Request,
    Response,
    Error,
    Executor,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(saga_instance()).await?;
        manager.create_table(step_log()).await?;
        super::run(
            manager,
            &[
                "CREATE UNIQUE INDEX ux_saga_idempotency_key ON saga_instance \
                 (user_id, kind, idempotency_key) WHERE idempotency_key IS NOT NULL",
                "CREATE INDEX ix_saga_due ON saga_instance (next_attempt_at) \
                 WHERE owner IS NULL AND next_attempt_at IS NOT NULL",
                "CREATE INDEX ix_saga_owner ON saga_instance (owner, created_at) \
                 WHERE owner IS NOT NULL",
                "CREATE INDEX ix_saga_created_at ON saga_instance (created_at, id)",
                "CREATE INDEX ix_saga_state ON saga_instance (state, created_at, id)",
                "CREATE INDEX ix_saga_user_id ON saga_instance (user_id, created_at, id)",
                "CREATE INDEX ix_saga_stuck ON saga_instance (created_at, id, stuck_kind) \
                 WHERE stuck_kind IS NOT NULL",
            ],
        )
        .await
    }
}

fn saga_instance() -> TableCreateStatement {
    Table::create()
        .table(SagaInstance::Table)
        .col(ColumnDef::new(SagaInstance::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(SagaInstance::Kind).text().not_null())
        .col(ColumnDef::new(SagaInstance::DefinitionVersion).integer().not_null())
        .col(ColumnDef::new(SagaInstance::State).text().not_null())
        .col(ColumnDef::new(SagaInstance::StuckKind).text())
        .col(ColumnDef::new(SagaInstance::Stuck).json())
        .col(ColumnDef::new(SagaInstance::UserId).uuid().not_null())
        .col(ColumnDef::new(SagaInstance::TotalAmount).big_integer())
        .col(ColumnDef::new(SagaInstance::Context).json().not_null())
        .col(ColumnDef::new(SagaInstance::IdempotencyKey).text())
        .col(ColumnDef::new(SagaInstance::Fingerprint).text().not_null())
        .col(ColumnDef::new(SagaInstance::Attempts).integer().not_null())
        .col(ColumnDef::new(SagaInstance::NextAttemptAt).timestamp_with_time_zone())
        .col(ColumnDef::new(SagaInstance::FailingSince).timestamp_with_time_zone())
        .col(ColumnDef::new(SagaInstance::LastError).text())
        .col(ColumnDef::new(SagaInstance::DeadlineAt).timestamp_with_time_zone().not_null())
        .col(ColumnDef::new(SagaInstance::Owner).uuid())
        .col(ColumnDef::new(SagaInstance::Fence).big_integer().not_null())
        .col(ColumnDef::new(SagaInstance::Revision).big_integer().not_null())
        .col(ColumnDef::new(SagaInstance::TraceParent).text().not_null())
        .col(ColumnDef::new(SagaInstance::CreatedAt).timestamp_with_time_zone().not_null())
        .col(ColumnDef::new(SagaInstance::UpdatedAt).timestamp_with_time_zone().not_null())
        .to_owned()
}

/// No foreign key to the saga: every insert is in the transaction of a fenced update of that row,
/// and the check would cost a look-up for each.
fn step_log() -> TableCreateStatement {
    Table::create()
        .table(StepLog::Table)
        .col(ColumnDef::new(StepLog::SagaId).uuid().not_null())
        .col(ColumnDef::new(StepLog::Seq).integer().not_null())
        .col(ColumnDef::new(StepLog::Step).text().not_null())
        .col(ColumnDef::new(StepLog::Line).integer())
        .col(ColumnDef::new(StepLog::Phase).text().not_null())
        .col(ColumnDef::new(StepLog::Event).text().not_null())
        .col(ColumnDef::new(StepLog::Outcome).text())
        .col(ColumnDef::new(StepLog::FromState).text())
        .col(ColumnDef::new(StepLog::Generation).integer().not_null())
        .col(ColumnDef::new(StepLog::Attempt).integer().not_null())
        .col(ColumnDef::new(StepLog::IdempotencyKey).text())
        .col(ColumnDef::new(StepLog::StartedAt).timestamp_with_time_zone().not_null())
        .col(ColumnDef::new(StepLog::DurationMs).big_integer())
        .col(ColumnDef::new(StepLog::Request).json())
        .col(ColumnDef::new(StepLog::Response).json())
        .col(ColumnDef::new(StepLog::Error).text())
        .col(ColumnDef::new(StepLog::Executor).text().not_null())
        .primary_key(Index::create().col(StepLog::SagaId).col(StepLog::Seq))
        .to_owned()
}
