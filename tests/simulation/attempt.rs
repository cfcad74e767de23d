//! Requests of clients that wait for their answer, whatever they ask for.

use std::sync::PoisonError;

use order_service::checkout::Answer;
use order_service::engine::Admission;
use order_service::order::OrderId;
use order_service::reversal::{CancelAnswer, ReturnAnswer};
use order_service::store::{Error, Order, Shipment, Shipping};
use tokio::task::AbortHandle;

use super::mail::Mail;
use super::node::Up;
use super::run::Run;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// Who made the purchase of this number.
    Buyer(usize),
    /// Who makes the journey of this number.
    Traveller(usize),
    /// Who cancels this order.
    Canceller(OrderId),
    /// Who ships the parcel of this number.
    Shipper(usize),
    /// The carrier that sends the message of this number.
    Carrier(usize),
    /// Who takes back the goods of this number.
    Returner(usize),
}

/// What a client hears.
#[derive(Debug)]
pub enum Heard {
    Checkout(Answer),
    Trip(Admission),
    Cancel(CancelAnswer),
    Ship(Result<Shipping, Error>),
    Report(Result<Option<Shipment>, Error>),
    Return(ReturnAnswer),
    Order(Result<Option<Order>, Error>),
}

/// A request that is about to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Asking {
    pub client: Client,
    pub node: usize,
    /// See [`Attempt::is_other`].
    pub is_other: bool,
    /// See [`Attempt::is_decided`].
    pub is_decided: bool,
}

/// A request under way.
pub struct Attempt {
    /// Rises with each request.
    pub number: u64,
    pub client: Client,
    pub node: usize,
    /// It is for something else than what the key was first sent with.
    pub is_other: bool,
    /// It was made when there was a final answer already.
    pub is_decided: bool,
    pub connection: AbortHandle,
}

impl Run {
    /// The process at a node, if one is up there.
    pub fn up_at(&self, node: usize) -> Option<Up> {
        self.slots[node].node.as_ref().and_then(|node| node.up.clone())
    }

    /// Sends a request to a process that is up; the answer comes by mail. Returns the attempt's number.
    pub fn ask(
        &mut self,
        asking: Asking,
        answer: impl Future<Output = Heard> + Send + 'static,
    ) -> u64 {
        let Asking { client, node, is_other, is_decided } = asking;
        self.next_attempt += 1;
        let (number, mail) = (self.next_attempt, self.mail.clone());
        let connection = self.slots[node].node.as_ref().expect("it is up").spawn(async move {
            let answer = answer.await;
            let mail = &mut mail.lock().unwrap_or_else(PoisonError::into_inner);
            mail.push(Mail::Answered { attempt: number, answer });
        });
        let attempt = Attempt { number, client, node, is_other, is_decided, connection };
        self.attempts.insert(number, attempt);
        number
    }

    /// One of the waiting clients hangs up.
    pub fn hang_up(&mut self) {
        if self.attempts.is_empty() {
            return;
        }
        let at = self.dice.below(self.attempts.len());
        let Some(attempt) = self.attempts.keys().nth(at).copied() else { return };
        let gone = self.attempts.remove(&attempt).expect("it was just there");
        gone.connection.abort();
        self.story.count("hung up");
        self.tell(format_args!("{:?} hangs up: {attempt}", gone.client));
        self.ask_again(gone.client);
        self.pump(gone.node);
    }

    /// A node is gone, and all connections to it.
    pub fn lose_attempts(&mut self, node: usize) {
        let lost: Vec<_> =
            self.attempts.extract_if(.., |_, attempt| attempt.node == node).collect();
        for (_, attempt) in lost {
            self.ask_again(attempt.client);
        }
    }

    fn ask_again(&mut self, client: Client) {
        match client {
            Client::Buyer(at) => self.buy_again(at),
            Client::Traveller(at) => self.travel_again(at),
            Client::Returner(at) => self.take_back_again(at),
            Client::Canceller(_) | Client::Shipper(_) | Client::Carrier(_) => {}
        }
    }

    pub fn hear_answer(&mut self, attempt: u64, answer: Heard) {
        let Some(attempt) = self.attempts.remove(&attempt) else { return };
        match (attempt.client, answer) {
            (Client::Buyer(at), Heard::Checkout(answer)) => self.hear_buyer(at, &attempt, answer),
            (Client::Buyer(at), Heard::Order(order)) => self.hear_order(at, order),
            (Client::Traveller(at), Heard::Trip(answer)) => {
                self.hear_traveller(at, &attempt, answer);
            }
            (Client::Canceller(id), Heard::Cancel(answer)) => {
                self.hear_canceller(id, &attempt, &answer);
            }
            (Client::Shipper(at), Heard::Ship(answer)) => self.hear_shipper(at, &attempt, &answer),
            (Client::Carrier(at), Heard::Report(answer)) => {
                self.hear_carrier(at, &attempt, &answer);
            }
            (Client::Returner(at), Heard::Return(answer)) => {
                self.hear_returner(at, &attempt, &answer);
            }
            (client, answer) => self.faults.push(format!("{client:?} got {answer:?}")),
        }
    }
}
