//! An order that is given back in the matrix: cancelled as it stands or in flight, or returned in part. Its
//! checkout is that of [`CheckoutPlay`].

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use order_service::checkout::{self, Checkout};
use order_service::clock::Clock;
use order_service::engine::{Executor, Kind, Wait};
use order_service::order::OrderId;
use order_service::reversal::{
    CANCELLATION, CancelAnswer, GivenBack, RETURN, ReturnAnswer, Reversal, Reversals, TakeBack,
    Wish, cancelling,
};
use order_service::saga::{CancelRequest, Definition, Effect};
use order_service::store::{Found, NewShipment, Return, Store};
use order_service::trace::TraceParent;
use tokio::sync::watch;

use crate::checkout_play::{CheckoutPlay, Checkouts, nobody};
use crate::play::{Ending, Play};
use crate::reversal_audit::{check_answers, check_books};

/// The tables of a checkout and of what gives it back.
pub static DEFINITIONS: [&Definition; 3] = [&checkout::DEFINITION, &CANCELLATION, &RETURN];
/// A client that got no final answer asks again after this long.
const AGAIN: Duration = Duration::from_millis(500);

/// An order, and how it is given back.
#[derive(Clone, Debug)]
pub struct Reversed {
    pub order: Checkouts,
    pub how: How,
}

/// How an order is given back.
#[derive(Clone, Copy, Debug)]
pub enum How {
    /// It stands, and is cancelled.
    Cancel,
    /// It is cancelled in flight, when a call or a read of the checkout comes to this point.
    CancelAt(&'static str),
    /// The same, through another replica, so that the owner does not hear of it.
    CancelElsewhereAt(&'static str),
    /// It is shipped, and these come back, each under a key of its own.
    Return(&'static [Part]),
}

/// A return: pieces by line, from 0.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    pub pieces: &'static [(u16, u32)],
    pub restock: bool,
}

/// How far a cancel in flight is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    NotYet,
    Here,
    /// The cancel is durable.
    Past,
}

/// An order of one cell.
pub struct ReversalPlay {
    how: How,
    checkout: CheckoutPlay,
    moment: watch::Sender<Moment>,
    told: Mutex<Told>,
}

/// What clients were told so far.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Somebody was told that it will be cancelled.
    pub cancelling: bool,
    /// What was given back, by every final answer.
    pub cancelled: Vec<GivenBack>,
    /// By key.
    pub returned: Vec<(usize, Return)>,
}

impl ReversalPlay {
    /// An order that is given back like this.
    pub fn new(how: How, checkout: CheckoutPlay) -> Self {
        let moment = watch::Sender::new(Moment::NotYet);
        Self { how, checkout, moment, told: Mutex::default() }
    }

    fn told<T>(&self, look: impl FnOnce(&mut Told) -> T) -> T {
        look(&mut self.told.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn is_at_least(&self, moment: Moment) {
        self.moment.send_if_modified(|now| std::mem::replace(now, moment.max(*now)) < moment);
    }

    /// Where a cancel in flight is asked for.
    fn point(&self) -> Option<&'static str> {
        match self.how {
            How::CancelAt(point) | How::CancelElsewhereAt(point) => Some(point),
            How::Cancel | How::Return(_) => None,
        }
    }

    fn parts(&self) -> &'static [Part] {
        match self.how {
            How::Return(parts) => parts,
            How::Cancel | How::CancelAt(_) | How::CancelElsewhereAt(_) => &[],
        }
    }

    /// The order stands, and is shipped if it is to be returned.
    async fn stand(&self, executor: Executor, store: Store) {
        if self.point().is_some() {
            return;
        }
        self.checkout.order_at(executor.clone()).await;
        if self.parts().is_empty() {
            return;
        }
        let shipment = NewShipment {
            order_id: self.checkout.saga(&store).await.expect("an order").order_id,
            carrier: "post".to_owned(),
            tracking_number: "1".to_owned(),
            tracking_url: None,
            pieces: None,
            shipped_at: executor.clock().now(),
            estimated_delivery: None,
            trace_parent: TraceParent::fresh().to_string(),
        };
        store.ship(&shipment, executor.clock(), None).await.expect("a shipment");
    }

