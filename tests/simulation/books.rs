//! The books as an auditor reads them, without reaching any failpoint.

use chrono::{DateTime, Utc};
use order_service::clock::Clock;
use order_service::saga::{Definition, Progress, SagaId, StuckKind};
use order_service::store::{Filter, Found, Inspected, Store};
use sea_orm::{
    ConnectionTrait, Database, DatabaseConnection, DbBackend, QueryResult, Statement, Value,
};
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

use super::node;

/// A connection that reads the books between two steps of the nodes.
pub struct Books {
    pub runtime: Runtime,
    pub store: Store,
    pub connection: DatabaseConnection,
}

/// The parts of a saga's row that decide whether a call may be made.
#[derive(Clone, Debug)]
pub struct Row {
    pub owner: Option<Uuid>,
    pub fence: i64,
    /// Which table it goes by.
    pub definition: &'static Definition,
    pub state: String,
    /// An operator holds it.
    pub is_held: bool,
    pub deadline_at: DateTime<Utc>,
    /// Its owner's last heartbeat, and whether the owner was declared dead.
    pub heard: Option<(DateTime<Utc>, bool)>,
}

/// What is in the books at one moment.
#[derive(Debug)]
pub struct Look {
    /// A user with two equal carts in flight without a key.
    pub double_of: Option<Uuid>,
    /// An order whose status is not the one that its last event tells.
    pub moved_untold: Option<Uuid>,
}

impl Books {
    pub fn open(url: &str) -> Self {
        let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
        let store = runtime.block_on(node::open(url, &Clock::system(), None));
        let connection = runtime.block_on(Database::connect(url)).expect("the books can be opened");
        Self { runtime, store, connection }
    }

    /// Empty books, ready to be copied.
    pub fn blank(url: &str) {
        let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(async {
            let store = node::open(url, &Clock::system(), None).await;
            store.migrate().await.expect("they can be migrated");
            store.close().await;
        });
    }

    pub fn query(&self, sql: &str, values: Vec<Value>) -> Vec<QueryResult> {
        let statement = Statement::from_sql_and_values(DbBackend::Sqlite, sql, values);
        let rows = self.runtime.block_on(self.connection.query_all_raw(statement));
        rows.expect("the books can be read")
    }

    fn count(&self, sql: &str, values: Vec<Value>) -> i64 {
        self.query(sql, values)[0].try_get_by_index(0).expect("a count")
    }

    pub fn row(&self, id: SagaId) -> Option<Row> {
        let sql = "SELECT s.owner, s.fence, s.state, e.heartbeat_at, e.dead, \
                   s.held IS NOT NULL, s.kind, s.definition_version, s.deadline_at \
                   FROM saga_instance s LEFT JOIN executor e ON e.id = s.owner WHERE s.id = $1";
        let rows = self.query(sql, vec![id.0.into()]);
        rows.first().map(|row| Row {
            owner: row.try_get_by_index(0).expect("an owner"),
            fence: row.try_get_by_index(1).expect("a fence"),
            definition: {
                let kind: String = row.try_get_by_index(6).expect("a kind");
                let version = row.try_get_by_index(7).expect("a version");
                node::CATALOGUE.find(&kind, version).expect("a table of ours")
            },
            state: row.try_get_by_index(2).expect("a state"),
            deadline_at: row.try_get_by_index(8).expect("a deadline"),
            is_held: row.try_get_by_index(5).expect("whether it is"),
            heard: row.try_get_by_index(3).ok().zip(row.try_get_by_index(4).ok()),
        })
    }

    /// Whether the last log entry of an effect is the intent to send it.
    pub fn is_intended(&self, id: SagaId, key: &str) -> bool {
        let sql = "SELECT event FROM step_log WHERE saga_id = $1 AND idempotency_key = $2 \
                   ORDER BY seq DESC LIMIT 1";
        let rows = self.query(sql, vec![id.0.into(), key.into()]);
        let event: Option<String> = rows.first().and_then(|row| row.try_get_by_index(0).ok());
        event.as_deref() == Some("sending")
    }

    pub fn find(&self, id: SagaId) -> Option<Found> {
        self.runtime.block_on(self.store.find(id)).expect("the books can be read")
    }

    pub fn inspect(&self, id: SagaId) -> Option<Inspected> {
        let inspected = self.runtime.block_on(self.store.inspect(id));
        inspected.expect("the books can be read")
    }

    pub fn sagas(&self, filter: Filter) -> Vec<Found> {
        let filter = Filter { limit: 1000, ..filter };
        self.runtime.block_on(self.store.list(&filter)).expect("the books can be read").sagas
    }

