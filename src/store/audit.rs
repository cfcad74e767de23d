//! Reading the books for a check or an audit: bounded pages, each from one moment, by index.
//!
//! The invariant: what is returned of an id is all that the books say of it at that moment. Two
//! statements apart, a service at work would make every saga look broken.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{DateTime, Utc};
use entity::{orders, outbox, saga_instance, step_log};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    Statement,
};
use uuid::Uuid;

use super::account::{Account, Kept};
use super::codec::{entries_of, instance_of};
use super::forget_sagas::forgotten_by;
use super::order::with_items;
use super::outbox::StoredEvent;
use super::saga::Found;
use super::transaction::Transaction;
use super::{Error, Order, Store};
use crate::order::OrderId;
use crate::saga::Catalogue;

/// Every table that names an id, so that what has lost its saga is found, too; and how many of its
/// rows are read for each account of a page. Not DISTINCT: without statistics, PostgreSQL would read
/// all the rest of a table for it.
const NAMED: [(&str, u64); 4] = [
    ("SELECT id FROM saga_instance WHERE id > $1 ORDER BY id LIMIT $2", 1),
    ("SELECT id FROM orders WHERE id > $1 ORDER BY id LIMIT $2", 1),
    ("SELECT saga_id FROM step_log WHERE saga_id > $1 ORDER BY saga_id LIMIT $2", 8),
    ("SELECT order_id FROM outbox WHERE order_id > $1 ORDER BY order_id LIMIT $2", 1),
];

impl Store {
    /// The accounts of the next ids behind this one, in their order: up to `limit`, or fewer where
    /// their logs are long; none at the end.
    pub async fn accounts(&self, after: Uuid, limit: u64) -> Result<Vec<Account>, Error> {
        let snapshot = self.snapshot().await?;
        let ids = self.ids_behind(&snapshot, after, limit).await?;
        let accounts = read(&snapshot, &ids, self.catalogue).await?;
        snapshot.leave().await;
        Ok(accounts)
    }

    /// The next ids that any table names: as far as none of them has more in between.
    async fn ids_behind(
        &self,
        snapshot: &Transaction,
        after: Uuid,
        limit: u64,
    ) -> Result<Vec<Uuid>, Error> {
        let (mut ids, mut until) = (BTreeSet::new(), Uuid::max());
        for (sql, rows_each) in NAMED {
            let most = limit * rows_each;
            let named =
                ids_of(snapshot, self.statement(sql, vec![after.into(), most.into()])).await?;
            if named.len() as u64 == most {
                until = named.last().map_or(until, |last| until.min(*last));
            }
            ids.extend(named);
        }
        Ok(ids.into_iter().take_while(|id| *id <= until).collect())
    }

    /// The account of this id as it is now; empty where the books know nothing of it.
    pub async fn account(&self, id: OrderId) -> Result<Account, Error> {
        let snapshot = self.snapshot().await?;
        let accounts = read(&snapshot, &[id.0], self.catalogue).await?;
        snapshot.leave().await;
        Ok(accounts.into_iter().next().unwrap_or(Account {
            id,
            saga: None,
            entries: 0,
            order: None,
            reversals: Vec::new(),
            events: Vec::new(),
            is_forgotten: false,
            events_forgotten: None,
        }))
    }

