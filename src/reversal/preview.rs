//! What a cancel would do now, by the functions that do it.

use super::given_back::GivenBack;
use super::standing::{Reversals, Sees, Standing, all_of};
use crate::order::{OrderId, OrderStatus, UserId};
use crate::saga::{Direction, Progress, SagaId, Stuck};
use crate::store::Error;

/// What a cancel would do now.
#[derive(Clone, Debug, PartialEq)]
pub enum Preview {
    /// It is allowed, and gives this back by what is known now.
    Allowed {
        /// Whose order.
        user_id: UserId,
        /// What.
        gives_back: GivenBack,
    },
    /// It is not.
    NotAllowed {
        /// Whose order.
        user_id: UserId,
        /// The order's status.
        status: OrderStatus,
        /// Why not, in a sentence.
        why: &'static str,
        /// What cancels it, where somebody has asked before.
        begun: Option<Begun>,
    },
}

/// A cancel under way, or done.
#[derive(Clone, Debug, PartialEq)]
pub struct Begun {
    /// The saga that gives everything back; `None` once it is forgotten.
    pub saga_id: Option<SagaId>,
    /// What has gone back by now.
    pub given_back: GivenBack,
    /// Since when, where and why it needs a person.
    pub stuck: Option<Stuck>,
}

impl Reversals {
    /// What a cancel would do now; `None` for an order that does not exist.
    pub async fn preview(&self, id: OrderId, sees: Sees<'_>) -> Result<Option<Preview>, Error> {
        let (user_id, status, why, saga) = match self.standing(id, sees).await? {
            Standing::Unknown => return Ok(None),
            Standing::Order(order, OrderStatus::Confirmed) => {
                let (user_id, gives_back) = (order.user_id, all_of(&order));
                return Ok(Some(Preview::Allowed { user_id, gives_back }));
            }
            Standing::Order(order, status) => {
                let is_begun = matches!(status, OrderStatus::Cancelling | OrderStatus::Cancelled);
                let saga = if is_begun { self.cancellation_of(order.id).await? } else { None };
                if status == OrderStatus::Cancelled && saga.is_none() {
                    let (user_id, why) = (order.user_id, why_not(status));
                    let given_back = all_of(&order);
                    let begun = Some(Begun { saga_id: None, given_back, stuck: None });
                    return Ok(Some(Preview::NotAllowed { user_id, status, why, begun }));
                }
                (order.user_id, status, why_not(status), saga)
            }
            Standing::Imported(user_id, status) => (user_id, status, IMPORTED, None),
            Standing::Checkout(saga) => {
                let user_id = saga.user_id;
                let direction = saga.progress.map(Progress::direction);
                match (direction, &saga.cancel_request) {
                    (Some(Direction::Backward), None) => {
                        let status = OrderStatus::Rejected;
                        (user_id, status, why_not(status), None)
                    }
                    (_, Some(_)) => {
                        let is_done = saga.progress.is_some_and(Progress::is_rest);
                        let status =
                            if is_done { OrderStatus::Cancelled } else { OrderStatus::Cancelling };
                        (user_id, status, why_not(status), Some(*saga))
                    }
                    (_, None) => {
                        let inspected = self.store.inspect(saga.id).await?;
                        let instance = inspected.and_then(|inspected| inspected.instance.ok());
                        let gives_back = instance.map(|saga| GivenBack::owed_by(&saga));
                        let gives_back = gives_back.unwrap_or_default();
                        return Ok(Some(Preview::Allowed { user_id, gives_back }));
                    }
                }
            }
        };
        let begun = match saga {
            None => None,
            Some(saga) => {
                let given_back = self.given_back(saga.id).await?;
                Some(Begun { saga_id: Some(saga.id), given_back, stuck: saga.stuck })
            }
        };
        Ok(Some(Preview::NotAllowed { user_id, status, why, begun }))
    }
}

/// Why nothing can be given back for an order of the old database.
pub const IMPORTED: &str =
    "it was imported from the old database, and its payment was made under another id";

fn why_not(status: OrderStatus) -> &'static str {
    match status {
        OrderStatus::Shipped => "it is on its way",
        OrderStatus::Delivered => "it has arrived",
        OrderStatus::Rejected => "it came to nothing by itself",
        OrderStatus::Cancelling => "it is being cancelled",
        OrderStatus::Cancelled => "it is cancelled",
        OrderStatus::Pending | OrderStatus::Confirmed => "",
    }
}
