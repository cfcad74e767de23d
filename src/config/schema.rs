//! The typed configuration: one struct for each section of the file, one field for each key.
//!
//! The built-in values are in `defaults.toml` and nowhere else. A [`Config`] that exists has passed every
//! rule (`rules.rs`), so that nobody has to check a value again.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use serde::Deserialize;
use url::Url;

use super::{
    database_url::DatabaseUrl,
    events::{BrokerConfig, EventsConfig, IntakeConfig, WebhooksConfig},
    mail::MailConfig,
    parse,
    role::Role,
    secret::{Token, TokenDigest},
    users::UsersConfig,
};

/// The whole configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The HTTP server: its address, its limits, and which pages may call it.
    pub http: HttpConfig,
    /// Access to the operators' API.
    pub operator: OperatorConfig,
    /// Whether clients have to authenticate.
    pub users: UsersConfig,
    /// Where the sagas and the orders are kept.
    pub database: DatabaseConfig,
    /// The three neighbours.
    pub services: ServicesConfig,
    /// When calls to a failing neighbour stop for a while.
    pub circuit: CircuitConfig,
    /// The limits of one checkout, and of all together.
    pub checkout: CheckoutConfig,
    /// How this process advances sagas.
    pub executor: ExecutorConfig,
    /// The pauses between attempts at a step.
    pub retry: RetryConfig,
    /// How events are told.
    pub events: EventsConfig,
    /// The RabbitMQ server that is told of every event. Boxed, as the next is: the whole is moved about.
    pub broker: Box<BrokerConfig>,
    /// The RabbitMQ queue that orders are taken from.
    pub intake: Box<IntakeConfig>,
    /// Mail to customers. Boxed, to keep the configuration small when it is moved.
    pub mail: Box<MailConfig>,
    /// How events are sent to endpoints.
    pub webhooks: WebhooksConfig,
    /// When the books are compared with themselves and with the payment service.
    pub audit: AuditConfig,
    /// What is kept for how long.
    pub retention: RetentionConfig,
    /// How the process ends.
    pub shutdown: ShutdownConfig,
}

/// The `[http]` section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpConfig {
    /// Address and port of the API.
    #[serde(deserialize_with = "parse::address")]
    pub listen: SocketAddr,
    /// Origins that a browser may call from, each as a browser writes it: `scheme://host[:port]`.
    #[serde(deserialize_with = "parse::origins")]
    pub cors_origins: Vec<String>,
    /// The most connections at once, at least 1; fewer if there are not enough file descriptors.
    pub connections: usize,
    /// How long the head of a request may take to arrive, above zero.
    #[serde(deserialize_with = "parse::duration")]
    pub header_timeout: Duration,
    /// The longest head of a request, in bytes, 8 KiB to 1 MiB.
    pub header_bytes: u32,
    /// How long the body of a request may take to arrive, above zero.
    #[serde(deserialize_with = "parse::duration")]
    pub body_timeout: Duration,
    /// How long a client may read nothing of its response, above zero.
    #[serde(deserialize_with = "parse::duration")]
    pub write_timeout: Duration,
    /// How long a connection may be idle between two requests, above zero.
    #[serde(deserialize_with = "parse::duration")]
    pub idle_timeout: Duration,
    /// The most clients of this process that follow an order at once, at least 1.
    pub streams: usize,
    /// The most concurrent requests of one HTTP/2 connection, at least 1.
    pub http2_streams: u32,
    /// The most requests that an HTTP/2 client may cancel before we have looked at them, at least 1.
    pub http2_resets: usize,
    /// How long an HTTP/2 client may be silent before it is sent a ping, and then how long it may take to
    /// answer. Above zero.
    #[serde(deserialize_with = "parse::duration")]
    pub http2_ping: Duration,
}

/// The `[operator]` section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatorConfig {
    /// A bearer token that operators share; its role is `admin`.
    #[serde(deserialize_with = "parse::token")]
    pub token: Option<Token>,
    /// The operators' own tokens. Without any of these, and without `token`, the API answers 403 to everyone.
    pub tokens: Vec<NamedToken>,
}

/// The token of one operator, or of a program that acts as one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedToken {
    /// Who holds it: 1 to 100 characters, unique.
    #[serde(deserialize_with = "parse::operator_name")]
    pub name: String,
    /// What its holder may do.
    #[serde(deserialize_with = "parse::word")]
    pub role: Role,
    /// The SHA-256 of the token, unique.
    #[serde(deserialize_with = "parse::token_digest")]
    pub sha256: TokenDigest,
}

/// The `[database]` section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// `sqlite://FILE` or `postgres://...`.
    #[serde(deserialize_with = "parse::database_url")]
    pub url: DatabaseUrl,
    /// Whether the service migrates the schema when it starts.
    pub migrate: bool,
    /// The most connections of this process, at least 1.
    pub max_connections: u32,
}

/// The `[services]` section: one entry for each neighbour.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServicesConfig {
    /// Keeps the users' profiles.
    pub user: ReadServiceConfig,
    /// Keeps prices and stock.
    pub product: ServiceConfig,
    /// Moves the money.
    pub payment: ServiceConfig,
}

