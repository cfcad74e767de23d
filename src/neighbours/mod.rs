//! All calls to the three services that other teams own, and the one place that turns a response into
//! an outcome.
//!
//! The invariant: `NotSent` means that the request certainly never reached its neighbour (promise 10), and
//! `Done` or `Refused` that the neighbour's API lists the response for that outcome (promise 9). A response
//! need not repeat what was asked (the order, the amount, the product). If it does and the two differ, it is
//! not taken for a response to this request.
//!
//! ```text
//! user, product, payment   one client for each neighbour: what is asked, what a response means
//!   read                   reads, repeated where the response is malformed
//!   endpoint               one attempt: concurrency, breaker, the report
//!     breaker              circuit breaker and retry budget
//!     transport            the trait; http_transport in production, a simulated network in tests
//!     response, fields     what came back
//! settings                 how to call one neighbour
//! ```

mod breaker;
mod endpoint;
mod fields;
mod http_transport;
mod payment;
mod product;
mod read;
mod response;
mod settings;
mod transport;
mod user;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use breaker::Breaker;
use http_transport::HttpTransport;

use crate::clock::Clock;
use crate::saga::Neighbour;

pub use breaker::{BreakerLimits, BreakerState, BreakerView, is_kept_back};
pub use endpoint::{CallContext, Endpoint};
pub use fields::Fields;
pub use payment::{Charge, Payment, Recorded};
pub use product::{Offer, Product};
pub use read::{Read, ReadResult};
pub use response::Response;
pub use settings::EndpointSettings;
pub use transport::{Request, Transport, TransportError};
pub use user::{Contact, User};

/// The service that knows the users' profiles. It is only read.
pub const USER: Neighbour = Neighbour::named("user");
/// The service that knows prices and stock.
pub const PRODUCT: Neighbour = Neighbour::named("product");
/// The service that moves money.
pub const PAYMENT: Neighbour = Neighbour::named("payment");

/// The three neighbours.
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
        user: &EndpointSettings,
        product: &EndpointSettings,
        payment: &EndpointSettings,
        clock: &Clock,
    ) -> Result<Self, reqwest::Error> {
        let endpoint = |neighbour, settings: &EndpointSettings| {
            let transport = HttpTransport::to(settings)?;
            let breaker = Breaker::new(neighbour, settings.limits, clock.clone());
            Ok(Endpoint::new(transport, settings.concurrency, breaker, clock.clone()))
        };
        Ok(Self {
            user: User(endpoint(USER, user)?),
            product: Product(endpoint(PRODUCT, product)?),
            payment: Payment(endpoint(PAYMENT, payment)?),
        })
    }

    /// With transports other than HTTP, for tests: to user, product and payment, in this order.
    /// `concurrency` and `limits` apply to each.
    pub fn over(
        transports: [Arc<dyn Transport>; 3],
        concurrency: usize,
        limits: BreakerLimits,
        clock: &Clock,
    ) -> Self {
        let [user, product, payment] = transports;
        let endpoint = |neighbour, transport| {
            let breaker = Breaker::new(neighbour, limits, clock.clone());
            Endpoint::new(transport, concurrency, breaker, clock.clone())
        };
        Self {
            user: User(endpoint(USER, user)),
            product: Product(endpoint(PRODUCT, product)),
            payment: Payment(endpoint(PAYMENT, payment)),
        }
    }

    /// The breaker of each neighbour.
    pub fn breakers(&self) -> Vec<BreakerView> {
        [&self.user.0, &self.product.0, &self.payment.0].map(Endpoint::breaker).to_vec()
    }
}
