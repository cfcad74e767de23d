//! Bulk runs: their rows, their states, and which process carries one out.
//!
//! A lead of a run is a lease on its row, as on a cursor's. It only keeps processes from doing the same work
//! twice: what keeps a run right is that whatever its leader writes names the owner and the fence
//! (promise 64).

use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult};
use serde_json::Value;
use strum::{Display, EnumString, IntoStaticStr};
use uuid::Uuid;

use super::trail::NewAuditEntry;
use super::transaction::Transaction;
use super::{Error, ListedAt, Store};
use crate::config::Role;
use crate::order::Paise;

/// Where a run stands. The words are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum BulkState {
    /// Nothing is done before somebody starts it.
    Prepared,
    /// Its items are acted on.
    Running,
    /// Somebody has stopped it for now.
    Paused,
    /// It has stopped by itself: an item came back.
    Halted,
    /// Every item has its result.
    Done,
    /// Somebody has stopped it for good.
    Stopped,
}

/// A run.
#[derive(Clone, Debug, PartialEq)]
pub struct BulkRun {
    /// Its id.
    pub id: Uuid,
    /// What is done to each saga, as the operators' API calls it.
    pub action: String,
    /// Who prepared it, in whose name it acts.
    pub who: String,
    /// Who that is in the audit trail.
    pub audited_who: String,
    /// In which role they prepared it, and it acts.
    pub role: Role,
    /// Why.
    pub reason: String,
    /// Why it acts now: the reason of whoever started it last, or its own.
    pub acting_reason: String,
    /// How it goes about it.
    pub plan: Value,
    /// How many sagas.
    pub count: u64,
    /// What was out by them when it was prepared, at most.
    pub money: Paise,
    /// What it will do to how many.
    pub preview: Value,
    /// Where it stands.
    pub state: BulkState,
    /// Why it has stopped by itself.
    pub halted_by: Option<String>,
    /// Whose the lead is, or was.
    pub owner: Option<Uuid>,
    /// Rises whenever the lead goes to another process.
    pub fence: i64,
    /// When it was prepared.
    pub created_at: DateTime<Utc>,
}

/// What changes where a run stands.
#[derive(Clone, Debug)]
pub struct BulkMove<'a> {
    /// From here.
    pub from: BulkState,
    /// To there.
    pub to: BulkState,
    /// Why it acts from now on; `None` leaves that as it is.
    pub acting_reason: Option<&'a str>,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    action: String,
    who: String,
    /// Null in runs of binaries that did not write it; so is the role.
    audited_who: Option<String>,
    role: Option<String>,
    reason: String,
    acting_reason: String,
    plan: String,
    items: i64,
    money: i64,
    preview: String,
    state: String,
    halted_by: Option<String>,
    owner: Option<Uuid>,
    fence: i64,
    created_at: DateTime<Utc>,
}

impl TryFrom<Row> for BulkRun {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let id = row.id;
        let unreadable = |what: &str| Error::Unusable(format!("bulk run {id}: bad {what}"));
        Ok(Self {
            id,
            action: row.action,
            audited_who: row.audited_who.unwrap_or_else(|| row.who.clone()),
            role: row.role.and_then(|role| role.parse().ok()).unwrap_or(Role::Operator),
            who: row.who,
            reason: row.reason,
            acting_reason: row.acting_reason,
            plan: serde_json::from_str(&row.plan).map_err(|_| unreadable("plan"))?,
            count: u64::try_from(row.items).unwrap_or(0),
            money: Paise(row.money),
            preview: serde_json::from_str(&row.preview).map_err(|_| unreadable("preview"))?,
            state: row.state.parse().map_err(|_| unreadable("state"))?,
            halted_by: row.halted_by,
            owner: row.owner,
            fence: row.fence,
            created_at: row.created_at,
        })
    }
}

impl Store {
    /// Adds a run, whose items are there already.
    pub async fn add_bulk_run(&self, run: &BulkRun, audit: &NewAuditEntry) -> Result<(), Error> {
        let sql = "INSERT INTO bulk_run (id, action, who, reason, acting_reason, plan, items, money, \
                   preview, state, created_at, audited_who, role) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
        let values = vec![
            run.id.into(),
            run.action.clone().into(),
            run.who.clone().into(),
            run.reason.clone().into(),
            run.acting_reason.clone().into(),
            run.plan.to_string().into(),
            i64::try_from(run.count).unwrap_or(i64::MAX).into(),
            run.money.0.into(),
            run.preview.to_string().into(),
            run.state.to_string().into(),
            run.created_at.into(),
            run.audited_who.clone().into(),
            run.role.to_string().into(),
        ];
        let transaction = self.write.begin().await?;
        let added = async {
            transaction.execute_raw(self.statement(sql, values)).await?;
            self.audit_in(&transaction, Some(audit)).await
        };
        let added = added.await;
        transaction.end(added).await
    }

    /// The run of this id.
    pub async fn bulk_run(&self, id: Uuid) -> Result<Option<BulkRun>, Error> {
        let sql = "SELECT * FROM bulk_run WHERE id = $1";
        let row = Row::find_by_statement(self.statement(sql, vec![id.into()]));
        row.one(&self.read).await?.map(BulkRun::try_from).transpose()
    }

