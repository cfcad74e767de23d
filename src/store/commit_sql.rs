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
//! **One table after the other** ([`InTurn`], SQLite always). A transaction in which the first two
//! statements return the ids of the writes that stand; the other tables get the rows of those alone.
//!
//! What it gave (docs/PERFORMANCE.md, "What each change gave"; in multiples of a flow without a saga): with
//! one statement instead of six, and outcomes that nothing waits for going with the next write, the
//! median of one client fell from 4.43 to 2.06 and PostgreSQL's CPU from 6.8 to 2.8. Counting the writes
//! that stand, instead of checking for each row whether its write does, raised the rate of 64 clients
//! from 0.87 to 0.97 (together with fewer wake-ups of threads).

use std::sync::{LazyLock, OnceLock};

use sea_orm::DbBackend;

use super::codec::{ENTRY, NEW_SAGA, SAGA, TALLY};
use super::records::{RECORDINGS, Recording};
use super::rowset::{Column, Form};
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
            insert_entries: form.insert("step_log", &ENTRY, 1),
            write_records: RECORDINGS.map(|recording| (recording.sql)(form, 1)),
            count_rested: count_rested(form, 1),
        }
    }
}

/// The rowsets of a commit: new sagas, sagas, log entries, records, and tallies.
pub(super) const ROWSETS: usize = 4 + RECORDINGS.len();

/// What the statement answers if all is written.
pub(super) const ALL_STAND: i32 = 0;
/// What it answers if one of the new sagas repeats a request that is in the books: nothing is written.
const REPEATS: i32 = -1;

/// The one statement that writes a whole commit, or nothing (PostgreSQL). `$1` is the number of writes, with
/// those of the sagas that begin with one. Then
/// come the parameters of the rowsets that `has` names: of new sagas, sagas, log entries, records and
/// tallies, in this order.
///
/// A statement names only the tables that it has rows for: even an insert of no rows costs time. So
/// there are 2^`ROWSETS` texts, each built when it is first needed; `has`, read as bits, is its index.
pub(super) fn all_at_once(has: [bool; ROWSETS]) -> &'static str {
    static TEXTS: [OnceLock<String>; 1 << ROWSETS] = [const { OnceLock::new() }; 1 << ROWSETS];
    let bits = has.into_iter().zip(0..).map(|(has, bit)| usize::from(has) << bit);
    TEXTS[bits.sum::<usize>()].get_or_init(|| build(has))
}

fn build([new_sagas, sagas, entries, records @ .., rested]: [bool; ROWSETS]) -> String {
    let mut next = 2;
    // The number of a rowset's first parameter.
    let mut parameters = |columns: &[Column]| {
        let first = next;
        next += columns.len();
        first
    };
    let form = if new_sagas { Form::ArraysUnless(HAS_REPEAT) } else { Form::Arrays };
    let (mut parts, mut stand) = (Vec::new(), Vec::new());
    if new_sagas {
        let first = parameters(&NEW_SAGA);
        parts.push(repeats(first));
        parts.push(format!("inserted AS ({})", insert_sagas(form, first)));
        stand.push("(SELECT count(*) FROM inserted)");
    }
    if sagas {
        parts.push(format!("updated AS ({})", update_sagas(form, parameters(&SAGA))));
        stand.push("(SELECT count(*) FROM updated)");
    }
    if entries {
        let insert = form.insert("step_log", &ENTRY, parameters(&ENTRY));
        parts.push(format!("new_entries AS ({insert})"));
    }
    let records = records.into_iter().zip(RECORDINGS).filter(|(has, _)| *has);
    for (_, Recording { name, columns, sql }) in records {
        parts.push(format!("{name} AS ({})", sql(form, parameters(columns))));
    }
    if rested {
        parts.push(format!("rested AS ({})", count_rested(form, parameters(&TALLY))));
    }
    let (parts, stand) = (parts.join(", "), stand.join(" + "));
    let repeat =
        if new_sagas { format!("WHEN ({HAS_REPEAT}) THEN {REPEATS}") } else { String::new() };
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
fn repeats(first: usize) -> String {
    let array = |name: &str| {
        let at = NEW_SAGA.iter().position(|(column, _)| *column == name);
        let at = at.expect("a column of new sagas");
        format!("unnest(${}::{}[]) AS {name}", first + at, NEW_SAGA[at].1.name())
    };
    let same = |by: &str, also: &str| {
        let columns = ["user_id", "kind", by].map(array).join(", ");
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