    async fn ask_at(&self, executor: Executor, store: Store) {
        let clock = executor.clock().clone();
        let order = async {
            while self.point().is_some() && !self.checkout.is_answered() {
                self.checkout.order_at(executor.clone()).await;
                clock.sleep(AGAIN).await;
            }
            // It may never have come to the point in this process.
            self.is_at_least(Moment::Here);
        };
        let give_back = async {
            let here = |moment: &Moment| *moment != Moment::NotYet;
            self.moment.subscribe().wait_for(here).await.expect("we hold the sender");
            while !self.has_given_back() {
                if let Some(checkout) = self.checkout.saga(&store).await {
                    self.give_back(&executor, &store, checkout.order_id).await;
                }
                clock.sleep(AGAIN).await;
            }
        };
        futures::join!(order, give_back);
    }

    async fn give_back(&self, executor: &Executor, store: &Store, id: OrderId) {
        let reversals = Reversals::new(executor.clone(), store.clone());
        if matches!(self.how, How::CancelElsewhereAt(_)) {
            self.cancel_elsewhere(executor, store, id).await;
        }
        for wait in [Wait::Accepted, Wait::Decided(Duration::from_hours(1))] {
            if self.parts().is_empty() && !self.cancel(&reversals, id, wait).await {
                // Nobody waits before it is durable: the checkout may be waiting for that.
                return;
            }
            for (number, part) in self.parts().iter().enumerate() {
                self.take_back(&reversals, id, (number, part), wait).await;
            }
        }
    }

    /// What another replica writes, which can tell no owner but its own.
    async fn cancel_elsewhere(&self, executor: &Executor, store: &Store, id: OrderId) {
        let checkout = self.checkout.saga(store).await.expect("it was there");
        let since = executor.clock().now();
        let reason = "customer".to_owned();
        let request = CancelRequest { since, who: None, reason, note: None, is_told: false };
        let of = (id, checkout.user_id);
        let event = cancelling(of, &request, TraceParent::fresh().to_string(), executor.clock());
        if store.request_cancel(checkout.id, &request, &event, None).await.is_ok() {
            self.is_at_least(Moment::Past);
        }
    }

    /// Returns whether the cancel is durable.
    async fn cancel(&self, reversals: &Reversals, id: OrderId, wait: Wait) -> bool {
        let (reason, trace) = ("customer".to_owned(), TraceParent::fresh());
        let wish = Wish { id, reason, note: None, who: None, audit: None, wait, trace };
        match reversals.cancel(&wish, &|_any_user| true).await {
            CancelAnswer::Cancelled { given_back, .. } => {
                self.told(|told| told.cancelled.push(given_back));
            }
            CancelAnswer::Cancelling { .. } => self.told(|told| told.cancelling = true),
            CancelAnswer::Unavailable => return false,
            told @ (CancelAnswer::NotFound
            | CancelAnswer::NotAllowed { .. }
            | CancelAnswer::Imported { .. }) => panic!("told {told:?}"),
        }
        self.is_at_least(Moment::Past);
        true
    }

    async fn take_back(
        &self,
        reversals: &Reversals,
        id: OrderId,
        (number, part): (usize, &Part),
        wait: Wait,
    ) {
        let wish = TakeBack {
            id,
            pieces: part.pieces.iter().copied().collect(),
            reason: Some("too small".to_owned()),
            restock: part.restock,
            key: format!("return-{number}"),
            who: "asha".to_owned(),
            audit: None,
            wait,
            trace: TraceParent::fresh(),
        };
        match reversals.take_back(&wish).await {
            ReturnAnswer::Accepted { returned, .. } => {
                self.told(|told| told.returned.push((number, returned)));
            }
            ReturnAnswer::Unavailable => {}
            told @ (ReturnAnswer::KeyReused
            | ReturnAnswer::NotFound
            | ReturnAnswer::NoSuchLine(_)
            | ReturnAnswer::NotAllowed { .. }
            | ReturnAnswer::Imported { .. }
            | ReturnAnswer::TooMuch { .. }) => panic!("told {told:?}"),
        }
    }