/// A neighbour that is only read. Repeating a read is always safe.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadServiceConfig {
    /// The base of its URLs, http or https. Its path ends in `/`, so that `Url::join` appends to it.
    #[serde(deserialize_with = "parse::service_url")]
    pub url: Url,
    /// How long one call may take, above zero.
    #[serde(deserialize_with = "parse::duration")]
    pub timeout: Duration,
    /// The most calls to it at once, at least 1.
    pub concurrency: usize,
}

/// A neighbour that has effects: where it is, and what its owners promise.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceConfig {
    /// The base of its URLs, http or https. Its path ends in `/`, so that `Url::join` appends to it.
    #[serde(deserialize_with = "parse::service_url")]
    pub url: Url,
    /// How long one call may take, above zero.
    #[serde(deserialize_with = "parse::duration")]
    pub timeout: Duration,
    /// Whether its owners promise that it acts only once on a repeated `Idempotency-Key`. If they don't,
    /// an effect of unknown outcome is never sent again.
    pub idempotent: bool,
    /// Whether `idempotent` was configured, rather than left at its built-in value.
    #[serde(skip)]
    pub is_idempotent_set: bool,
    /// How long it remembers a key at the least, above zero.
    #[serde(deserialize_with = "parse::duration")]
    pub key_memory: Duration,
    /// The most calls to it at once, at least 1.
    pub concurrency: usize,
}

/// The `[circuit]` section: the circuit breakers. Each process has one for each neighbour.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CircuitConfig {
    /// How many failures in a row open the breaker, at least 1.
    pub failures: u32,
    /// How long it stays open before a single call tries the neighbour again, above zero.
    #[serde(deserialize_with = "parse::duration")]
    pub pause: Duration,
    /// How many repeats a second are sent to a neighbour while no call succeeds, at least 1.
    pub retries: u32,
}

/// The `[checkout]` section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckoutConfig {
    /// How long `create` waits before it answers 202, from zero to 60 s.
    #[serde(deserialize_with = "parse::duration")]
    pub wait: Duration,
    /// How long after acceptance a checkout is undone if it has not reserved everything. Above zero.
    #[serde(deserialize_with = "parse::duration")]
    pub deadline: Duration,
    /// The same for a checkout whose client waits, if this is shorter. Above zero.
    #[serde(deserialize_with = "parse::duration")]
    pub deadline_attended: Duration,
    /// The answer after `wait` to a client that may mistake a 202 for a completed order.
    pub undecided: Undecided,
    /// Whether a request without a key joins the same user's equal request in flight.
    pub join_equal: bool,
    /// How many open sagas there may be before `create` answers 503, at least 1.
    pub backlog: u64,
}

/// What a client that sends neither `Prefer` nor a key is answered while its checkout is not decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Undecided {
    /// 202, like every other client.
    Accepted,
    /// 503, because the client takes any 2xx for a completed order.
    Error,
}

/// The `[executor]` section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExecutorConfig {
    /// The most sagas in progress at once, at least 1. Those that wait for a retry don't count.
    pub concurrency: usize,
    /// How long a replica may be silent before others take its sagas over, at least 500 ms.
    #[serde(deserialize_with = "parse::duration")]
    pub lease: Duration,
}

/// The `[retry]` section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetryConfig {
    /// The first pause, above zero.
    #[serde(deserialize_with = "parse::duration")]
    pub initial: Duration,
    /// The longest pause, at least `initial`.
    #[serde(deserialize_with = "parse::duration")]
    pub max: Duration,
    /// The factor by which each pause is longer than the one before, at least 1.
    pub multiplier: f64,
    /// The share of each pause that is random, 0 to 1.
    pub jitter: f64,
    /// How long a step may fail before its saga is shown as stuck. Above zero.
    #[serde(deserialize_with = "parse::duration")]
    pub stuck_after: Duration,
}

/// The `[shutdown]` section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShutdownConfig {
    /// How long calls in flight may take after SIGTERM; zero cuts them off.
    #[serde(deserialize_with = "parse::duration")]
    pub grace: Duration,
}

/// The `[audit]` section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditConfig {
    /// How often one of the replicas runs an audit, at least a minute; `None`: nobody does.
    #[serde(deserialize_with = "parse::duration_or_off")]
    pub every: Option<Duration>,
}

/// The `[retention]` section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionConfig {
    /// How long sagas are kept once they are over; `None`: for ever.
    #[serde(deserialize_with = "parse::duration_or_forever")]
    pub sagas: Option<Duration>,
    /// How long events are kept once every sink was told of them; `None`: for ever.
    #[serde(deserialize_with = "parse::duration_or_forever")]
    pub events: Option<Duration>,
    /// How long deliveries and mails are kept once they are dealt with; `None`: for ever.
    #[serde(deserialize_with = "parse::duration_or_forever")]
    pub deliveries: Option<Duration>,
    /// The directory that sagas are written to before they are deleted, the same for all replicas. Needed
    /// where `sagas` is set.
    #[serde(deserialize_with = "parse::path")]
    pub archive: Option<PathBuf>,
    /// How often to look for what may be forgotten. Above zero.
    #[serde(deserialize_with = "parse::duration")]
    pub every: Duration,
}
