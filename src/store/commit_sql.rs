//! The SQL of the log writer's commit. The statements' texts never change, so they stay prepared.
//!
//! A commit carries writes of many sagas. A write *stands* if its saga's row still has the owner, fence
//! and revision that the write expects (or, for a new saga, if no unique index forbids it). Of a write
//! that doesn't stand, nothing may be written: no log entry, order or event either.
//!
//! **All at once** ([`all_at_once`], PostgreSQL). The whole commit is one statement, which is a
//! transaction by itself: one round trip, where a transaction takes one for BEGIN, one for each table
//! and one for COMMIT. Nearly always all writes stand, so the statement only counts those that do. If
//! some don't, everything else that it wrote has to go as well, and the only way to undo a single
//! statement is to let it fail. So it casts a text that is no number to a number:
//!
//! ```sql
//! WITH inserted AS (INSERT INTO saga_instance .. ON CONFLICT DO NOTHING RETURNING id),
//!      updated AS (UPDATE saga_instance .. WHERE owner, fence and revision match RETURNING id),
//!      new_step_log AS (INSERT INTO step_log ..), new_orders AS (INSERT INTO orders ..), ..
//! SELECT CASE WHEN (how many were inserted and updated) = $1 THEN 0
//!        ELSE ('63' || ' of these writes stand: ...')::int4 END
//! ```
//!
//! ```text
//! the cast fails with SQLSTATE 22P02, and PostgreSQL rolls the statement back
//!   -> class 22 is "data exception": `Error::from` (`store/mod.rs`) makes it `Error::Refused`
//!   -> `Committer::commit` (`commit.rs`) writes the same batch one table after the other, below
//! ```
//!
//! A repeated request is no such case, since PostgreSQL logs each failed statement with its text, as an error.
//! A statement with new sagas first looks whether one of them repeats a request that is in the books. If so, none
//! of its parts has any rows, and it answers [`REPEATS`]. Two that come at the same moment still fail.
//!
//! A value that PostgreSQL refuses (class 22, too) and a broken constraint (class 23) take the same way,
//! which then shows whose write is at fault.
//!
//! A commit of one saga, which is what there is while few clients come, has its rows as scalars: to walk arrays of one
//! element each took PostgreSQL some 6 % more of its time.
//!
//! **In one text** ([`in_one_text`], SQLite). The same statements one after the other, as one message to the thread that
//! has the connection, within a transaction. What comes back are the ids of what stands. If some don't, the
//! transaction is rolled back.
//!
//! **One table after the other** ([`InTurn`]), where not all stand. A transaction in which the first two
//! statements return the ids of the writes that do; the other tables get the rows of those alone.
//!
//! What it gave (docs/PERFORMANCE.md, "What each change gave"; in multiples of a flow without a saga): with
//! one statement instead of six, and outcomes that nothing waits for going with the next write, the
//! median of one client fell from 4.43 to 2.06 and PostgreSQL's CPU from 6.8 to 2.8. Counting the writes
//! that stand, instead of checking for each row whether its write does, raised the rate of 64 clients
//! from 0.87 to 0.97 (together with fewer wake-ups of threads).

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use sea_orm::DbBackend;

use super::codec::{ENTRY, NEW_SAGA, SAGA, TALLY};
use super::records::{RECORDINGS, Recording};
use super::rowset::Form;
use super::saga::IN_FLIGHT;

/// The statements of a transaction that writes one table after the other. Each takes its rowset as `$1`.
pub(super) struct InTurn {
    /// Returns the ids of the writes that stand.
    pub(super) insert_sagas: String,
    /// Returns the ids of the writes that stand.
    pub(super) update_sagas: String,
    pub(super) insert_entries: String,
    /// One for each of [`RECORDINGS`].
    pub(super) write_records: [String; RECORDINGS.len()],
    pub(super) count_rested: String,
}

