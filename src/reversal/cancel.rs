//! A client's cancel: one loop over where the order stands, until it stands where nothing is left to do.
//!
//! ```text
//! no row:  the checkout goes forward   ask for it to be cancelled ──▶ wait for it to rest
//!          it goes back or has          cancelled: the answer; for another cause: 409
//! row:     Confirmed                   move it, begin the cancellation (one transaction) ──▶ wait
//!          Cancelling                  wait for the cancellation
//!          Cancelled                   the answer
//!          Shipped, Delivered          409
//!          of the old database         409
//! ```
//!
//! Each step looks anew: whoever else moved the order meanwhile, the loop goes on from there.

use std::time::Duration;

use tracing::{error, info};

use super::begin::{cancellation, cancelling};
use super::given_back::GivenBack;
use super::standing::{Reversals, Sees, Standing, all_of};
use crate::engine::{Recording, Wait};
use crate::order::{Move, OrderId, OrderStatus, UserId};
use crate::saga::{CancelRequest, Direction, Progress};
use crate::store::{Beginning, Error, Found, MovedOrder, NewAuditEntry, Order};
use crate::trace::TraceParent;

/// A cancel as it comes in.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Which order.
    pub id: OrderId,
    /// Why; one of the words of the API.
    pub reason: String,
    /// More, in their words.
    pub note: Option<String>,
    /// The operator who asks; `None` for the client.
    pub who: Option<String>,
    /// What the audit trail says of it, if this request is the one that cancels; `None` for the client.
    pub audit: Option<NewAuditEntry>,
    /// How long whoever asks waits for the end of it.
    pub wait: Wait,
    /// Their trace, or a fresh one.
    pub trace: TraceParent,
}

/// What whoever asks is told.
#[derive(Clone, Debug, PartialEq)]
pub enum CancelAnswer {
    /// Everything is given back.
    Cancelled {
        /// Whose order.
        user_id: UserId,
        /// What was given back.
        given_back: GivenBack,
        /// Somebody had asked before.
        replayed: bool,
    },
    /// It is durable, and not finished.
    Cancelling {
        /// Whose order.
        user_id: UserId,
        /// Somebody had asked before.
        replayed: bool,
    },
    /// There is no such order.
    NotFound,
    /// It is too late, or came to nothing by itself.
    NotAllowed {
        /// The order's status.
        status: OrderStatus,
    },
    /// It is of the old database, and was paid for there.
    Imported {
        /// The order's status.
        status: OrderStatus,
    },
    /// The database is out of reach.
    Unavailable,
}

/// What one look led to.
enum Step {
    /// There is an answer.
    Told(CancelAnswer),
    /// Something changed: look again. `true` where this request changed it.
    Again(bool),
    /// It is under way: wait for this saga.
    WaitFor(Box<Found>),
}

/// More looks than moves that an order has. Each look again follows a move.
const LOOKS: usize = 16;

impl Reversals {
    /// Reversals an order, and waits as long as whoever asks wants to. It goes on whether or not they do.
    pub async fn cancel(&self, wish: &Wish, sees: Sees<'_>) -> CancelAnswer {
        let clock = self.executor.clock();
        let until = match wish.wait {
            Wait::Decided(wait) => clock.monotonic() + wait,
            Wait::Accepted | Wait::Promised => Duration::ZERO,
        };
        let mut is_first = false;
        for _ in 0..LOOKS {
            let step = match self.look(wish, sees, is_first).await {
                Ok(step) => step,
                // It may have been written: the next look shows it. Nobody else may have asked, so that
                // this request counts as the first.
                Err(Error::OutcomeUnknown(_)) => Step::Again(true),
                Err(error) => {
                    info!(order.id = %wish.id, %error, "could not cancel");
                    return CancelAnswer::Unavailable;
                }
            };
            match step {
                Step::Told(answer) => return answer,
                Step::Again(by_this) => is_first |= by_this,
                Step::WaitFor(saga) => {
                    let user_id = saga.user_id;
                    let left = until.saturating_sub(clock.monotonic());
                    let under_way = CancelAnswer::Cancelling { user_id, replayed: !is_first };
                    if left.is_zero() || saga.stuck.is_some() || saga.held.is_some() {
                        return under_way;
                    }
                    let seen = self.executor.wait_until_settled(*saga, left).await;
                    if seen.needs_person || !seen.progress.is_some_and(Progress::is_rest) {
                        return under_way;
                    }
                }
            }
        }
        error!(order.id = %wish.id, "an order that never stands still");
        CancelAnswer::Unavailable
    }

