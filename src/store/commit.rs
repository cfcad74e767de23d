//! The log writer's transaction: what many sagas have to write, in one commit.
//!
//! Each write stands or falls by itself with its fence; all that stand become durable together.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use sea_orm::sqlx::pool::PoolConnection;
use sea_orm::sqlx::postgres::PgArguments;
use sea_orm::sqlx::{Arguments as _, Connection, Error as DriverError, Postgres, Row};
use sea_orm::{ConnectionTrait, DbBackend, DbErr};
use uuid::Uuid;

use super::codec::{ENTRY, EVENT, ITEM, NEW_SAGA, ORDER, SAGA};
use super::codec::{entry_rows, event_row, item_rows, new_saga_row, order_row, saga_row};
use super::commit_sql::{IN_TURN, Shape};
use super::connect::ACQUIRE;
use super::pool::{Transaction, driver_error};
use super::rowset::{self, IDENTITY, Rowset, source};
use super::write::{Base, Fate, Write};
use super::{Error, Store};
use crate::clock::Clock;
use crate::saga::State;

/// What these write: new sagas, sagas, entries, orders, lines, events.
fn rowsets<'a>(writes: &[&'a Write]) -> [Rowset<'a>; 6] {
    let writes = || writes.iter().copied();
    let orders = || writes().filter_map(|write| write.order.as_ref());
    [
        Rowset::of(&NEW_SAGA, writes().filter_map(new_saga_row)),
        Rowset::of(&SAGA, writes().filter_map(saga_row)),
        Rowset::of(&ENTRY, writes().flat_map(entry_rows)),
        Rowset::of(&ORDER, orders().map(order_row)),
        Rowset::of(&ITEM, orders().flat_map(item_rows)),
        Rowset::of(&EVENT, orders().map(event_row)),
    ]
}

/// The same for PostgreSQL, and the statement that takes them.
fn at_once(writer: Uuid, writes: &[&Write]) -> Result<(&'static str, PgArguments), Error> {
    let rowsets = rowsets(writes);
    let [new_sagas, sagas, _, orders, ..] = &rowsets;
    let shape = Shape {
        new_sagas: !new_sagas.is_empty(),
        sagas: !sagas.is_empty(),
        orders: !orders.is_empty(),
    };
    let has = [shape.new_sagas, shape.sagas, true, shape.orders, shape.orders, shape.orders];
    let mut arguments = PgArguments::default();
    let mut bound = arguments.add(writer);
    for (rowset, _) in rowsets.iter().zip(has).filter(|(_, has)| *has) {
        bound = bound.and_then(|()| rowset.bind(&mut arguments));
    }
    // An array of more than fits a message: no batch is so large.
    bound.map_err(|error| Error::Refused(DbErr::Custom(error.to_string())))?;
    Ok((shape.statement(), arguments))
}

/// Encodes as a commit of these on PostgreSQL does: for the benchmark of it.
#[doc(hidden)]
pub fn encode(writes: &[Write]) -> bool {
    at_once(Uuid::nil(), &writes.iter().collect::<Vec<_>>()).is_ok()
}

/// After so long without a commit, a connection is asked whether it is still there.
const A_MOMENT: Duration = Duration::from_millis(2);

/// Commits one batch after the other.
#[derive(Debug)]
pub struct Committer {
    store: Store,
    clock: Clock,
    /// Counts what comes to rest in rows of its own, so that replicas don't wait for each other.
    writer: Uuid,
    /// Between two commits of PostgreSQL's: to give it back and to get it again is a trip each.
    kept: Option<Kept>,
}

#[derive(Debug)]
struct Kept {
    connection: PoolConnection<Postgres>,
    used_at: Duration,
}

impl Store {
    /// For the log writer.
    pub fn committer(&self, clock: Clock) -> Committer {
        let (store, writer) = (self.clone(), clock.fresh_id());
        Committer { store, clock, writer, kept: None }
    }
}

impl Committer {
    /// Writes all that stand in one commit, and says of each what became of it. Repeating a call
    /// whose outcome is unknown is safe: what was written then is found to be, and not again.
    ///
    /// # Errors
    /// As [`Error`] says; then none of them is known to be written.
    pub async fn commit(&mut self, writes: &[&Write]) -> Result<Vec<Fate>, Error> {
        let touched = match self.store.backend {
            DbBackend::Sqlite => self.store.commit_in_turn(self.writer, writes).await?,
            _ => self.commit_at_once(writes).await?,
        };
        // It is committed: not to be able to say of each what became of it is not to know.
        self.store.fates(writes, &touched).await.map_err(Error::OutcomeUnknown)
    }

    /// One that answered a moment ago, or just now: what is sent to one that is gone may have
    /// arrived.
    async fn connection(&mut self) -> Result<PoolConnection<Postgres>, Error> {
        let kept = self.kept.take();
        let used_at = kept.as_ref().map(|kept| kept.used_at);
        let mut connection = match kept {
            Some(kept) => kept.connection,
            None => self.store.write.connection().await?,
        };
        if used_at.is_none_or(|at| self.clock.monotonic().saturating_sub(at) > A_MOMENT) {
            let answered = self.clock.within(ACQUIRE, connection.ping()).await;
            answered.unwrap_or(Err(DriverError::PoolTimedOut)).map_err(driver_error)?;
        }
        Ok(connection)
    }