    /// Which of these ids the books have a saga or an order of, or had: what is forgotten is in the archive.
    pub async fn known(&self, ids: &[OrderId]) -> Result<HashSet<OrderId>, Error> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let sagas = saga_instance::Entity::find()
            .select_only()
            .column(saga_instance::Column::Id)
            .filter(saga_instance::Column::Id.is_in(ids.clone()))
            .into_tuple::<Uuid>();
        let orders = orders::Entity::find()
            .select_only()
            .column(orders::Column::Id)
            .filter(orders::Column::Id.is_in(ids.clone()))
            .into_tuple::<Uuid>();
        let (sagas, orders) = (sagas.all(&self.read).await?, orders.all(&self.read).await?);
        let forgotten = forgotten_by(&self.read, &ids).await?.into_keys();
        Ok(sagas.into_iter().chain(orders).chain(forgotten).map(OrderId).collect())
    }

    /// How many sagas there are.
    pub async fn count_sagas(&self) -> Result<u64, Error> {
        let counted = self.statement("SELECT count(*) FROM saga_instance", vec![]);
        let counted = self.read.query_one_raw(counted).await?;
        let counted: i64 = counted.map_or(Ok(0), |row| row.try_get_by_index(0))?;
        Ok(u64::try_from(counted).unwrap_or(0))
    }

    /// Every state that a saga is in, also such as this binary has no word for; a look at the
    /// states' index for each, and at what is driven.
    pub async fn states(&self) -> Result<Vec<String>, Error> {
        let driven = "SELECT DISTINCT state FROM saga_instance WHERE owner IS NOT NULL";
        let driven = self.read.query_all_raw(self.statement(driven, vec![])).await?;
        let mut states: BTreeSet<String> =
            driven.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
        let next = "SELECT state FROM saga_instance WHERE owner IS NULL AND state > $1 \
                    ORDER BY state LIMIT 1";
        let mut after = String::new();
        while let Some(row) =
            self.read.query_one_raw(self.statement(next, vec![after.into()])).await?
        {
            after = row.try_get_by_index(0)?;
            states.insert(after.clone());
        }
        Ok(states.into_iter().collect())
    }

    /// Sagas in this state behind that one, the oldest first.
    pub async fn sagas_in(
        &self,
        state: &str,
        after: Option<(DateTime<Utc>, Uuid)>,
        limit: u64,
    ) -> Result<Vec<Kept>, Error> {
        let snapshot = self.snapshot().await?;
        let (behind, mut values) = match after {
            Some((at, id)) => ("AND (created_at, id) > ($3, $4)", vec![at.into(), id.into()]),
            None => ("", vec![]),
        };
        values.splice(0..0, [state.into(), limit.into()]);
        let page = |owner, name| {
            format!(
                "SELECT id, created_at FROM (SELECT id, created_at FROM saga_instance \
                 WHERE owner {owner} AND state = $1 {behind} \
                 ORDER BY created_at, id LIMIT $2) AS {name}"
            )
        };
        let (undriven, driven) = (page("IS NULL", "undriven"), page("IS NOT NULL", "driven"));
        let sql = format!("{undriven} UNION ALL {driven} ORDER BY created_at, id LIMIT $2");
        let ids = ids_of(&snapshot, self.statement(&sql, values)).await?;
        let mut sagas = sagas(&snapshot, &ids, self.catalogue).await?;
        snapshot.leave().await;
        Ok(ids.iter().filter_map(|id| sagas.remove(id)).collect())
    }

    /// A transaction that sees one moment.
    async fn snapshot(&self) -> Result<Transaction, Error> {
        let begin = match self.backend {
            DbBackend::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            // With a write-ahead log, a reader of SQLite sees the moment of its first look.
            _ => "BEGIN",
        };
        Ok(self.read.begin_by(begin).await?)
    }
}

async fn ids_of(snapshot: &Transaction, select: Statement) -> Result<Vec<Uuid>, Error> {
    let rows = snapshot.query_all_raw(select).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?)
}

