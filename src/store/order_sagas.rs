//! All sagas of an order with all that the archive keeps of them, as lines of it.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use entity::{orders, outbox, saga_instance, step_log};
use sea_orm::{ConnectionTrait, FromQueryResult};
use serde_json::{Value, json};
use uuid::Uuid;

use super::codec::{archived_audit, archived_event, archived_note, archived_saga, archived_step};
use super::notes::Note;
use super::rowset::{ids, source_of_ids};
use super::trail_chain::AuditEntry;
use super::{Error, Store};
use crate::json;
use crate::order::{OrderId, ProfileId};
use crate::saga::{Progress, SagaId};

/// All sagas of an order.
#[derive(Clone, Debug)]
pub struct OrderSagas {
    /// Which order, or which checkout that never became one.
    pub order_id: OrderId,
    /// Its row, if it has one.
    pub order: Option<OrderRow>,
    /// Those that the books have.
    pub sagas: Vec<ArchivedSaga>,
    /// An event has no position yet, or an entry of the audit trail no place, so that their lines will
    /// change; or an answer is owed that is made from them.
    pub is_unsettled: bool,
}

/// What matters of an order's row.
#[derive(Clone, Debug)]
pub struct OrderRow {
    /// As stored.
    pub status: String,
    /// Its last move.
    pub updated_at: DateTime<Utc>,
    /// Whether the row itself says who paid, so that no saga is needed for that.
    pub has_payer: bool,
}

/// A saga as the archive keeps it.
#[derive(Clone, Debug)]
pub struct ArchivedSaga {
    /// Its id.
    pub id: SagaId,
    /// As stored.
    pub state: String,
    /// The same; `None` where this binary has no word for it.
    pub progress: Option<Progress>,
    /// Somebody has to do something for it.
    pub is_in_flight: bool,
    /// The last write.
    pub updated_at: DateTime<Utc>,
    /// Who paid, where it knows.
    pub payer: Option<ProfileId>,
    /// Entries of its log.
    pub entries: u64,
    /// Its line, without a line end.
    pub line: String,
}

/// Rows by the saga or the order that they are about.
type Rows<T> = HashMap<Uuid, Vec<T>>;

/// All rows about some orders and their sagas.
struct AllRows {
    orders: HashMap<Uuid, OrderRow>,
    sagas: Rows<saga_instance::Model>,
    steps: Rows<step_log::Model>,
    events: Rows<outbox::Model>,
    notes: Rows<Note>,
    audits: Rows<AuditEntry>,
    /// Orders by which an answer is owed.
    owed: HashSet<Uuid>,
}

impl Store {
    /// All sagas of these orders; those without any are left out.
    pub async fn sagas_to_archive(&self, of: &[OrderId]) -> Result<Vec<OrderSagas>, Error> {
        self.sagas_to_archive_by(&self.read, of).await
    }

    /// The same by this connection.
    pub(super) async fn sagas_to_archive_by(
        &self,
        from: &impl ConnectionTrait,
        of: &[OrderId],
    ) -> Result<Vec<OrderSagas>, Error> {
        if of.is_empty() {
            return Ok(Vec::new());
        }
        let mut rows = self.all_rows(from, of).await?;
        Ok(of.iter().filter_map(|id| self.order_sagas(*id, &mut rows)).collect())
    }

    async fn all_rows(
        &self,
        from: &impl ConnectionTrait,
        of: &[OrderId],
    ) -> Result<AllRows, Error> {
        let these: Vec<Uuid> = of.iter().map(|id| id.0).collect();
        let source = source_of_ids(self.backend);
        let rows = async |table: &str, column: &str, these: &[Uuid]| {
            let sql = format!("SELECT t.* FROM {source} JOIN {table} t ON t.{column} = r.id");
            from.query_all_raw(self.statement(&sql, vec![ids(these)])).await
        };
        let mut sagas: Rows<saga_instance::Model> = HashMap::new();
        for column in ["id", "order_id"] {
            for row in rows("saga_instance", column, &these).await? {
                let saga = saga_instance::Model::from_query_result(&row, "")?;
                // One that is about an order has an id that is no order's.
                if column == "order_id" || saga.order_id.is_none() {
                    sagas.entry(saga.order_id.unwrap_or(saga.id)).or_default().push(saga);
                }
            }
        }
        let of_sagas: Vec<Uuid> = sagas.values().flatten().map(|saga| saga.id).collect();
        let mut orders: HashMap<Uuid, OrderRow> = HashMap::new();
        for row in rows("orders", "id", &these).await? {
            let order = orders::Model::from_query_result(&row, "")?;
            orders.insert(order.id, order.into());
        }
        let mut steps: Rows<step_log::Model> = HashMap::new();
        for row in rows("step_log", "saga_id", &of_sagas).await? {
            let entry = step_log::Model::from_query_result(&row, "")?;
            steps.entry(entry.saga_id).or_default().push(entry);
        }
        let mut events: Rows<outbox::Model> = HashMap::new();
        for row in rows("outbox", "order_id", &these).await? {
            let event = outbox::Model::from_query_result(&row, "")?;
            events.entry(event.order_id).or_default().push(event);
        }
        let mut notes: Rows<Note> = HashMap::new();
        for row in rows("saga_note", "saga_id", &of_sagas).await? {
            notes.entry(row.try_get("", "saga_id")?).or_default().push(Note::of(&row)?);
        }
        let mut owed = HashSet::new();
        for row in rows("owed_answer", "order_id", &these).await? {
            owed.insert(row.try_get::<Uuid>("", "order_id")?);
        }
        let audits = self.audits_about(from, &these, &of_sagas).await?;
        Ok(AllRows { orders, sagas, steps, events, notes, audits, owed })
    }

