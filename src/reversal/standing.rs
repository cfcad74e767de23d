//! Where an order stands: its row, or the checkout that may still make one.

use super::CANCELLATION;
use super::facts::ReversalFacts;
use super::given_back::GivenBack;
use super::origin::Origin;
use crate::engine::Executor;
use crate::order::{Line, OrderId, OrderStatus, Paise, PricedLine, UserId};
use crate::saga::{End, Progress, SagaId};
use crate::store::{Error, Found, Item, Order, Store};
use crate::trace::TraceParent;

/// Whether whoever asks may know of a user's orders.
pub type Sees<'a> = &'a (dyn Fn(UserId) -> bool + Sync);

/// Where an order stands.
pub(super) enum Standing {
    /// Nobody knows it, or whoever asks may not.
    Unknown,
    /// It has a row.
    Order(Box<Order>, OrderStatus),
    /// It has one from the old database: nothing is known of its payment, so nothing can be given back.
    Imported(UserId, OrderStatus),
    /// It has none, yet or ever.
    Checkout(Box<Found>),
}

/// Takes cancels and returns in.
#[derive(Clone, Debug)]
pub struct Reversals {
    pub(super) executor: Executor,
    pub(super) store: Store,
}

impl Reversals {
    /// Through this executor.
    pub fn new(executor: Executor, store: Store) -> Self {
        Self { executor, store }
    }

    pub(super) async fn standing(&self, id: OrderId, sees: Sees<'_>) -> Result<Standing, Error> {
        if let Some(order) = self.store.order(id).await? {
            if !sees(order.user_id) {
                return Ok(Standing::Unknown);
            }
            let status = order.status.parse();
            let status = status.map_err(|_| {
                Error::Unusable(format!("this binary does not know the status {}", order.status))
            })?;
            if order.imported_at.is_some() {
                return Ok(Standing::Imported(order.user_id, status));
            }
            return Ok(Standing::Order(Box::new(order), status));
        }
        let saga = self.store.find(SagaId(id.0)).await?;
        // A reversal is no order, though it has an id, too.
        let saga = saga.filter(|saga| saga.order_id == id && sees(saga.user_id));
        Ok(saga.map_or(Standing::Unknown, |saga| Standing::Checkout(Box::new(saga))))
    }

    pub(super) async fn cancellation_of(&self, id: OrderId) -> Result<Option<Found>, Error> {
        let sagas = self.store.sagas_of(id).await?;
        Ok(sagas.into_iter().find(|saga| saga.kind == CANCELLATION.kind))
    }

    pub(super) async fn given_back(&self, id: SagaId) -> Result<GivenBack, Error> {
        let inspected = self.store.inspect(id).await?;
        let saga = inspected.and_then(|inspected| inspected.instance.ok());
        let unreadable = || Error::Unusable(format!("this binary can't read the saga {id}"));
        Ok(GivenBack::by(&saga.ok_or_else(unreadable)?))
    }

    /// Orders of before their payer was kept with them: their checkout knows.
    pub(super) async fn origin(&self, order: &Order, trace: &TraceParent) -> Result<Origin, Error> {
        let items: Vec<PricedLine> = order.items.iter().map(priced).collect();
        let profile_id = match order.profile_id {
            Some(profile_id) => Some(profile_id),
            None => self.store.payer_by_checkout(order.id).await?,
        };
        if profile_id.is_none() && order.total != Paise(0) {
            return Err(Error::Unusable(format!("nobody knows who paid for order {}", order.id)));
        }
        let (order_id, user_id) = (order.id, order.user_id);
        let trace_parent = trace.to_string();
        Ok(Origin { order_id, user_id, profile_id, items, trace_parent })
    }
}

fn priced(item: &Item) -> PricedLine {
    let quantity = u32::try_from(item.quantity).unwrap_or(0);
    PricedLine { line: Line { product_id: item.product_id, quantity }, unit_price: item.unit_price }
}

/// What cancelling a confirmed order gives back: by the function that says so to the saga.
pub(super) fn all_of(order: &Order) -> GivenBack {
    let origin = Origin {
        order_id: order.id,
        user_id: order.user_id,
        profile_id: order.profile_id,
        items: order.items.iter().map(priced).collect(),
        trace_parent: String::new(),
    };
    let facts = ReversalFacts::of_all(&origin, "");
    GivenBack { refunded: facts.refund(), released: facts.lines }
}

/// The status of an order that has no row, by its checkout.
pub fn status_without_order(checkout: &Found) -> OrderStatus {
    let is_nothing = match checkout.progress {
        Some(Progress::Rest(End::Compensated | End::Rejected)) => true,
        // It won't become an order any more, but not all is undone yet.
        Some(Progress::Backward | Progress::Forward { .. } | Progress::Rest(End::Completed))
        | None => false,
    };
    match (is_nothing, &checkout.cancel_request) {
        (true, None) => OrderStatus::Rejected,
        (true, Some(_)) => OrderStatus::Cancelled,
        (false, None) => OrderStatus::Pending,
        (false, Some(_)) => OrderStatus::Cancelling,
    }
}
