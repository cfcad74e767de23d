//! The log writer's transaction: what many sagas have to write, in one commit.
//!
//! Each write stands or falls by itself with its fence; all that stand become durable together.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use sea_orm::sqlx::Arguments as _;
use sea_orm::sqlx::postgres::PgArguments;
use sea_orm::{ConnectionTrait, DbBackend, DbErr};
use uuid::Uuid;

use super::codec::{ENTRY, NEW_SAGA, SAGA, TALLY};
use super::codec::{entry_rows, new_saga_row, saga_row, tally_row};
use super::commit_sql::{self, ALL_STAND, InTurn, ROWSETS, Rows};
use super::records::{self, RECORDINGS};
use super::retry::Retries;
use super::rowset::Rowset;
use super::session::Session;
use super::transaction::Transaction;
use super::write::{Base, Fate, Identity, Write};
use super::{Error, Store};
use crate::clock::Clock;

/// What these write: new sagas, sagas, entries, records and what comes to rest, each in the tables of
/// its own.
struct Rowsets<'a> {
    new_sagas: Rowset<'a>,
    sagas: Rowset<'a>,
    entries: Rowset<'a>,
    records: [Rowset<'a>; RECORDINGS.len()],
    rested: Rowset<'a>,
}

impl<'a> Rowsets<'a> {
    fn of(writer: Uuid, writes: &[&'a Write]) -> Self {
        let each = || writes.iter().flat_map(|write| write.with_begun());
        let rested = rested(each()).into_iter();
        Self {
            new_sagas: Rowset::of(
                &NEW_SAGA,
                in_one_order(each()).into_iter().filter_map(new_saga_row),
            ),
            sagas: Rowset::of(&SAGA, each().filter_map(saga_row)),
            entries: Rowset::of(&ENTRY, each().flat_map(entry_rows)),
            records: records::rowsets(writes),
            rested: Rowset::of(
                &TALLY,
                rested.map(|(state, sagas)| tally_row(writer, state, sagas)),
            ),
        }
    }

    /// All of them, in the order of a commit.
    fn all(&self) -> [&Rowset<'a>; ROWSETS] {
        let Self { new_sagas, sagas, entries, records, rested } = self;
        let [one, two, three, four, five, six, seven, eight] = records;
        [new_sagas, sagas, entries, one, two, three, four, five, six, seven, eight, rested]
    }
}

/// Acceptances in the order in which every replica inserts them: where two of them have the same
/// doubles to take in at the same time, neither waits for the other crosswise.
fn in_one_order<'a>(writes: impl Iterator<Item = &'a Write>) -> Vec<&'a Write> {
    fn known_by(write: &Write) -> Option<(Uuid, &Identity)> {
        let Base::New(accepted) = &write.base else { return None };
        Some((write.saga.user_id.0, accepted.identity.as_ref()?))
    }
    let mut writes: Vec<_> = writes.collect();
    writes.sort_by(|one, other| known_by(one).cmp(&known_by(other)));
    writes
}

/// How many of these are given up at rest, by state. Each is counted once: nothing stands on a saga
/// that nobody owns but a claim, and what rests is not claimed. An operator's word may bring one to
/// rest that is still owned.
fn rested<'a>(writes: impl Iterator<Item = &'a Write>) -> BTreeMap<&'static str, i64> {
    let mut rested = BTreeMap::new();
    let given_up = writes.map(|write| &write.saga).filter(|saga| saga.owner.is_none());
    for saga in given_up.filter(|saga| saga.progress.is_rest()) {
        *rested.entry(saga.state()).or_default() += 1;
    }
    rested
}

/// How many sagas these write, with those that begin with one.
fn with_begun(writes: &[&Write]) -> usize {
    writes.iter().flat_map(|write| write.with_begun()).count()
}