impl InTurn {
    pub(super) fn of(backend: DbBackend) -> &'static Self {
        static SQLITE: LazyLock<InTurn> = LazyLock::new(|| InTurn::build(DbBackend::Sqlite));
        static POSTGRES: LazyLock<InTurn> = LazyLock::new(|| InTurn::build(DbBackend::Postgres));
        if backend == DbBackend::Sqlite { &SQLITE } else { &POSTGRES }
    }

    fn build(backend: DbBackend) -> Self {
        let form = Form::Json(backend);
        Self {
            insert_sagas: insert_sagas(form, 1),
            update_sagas: update_sagas(form, 1),
            insert_entries: insert_entries(form, 1),
            write_records: RECORDINGS.map(|recording| (recording.sql)(form, 1)),
            count_rested: count_rested(form, 1),
        }
    }
}

/// The rowsets of a commit: new sagas, sagas, log entries, records, and tallies.
pub(super) const ROWSETS: usize = 4 + RECORDINGS.len();

/// Their tables, in the order in which they are written. The first two return the ids of what stands.
const TABLES: [Recording; ROWSETS] = {
    let new_sagas = Recording { name: INSERTED, columns: &NEW_SAGA, sql: insert_sagas };
    let sagas = Recording { name: UPDATED, columns: &SAGA, sql: update_sagas };
    let entries = Recording { name: "new_entries", columns: &ENTRY, sql: insert_entries };
    let [one, two, three, four, five, six, seven, eight] = RECORDINGS;
    let rested = Recording { name: "rested", columns: &TALLY, sql: count_rested };
    [new_sagas, sagas, entries, one, two, three, four, five, six, seven, eight, rested]
};
const INSERTED: &str = "inserted";
const UPDATED: &str = "updated";

/// What the statement answers if all is written.
pub(super) const ALL_STAND: i32 = 0;
/// What it answers if one of the new sagas repeats a request that is in the books: nothing is written.
const REPEATS: i32 = -1;

/// How a commit has a table's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Rows {
    /// There are none.
    None,
    /// As scalars: one.
    One,
    /// As arrays (PostgreSQL) or as JSON (SQLite): any number.
    Many,
}

/// A text of SQL for each way in which a commit can have its rows, built when it is first needed. A commit names only
/// the tables that it has rows for: even an insert of no rows costs time. Of the many ways that could be, some
/// dozens are.
#[derive(Default)]
struct Texts(Mutex<HashMap<[Rows; ROWSETS], &'static str>>);

impl Texts {
    fn get(&self, rows: [Rows; ROWSETS], build: fn([Rows; ROWSETS]) -> String) -> &'static str {
        let mut texts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        texts.entry(rows).or_insert_with(|| build(rows).leak())
    }
}

/// The one statement that writes a whole commit, or nothing (PostgreSQL). `$1` is the number of writes, with
/// those of the sagas that begin with one. Then
/// come the parameters of the rowsets that are there: of new sagas, sagas, log entries, records and
/// tallies, in this order.
pub(super) fn all_at_once(rows: [Rows; ROWSETS]) -> &'static str {
    static TEXTS: LazyLock<Texts> = LazyLock::new(Texts::default);
    TEXTS.get(rows, one_statement)
}

/// The statements that write a whole commit, as one text (SQLite). Their parameters are those of the rowsets that are
/// there, one each. The rows that come back are the ids of what stands.
pub(super) fn in_one_text(rows: [Rows; ROWSETS]) -> &'static str {
    static TEXTS: LazyLock<Texts> = LazyLock::new(Texts::default);
    TEXTS.get(rows, one_text)
}

/// The tables that there are rows for.
fn present(rows: [Rows; ROWSETS]) -> impl Iterator<Item = (Recording, Rows)> {
    TABLES.into_iter().zip(rows).filter(|(_, rows)| *rows != Rows::None)
}

fn one_text(rows: [Rows; ROWSETS]) -> String {
    let form = Form::Json(DbBackend::Sqlite);
    let statements = (1..).zip(present(rows)).map(|(first, (table, _))| (table.sql)(form, first));
    statements.collect::<Vec<_>>().join("; ")
}