    /// How many are not at rest.
    pub fn open_sagas(&self) -> i64 {
        let rest = words(Progress::is_rest);
        self.count(
            &format!("SELECT count(*) FROM saga_instance WHERE state NOT IN ({rest})"),
            vec![],
        )
    }

    /// The saga that cancels an order that stood.
    pub fn cancellation_of(&self, id: SagaId) -> Option<SagaId> {
        let sql = "SELECT id FROM saga_instance WHERE order_id = $1 AND kind = 'cancellation'";
        let rows = self.query(sql, vec![id.0.into()]);
        rows.first().map(|row| SagaId(row.try_get_by_index(0).expect("an id")))
    }

    /// How often a step came to this outcome, by the log.
    pub fn logged(&self, step: &str, outcome: &str) -> i64 {
        let sql = "SELECT count(*) FROM step_log WHERE step = $1 AND outcome = $2";
        self.count(sql, vec![step.into(), outcome.into()])
    }

    /// How many times a dead owner's saga was taken over.
    pub fn take_overs(&self) -> i64 {
        self.count("SELECT count(*) FROM step_log WHERE event = 'taken_over'", vec![])
    }

    /// The stuck kind of every saga that needs a person now.
    pub fn stuck_kinds(&self) -> Vec<StuckKind> {
        let sql = "SELECT stuck_kind FROM saga_instance WHERE stuck_kind IS NOT NULL";
        let kind = |row: &QueryResult| {
            let kind: String = row.try_get_by_index(0).expect("a kind");
            kind.parse().expect("one of ours")
        };
        self.query(sql, vec![]).iter().map(kind).collect()
    }

    /// Sagas of a kind whose clients gave no key.
    pub fn without_key(&self, kind: &str) -> i64 {
        let sql = "SELECT count(*) FROM saga_instance WHERE idempotency_key IS NULL AND kind = $1";
        self.count(sql, vec![kind.into()])
    }

    /// Looks for what must not be, by one query.
    pub fn look(&self) -> Look {
        let rest = words(Progress::is_rest);
        let sql = format!(
            "SELECT (SELECT user_id FROM saga_instance WHERE idempotency_key IS NULL \
             AND fingerprint <> '' AND state NOT IN ({rest}) \
             GROUP BY user_id, kind, fingerprint HAVING count(*) > 1 LIMIT 1), \
             (SELECT id FROM orders WHERE status IS NOT COALESCE((SELECT status FROM outbox \
             WHERE order_id = orders.id ORDER BY version DESC LIMIT 1), status) LIMIT 1)"
        );
        let rows = self.query(&sql, vec![]);
        let id = |at| rows[0].try_get_by_index(at).expect("an id or none");
        Look { double_of: id(0), moved_untold: id(1) }
    }

    /// How many executors are in the table, dead ones included.
    pub fn executors(&self) -> i64 {
        self.count("SELECT count(*) FROM executor", vec![])
    }

    /// Counts rows that belong to no saga, orders without exactly one event, and states whose tally differs
    /// from their number of sagas at rest.
    pub fn strays(&self) -> i64 {
        let (rest, goals) = (words(Progress::is_rest), words(Progress::is_completed));
        let sql = format!(
            "SELECT (SELECT count(*) FROM orders WHERE id NOT IN \
             (SELECT coalesce(order_id, id) FROM saga_instance WHERE state IN ({goals}))) \
             + (SELECT count(*) FROM order_items WHERE order_id NOT IN (SELECT id FROM orders)) \
             + (SELECT count(*) FROM orders WHERE 1 <> \
             (SELECT count(*) FROM outbox WHERE outbox.order_id = orders.id \
             AND kind = 'order.confirmed')) \
             + (SELECT count(*) FROM outbox WHERE kind = 'order.confirmed' \
             AND order_id NOT IN (SELECT id FROM orders)) \
             + (SELECT count(*) FROM saga_instance WHERE owner IS NOT NULL) \
             + (SELECT count(*) FROM (SELECT state, sum(sagas) AS sagas FROM \
             (SELECT state, count(*) AS sagas FROM saga_instance GROUP BY state \
             UNION ALL SELECT state, -sagas FROM saga_tally) GROUP BY state) \
             WHERE state IN ({rest}) AND sagas <> 0)"
        );
        self.count(&sql, vec![])
    }
}

/// The words for such progress, of all kinds, as SQL has them in a list.
fn words(wanted: fn(Progress) -> bool) -> String {
    let words = node::DEFINITIONS.iter().flat_map(|definition| {
        let wanted = definition.all_progress().filter(|progress| wanted(*progress));
        wanted.map(|progress| format!("'{}'", definition.word(progress)))
    });
    words.collect::<Vec<_>>().join(", ")
}
