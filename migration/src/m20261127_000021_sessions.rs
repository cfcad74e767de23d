//! Sessions at the console: who has signed in with a browser, and until when.
//!
//! Neither the cookie nor the token is stored. `id` is the digest of the cookie. `seal` is the digest of the
//! cookie and the token's digest together: with it, a cookie shows which configured token it was given for.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let super::Types { time, .. } = super::Types::of(manager);
        let sessions = format!(
            "CREATE TABLE console_session (id text NOT NULL PRIMARY KEY, seal text NOT NULL, \
             who text NOT NULL, role text NOT NULL, until {time} NOT NULL, notice text)"
        );
        super::run(
            manager,
            &[&sessions, "CREATE INDEX ix_console_session_until ON console_session (until)"],
        )
        .await
    }
}