/// The same for PostgreSQL, and the statement that takes them.
fn at_once(writer: Uuid, writes: &[&Write]) -> Result<(&'static str, PgArguments), Error> {
    let rowsets = Rowsets::of(writer, writes);
    let rowsets = rowsets.all();
    let sagas = with_begun(writes);
    // Only with one saga: there are many ways in which several could have one row here and many there, and each
    // statement is planned once.
    let rows = rowsets.map(|rowset| match rowset {
        none if none.is_empty() => Rows::None,
        one if sagas == 1 && one.is_one_row() => Rows::One,
        _many => Rows::Many,
    });
    let mut arguments = PgArguments::default();
    let mut bound = arguments.add(i64::try_from(sagas).unwrap_or(i64::MAX));
    for (rowset, rows) in rowsets.into_iter().zip(rows) {
        bound = bound.and_then(|()| match rows {
            Rows::None => Ok(()),
            Rows::One => rowset.bind_row(&mut arguments),
            Rows::Many => rowset.bind(&mut arguments),
        });
    }
    // An array of more than fits a message: no batch is so large.
    bound.map_err(|error| Error::Refused(DbErr::Custom(error.to_string())))?;
    Ok((commit_sql::all_at_once(rows), arguments))
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
    session: Session,
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
        let all_stand = match self.store.backend {
            DbBackend::Sqlite => self.store.commit_in_one_text(self.writer, writes).await?,
            _ => self.commit_at_once(writes).await?,
        };
        if all_stand {
            return Ok(vec![Fate::Written; writes.len()]);
        }
        let primary = self.store.write.primary();
        let touched = self.store.commit_in_turn(self.writer, writes).await?;
        // It is committed: not to be able to say of each what became of it is not to know.
        let fates = self.store.fates(writes, &touched).await.map_err(Error::OutcomeUnknown)?;
        let is_there = |fate: &Fate| matches!(fate, Fate::Written | Fate::TakenUp);
        // What an earlier commit wrote, of which we did not hear, is durable with a later one.
        if touched.len() < writes.len() && fates.iter().any(is_there) {
            let settled = if touched.is_empty() { self.store.commit_probe().await } else { Ok(()) };
            let settled = settled.and_then(|()| self.store.check_primary(primary));
            settled.map_err(|error| match error {
                Error::Unavailable(cause) | Error::Refused(cause) => Error::OutcomeUnknown(cause),
                Error::OutcomeUnknown(_) | Error::Unusable(_) => error,
            })?;
        }
        Ok(fates)
    }

    /// One that answered a moment ago, or just now: what is sent to one that is gone may have
    /// arrived.
    async fn session(&mut self) -> Result<Session, Error> {
        let (kept, clock) = (self.kept.take(), &self.clock);
        let still_there = async {
            let Kept { mut session, used_at } = kept?;
            let silent = clock.monotonic().saturating_sub(used_at) > A_MOMENT;
            (!silent || session.ping().await.is_ok()).then_some(session)
        };
        Ok(self.store.write.session_to_commit(still_there).await?)
    }

    /// Whether all stood, so that all are written. If not, none is.
    async fn commit_at_once(&mut self, writes: &[&Write]) -> Result<bool, Error> {
        let mut retries = Retries::new(&self.clock);
        loop {
            let (sql, arguments) = at_once(self.writer, writes)?;
            let mut session = self.session().await?;
            let ended = self.store.write.commit_by(&mut session, sql, arguments).await;
            if retries.may_retry_transaction(&ended, &self.clock).await {
                continue;
            }
            let all_stand = match ended {
                Ok(answer) => answer == ALL_STAND,
                // In turn it shows which do not stand, or that one has what can't be written.
                Err(Error::Refused(_)) => false,
                Err(error) => return Err(error),
            };
            self.kept = Some(Kept { session, used_at: self.clock.monotonic() });
            return Ok(all_stand);
        }
    }
}

impl Store {
    /// Whether all stood, so that all are written. If not, none is.
    async fn commit_in_one_text(&self, writer: Uuid, writes: &[&Write]) -> Result<bool, Error> {
        let rowsets = Rowsets::of(writer, writes);
        let rowsets = rowsets.all();
        let rows = rowsets.map(|rowset| if rowset.is_empty() { Rows::None } else { Rows::Many });
        let present = rowsets.into_iter().filter(|rowset| !rowset.is_empty());
        let parameters = present.map(|rowset| rowset.json().into()).collect();
        let text = self.statement(commit_sql::in_one_text(rows), parameters);
        let mut retries = Retries::new(self.write.clock());
        loop {
            let transaction = self.write.begin().await?;
            let standing = match transaction.query_all_raw(text.clone()).await {
                Ok(standing) if standing.len() < with_begun(writes) => {
                    transaction.roll_back().await;
                    return Ok(false);
                }
                Ok(all) => Ok(all.len()),
                Err(error) => Err(error.into()),
            };
            match transaction.end(standing).await {
                // In turn it shows which has what can't be written.
                Err(Error::Refused(_)) => return Ok(false),
                ended if retries.may_retry_transaction(&ended, self.write.clock()).await => {}
                ended => return ended.map(|_all| true),
            }
        }
    }

    async fn commit_in_turn(
        &self,
        writer: Uuid,
        writes: &[&Write],
    ) -> Result<HashSet<Uuid>, Error> {
        let mut retries = Retries::new(self.write.clock());
        loop {
            let transaction = self.write.begin().await?;
            let touched = self.write_in_turn(&transaction, writer, writes).await;
            let ended = transaction.end(touched).await;
            if !retries.may_retry_transaction(&ended, self.write.clock()).await {
                return ended;
            }
        }
    }

    /// Writes those that stand in this transaction, one table after the other. Returns their sagas' ids.
    pub(super) async fn write_in_turn(
        &self,
        transaction: &Transaction,
        writer: Uuid,
        writes: &[&Write],
    ) -> Result<HashSet<Uuid>, Error> {
        let mut touched = HashSet::with_capacity(writes.len());
        let in_turn = InTurn::of(self.backend);
        let new = in_one_order(writes.iter().copied()).into_iter();
        let new = Rowset::of(&NEW_SAGA, new.filter_map(new_saga_row));
        let sagas = Rowset::of(&SAGA, writes.iter().copied().filter_map(saga_row));
        for (sql, rows) in [(&in_turn.insert_sagas, new), (&in_turn.update_sagas, sagas)] {
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
        let Rowsets { entries, records, rested, .. } = Rowsets::of(writer, &standing);
        let begun = standing.iter().filter_map(|write| write.records.begun.as_deref());
        let begun = Rowset::of(&NEW_SAGA, begun.filter_map(new_saga_row));
        let begun = (&in_turn.insert_sagas, begun);
        let entries = (&in_turn.insert_entries, entries);
        let records = in_turn.write_records.iter().zip(records);
        let rested = (&in_turn.count_rested, rested);
        for (sql, rows) in [begun, entries].into_iter().chain(records).chain([rested]) {
            if !rows.is_empty() {
                let sent = self.statement(sql, vec![rows.json().into()]);
                transaction.execute_raw(sent).await?;
            }
        }
        Ok(touched)
    }
}
