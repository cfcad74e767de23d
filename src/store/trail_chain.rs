//! The chain of the audit trail: each entry carries a hash over itself and the hash of the one before.
//!
//! A number that is given out at insert has gaps, and the order of commits is another one. So entries are
//! inserted without a place, and get theirs once they are committed, as events get their positions. Whoever
//! gives places locks the row `audit_head` first: it has the number of entries in the chain and the last
//! hash, and moves in the same transaction. It is kept apart from the entries, so that a tail that was cut
//! off is missed, which the hashes alone would not show.
//!
//! The hash of an entry is the SHA-256, in lowercase hexadecimal, of this JSON array without spaces, in
//! UTF-8, only quotes, backslashes and control characters escaped:
//!
//! ```text
//! [hash of the entry before, seq, at, who, role, via, action, target, reason, result]
//! ```
//!
//! The members are those that the API shows, so that anybody who reads the trail can check it. The first
//! entry, of `seq` 1, has 64 zeros before it.

use chrono::{DateTime, SecondsFormat, Utc};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::retry::Retries;
use super::rowset::{Column, Form, Rowset, Type};
use super::transaction::Transaction;
use super::{Error, Store};

/// Entries that get their places in one transaction.
const BATCH: usize = 500;

/// An entry as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its place in the chain, from 1.
    pub seq: i64,
    /// When it was asked for.
    pub at: DateTime<Utc>,
    /// The person's name.
    pub who: String,
    /// Their role at that time.
    pub role: String,
    /// From where.
    pub via: String,
    /// What.
    pub action: String,
    /// To what.
    pub target: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// What became of it.
    pub result: String,
    /// Over all this and the hash of the entry before.
    pub hash: String,
}

/// The end of the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// How many entries are in the chain, as it was noted with the last one.
    pub entries: i64,
    /// The last one's hash.
    pub hash: String,
    /// The highest `seq` that an entry has.
    pub last_seq: i64,
}

impl AuditEntry {
    /// The columns that [`AuditEntry::of`] reads.
    pub(super) const COLUMNS: &str =
        "seq, at, who, role, via, action, target, reason, result, hash";

    pub(super) fn of(row: &QueryResult) -> Result<Self, Error> {
        Ok(Self {
            seq: row.try_get::<Option<i64>>("", "seq")?.unwrap_or_default(),
            at: row.try_get("", "at")?,
            who: row.try_get("", "who")?,
            role: row.try_get("", "role")?,
            via: row.try_get("", "via")?,
            action: row.try_get("", "action")?,
            target: row.try_get("", "target")?,
            reason: row.try_get("", "reason")?,
            result: row.try_get("", "result")?,
            hash: row.try_get::<Option<String>>("", "hash")?.unwrap_or_default(),
        })
    }

    /// The hash that it has behind an entry of this hash.
    pub fn hash_behind(&self, before: &str) -> String {
        let Self { seq, at, who, role, via, action, target, reason, result, hash: _ } = self;
        let at = at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        let all = (before, seq, at, who, role, via, action, target, reason, result);
        // Texts and a number: that can't fail.
        let text = serde_json::to_string(&all).unwrap_or_default();
        base16ct::lower::encode_string(&Sha256::digest(text))
    }
}

/// An entry's place in the chain.
const LINK: [Column; 3] = [("id", Type::Uuid), ("seq", Type::BigInt), ("hash", Type::Text)];

impl Store {
    /// The hash before the first entry.
    pub const NO_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

    /// Gives places in the chain to all committed entries that have none.
    pub async fn chain_audit_trail(&self) -> Result<(), Error> {
        let sql = "SELECT 1 FROM audit_entry WHERE seq IS NULL LIMIT 1";
        while self.read.query_one_raw(self.statement(sql, vec![])).await?.is_some() {
            self.chain_some().await?;
        }
        Ok(())
    }

    async fn chain_some(&self) -> Result<(), Error> {
        let mut retries = Retries::new(self.write.clock());
        loop {
            let transaction = self.write.begin().await?;
            let chained = self.chain_in(&transaction).await;
            let ended = transaction.end(chained).await;
            if !retries.may_retry_transaction(&ended, self.write.clock()).await {
                return ended;
            }
        }
    }

