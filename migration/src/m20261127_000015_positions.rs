//! Positions of events, and how far each of their readers has come.
//!
//! A cursor is led by one process at a time. The sequencer's says which position was given out last; a
//! sink's, which position it has told last.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let super::Types { uuid, time, .. } = super::Types::of(manager);
        let cursors = format!(
            "CREATE TABLE event_cursor (name text NOT NULL PRIMARY KEY, position bigint NOT NULL, \
             owner {uuid}, fence bigint NOT NULL, leased_until {time}, failing_since {time}, \
             last_error text)"
        );
        super::run(
            manager,
            &[
                &cursors,
                "INSERT INTO event_cursor (name, position, fence) VALUES ('sequencer', 0, 0)",
                "CREATE UNIQUE INDEX ux_outbox_position ON outbox (position) \
                 WHERE position IS NOT NULL",
            ],
        )
        .await
    }
}
