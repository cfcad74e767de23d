//! The audit trail as it is read: newest first, by who, what, when and what became of it.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, Value};

use super::trail::AuditResult;
use super::trail_chain::AuditEntry;
use super::{Error, Store};

/// Which entries are wanted.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Only those of this person.
    pub who: Option<String>,
    /// Only this action.
    pub action: Option<String>,
    /// Only those about this id, or about what is below it.
    pub target: Option<String>,
    /// Only those of this result.
    pub result: Option<AuditResult>,
    /// Only those of then or later.
    pub from: Option<DateTime<Utc>>,
    /// Only those of then or earlier.
    pub to: Option<DateTime<Utc>>,
    /// Only those before this place in the chain.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: u64,
}

impl Store {
    /// The entries of the chain that are wanted, newest first; one more than asked for where there are
    /// more.
    pub async fn audit_entries(&self, filter: &AuditFilter) -> Result<Vec<AuditEntry>, Error> {
        let (mut conditions, mut values) = (vec!["seq IS NOT NULL".to_owned()], Vec::new());
        let mut add = |condition: &str, value: Option<Value>| {
            if let Some(value) = value {
                values.push(value);
                conditions.push(condition.replace('?', &format!("${}", values.len())));
            }
        };
        let text = |text: &Option<String>| text.clone().map(Value::from);
        add("who = ?", text(&filter.who));
        add("action = ?", text(&filter.action));
        let below = "substr(target, 1, length(CAST(? AS text)) + 1) = CAST(? AS text) || '/'";
        add(&format!("(target = ? OR {below})"), text(&filter.target));
        add("result = ?", filter.result.map(|result| <&str>::from(result).into()));
        add("at >= ?", filter.from.map(Value::from));
        add("at <= ?", filter.to.map(Value::from));
        add("seq < ?", filter.before.map(Value::from));
        let sql = format!(
            "SELECT {} FROM audit_entry WHERE {} ORDER BY seq DESC LIMIT {}",
            AuditEntry::COLUMNS,
            conditions.join(" AND "),
            filter.limit + 1
        );
        let rows = self.read.query_all_raw(self.statement(&sql, values)).await?;
        rows.iter().map(AuditEntry::of).collect()
    }
}
