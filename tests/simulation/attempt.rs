//! Requests of clients that wait for their answer, whatever they ask for.

use order_service::checkout::Answer;
use order_service::engine::Admission;
use order_service::order::OrderId;
use order_service::reversal::CancelAnswer;
use tokio::task::AbortHandle;

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
}

/// What a client hears.
#[derive(Debug)]
pub enum Heard {
    Checkout(Answer),
    Trip(Admission),
    Cancel(CancelAnswer),
}

/// A request under way.
pub struct Attempt {
    pub client: Client,
    pub node: usize,
    /// It is for something else than what the key was first sent with.
    pub is_other: bool,
    /// It was made when there was a final answer already.
    pub is_decided: bool,
    pub connection: AbortHandle,
}

impl Run {
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
            Client::Canceller(_) => {}
        }
    }

    pub fn hear_answer(&mut self, attempt: u64, answer: Heard) {
        let Some(attempt) = self.attempts.remove(&attempt) else { return };
        match (attempt.client, answer) {
            (Client::Buyer(at), Heard::Checkout(answer)) => self.hear_buyer(at, &attempt, answer),
            (Client::Traveller(at), Heard::Trip(answer)) => {
                self.hear_traveller(at, &attempt, answer);
            }
            (Client::Canceller(id), Heard::Cancel(answer)) => {
                self.hear_canceller(id, &attempt, &answer);
            }
            (client, answer) => self.faults.push(format!("{client:?} got {answer:?}")),
        }
    }
}