async fn read(
    snapshot: &Transaction,
    ids: &[Uuid],
    catalogue: Catalogue,
) -> Result<Vec<Account>, Error> {
    let mut sagas = sagas(snapshot, ids, catalogue).await?;
    let found = orders::Entity::find().filter(orders::Column::Id.is_in(ids.iter().copied()));
    let orders = with_items(snapshot, found.all(snapshot).await?).await?;
    let mut orders: BTreeMap<Uuid, Order> =
        orders.into_iter().map(|order| (order.id.0, order)).collect();
    let mut events: BTreeMap<Uuid, Vec<StoredEvent>> = BTreeMap::new();
    let of_orders = outbox::Column::OrderId.is_in(ids.iter().copied());
    for event in outbox::Entity::find().filter(of_orders).all(snapshot).await? {
        events.entry(event.order_id).or_default().push(event.into());
    }
    let mut reversals: BTreeMap<Uuid, Vec<Found>> = BTreeMap::new();
    let of_orders = saga_instance::Column::OrderId.is_in(ids.iter().copied());
    let about_orders = saga_instance::Entity::find().filter(of_orders);
    for row in about_orders.all(snapshot).await? {
        if let Some(order_id) = row.order_id {
            reversals.entry(order_id).or_default().push(Found::of_row(row, catalogue));
        }
    }
    for sagas in reversals.values_mut() {
        sagas.sort_by_key(|saga| (saga.created_at, saga.id.0));
    }
    let is_read = |id: &&Uuid| sagas.get(*id).is_some_and(|saga| saga.readable.is_ok());
    let unread = ids.iter().filter(|id| !is_read(id)).copied();
    let mut unread = entries(snapshot, unread.collect()).await?;
    let forgotten = forgotten_by(snapshot, ids).await?;
    let events_forgotten = events_forgotten(snapshot).await?;
    let account = |id: &Uuid| {
        let saga = sagas.remove(id);
        let entries = match &saga {
            Some(Kept { readable: Ok((_, log)), .. }) => log.len(),
            Some(_) | None => unread.remove(id).unwrap_or(0),
        };
        Account {
            id: OrderId(*id),
            saga,
            entries,
            order: orders.remove(id),
            reversals: reversals.remove(id).unwrap_or_default(),
            events: events.remove(id).unwrap_or_default(),
            is_forgotten: forgotten.contains_key(id),
            events_forgotten,
        }
    };
    Ok(ids.iter().map(account).collect())
}

/// The latest time of an event that is forgotten.
async fn events_forgotten(snapshot: &Transaction) -> Result<Option<DateTime<Utc>>, Error> {
    let sql = "SELECT events_at FROM retention WHERE id = 1";
    let statement = Statement::from_string(snapshot.get_database_backend(), sql);
    let row = snapshot.query_one_raw(statement).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.flatten())
}

async fn sagas(
    snapshot: &Transaction,
    ids: &[Uuid],
    catalogue: Catalogue,
) -> Result<BTreeMap<Uuid, Kept>, Error> {
    let of_page = saga_instance::Column::Id.is_in(ids.iter().copied());
    let rows = saga_instance::Entity::find().filter(of_page).all(snapshot).await?;
    let mut logs: BTreeMap<Uuid, Vec<step_log::Model>> = BTreeMap::new();
    let log = step_log::Entity::find()
        .filter(step_log::Column::SagaId.is_in(rows.iter().map(|row| row.id)))
        .order_by_asc(step_log::Column::SagaId)
        .order_by_asc(step_log::Column::Seq);
    for entry in log.all(snapshot).await? {
        logs.entry(entry.saga_id).or_default().push(entry);
    }
    let executors = entity::executor::Entity::find().all(snapshot).await?;
    let executors: HashSet<Uuid> = executors.into_iter().map(|executor| executor.id).collect();
    let kept = |row: saga_instance::Model| {
        let log = logs.remove(&row.id).unwrap_or_default();
        let definition = catalogue.find(&row.kind, row.definition_version);
        let entries = definition.map_or(Vec::new(), |definition| entries_of(definition, &log));
        let readable = instance_of(row.clone(), log, catalogue);
        let kept = Kept {
            version: row.definition_version,
            owner_is_known: row.owner.is_none_or(|owner| executors.contains(&owner)),
            readable: readable.map(|instance| (instance, entries)),
            row: Found::of_row(row, catalogue),
        };
        (kept.row.id.0, kept)
    };
    Ok(rows.into_iter().map(kept).collect())
}

/// How many entries the logs of these ids have; those without any are left out.
async fn entries(snapshot: &Transaction, ids: Vec<Uuid>) -> Result<BTreeMap<Uuid, usize>, Error> {
    let counted = step_log::Entity::find()
        .select_only()
        .column(step_log::Column::SagaId)
        .column_as(step_log::Column::Seq.count(), "entries")
        .filter(step_log::Column::SagaId.is_in(ids))
        .group_by(step_log::Column::SagaId)
        .into_tuple::<(Uuid, i64)>();
    let counted = counted.all(snapshot).await?.into_iter();
    Ok(counted.map(|(id, entries)| (id, usize::try_from(entries).unwrap_or(0))).collect())
}