    async fn look(&self, wish: &Wish, sees: Sees<'_>, is_first: bool) -> Result<Step, Error> {
        let standing = self.standing(wish.id, sees).await?;
        match standing {
            Standing::Unknown => Ok(Step::Told(CancelAnswer::NotFound)),
            Standing::Order(order, OrderStatus::Confirmed) => self.begin(wish, &order).await,
            Standing::Order(order, OrderStatus::Cancelling) => {
                let saga = self.cancellation_of(order.id).await?;
                // An order that is being cancelled has its saga from the same transaction on.
                let missing = || Error::Unusable("an order is Cancelling by no saga".to_owned());
                Ok(Step::WaitFor(Box::new(saga.ok_or_else(missing)?)))
            }
            Standing::Order(order, OrderStatus::Cancelled) => {
                let (user_id, replayed) = (order.user_id, !is_first);
                let given_back = all_of(&order);
                Ok(Step::Told(CancelAnswer::Cancelled { user_id, given_back, replayed }))
            }
            Standing::Order(_, status) => Ok(Step::Told(CancelAnswer::NotAllowed { status })),
            Standing::Imported(_, status) => Ok(Step::Told(CancelAnswer::Imported { status })),
            Standing::Checkout(saga) => self.look_at_checkout(wish, saga, is_first).await,
        }
    }

    async fn look_at_checkout(
        &self,
        wish: &Wish,
        saga: Box<Found>,
        is_first: bool,
    ) -> Result<Step, Error> {
        let rejected = CancelAnswer::NotAllowed { status: OrderStatus::Rejected };
        match (saga.progress, &saga.cancel_request) {
            (None, _) => Err(Error::Unusable("this binary can't read the checkout".to_owned())),
            // Its order has been written since the first look.
            (Some(progress), _) if progress.is_completed() => Ok(Step::Again(false)),
            (Some(progress), None) if progress.direction() == Direction::Backward => {
                Ok(Step::Told(rejected))
            }
            (Some(Progress::Rest(_)), Some(_)) => {
                let given_back = self.given_back(saga.id).await?;
                let (user_id, replayed) = (saga.user_id, !is_first);
                Ok(Step::Told(CancelAnswer::Cancelled { user_id, given_back, replayed }))
            }
            (Some(_), Some(_)) => Ok(Step::WaitFor(saga)),
            (Some(_), None) => {
                let request = self.request(wish);
                let trace_parent = wish.trace.to_string();
                let of = (saga.order_id, saga.user_id);
                let event = cancelling(of, &request, trace_parent, self.executor.clock());
                let audit = wish.audit.as_ref();
                let asked = self.executor.request_cancel(saga.id, &request, &event, audit).await?;
                Ok(Step::Again(asked.is_some()))
            }
        }
    }

    /// Moves the order and begins its cancellation.
    async fn begin(&self, wish: &Wish, order: &Order) -> Result<Step, Error> {
        let origin = self.origin(order, &wish.trace).await?;
        let request = self.request(wish);
        let context = Recording { clock: self.executor.clock(), policy: self.executor.policy() };
        let mut write = cancellation(&origin, &request, context);
        let of = (order.id, order.user_id);
        let event = cancelling(of, &request, origin.trace_parent, context.clock);
        write.records.events.push(event);
        write.records.audited.extend(wish.audit.clone());
        let moved = MovedOrder { id: order.id, by: Move::CANCEL, at: request.since };
        let begun = self.executor.move_and_begin(&moved, &write).await?;
        Ok(Step::Again(begun == Beginning::Begun))
    }

    fn request(&self, wish: &Wish) -> CancelRequest {
        let Wish { reason, note, who, .. } = wish.clone();
        CancelRequest { since: self.executor.clock().now(), who, reason, note, is_told: false }
    }
}
