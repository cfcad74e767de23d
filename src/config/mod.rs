//! The configuration: every limit of the service with its unit, checked before anything starts.
//!
//! There are four layers, and each overrides those before it: [`defaults.toml`](Config::defaults), the
//! file, the environment, the command line. (.NET's `Development` environment adds one between the first
//! two.) Unknown keys and contradictory values are refused in every layer, so that a service which starts
//! does what its configuration says.

mod amqp_url;
mod database_url;
mod environment;
mod error;
mod events;
mod layer;
mod listen;
mod mail;
mod parse;
mod public_key;
mod role;
mod rules;
mod schema;
mod secret;
mod sources;
mod users;

pub use amqp_url::AmqpUrl;
pub use database_url::DatabaseUrl;
pub use environment::WEB_CLIENT;
pub use error::Error;
pub use events::{BrokerConfig, EventsConfig, IntakeConfig, WebhooksConfig};
pub use mail::{MailConfig, MailServer, MailUrl};
pub use public_key::PublicKey;
pub use role::Role;
pub use schema::{
    CheckoutConfig, CircuitConfig, Config, DatabaseConfig, ExecutorConfig, HttpConfig, NamedToken,
    OperatorConfig, ReadServiceConfig, RetentionConfig, RetryConfig, ServiceConfig, ServicesConfig,
    ShutdownConfig, Undecided,
};
pub use secret::{SharedKey, Token, TokenDigest};
pub use sources::{File, Overrides, Sources};
pub use users::{JwtConfig, UserAuth, UsersConfig};
