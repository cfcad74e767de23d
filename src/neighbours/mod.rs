//! All HTTP to the three services that other teams own, and the one place that turns an answer
//! into an outcome.
//!
//! The invariant: `NotSent` is only said of a request that surely never reached its neighbour, and
//! `Done` or `Refused` only of an answer that CONTRACT.md, section 1, lists. What an answer names (an
//! order, an amount, a product) may be missing; where it is there, it is what was asked, or the answer
//! is none.

mod circuit;
mod http;
mod network;
mod payment;
mod product;
mod read;
mod said;
mod user;
mod wire;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use circuit::Circuit;
use network::Network;

use crate::saga::Neighbour;

pub use circuit::{CircuitState, CircuitView, Limits};
pub use http::{Errand, Http};
pub use payment::{Charge, Payment, Recorded};
pub use product::{Offer, Product};
pub use read::Found;
pub use user::User;
pub use wire::{Carried, Lost, Parcel, Wire};

/// How to reach one neighbour.
#[derive(Clone, Debug)]
pub struct Address {
    /// Where its API begins; a path in it is kept.
    pub url: url::Url,
    /// The bound on one call.
    pub timeout: Duration,
    /// The bound on calls at once.
    pub concurrency: usize,
    /// When calls stop, and what repeats cost.
    pub limits: Limits,
}

/// The three of them.
#[derive(Debug)]
pub struct Neighbours {
    /// Profiles.
    pub user: User,
    /// Prices and stock.
    pub product: Product,
    /// Money.
    pub payment: Payment,
}

impl Neighbours {
    /// Prepares the connection pools; calls nothing yet.
    ///
    /// # Errors
    /// When the TLS backend cannot be set up.
    pub fn new(
        user: &Address,
        product: &Address,
        payment: &Address,
        clock: &crate::clock::Clock,
    ) -> Result<Self, reqwest::Error> {
        let http = |neighbour, address: &Address| {
            let circuit = Circuit::new(neighbour, address.limits, clock.clone());
            Ok(Http::new(Network::to(address)?, address.concurrency, circuit, clock.clone()))
        };
        Ok(Self {
            user: User(http(Neighbour::User, user)?),
            product: Product(http(Neighbour::Product, product)?),
            payment: Payment(http(Neighbour::Payment, payment)?),
        })
    }

    /// Reached over other wires than the network: user, product, payment.
    pub fn over(
        wires: [Arc<dyn Wire>; 3],
        concurrency: usize,
        limits: Limits,
        clock: &crate::clock::Clock,
    ) -> Self {
        let [user, product, payment] = wires;
        let http = |neighbour, wire| {
            let circuit = Circuit::new(neighbour, limits, clock.clone());
            Http::new(wire, concurrency, circuit, clock.clone())
        };
        Self {
            user: User(http(Neighbour::User, user)),
            product: Product(http(Neighbour::Product, product)),
            payment: Payment(http(Neighbour::Payment, payment)),
        }
    }

    /// The circuit of each.
    pub fn circuits(&self) -> Vec<CircuitView> {
        [&self.user.0, &self.product.0, &self.payment.0].map(Http::circuit).to_vec()
    }
}