    async fn commit_at_once(&mut self, writes: &[&Write]) -> Result<HashSet<Uuid>, Error> {
        let mut connection = self.connection().await?;
        let (sql, arguments) = at_once(self.writer, writes)?;
        let rows = self.store.write.commit_by(&mut connection, sql, arguments).await?;
        self.kept = Some(Kept { connection, used_at: self.clock.monotonic() });
        let ids = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>();
        ids.map_err(|error| Error::OutcomeUnknown(driver_error(error)))
    }
}

/// How many of these are given up at rest, by state.
fn rested(writes: &[&Write]) -> BTreeMap<State, i64> {
    let mut rested = BTreeMap::new();
    let given_up = writes.iter().map(|write| &write.saga).filter(|saga| saga.owner.is_none());
    for state in given_up.map(|saga| saga.state).filter(|state| state.is_rest()) {
        *rested.entry(state).or_default() += 1;
    }
    rested
}

impl Store {
    async fn commit_in_turn(
        &self,
        writer: Uuid,
        writes: &[&Write],
    ) -> Result<HashSet<Uuid>, Error> {
        let transaction = self.write.begin().await?;
        let touched = match self.write_in_turn(&transaction, writer, writes).await {
            Ok(touched) => touched,
            Err(error) => {
                // The error says more than a failed rollback could.
                drop(transaction.rollback().await);
                return Err(error);
            }
        };
        transaction.commit().await.map_err(Error::OutcomeUnknown)?;
        Ok(touched)
    }

    async fn write_in_turn(
        &self,
        transaction: &Transaction,
        writer: Uuid,
        writes: &[&Write],
    ) -> Result<HashSet<Uuid>, Error> {
        let mut touched = HashSet::with_capacity(writes.len());
        let [new_sagas, sagas, ..] = rowsets(writes);
        for (sql, rows) in [(&IN_TURN.insert_sagas, new_sagas), (&IN_TURN.update_sagas, sagas)] {
            if rows.is_empty() {
                continue;
            }
            let sent = self.statement(sql, vec![rows.json().into()]);
            for row in transaction.query_all_raw(sent).await? {
                touched.insert(row.try_get_by_index(0)?);
            }
        }
        let standing = writes.iter().copied().filter(|write| touched.contains(&write.saga.id.0));
        let standing: Vec<_> = standing.collect();
        let [_, _, entries, orders, items, events] = rowsets(&standing);
        for (sql, rows) in [
            (&IN_TURN.insert_entries, entries),
            (&IN_TURN.insert_orders, orders),
            (&IN_TURN.insert_items, items),
            (&IN_TURN.insert_events, events),
        ] {
            if !rows.is_empty() {
                let sent = self.statement(sql, vec![rows.json().into()]);
                transaction.execute_raw(sent).await?;
            }
        }
        for (state, sagas) in rested(&standing) {
            let values = vec![writer.into(), state.to_string().into(), sagas.into()];
            transaction.execute_raw(self.statement(IN_TURN.count_rested, values)).await?;
        }
        Ok(touched)
    }

    /// What touched no row is lost, unless the row says that an earlier try of this very write
    /// landed: only its owner writes under its fence, and each write raises the revision.
    async fn fates(&self, writes: &[&Write], touched: &HashSet<Uuid>) -> Result<Vec<Fate>, DbErr> {
        let untouched: Vec<_> =
            writes.iter().copied().filter(|write| !touched.contains(&write.saga.id.0)).collect();
        let rows =
            if untouched.is_empty() { HashMap::new() } else { self.rows(&untouched).await? };
        let fate = |write: &&Write| {
            let landed = |(fence, revision): &(i64, i64)| {
                *fence == write.saga.fence && *revision >= write.saga.revision
            };
            match (&write.base, rows.get(&write.saga.id.0)) {
                _ if touched.contains(&write.saga.id.0) => Fate::Written,
                (_, Some(row)) if landed(row) => Fate::Written,
                // The id is our own: only we can have inserted it.
                (Base::New(_), Some(_)) => Fate::TakenUp,
                (Base::New(_), None) => Fate::KeyTaken,
                (Base::Owned { .. }, _) => Fate::Lost,
            }
        };
        Ok(writes.iter().map(fate).collect())
    }

    /// Fence and revision of these sagas' rows, where they are.
    async fn rows(&self, writes: &[&Write]) -> Result<HashMap<Uuid, (i64, i64)>, DbErr> {
        let ids: Vec<_> = writes.iter().map(|write| write.saga.id.0).collect();
        let sql = format!(
            "SELECT saga_instance.id, saga_instance.fence, saga_instance.revision \
             FROM {} JOIN saga_instance ON saga_instance.id = r.id",
            source(self.backend, &IDENTITY, 1)
        );
        let mut rows = HashMap::new();
        // On the writing side: it is this pool's commits that are asked about.
        for row in self
            .write
            .query_all_raw(self.statement(&sql, vec![rowset::ids(self.backend, &ids)]))
            .await?
        {
            let versions = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
            rows.insert(row.try_get_by_index(0)?, versions);
        }
        Ok(rows)
    }
}
