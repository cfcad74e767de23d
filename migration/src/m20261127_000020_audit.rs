//! The audit trail: what persons did, and what they were not allowed to do.
//!
//! An entry is written in the transaction of its action, without a place in the chain (`seq`, `hash`); it
//! gets its place once it is committed. `audit_head` says how many entries have one and what the last hash
//! is, so that a tail that was cut off is missed. The database itself refuses to change or delete an
//! entry, apart from giving it its place.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// The columns of an entry that never change.
const FIXED: [&str; 9] = ["id", "at", "who", "role", "via", "action", "target", "reason", "result"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let super::Types { uuid, time, .. } = super::Types::of(manager);
        let entries = format!(
            "CREATE TABLE audit_entry (id {uuid} NOT NULL PRIMARY KEY, at {time} NOT NULL, \
             who text NOT NULL, role text NOT NULL, via text NOT NULL, action text NOT NULL, \
             target text, reason text, result text NOT NULL, seq bigint, hash text)"
        );
        // What the first entry's hash is built on is 64 zeros.
        let head = format!(
            "INSERT INTO audit_head (id, entries, hash) VALUES (1, 0, '{}')",
            "0".repeat(64)
        );
        super::run(
            manager,
            &[
                &entries,
                "CREATE UNIQUE INDEX ux_audit_seq ON audit_entry (seq)",
                "CREATE INDEX ix_audit_unchained ON audit_entry (at, id) WHERE seq IS NULL",
                "CREATE INDEX ix_audit_target ON audit_entry (target, seq)",
                "CREATE INDEX ix_audit_who ON audit_entry (who, seq)",
                "CREATE INDEX ix_audit_at ON audit_entry (at)",
                "CREATE TABLE audit_head (id integer NOT NULL PRIMARY KEY, \
                 entries bigint NOT NULL, hash text NOT NULL)",
                &head,
            ],
        )
        .await?;
        let differs = FIXED.map(|column| format!("NEW.{column} IS DISTINCT FROM OLD.{column}"));
        let is_changed =
            format!("OLD.seq IS NOT NULL OR NEW.seq IS NULL OR {}", differs.join(" OR "));
        if manager.get_database_backend() == DbBackend::Sqlite {
            let refuse = "BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END";
            let update = format!(
                "CREATE TRIGGER audit_entry_unchanged BEFORE UPDATE ON audit_entry \
                 WHEN {is_changed} {refuse}"
            );
            let delete =
                format!("CREATE TRIGGER audit_entry_kept BEFORE DELETE ON audit_entry {refuse}");
            return super::run(manager, &[&update, &delete]).await;
        }
        let update = format!(
            "CREATE TRIGGER audit_entry_unchanged BEFORE UPDATE ON audit_entry FOR EACH ROW \
             WHEN ({is_changed}) EXECUTE FUNCTION audit_entry_stays()"
        );
        super::run(
            manager,
            &[
                "CREATE FUNCTION audit_entry_stays() RETURNS trigger LANGUAGE plpgsql AS \
                 $$ BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$",
                &update,
                "CREATE TRIGGER audit_entry_kept BEFORE DELETE OR TRUNCATE ON audit_entry \
                 FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_stays()",
            ],
        )
        .await
    }
}