    async fn chain_in(&self, transaction: &Transaction) -> Result<(), Error> {
        // Of two at once, the second waits here, and then sees what the first has done.
        let lock = if self.backend == DbBackend::Postgres { "FOR UPDATE" } else { "" };
        let sql = format!("SELECT entries, hash FROM audit_head WHERE id = 1 {lock}");
        let head = transaction.query_one_raw(self.statement(&sql, vec![])).await?;
        let head = head.ok_or_else(|| Error::Unusable("audit_head has no row".to_owned()))?;
        let (mut seq, mut hash): (i64, String) =
            (head.try_get("", "entries")?, head.try_get("", "hash")?);
        let sql = format!(
            "SELECT id, {} FROM audit_entry WHERE seq IS NULL ORDER BY at, id LIMIT {BATCH}",
            AuditEntry::COLUMNS
        );
        let rows = transaction.query_all_raw(self.statement(&sql, vec![])).await?;
        let mut links = Vec::with_capacity(rows.len());
        for row in &rows {
            seq += 1;
            hash = AuditEntry { seq, ..AuditEntry::of(row)? }.hash_behind(&hash);
            links.push((row.try_get::<Uuid>("", "id")?, seq, hash.clone()));
        }
        if links.is_empty() {
            return Ok(());
        }
        let count = links.len();
        let places = links.into_iter().map(|(id, seq, hash)| [id.into(), seq.into(), hash.into()]);
        let places = Rowset::of(&LINK, places);
        let source = Form::Json(self.backend).source(&LINK, 1);
        let sql = format!(
            "UPDATE audit_entry SET seq = r.seq, hash = r.hash FROM {source} \
             WHERE audit_entry.id = r.id AND audit_entry.seq IS NULL"
        );
        let placed =
            transaction.execute_raw(self.statement(&sql, vec![places.json().into()])).await?;
        if placed.rows_affected() != count as u64 {
            return Err(Error::Unusable("an audit entry had a place already".to_owned()));
        }
        let sql = "UPDATE audit_head SET entries = $1, hash = $2 WHERE id = 1";
        transaction.execute_raw(self.statement(sql, vec![seq.into(), hash.into()])).await?;
        Ok(())
    }

    /// The end of the chain, at one moment; `None` where it is missing.
    pub async fn audit_head(&self) -> Result<Option<AuditHead>, Error> {
        let sql = "SELECT entries, hash, (SELECT max(seq) FROM audit_entry) AS last_seq \
                   FROM audit_head WHERE id = 1";
        let row = self.read.query_one_raw(self.statement(sql, vec![])).await?;
        let head = |row: QueryResult| -> Result<AuditHead, Error> {
            let last_seq = row.try_get::<Option<i64>>("", "last_seq")?.unwrap_or(0);
            let (entries, hash) = (row.try_get("", "entries")?, row.try_get("", "hash")?);
            Ok(AuditHead { entries, hash, last_seq })
        };
        row.map(head).transpose()
    }

    /// Entries of the chain behind `after`, in its order.
    pub async fn audit_chain(&self, after: i64, limit: u64) -> Result<Vec<AuditEntry>, Error> {
        let sql = format!(
            "SELECT {} FROM audit_entry WHERE seq > $1 ORDER BY seq LIMIT $2",
            AuditEntry::COLUMNS
        );
        let values = vec![after.into(), limit.into()];
        let rows = self.read.query_all_raw(self.statement(&sql, values)).await?;
        rows.iter().map(AuditEntry::of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> AuditEntry {
        AuditEntry {
            seq: 1,
            at: DateTime::from_timestamp(1_700_000_000, 250_000_000).expect("a moment"),
            who: "asha".to_owned(),
            role: "operator".to_owned(),
            via: "api".to_owned(),
            action: "retry".to_owned(),
            target: Some("x".to_owned()),
            reason: Some("it is \"back\"\n₹".to_owned()),
            result: "done".to_owned(),
            hash: String::new(),
        }
    }

    #[test]
    fn a_hash_is_over_the_entry_and_the_hash_before() {
        let text = format!(
            r#"["{}",1,"2023-11-14T22:13:20.250Z","asha","operator","api","retry","x","it is \"back\"\n₹","done"]"#,
            Store::NO_HASH
        );
        let expected = base16ct::lower::encode_string(&Sha256::digest(text));
        assert_eq!(entry().hash_behind(Store::NO_HASH), expected);
    }

    #[test]
    fn no_member_can_be_changed_or_moved_into_another() {
        let changed = |change: fn(&mut AuditEntry)| {
            let mut entry = entry();
            change(&mut entry);
            entry.hash_behind(Store::NO_HASH)
        };
        let all = [
            changed(|_| {}),
            entry().hash_behind("other"),
            changed(|entry| entry.seq = 2),
            changed(|entry| entry.at += chrono::TimeDelta::microseconds(1)),
            changed(|entry| entry.who = "ash".to_owned()),
            changed(|entry| entry.role = "admin".to_owned()),
            changed(|entry| entry.via = "shell".to_owned()),
            changed(|entry| entry.action = "hold".to_owned()),
            changed(|entry| entry.target = None),
            changed(|entry| entry.target = Some(String::new())),
            changed(|entry| std::mem::swap(&mut entry.target, &mut entry.reason)),
            changed(|entry| entry.reason = None),
            changed(|entry| entry.result = "denied".to_owned()),
        ];
        let different: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(different.len(), all.len());
    }
}
