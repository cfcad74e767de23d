//! The configuration: every limit of the service with its unit, checked before anything starts.
//!
//! Four layers, the lower giving way to the higher: [`defaults.toml`](Config::defaults), the file,
//! the environment, the command line. (Between the first two: what .NET's `Development` changes.) A key that nobody reads is refused wherever it is written,
//! and so is a value that contradicts itself: a service that starts means what its configuration says.

mod environment;
mod error;
mod layer;
mod listen;
mod parse;
mod rules;
mod schema;
mod secret;
mod sources;

pub use environment::WEB_CLIENT;
pub use error::Error;
pub use schema::{
    Checkout, Circuit, Config, Database, Executor, Http, Operator, ReadService, Retry, Service,
    Services, Shutdown, Undecided,
};
pub use secret::{DatabaseUrl, Token};
pub use sources::{File, Overrides, Sources};
