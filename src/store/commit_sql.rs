//! The statements of the log writer's commit. Their texts never change, so they stay prepared.

use std::sync::LazyLock;

use sea_orm::DbBackend;

use super::codec::{ENTRY, EVENT, ITEM, NEW_SAGA, ORDER, SAGA};
use super::rowset::{Column, insert, source};

/// One at a time, in a transaction; each takes its rowset as `$1`.
pub(super) struct InTurn {
    pub(super) insert_sagas: String,
    pub(super) update_sagas: String,
    pub(super) insert_entries: String,
    pub(super) insert_orders: String,
    pub(super) insert_items: String,
    pub(super) insert_events: String,
    /// Takes writer, state and number instead.
    pub(super) count_rested: &'static str,
}

/// For SQLite.
pub(super) static IN_TURN: LazyLock<InTurn> = LazyLock::new(|| {
    let insert = |table, columns: &[Column]| insert(DbBackend::Sqlite, table, columns, 1);
    InTurn {
        insert_sagas: insert_sagas(DbBackend::Sqlite, 1),
        update_sagas: update_sagas(DbBackend::Sqlite, 1),
        insert_entries: insert("step_log", &ENTRY),
        insert_orders: insert("orders", &ORDER),
        insert_items: insert("order_items", &ITEM),
        insert_events: insert("outbox", &EVENT),
        count_rested: "INSERT INTO saga_tally (writer, state, sagas) VALUES ($1, $2, $3) \
                       ON CONFLICT (writer, state) DO UPDATE SET sagas = sagas + excluded.sagas",
    }
});

/// Of which tables a commit on PostgreSQL has rows; entries always have a place in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) new_sagas: bool,
    pub(super) sagas: bool,
    pub(super) orders: bool,
}

impl Shape {
    /// One statement, which is a transaction by itself, so that a commit is one trip to the
    /// database. It takes the writer that counts, and the rowsets that it has of new sagas, sagas,
    /// entries, orders, lines and events, one after the other. It returns the ids of the sagas that
    /// stand; only what is of these is inserted, and those at rest are counted.
    pub(super) fn statement(self) -> &'static str {
        static ALL: LazyLock<[String; 8]> = LazyLock::new(|| {
            std::array::from_fn(|shape| {
                let has = |bit: usize| shape & bit != 0;
                Shape { new_sagas: has(1), sagas: has(2), orders: has(4) }.written()
            })
        });
        let Self { new_sagas, sagas, orders } = self;
        &ALL[usize::from(new_sagas) + 2 * usize::from(sagas) + 4 * usize::from(orders)]
    }

    fn written(self) -> String {
        let mut next = 2;
        let mut place = |columns: &[Column]| {
            let first = next;
            next += columns.len();
            first
        };
        let (mut parts, mut standing) = (Vec::new(), Vec::new());
        if self.new_sagas {
            let insert = insert_sagas(DbBackend::Postgres, place(&NEW_SAGA));
            parts.push(format!("inserted AS ({insert})"));
            standing.push("SELECT id, state, owner FROM inserted");
        }
        if self.sagas {
            let update = update_sagas(DbBackend::Postgres, place(&SAGA));
            parts.push(format!("updated AS ({update})"));
            standing.push("SELECT id, state, owner FROM updated");
        }
        parts.push(format!("standing AS ({})", standing.join(" UNION ALL ")));
        let mut of_standing = |table, columns: &[Column], saga| {
            let insert = insert(DbBackend::Postgres, table, columns, place(columns));
            // IS TRUE: looked up in a hash of those that stand, not joined with them row by row.
            let only = format!("(r.{saga} IN (SELECT id FROM standing)) IS TRUE");
            parts.push(format!("new_{table} AS ({insert} AND {only})"));
        };
        of_standing("step_log", &ENTRY, "saga_id");
        if self.orders {
            of_standing("orders", &ORDER, "id");
            of_standing("order_items", &ITEM, "order_id");
            of_standing("outbox", &EVENT, "order_id");
        }
        parts.push(format!("rested AS ({COUNT_RESTED})"));
        format!("WITH {} SELECT id FROM standing", parts.join(", "))
    }
}

/// Who is given up at rest is counted, once: nothing stands on a saga that nobody owns but a claim, and
/// what rests is not claimed. An operator's word may bring one to rest that is still owned.
const COUNT_RESTED: &str = "INSERT INTO saga_tally (writer, state, sagas) \
    SELECT $1::uuid, state, count(*) FROM standing \
    WHERE owner IS NULL AND state IN ('Completed', 'Compensated', 'Rejected') GROUP BY state \
    ON CONFLICT (writer, state) DO UPDATE SET sagas = saga_tally.sagas + excluded.sagas";

fn insert_sagas(backend: DbBackend, first: usize) -> String {
    let insert = insert(backend, "saga_instance", &NEW_SAGA, first);
    format!("{insert} ON CONFLICT DO NOTHING RETURNING id, state, owner")
}

fn update_sagas(backend: DbBackend, first: usize) -> String {
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
         RETURNING saga_instance.id, saga_instance.state, saga_instance.owner",
        source(backend, &SAGA, first)
    )
}
