//! The desk: takes a cart in, waits for what becomes of it, and answers repeats of it alike.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::DEFINITION;
use super::facts::CheckoutFacts;
use super::refusal::{Refusal, Undoing};
use crate::clock::Clock;
use crate::engine::{Admission, Executor, NewSaga, Seen, Shed, Wait};
use crate::order::{Cart, OrderId, UserId};
use crate::saga::{Progress, SagaFacts};
use crate::store::{Found, Identity, Store};
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
    /// The client waits for a decision, and takes no 202 for one.
    pub is_attended: bool,
    /// The client's trace, or a fresh one.
    pub trace: TraceParent,
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
        /// It is the answer to the request that this one repeats.
        replayed: bool,
    },
    /// Accepted and not decided yet.
    Pending {
        /// What to ask for.
        id: OrderId,
        /// Whose.
        user_id: UserId,
        /// The request that this one repeats accepted it.
        replayed: bool,
    },
    /// It comes to nothing: no order is made of it any more.
    Refused {
        /// What was accepted.
        id: OrderId,
        /// Why.
        refusal: Refusal,
        /// Whether all that had happened is undone.
        undoing: Undoing,
        /// It is the answer to the request that this one repeats.
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

impl Answer {
    /// The id that the client is told.
    pub fn id(&self) -> Option<OrderId> {
        match self {
            Self::Confirmed { id, .. }
            | Self::Pending { id, .. }
            | Self::Refused { id, .. }
            | Self::KeyReused { id } => Some(*id),
            Self::Unavailable { id } => *id,
            Self::TooMany | Self::NotNow { .. } => None,
        }
    }
}

/// Takes checkouts in.
#[derive(Clone, Debug)]
pub struct Desk {
    executor: Executor,
    rules: Rules,
    /// Where it is noted who is told that a checkout is pending, if anybody reads it.
    notes: Option<Arc<(Store, Clock)>>,
}

/// What is configured of how carts are taken in.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// `checkout.join_equal`: a request without a key joins an equal one that is in flight.
    pub join_equal: bool,
}

impl Desk {
    /// A desk in front of this executor.
    pub fn new(executor: Executor, rules: Rules) -> Self {
        Self { executor, rules, notes: None }
    }

    /// The same, but who waited and is told that a checkout is pending is noted in these books, so that a
    /// refusal can reach them in another way.
    #[must_use]
    pub fn noting_pending(self, books: Store, clock: Clock) -> Self {
        Self { notes: Some(Arc::new((books, clock))), ..self }
    }

    /// Takes a cart in and waits as long as the client wants to. The checkout goes on whether or
    /// not the client does: dropping this future stops nothing.
    pub async fn create(&self, order: Order) -> Answer {
        let Order { cart, idempotency_key, wait, is_attended, trace } = order;
        let fingerprint = fingerprint(&cart);
        let identity = match idempotency_key {
            Some(key) => Some(Identity::Key(key)),
            None => self.rules.join_equal.then(|| Identity::Content(fingerprint.clone())),
        };
        let facts = CheckoutFacts::accepted(&cart);
        let new = NewSaga {
            definition: &DEFINITION,
            order_id: None,
            user_id: cart.user_id(),
            facts: SagaFacts::new(facts),
            attended: is_attended,
            identity,
            fingerprint,
            trace,
        };
        match self.executor.admit(new, wait).await {
            Admission::Accepted { seen, is_repeat } => {
                let is_known = wait == Wait::Promised || wait.is_over_at_once() && !is_repeat;
                self.pending_noted(&seen, is_repeat, is_known).await
            }
            Admission::KeyReused { seen } => Answer::KeyReused { id: seen.order_id },
            Admission::Shed(shed) => shed_answer(shed),
            Admission::Unavailable { id } => Answer::Unavailable { id: id.map(|id| OrderId(id.0)) },
        }
    }
}

/// What a checkout has come to; `None` while it is not at rest.
pub fn outcome(found: Found) -> Option<Answer> {
    found.is_at_rest().then(|| answer(&Seen::from(found), false))
}

impl Desk {
    /// The answer, after it is noted that it is a pending one. The note and the checkout's end come in one
    /// order: where the end is in the books first, a look finds it, and the client hears of it here.
    async fn pending_noted(&self, seen: &Seen, is_repeat: bool, is_known: bool) -> Answer {
        let told = answer(seen, is_repeat);
        let Some((books, clock)) = self.notes.as_deref() else { return told };
        let is_known = is_known || seen.known.as_ref().is_some_and(|known| known.terms.answered);
        let Answer::Pending { id, .. } = told else { return told };
        // A client that can't be noted is told all the same that it was accepted.
        if is_known || books.note_pending_answer(id, clock.now()).await.is_err() {
            return told;
        }
        match books.find(seen.id).await {
            Ok(Some(found)) => answer(&Seen::from(found), is_repeat),
            Ok(None) | Err(_) => told,
        }
    }
}

/// The answer that follows from what was seen of a saga.
fn answer(seen: &Seen, replayed: bool) -> Answer {
    let (id, user_id) = (seen.order_id, seen.user_id);
    if let Some(undoing) = seen.progress.and_then(Undoing::of) {
        let refusal = Refusal::of(seen.known.as_ref());
        return Answer::Refused { id, refusal, undoing, replayed };
    }
    if seen.progress.is_some_and(Progress::is_completed) {
        let total_amount = seen.amount.map_or(0, |total| total.0);
        return Answer::Confirmed { id, user_id, total_amount, replayed };
    }
    Answer::Pending { id, user_id, replayed }
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
/// written in JSON. What a cart does not have leaves no trace, so that fingerprints of before a
/// member was known stay valid.
fn fingerprint(cart: &Cart) -> String {
    let mut hash = Sha256::new();
    hash.update(cart.user_id().0.as_bytes());
    for line in cart.lines() {
        hash.update(line.product_id.0.as_bytes());
        hash.update(line.quantity.to_be_bytes());
    }
    if let Some(total) = cart.expected_total() {
        hash.update(b"expectedTotal");
        hash.update(total.0.to_be_bytes());
    }
    if let Some(address) = cart.shipping_address() {
        hash.update(b"shippingAddress");
        hash.update(serde_json::to_vec(address).expect("plain data with string keys"));
    }
    base16ct::lower::encode_string(&hash.finalize())
}
