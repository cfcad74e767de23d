//! What changes whenever a client's view of an order does.

use sea_orm::{ConnectionTrait, QueryResult};
use uuid::Uuid;

use super::outbox::last_version;
use super::rowset::{ids, source_of_ids};
use super::{Error, Store};

/// The state of an order's checkout, and how many events tell of the order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// As stored.
    pub state: String,
    /// The version of the last event; 0 without one.
    pub version: i32,
}

impl Store {
    /// The stamps of those of these orders that are known.
    pub async fn stamps(&self, orders: &[Uuid]) -> Result<Vec<(Uuid, Stamp)>, Error> {
        let source = source_of_ids(self.backend);
        let sql = format!(
            "SELECT saga.id, saga.state, {} AS version \
             FROM {source} JOIN saga_instance saga ON saga.id = r.id",
            last_version("saga.id")
        );
        let rows = self.read.query_all_raw(self.statement(&sql, vec![ids(orders)])).await?;
        let stamp = |row: &QueryResult| -> Result<_, Error> {
            let (state, version) = (row.try_get("", "state")?, row.try_get("", "version")?);
            Ok((row.try_get("", "id")?, Stamp { state, version }))
        };
        rows.iter().map(stamp).collect()
    }
}
