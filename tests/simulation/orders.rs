//! The books' orders as an auditor reads them: their rows, lines, shipments, returns and events.

use order_service::fulfilment::Pieces;
use order_service::order::OrderId;
use order_service::saga::SagaId;
use order_service::store::{Order, Return, Shipment, StoredEvent};
use sea_orm::QueryResult;
use uuid::Uuid;

use super::books::Books;

impl Books {
    pub fn order(&self, id: OrderId) -> Option<Order> {
        self.runtime.block_on(self.store.order(id)).expect("the books can be read")
    }

    /// All orders of checkouts with their statuses, oldest first.
    pub fn orders(&self) -> Vec<(OrderId, String)> {
        let sql = "SELECT o.id, o.status FROM orders o WHERE \
                   EXISTS (SELECT 1 FROM saga_instance s WHERE s.id = o.id) \
                   OR EXISTS (SELECT 1 FROM forgotten_saga f WHERE f.saga_id = o.id) \
                   ORDER BY o.created_at, o.id";
        let rows = self.query(sql, vec![]);
        let order = |row: &QueryResult| {
            let id = row.try_get_by_index(0).expect("an id");
            (OrderId(id), row.try_get_by_index(1).expect("a status"))
        };
        rows.iter().map(order).collect()
    }

    fn pieces(&self, sql: &str, id: OrderId) -> Pieces {
        let rows = self.query(sql, vec![id.0.into()]);
        let piece = |row: &QueryResult| {
            let line: i32 = row.try_get_by_index(0).expect("a line");
            let quantity = row.try_get_by_index(1).expect("a quantity");
            (u16::try_from(line).expect("a line"), quantity)
        };
        rows.iter().map(piece).collect()
    }

    /// The pieces of an order by line; none where it has no row.
    pub fn ordered(&self, id: OrderId) -> Pieces {
        self.pieces("SELECT line, quantity FROM order_items WHERE order_id = $1", id)
    }

    /// What of an order has left, by line.
    pub fn shipped(&self, id: OrderId) -> Pieces {
        let sql = "SELECT l.line, sum(l.quantity) FROM shipment_lines l JOIN shipments s \
                   ON s.id = l.shipment_id WHERE s.order_id = $1 GROUP BY l.line";
        self.pieces(sql, id)
    }

    /// What of an order has come back, or is on its way into the books, by line.
    pub fn taken_back(&self, id: OrderId) -> Pieces {
        let sql = "SELECT l.line, sum(l.quantity) FROM return_lines l JOIN returns r \
                   ON r.id = l.return_id WHERE r.order_id = $1 GROUP BY l.line";
        self.pieces(sql, id)
    }

    pub fn shipments_of(&self, id: OrderId) -> Vec<Shipment> {
        self.runtime.block_on(self.store.shipments_of(id)).expect("the books can be read")
    }

    pub fn shipment(&self, id: Uuid) -> Option<Shipment> {
        self.runtime.block_on(self.store.shipment(id)).expect("the books can be read")
    }

    /// The ids of all shipments, oldest first.
    pub fn shipments(&self) -> Vec<Uuid> {
        let rows = self.query("SELECT id FROM shipments ORDER BY created_at, id", vec![]);
        rows.iter().map(|row| row.try_get_by_index(0).expect("an id")).collect()
    }

    pub fn returns_of(&self, id: OrderId) -> Vec<Return> {
        self.runtime.block_on(self.store.returns_of(id)).expect("the books can be read")
    }

    pub fn find_return(&self, id: Uuid) -> Option<Return> {
        self.runtime.block_on(self.store.find_return(id)).expect("the books can be read")
    }

    /// Of which order a return is, and which of its lines come back, from 0.
    pub fn lines_of_return(&self, id: SagaId) -> Vec<(OrderId, i32)> {
        let sql = "SELECT r.order_id, l.line FROM returns r JOIN return_lines l \
                   ON l.return_id = r.id WHERE r.id = $1 ORDER BY l.line";
        let rows = self.query(sql, vec![id.0.into()]);
        let line = |row: &QueryResult| {
            let order = row.try_get_by_index(0).expect("an id");
            (OrderId(order), row.try_get_by_index(1).expect("a line"))
        };
        rows.iter().map(line).collect()
    }

    /// The key of the request that began a saga.
    pub fn request_key(&self, id: Uuid) -> Option<String> {
        let sql = "SELECT idempotency_key FROM saga_instance WHERE id = $1";
        let rows = self.query(sql, vec![id.into()]);
        rows.first().and_then(|row| row.try_get_by_index(0).ok())
    }

    /// How many events tell that an order stands.
    pub fn events(&self, id: OrderId) -> usize {
        self.events_of(id).iter().filter(|event| event.kind == "order.confirmed").count()
    }

    /// An order's events, in the order of their versions.
    pub fn events_of(&self, id: OrderId) -> Vec<StoredEvent> {
        self.runtime.block_on(self.store.events_of(id)).expect("the books can be read")
    }
}