    /// Runs, the newest first; one more than asked for where there are more.
    pub async fn bulk_runs(
        &self,
        after: Option<ListedAt>,
        limit: u64,
    ) -> Result<Vec<BulkRun>, Error> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let (sql, values) = match after {
            None => (
                "SELECT * FROM bulk_run ORDER BY created_at DESC, id DESC LIMIT $1",
                vec![limit.into()],
            ),
            Some((at, id)) => (
                "SELECT * FROM bulk_run WHERE (created_at, id) < ($2, $3) \
                 ORDER BY created_at DESC, id DESC LIMIT $1",
                vec![limit.into(), at.into(), id.into()],
            ),
        };
        let rows = Row::find_by_statement(self.statement(sql, values)).all(&self.read).await?;
        rows.into_iter().map(BulkRun::try_from).collect()
    }

    /// The runs that have something to do: those that run, and those with an item in hand.
    pub async fn open_bulk_runs(&self) -> Result<Vec<Uuid>, Error> {
        let sql = "SELECT id FROM bulk_run WHERE state = 'running' \
                   UNION SELECT bulk_id FROM bulk_item WHERE result = 'running' ORDER BY 1";
        let rows = self.read.query_all_raw(self.statement(sql, vec![])).await?;
        rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
    }

    /// Moves a run, if it still stands where the move begins; whether it did. A run that goes on tries again
    /// what came back: after it has halted all of it, else only what would have halted it.
    pub async fn move_bulk_run(
        &self,
        id: Uuid,
        by: &BulkMove<'_>,
        audit: &NewAuditEntry,
    ) -> Result<bool, Error> {
        let sql = "UPDATE bulk_run SET state = $3, halted_by = NULL, \
                   acting_reason = COALESCE($4, acting_reason) WHERE id = $1 AND state = $2";
        let reason = by.acting_reason.map(str::to_owned);
        let (from, to) = (by.from.to_string(), by.to.to_string());
        let values = vec![id.into(), from.into(), to.into(), reason.into()];
        let again = "UPDATE bulk_item SET result = 'waiting', did = NULL, error = NULL, at = NULL \
                     WHERE bulk_id = $1 AND result = 'relapsed' AND (halts OR $2)";
        let transaction = self.write.begin().await?;
        let moved = async {
            let moved = transaction.execute_raw(self.statement(sql, values)).await?;
            if moved.rows_affected() == 1 && by.to == BulkState::Running {
                let all = by.from == BulkState::Halted;
                let again = self.statement(again, vec![id.into(), all.into()]);
                transaction.execute_raw(again).await?;
            }
            let is_moved = moved.rows_affected() == 1;
            self.audit_in(&transaction, Some(audit).filter(|_| is_moved)).await?;
            Ok(is_moved)
        };
        let moved = moved.await;
        transaction.end(moved).await
    }

    /// Takes or renews the lead of a run for `lease` from `now`; `None` while another process has it. A lease
    /// that ends much later than one that begins now can't be meant: the clock was set back since
    /// (promise 34).
    pub async fn lead_bulk_run(
        &self,
        id: Uuid,
        owner: Uuid,
        now: DateTime<Utc>,
        lease: Duration,
    ) -> Result<Option<BulkRun>, Error> {
        let sql = "UPDATE bulk_run SET owner = $2, leased_until = $3, \
                   fence = fence + CASE WHEN owner = $2 THEN 0 ELSE 1 END \
                   WHERE id = $1 AND (owner IS NULL OR owner = $2 OR leased_until < $4 \
                   OR leased_until > $5) RETURNING *";
        let (until, latest) = (now + lease, now + lease * 2);
        let values = vec![id.into(), owner.into(), until.into(), now.into(), latest.into()];
        let row = Row::find_by_statement(self.statement(sql, values)).one(&self.write).await?;
        row.map(BulkRun::try_from).transpose()
    }

    /// Gives up all leads of a process, so that others need not wait for its leases.
    pub async fn resign_bulk_runs(&self, owner: Uuid) -> Result<(), Error> {
        let sql = "UPDATE bulk_run SET owner = NULL, leased_until = NULL WHERE owner = $1";
        self.write.execute_raw(self.statement(sql, vec![owner.into()])).await?;
        Ok(())
    }

    /// Locks the row of a run until the end of the transaction; `None` if its lead is lost. Returns where it
    /// stands.
    pub(super) async fn hold_lead(
        &self,
        transaction: &Transaction,
        lead: &BulkRun,
    ) -> Result<Option<BulkState>, Error> {
        let sql = format!(
            "SELECT state FROM bulk_run WHERE id = $1 AND owner = $2 AND fence = $3 {}",
            self.for_update()
        );
        let values = vec![lead.id.into(), lead.owner.into(), lead.fence.into()];
        let row = transaction.query_one_raw(self.statement(&sql, values)).await?;
        let Some(row) = row else { return Ok(None) };
        let state: String = row.try_get("", "state")?;
        let unknown = |_| Error::Unusable(format!("bulk run {}: bad state", lead.id));
        state.parse().map(Some).map_err(unknown)
    }
}
