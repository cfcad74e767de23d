//! The statements of the log writer's commit. Their texts never change, so they stay prepared.

use std::sync::{LazyLock, OnceLock};

use sea_orm::DbBackend;

use super::codec::{ENTRY, EVENT, ITEM, NEW_SAGA, ORDER, SAGA, TALLY};
use super::rowset::{Column, Form};

/// One at a time, in a transaction; each takes its rowset as `$1`.
pub(super) struct InTurn {
    /// Returns the ids of those that stand.
    pub(super) insert_sagas: String,
    /// Returns the ids of those that stand.
    pub(super) update_sagas: String,
    pub(super) insert_entries: String,
    pub(super) insert_orders: String,
    pub(super) insert_items: String,
    pub(super) insert_events: String,
    pub(super) count_rested: String,
}

impl InTurn {
    pub(super) fn of(backend: DbBackend) -> &'static Self {
        static SQLITE: LazyLock<InTurn> = LazyLock::new(|| InTurn::written(DbBackend::Sqlite));
        static POSTGRES: LazyLock<InTurn> = LazyLock::new(|| InTurn::written(DbBackend::Postgres));
        if backend == DbBackend::Sqlite { &SQLITE } else { &POSTGRES }
    }

    fn written(backend: DbBackend) -> Self {
        let form = Form::Text(backend);
        Self {
            insert_sagas: insert_sagas(form, 1),
            update_sagas: update_sagas(form, 1),
            insert_entries: form.insert("step_log", &ENTRY, 1),
            insert_orders: form.insert("orders", &ORDER, 1),
            insert_items: form.insert("order_items", &ITEM, 1),
            insert_events: form.insert("outbox", &EVENT, 1),
            count_rested: count_rested(form, 1),
        }
    }
}

/// One statement for PostgreSQL, which is a transaction by itself, so that a commit is one trip to
/// the database. It takes the number of sagas, and the rowsets that it has of new sagas, sagas,
/// entries, orders, lines, events and tallies, one after the other.
///
/// It writes everything, or fails: who stands is not asked for each row, as nearly always all do.
pub(super) fn at_once(has: [bool; 7]) -> &'static str {
    static ALL: [OnceLock<String>; 1 << 7] = [const { OnceLock::new() }; 1 << 7];
    let bits = has.into_iter().zip(0..).map(|(has, bit)| usize::from(has) << bit);
    ALL[bits.sum::<usize>()].get_or_init(|| written(has))
}

fn written([new_sagas, sagas, entries, orders, items, events, rested]: [bool; 7]) -> String {
    let mut next = 2;
    let mut place = |columns: &[Column]| {
        let first = next;
        next += columns.len();
        first
    };
    let form = Form::Arrays;
    let (mut parts, mut stand) = (Vec::new(), Vec::new());
    if new_sagas {
        parts.push(format!("inserted AS ({})", insert_sagas(form, place(&NEW_SAGA))));
        stand.push("(SELECT count(*) FROM inserted)");
    }
    if sagas {
        parts.push(format!("updated AS ({})", update_sagas(form, place(&SAGA))));
        stand.push("(SELECT count(*) FROM updated)");
    }
    let mut insert = |has, table, columns: &[Column]| {
        if has {
            let insert = form.insert(table, columns, place(columns));
            parts.push(format!("new_{table} AS ({insert})"));
        }
    };
    insert(entries, "step_log", &ENTRY);
    insert(orders, "orders", &ORDER);
    insert(items, "order_items", &ITEM);
    insert(events, "outbox", &EVENT);
    if rested {
        parts.push(format!("rested AS ({})", count_rested(form, place(&TALLY))));
    }
    let (parts, stand) = (parts.join(", "), stand.join(" + "));
    format!(
        "WITH {parts} SELECT CASE WHEN {stand} = $1::int8 THEN 0 \
         ELSE (({stand}) || '{NOT_ALL}')::int4 END"
    )
}

/// What PostgreSQL's log says where not all stand: that is no number.
const NOT_ALL: &str = " of these writes stand: they are written one after the other";

fn insert_sagas(form: Form, first: usize) -> String {
    let insert = form.insert("saga_instance", &NEW_SAGA, first);
    format!("{insert} ON CONFLICT DO NOTHING RETURNING id")
}

fn update_sagas(form: Form, first: usize) -> String {
    // IS NOT DISTINCT FROM: the row is found by its id, and never by an owner's many rows.
    format!(
        "UPDATE saga_instance SET state = r.state, at_risk = r.at_risk, \
         stuck_kind = r.stuck_kind, stuck = r.stuck, total_amount = r.total_amount, \
         context = r.context, attempts = r.attempts, \
         next_attempt_at = r.next_attempt_at, failing_since = r.failing_since, \
         last_error = r.last_error, deadline_at = r.deadline_at, owner = r.owner, \
         revision = r.revision, updated_at = r.updated_at FROM {} \
         WHERE saga_instance.id = r.id \
         AND saga_instance.owner IS NOT DISTINCT FROM r.base_owner \
         AND saga_instance.fence = r.base_fence AND saga_instance.revision = r.base_revision \
         RETURNING saga_instance.id",
        form.source(&SAGA, first)
    )
}

fn count_rested(form: Form, first: usize) -> String {
    let insert = form.insert("saga_tally", &TALLY, first);
    format!(
        "{insert} ON CONFLICT (writer, state) \
         DO UPDATE SET sagas = saga_tally.sagas + excluded.sagas"
    )
}