    /// Takes one order's out of the rows; `None` where it has no saga.
    fn order_sagas(&self, order_id: OrderId, rows: &mut AllRows) -> Option<OrderSagas> {
        let id = order_id.0;
        let mut sagas = rows.sagas.remove(&id)?;
        sagas.sort_by_key(|saga| (saga.created_at, saga.id));
        let mut events = rows.events.remove(&id).unwrap_or_default();
        events.sort_by_key(|event| (event.version, event.created_at, event.id));
        let told: Vec<Value> = events.iter().map(archived_event).collect();
        let about_order = rows.audits.get(&id).cloned().unwrap_or_default();
        let mut is_unsettled = rows.owed.contains(&id);
        is_unsettled |= events.iter().any(|event| event.position.is_none());
        let mut archived = Vec::with_capacity(sagas.len());
        for saga in sagas {
            let mut audit = about_order.clone();
            if saga.id != id {
                audit.extend(rows.audits.remove(&saga.id).unwrap_or_default());
            }
            audit.sort_by_key(|entry| (entry.seq, entry.at));
            is_unsettled |= audit.iter().any(|entry| entry.seq == 0);
            let mut steps = rows.steps.remove(&saga.id).unwrap_or_default();
            steps.sort_by_key(|entry| entry.seq);
            let mut notes = rows.notes.remove(&saga.id).unwrap_or_default();
            notes.sort_by(|one, other| (one.at, &one.text).cmp(&(other.at, &other.text)));
            archived.push(self.archived(&saga, &steps, &told, &notes, &audit));
        }
        let order = rows.orders.remove(&id);
        Some(OrderSagas { order_id, order, sagas: archived, is_unsettled })
    }

    fn archived(
        &self,
        saga: &saga_instance::Model,
        steps: &[step_log::Model],
        events: &[Value],
        notes: &[Note],
        audit: &[AuditEntry],
    ) -> ArchivedSaga {
        let line = json!({
            "saga": archived_saga(saga),
            "steps": steps.iter().map(archived_step).collect::<Vec<_>>(),
            "events": events,
            "notes": notes.iter().map(archived_note).collect::<Vec<_>>(),
            "audit": audit.iter().map(archived_audit).collect::<Vec<_>>(),
        });
        let definition = self.catalogue.find(&saga.kind, saga.definition_version);
        ArchivedSaga {
            id: SagaId(saga.id),
            state: saga.state.clone(),
            progress: definition.and_then(|definition| definition.progress(&saga.state)),
            is_in_flight: saga.owner.is_some()
                || saga.next_attempt_at.is_some()
                || saga.stuck_kind.is_some()
                || saga.held.is_some(),
            updated_at: saga.updated_at,
            payer: json::uuid(&saga.context, "profileId").map(ProfileId),
            entries: steps.len() as u64,
            line: line.to_string(),
        }
    }

    /// What people did to these orders and sagas, by the id.
    async fn audits_about(
        &self,
        from: &impl ConnectionTrait,
        orders: &[Uuid],
        sagas: &[Uuid],
    ) -> Result<Rows<AuditEntry>, Error> {
        let mut targets: Vec<Uuid> = orders.iter().chain(sagas).copied().collect();
        targets.sort_unstable();
        targets.dedup();
        let source = source_of_ids(self.backend);
        // A target is a text, as it names more than ids.
        let text = match self.backend {
            sea_orm::DbBackend::Sqlite => {
                "lower(substr(hex(r.id), 1, 8) || '-' || substr(hex(r.id), 9, 4) || '-' || \
                 substr(hex(r.id), 13, 4) || '-' || substr(hex(r.id), 17, 4) || '-' || \
                 substr(hex(r.id), 21))"
            }
            _ => "r.id::text",
        };
        let sql = format!(
            "SELECT {} FROM (SELECT {text} AS this FROM {source}) AS these \
             JOIN audit_entry ON audit_entry.target = these.this",
            AuditEntry::COLUMNS
        );
        let rows = from.query_all_raw(self.statement(&sql, vec![ids(&targets)])).await?;
        let mut audits: Rows<AuditEntry> = HashMap::new();
        for entry in rows.iter().map(AuditEntry::of) {
            let entry = entry?;
            let target = entry.target.as_deref().and_then(|target| target.parse().ok());
            if let Some(target) = target {
                audits.entry(target).or_default().push(entry);
            }
        }
        Ok(audits)
    }
}

impl From<orders::Model> for OrderRow {
    fn from(order: orders::Model) -> Self {
        let (status, updated_at) = (order.status, order.updated_at);
        Self { status, updated_at, has_payer: order.profile_id.is_some() }
    }
}
