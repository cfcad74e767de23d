//! The desk: takes a cart in, waits for what becomes of it, and answers repeats of it alike.

use std::fmt::Write as _;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::DEFINITION;
use super::refusal::{Refusal, Undoing};
use crate::engine::{Acceptance, Executor, NewSaga, Seen, Shed};
use crate::order::{Cart, OrderId, UserId};
use crate::saga::{Context, Kinds, State};
use crate::store::{self, Found, Identity, Store};
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
    store: Store,
    rules: Rules,
}

/// What is configured of how carts are taken in.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// What the neighbours are configured as.
    pub kinds: Kinds,
    /// `checkout.join_equal`: a request without a key joins an equal one that is in flight.
    pub join_equal: bool,
}

/// A checkout as it is asked for, and what is known of it by that.
struct Asked {
    order: Order,
    fingerprint: String,
    identity: Option<Identity>,
}

impl Asked {
    fn user_id(&self) -> UserId {
        self.order.cart.user_id()
    }
}

/// Why a checkout was not taken in as the first of its identity.
enum NotFirst {
    /// There is one already.
    Repeats,
    /// It was not taken in; the answer, unless it is a repeat.
    Shed(Answer),
}

impl Desk {
    /// A desk in front of this executor.
    pub fn new(executor: Executor, store: Store, rules: Rules) -> Self {
        Self { executor, store, rules }
    }

    /// Takes a cart in and waits as long as the client wants to. The checkout goes on whether or
    /// not the client does: dropping this future stops nothing.
    pub async fn create(&self, order: Order) -> Answer {
        let fingerprint = fingerprint(&order.cart);
        let identity = match &order.idempotency_key {
            Some(key) => Some(Identity::Key(key.clone())),
            None => self.rules.join_equal.then(|| Identity::Content(fingerprint.clone())),
        };
        let asked = Asked { order, fingerprint, identity };
        if let Some(identity) = &asked.identity
            && self.executor.has_accepted(asked.user_id(), identity).await
            && let Some(answer) = Box::pin(self.repeat(&asked)).await
        {
            return answer;
        }
        match self.begin(&asked).await {
            Ok(answer) => answer,
            Err(not_first) => Box::pin(self.repeat_or(&asked, not_first)).await,
        }
    }

    /// Takes it in as the first of its identity.
    async fn begin(&self, asked: &Asked) -> Result<Answer, NotFirst> {
        let Asked { order, fingerprint, identity } = asked;
        let user_id = asked.user_id();
        let is_at_once = matches!(order.wait, Wait::Accepted | Wait::Decided(Duration::ZERO));
        let new = NewSaga {
            definition: &DEFINITION,
            user_id,
            context: Context {
                expected_total: order.cart.expected_total(),
                attended: order.is_attended,
                ..Context::accepted(order.cart.lines().to_vec(), self.rules.kinds)
            },
            identity: identity.clone(),
            fingerprint: fingerprint.clone(),
            trace: order.trace.clone(),
            at_once: is_at_once,
        };
        let accepted = match self.executor.accept(new) {
            Ok(accepted) => accepted,
            Err(Shed::NoDatabase) => return Ok(Answer::Unavailable { id: None }),
            Err(shed) => return Err(NotFirst::Shed(shed_answer(shed))),
        };
        let id = accepted.id;
        let (acceptance, seen) = match order.wait {
            Wait::Decided(wait) if !is_at_once => accepted.decided(wait).await,
            Wait::Decided(_) | Wait::Accepted => (accepted.durable().await, None),
        };
        match (acceptance, seen) {
            (Acceptance::Durable, Some(seen)) => Ok(answer(&seen, false)),
            (Acceptance::Durable, None) => Ok(Answer::Pending { id, user_id, replayed: false }),
            (Acceptance::NotWritten, _) => Ok(Answer::Unavailable { id: None }),
            (Acceptance::Unknown, _) => Ok(Answer::Unavailable { id: Some(id) }),
            (Acceptance::Repeats, _) => Err(NotFirst::Repeats),
        }
    }

    /// The answer of the request that this one repeats. A repeat costs no place: it may get its
    /// answer even where nothing new is taken in.
    async fn repeat_or(&self, asked: &Asked, not_first: NotFirst) -> Answer {
        if let Some(identity) = &asked.identity {
            // One that came a moment before may have taken the place, and not be in the books yet.
            self.executor.has_accepted(asked.user_id(), identity).await;
        }
        if let Some(answer) = self.repeat(asked).await {
            return answer;
        }
        let gone = Answer::Unavailable { id: None };
        match (not_first, &asked.identity) {
            (NotFirst::Shed(answer), _) => answer,
            // What it was equal to has come to rest in between: it is a checkout of its own.
            (NotFirst::Repeats, Some(Identity::Content(_))) => match self.begin(asked).await {
                Ok(answer) | Err(NotFirst::Shed(answer)) => answer,
                Err(NotFirst::Repeats) => self.repeat(asked).await.unwrap_or(gone),
            },
            (NotFirst::Repeats, Some(Identity::Key(_)) | None) => gone,
        }
    }

    /// What became of a checkout; `None` where there is none of that id.
    pub async fn find(&self, id: OrderId) -> Result<Option<Found>, store::Error> {
        self.store.find(id).await
    }

    /// The answer of the request that this one repeats; `None` where there is none.
    async fn repeat(&self, asked: &Asked) -> Option<Answer> {
        let identity = asked.identity.as_ref()?;
        let first = self.store.find_first(asked.user_id(), DEFINITION.kind, identity).await;
        match first {
            Ok(first) => Some(self.join(first?, &asked.fingerprint, asked.order.wait).await),
            Err(_out_of_reach) => Some(Answer::Unavailable { id: None }),
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
    if let Some(undoing) = seen.state.and_then(Undoing::of) {
        let refusal = Refusal::of(seen.cause.as_ref(), &seen.lines);
        return Answer::Refused { id, refusal, undoing, replayed };
    }
    if seen.state == Some(State::Completed) {
        let total_amount = seen.total.map_or(0, |total| total.0);
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
    let mut digits = String::with_capacity(64);
    for byte in hash.finalize() {
        write!(digits, "{byte:02x}").expect("a string takes whatever is written to it");
    }
    digits
}