fn one_statement(rows: [Rows; ROWSETS]) -> String {
    let mut next = 2;
    let has_new = rows[0] != Rows::None;
    let unless = has_new.then_some(HAS_REPEAT);
    let (mut parts, mut stand) = (Vec::new(), Vec::new());
    for (Recording { name, columns, sql }, rows) in present(rows) {
        let form = if rows == Rows::One { Form::Scalars(unless) } else { Form::Arrays(unless) };
        if name == INSERTED {
            parts.push(repeats(rows, next));
        }
        if matches!(name, INSERTED | UPDATED) {
            stand.push(format!("(SELECT count(*) FROM {name})"));
        }
        parts.push(format!("{name} AS ({})", sql(form, next)));
        next += columns.len();
    }
    let (parts, stand) = (parts.join(", "), stand.join(" + "));
    let repeat =
        if has_new { format!("WHEN ({HAS_REPEAT}) THEN {REPEATS}") } else { String::new() };
    format!(
        "WITH {parts} SELECT CASE {repeat} WHEN {stand} = $1::int8 THEN {ALL_STAND} \
         ELSE (({stand}) || '{NOT_ALL}')::int4 END"
    )
}

/// Makes the count a text that is no number, so that its cast fails: see the top of this file.
/// PostgreSQL's log shows it with each commit that is rolled back for this.
const NOT_ALL: &str = " of these writes stand: they are written one after the other";

const HAS_REPEAT: &str = "SELECT is_one FROM repeats";

/// Whether a saga in the books has the key, or while it is in flight the content, of one of the new ones whose
/// parameters begin with `$first`. Only the columns that are needed are read.
fn repeats(rows: Rows, first: usize) -> String {
    let column = |name: &str| {
        let at = NEW_SAGA.iter().position(|(column, _)| *column == name);
        let at = at.expect("a column of new sagas");
        let (parameter, kind) = (first + at, NEW_SAGA[at].1.name());
        match rows {
            Rows::One => format!("${parameter}::{kind} AS {name}"),
            Rows::None | Rows::Many => format!("unnest(${parameter}::{kind}[]) AS {name}"),
        }
    };
    let same = |by: &str, also: &str| {
        let columns = ["user_id", "kind", by].map(column).join(", ");
        format!(
            "EXISTS (SELECT FROM (SELECT {columns}) AS r JOIN saga_instance s ON s.{by} = r.{by} \
             AND s.user_id = r.user_id AND s.kind = r.kind{also})"
        )
    };
    let (by_key, in_flight) = (same("idempotency_key", ""), format!(" AND {IN_FLIGHT}"));
    format!("repeats AS (SELECT {by_key} OR {} AS is_one)", same("joined_by", &in_flight))
}

fn insert_sagas(form: Form, first: usize) -> String {
    let insert = form.insert("saga_instance", &NEW_SAGA, first);
    format!("{insert} ON CONFLICT DO NOTHING RETURNING id")
}

fn insert_entries(form: Form, first: usize) -> String {
    form.insert("step_log", &ENTRY, first)
}

fn update_sagas(form: Form, first: usize) -> String {
    // IS NOT DISTINCT FROM keeps the planner from using the index of owners, which has many rows for
    // each owner; the row is found by its id.
    format!(
        "UPDATE saga_instance SET state = r.state, at_risk = r.at_risk, \
         stuck_kind = r.stuck_kind, stuck = r.stuck, total_amount = r.total_amount, \
         context = r.context, attempts = r.attempts, \
         next_attempt_at = r.next_attempt_at, failing_since = r.failing_since, \
         last_error = r.last_error, deadline_at = r.deadline_at, owner = r.owner, \
         revision = r.revision, version = r.version, updated_at = r.updated_at FROM {} \
         WHERE saga_instance.id = r.id \
         AND saga_instance.owner IS NOT DISTINCT FROM r.base_owner \
         AND saga_instance.fence = r.base_fence AND saga_instance.revision = r.base_revision \
         AND (saga_instance.cancel_request IS NULL OR r.may_be_cancelled) \
         RETURNING saga_instance.id",
        form.source(&SAGA, first)
    )
}

pub(super) fn count_rested(form: Form, first: usize) -> String {
    let insert = form.insert("saga_tally", &TALLY, first);
    format!(
        "{insert} ON CONFLICT (writer, state) \
         DO UPDATE SET sagas = saga_tally.sagas + excluded.sagas"
    )
}