    /// Whether the clients were told that everything is given back.
    fn has_given_back(&self) -> bool {
        let is_back = |told: &Told, number| {
            told.returned.iter().any(|(of, it)| *of == number && it.returned_at.is_some())
        };
        self.told(|told| match self.how {
            How::Return(parts) => (0..parts.len()).all(|number| is_back(told, number)),
            How::Cancel | How::CancelAt(_) | How::CancelElsewhereAt(_) => {
                !told.cancelled.is_empty()
            }
        })
    }
}

impl Play for ReversalPlay {
    fn definitions(&self) -> &'static [&'static Definition] {
        &DEFINITIONS
    }

    fn kinds(&self, clock: &Clock) -> Vec<Arc<dyn Kind>> {
        let neighbours = self.checkout.neighbours(clock);
        vec![Arc::new(Checkout::new(neighbours.clone())), Arc::new(Reversal::new(neighbours))]
    }

    fn kinds_unheard(&self, clock: &Clock) -> Vec<Arc<dyn Kind>> {
        let nobody = nobody(clock);
        vec![Arc::new(Checkout::new(nobody.clone())), Arc::new(Reversal::new(nobody))]
    }

    fn sagas<'a>(&'a self, store: &'a Store) -> BoxFuture<'a, Vec<Found>> {
        async {
            let Some(checkout) = self.checkout.saga(store).await else { return Vec::new() };
            store.sagas_of(checkout.order_id).await.expect("the books")
        }
        .boxed()
    }

    fn prepare(&self, at: Executor, store: Store) -> BoxFuture<'_, ()> {
        self.stand(at, store).boxed()
    }

    fn ask(&self, at: Executor, store: Store) -> BoxFuture<'_, ()> {
        self.ask_at(at, store).boxed()
    }

    /// At the moment of a cancel in flight, waits until the cancel is durable.
    fn come_to<'a>(&'a self, point: &'a str) -> BoxFuture<'a, ()> {
        async move {
            if self.point() == Some(point) {
                self.is_at_least(Moment::Here);
                let is_past = |moment: &Moment| *moment == Moment::Past;
                self.moment.subscribe().wait_for(is_past).await.expect("we hold the sender");
            }
        }
        .boxed()
    }

    fn is_answered(&self) -> bool {
        self.checkout.is_answered() && self.has_given_back()
    }

    fn happened(&self, saga: &Found, effect: Effect) -> bool {
        let is_return = saga.kind == RETURN.kind;
        self.checkout.has_acted(if is_return { saga.id.0 } else { saga.order_id.0 }, effect)
    }

    fn get_well(&self) {
        self.checkout.get_well();
    }

    fn somebody_died(&self) -> BoxFuture<'_, ()> {
        self.checkout.somebody_died()
    }

    fn check_told<'a>(&'a self, store: &'a Store, sagas: &'a [Found]) -> BoxFuture<'a, ()> {
        async {
            self.checkout.check_what_was_told(store, sagas.first()).await;
            check_answers(store, sagas, &self.told(|told| told.clone())).await;
        }
        .boxed()
    }

    fn check_end<'a>(&'a self, store: &'a Store, sagas: &'a [Found]) -> BoxFuture<'a, Ending> {
        async {
            self.checkout.check_answers(store, &sagas[0]).await;
            let told = self.told(|told| told.clone());
            check_answers(store, sagas, &told).await;
            check_books(store, sagas, &self.checkout.ledger(), self.parts(), &told).await
        }
        .boxed()
    }
}
