//! All HTTP to the three services that other teams own, and the one place that turns an answer
//! into an outcome.
//!
//! The invariant: `NotSent` is only said of a request that surely never reached its neighbour, and
//! `Done` or `Refused` only of an answer that CONTRACT.md, section 1, lists.

mod http;
mod network;
mod payment;
mod product;
mod read;
mod user;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use network::Network;

pub use http::{Errand, Http};
pub use payment::{Charge, Payment};
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
        let http = |address: &Address| {
            Ok(Http::new(Network::to(address)?, address.concurrency, clock.clone()))
        };
        Ok(Self {
            user: User(http(user)?),
            product: Product(http(product)?),
            payment: Payment(http(payment)?),
        })
    }

    /// Reached over other wires than the network: user, product, payment.
    pub fn over(
        wires: [Arc<dyn Wire>; 3],
        concurrency: usize,
        clock: &crate::clock::Clock,
    ) -> Self {
        let [user, product, payment] =
            wires.map(|wire| Http::new(wire, concurrency, clock.clone()));
        Self { user: User(user), product: Product(product), payment: Payment(payment) }
    }
}
