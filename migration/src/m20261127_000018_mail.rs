//! Mail to customers: a row for each event that a customer is told of, from the moment on in which it is
//! certain that they will be.
//!
//! A mail is due at a time. Whoever sends it moves that time ahead as a lease; one that is dealt with has
//! none. `pending_answer` says which checkouts were answered with a 202 though their client waited.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let super::Types { uuid, time, json } = super::Types::of(manager);
        let mails = format!(
            "CREATE TABLE mails (event_id {uuid} NOT NULL PRIMARY KEY, order_id {uuid} NOT NULL, \
             user_id {uuid}, kind text NOT NULL, payload {json}, created_at {time} NOT NULL, \
             position bigint NOT NULL, state text NOT NULL, due_at {time}, \
             fence bigint NOT NULL DEFAULT 0, attempts integer NOT NULL DEFAULT 0, why text, \
             address text, noted_at {time})"
        );
        let pending = format!(
            "CREATE TABLE pending_answer (order_id {uuid} NOT NULL PRIMARY KEY, at {time} NOT NULL)"
        );
        super::run(
            manager,
            &[
                &mails,
                "CREATE INDEX ix_mails_due ON mails (due_at, position) WHERE due_at IS NOT NULL",
                "CREATE INDEX ix_mails_order ON mails (order_id, position)",
                &pending,
            ],
        )
        .await
    }
}
