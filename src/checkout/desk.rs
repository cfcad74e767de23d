//! The desk: takes a cart in, waits for what becomes of it, and answers repeats of it alike.

use std::fmt::Write as _;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::DEFINITION;
use super::refusal::Refusal;
use crate::engine::{Acceptance, Executor, NewSaga, Seen, Shed};
use crate::order::{Cart, OrderId, UserId};
use crate::saga::{Kinds, State};
use crate::store::{self, Found, Store};
use crate::trace::TraceParent;

/// A checkout as it comes over HTTP.
#[derive(Clone, Debug)]
pub struct Order {
    /// What is bought.
    pub cart: Cart,
    /// The client's key, bare.
    pub idempotency_key: Option<String>,
    /// How long the client waits for the end of it.
    pub wait: Wait,
    /// The client's trace, or a fresh one.
    pub trace: TraceParent,
}

/// How long a client waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Until it is accepted, no longer.
    Accepted,
    /// Until it is decided, or so long.
    Decided(Duration),
}

/// What a client is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The order stands.
    Confirmed {
        /// The order's id.
        id: OrderId,
        /// Whose.
        user_id: UserId,
        /// Paise.
        total_amount: i64,
        /// It is the answer to an earlier request with the same key.
        replayed: bool,
    },
    /// Accepted and not decided yet.
    Pending {
        /// What to ask for.
        id: OrderId,
        /// Whose.
        user_id: UserId,
        /// An earlier request with the same key accepted it.
        replayed: bool,
    },
    /// It came to nothing.
    Refused {
        /// What was accepted, and undone.
        id: OrderId,
        /// Why.
        refusal: Refusal,
        /// It is the answer to an earlier request with the same key.
        replayed: bool,
    },
    /// The key began another request.
    KeyReused {
        /// That one.
        id: OrderId,
    },
    /// Not accepted: as many checkouts are under way as this process takes.
    TooMany,
    /// Not accepted: as many are open as the database shall hold, or this process is stopping.
    NotNow {
        /// What is unavailable.
        reason: &'static str,
    },
    /// The database is out of reach.
    Unavailable {
        /// Set where the checkout may have been accepted.
        id: Option<OrderId>,
    },
}

/// Takes checkouts in.
#[derive(Clone, Debug)]
pub struct Desk {
    executor: Executor,
    store: Store,
    kinds: Kinds,
}

impl Desk {
    /// A desk in front of this executor; `kinds` is what the neighbours are configured as.
    pub fn new(executor: Executor, store: Store, kinds: Kinds) -> Self {
        Self { executor, store, kinds }
    }

    /// Takes a cart in and waits as long as the client wants to. The checkout goes on whether or
    /// not the client does: dropping this future stops nothing.
    pub async fn create(&self, order: Order) -> Answer {
        let fingerprint = fingerprint(&order.cart);
        let new = NewSaga {
            definition: &DEFINITION,
            user_id: order.cart.user_id(),
            lines: order.cart.lines().to_vec(),
            kinds: self.kinds,
            idempotency_key: order.idempotency_key.clone(),
            fingerprint: fingerprint.clone(),
            trace: order.trace.clone(),
            at_once: matches!(order.wait, Wait::Accepted | Wait::Decided(Duration::ZERO)),
        };
        let accepted = match self.executor.accept(new) {
            Ok(accepted) => accepted,
            Err(Shed::NoDatabase) => return Answer::Unavailable { id: None },
            // A repeat costs no place: it may get its answer even now.
            Err(shed) => {
                if let Some(key) = &order.idempotency_key {
                    self.executor.accepting(order.cart.user_id(), key).await;
                }
                return Box::pin(self.repeat(&order, &fingerprint, shed_answer(shed))).await;
            }
        };
        let id = accepted.id;
        let (accepted, seen) = match order.wait {
            Wait::Accepted => (accepted.durable().await, None),
            Wait::Decided(wait) => {
                let (acceptance, seen) = accepted.decided(wait).await;
                (acceptance, seen)
            }
        };
        match (accepted, seen) {
            (Acceptance::Durable, Some(found)) => answer(&found, false),
            (Acceptance::Durable, None) => {
                Answer::Pending { id, user_id: order.cart.user_id(), replayed: false }
            }
            (Acceptance::NotWritten, _) => Answer::Unavailable { id: None },
            (Acceptance::Unknown, _) => Answer::Unavailable { id: Some(id) },
            (Acceptance::KeyTaken, _) => {
                let gone = Answer::Unavailable { id: None };
                Box::pin(self.repeat(&order, &fingerprint, gone)).await
            }
        }
    }

    /// What became of a checkout; `None` where there is none of that id.
    pub async fn find(&self, id: OrderId) -> Result<Option<Found>, store::Error> {
        self.store.find(id).await
    }

    /// The answer of the request that this one repeats; `otherwise` where there is none.
    async fn repeat(&self, order: &Order, fingerprint: &str, otherwise: Answer) -> Answer {
        let Some(key) = &order.idempotency_key else { return otherwise };
        match self.store.find_by_key(order.cart.user_id(), DEFINITION.kind, key).await {
            Ok(Some(first)) => self.join(first, fingerprint, order.wait).await,
            Ok(None) => otherwise,
            Err(_out_of_reach) => Answer::Unavailable { id: None },
        }
    }

    async fn join(&self, first: Found, fingerprint: &str, wait: Wait) -> Answer {
        if first.fingerprint != fingerprint {
            return Answer::KeyReused { id: first.id };
        }
        let seen = match wait {
            Wait::Accepted => Seen::from(first),
            Wait::Decided(wait) => self.executor.wait_for(first, wait).await,
        };
        answer(&seen, true)
    }
}

/// The answer that this sight of a saga allows.
fn answer(seen: &Seen, replayed: bool) -> Answer {
    let Seen { id, user_id, .. } = *seen;
    match seen.state {
        Some(State::Completed) => {
            let total_amount = seen.total.map_or(0, |total| total.0);
            Answer::Confirmed { id, user_id, total_amount, replayed }
        }
        Some(State::Rejected | State::Compensated) => {
            let refusal = Refusal::of(seen.cause.as_ref(), &seen.lines);
            Answer::Refused { id, refusal, replayed }
        }
        Some(
            State::Started
            | State::ProfileFetched
            | State::Priced
            | State::Paid
            | State::Reserved
            | State::Compensating,
        )
        | None => Answer::Pending { id, user_id, replayed },
    }
}

fn shed_answer(shed: Shed) -> Answer {
    match shed {
        Shed::Concurrency => Answer::TooMany,
        Shed::Backlog => Answer::NotNow { reason: "the backlog of open checkouts is full" },
        Shed::Draining => Answer::NotNow { reason: "this process is stopping" },
        Shed::NoDatabase => Answer::Unavailable { id: None },
    }
}

/// Of the cart as parsed, not as bytes: the same cart has the same fingerprint however it is
/// written in JSON.
fn fingerprint(cart: &Cart) -> String {
    let mut hash = Sha256::new();
    hash.update(cart.user_id().0.as_bytes());
    for line in cart.lines() {
        hash.update(line.product_id.0.as_bytes());
        hash.update(line.quantity.to_be_bytes());
    }
    let mut digits = String::with_capacity(64);
    for byte in hash.finalize() {
        write!(digits, "{byte:02x}").expect("a string takes whatever is written to it");
    }
    digits
}
