//! The typed configuration: one struct a section of the file, one field a key.
//!
//! The built-in value of each key is in `defaults.toml`, not here, so that there is one list.
//! A `Config` that exists has passed every rule; nothing inside checks it again.

use std::{net::SocketAddr, time::Duration};

use serde::Deserialize;
use url::Url;

use super::{
    parse,
    secret::{DatabaseUrl, Token},
};

/// Everything that can be set.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The address it listens on, and who may call from a browser.
    pub http: Http,
    /// Who may use the operators' API.
    pub operator: Operator,
    /// Where the sagas and the orders are kept.
    pub database: Database,
    /// The three neighbours.
    pub services: Services,
    /// When a neighbour in trouble is left alone.
    pub circuit: Circuit,
    /// Limits of one checkout, and of all of them.
    pub checkout: Checkout,
    /// How this process advances sagas.
    pub executor: Executor,
    /// The pauses between attempts.
    pub retry: Retry,
    /// How the process ends.
    pub shutdown: Shutdown,
}

/// The `[http]` section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Address and port of the API.
    #[serde(deserialize_with = "parse::address")]
    pub listen: SocketAddr,
    /// Origins that a browser may call from, each as a browser writes it: `scheme://host[:port]`.
    #[serde(deserialize_with = "parse::origins")]
    pub cors_origins: Vec<String>,
    /// Connections at once, at least 1; fewer where the descriptors do not suffice.
    pub connections: usize,
    /// For the head of a request to come, above zero.
    #[serde(deserialize_with = "parse::duration")]
    pub header_timeout: Duration,
    /// The longest head of a request, 8 KiB to 1 MiB.
    pub header_bytes: u32,
    /// For the body of a request to come, above zero.
    #[serde(deserialize_with = "parse::duration")]
    pub body_timeout: Duration,
    /// How long a client may take nothing of its answer, above zero.
    #[serde(deserialize_with = "parse::duration")]
    pub write_timeout: Duration,
    /// How long a connection is kept between two requests, above zero.
    #[serde(deserialize_with = "parse::duration")]
    pub idle_timeout: Duration,
    /// Requests at once on one HTTP/2 connection, at least 1.
    pub http2_streams: u32,
    /// Requests that an HTTP/2 client may have taken back before they were looked at, at least 1.
    pub http2_resets: usize,
    /// Silence after which an HTTP/2 client is asked whether it is there, and how long it may take
    /// to say so. Above zero.
    #[serde(deserialize_with = "parse::duration")]
    pub http2_ping: Duration,
}

/// The `[operator]` section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operator {
    /// Bearer token of the operators' API. `None`: the API answers 403 to everyone.
    #[serde(deserialize_with = "parse::token")]
    pub token: Option<Token>,
}

/// The `[database]` section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `sqlite://FILE` or `postgres://...`.
    #[serde(deserialize_with = "parse::database_url")]
    pub url: DatabaseUrl,
    /// Whether the schema is brought up to date at start.
    pub migrate: bool,
    /// Connections that this process may hold, at least 1.
    pub max_connections: u32,
}

/// The `[services]` section: one entry a neighbour.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Services {
    /// Holds the profiles.
    pub user: ReadService,
    /// Holds prices and stock.
    pub product: Service,
    /// Moves the money.
    pub payment: Service,
}

/// A neighbour that is only read, which is always safe to repeat.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadService {
    /// Base of its URLs, http or https. The path always ends in `/`, so that `Url::join` appends.
    #[serde(deserialize_with = "parse::service_url")]
    pub url: Url,
    /// How long one call may take, above zero.
    #[serde(deserialize_with = "parse::duration")]
    pub timeout: Duration,
    /// Calls to it at once, at least 1.
    pub concurrency: usize,
}

/// A neighbour that acts: where it is and what its owners promise.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Base of its URLs, http or https. The path always ends in `/`, so that `Url::join` appends.
    #[serde(deserialize_with = "parse::service_url")]
    pub url: Url,
    /// How long one call may take, above zero.
    #[serde(deserialize_with = "parse::duration")]
    pub timeout: Duration,
    /// Whether its owners promise that it acts once on a repeated `Idempotency-Key`. Where they
    /// don't, an effect of unknown outcome is never sent again.
    pub idempotent: bool,
    /// Somebody has said so, and it is not only the built-in value.
    #[serde(skip)]
    pub is_idempotent_said: bool,
    /// For at least how long it remembers a key, above zero.
    #[serde(deserialize_with = "parse::duration")]
    pub key_memory: Duration,
    /// Calls to it at once, at least 1.
    pub concurrency: usize,
}

/// The `[circuit]` section; each neighbour has a circuit of its own in each process.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Circuit {
    /// Failures in a row that open it, at least 1.
    pub failures: u32,
    /// How long it stays open before one call asks, above zero.
    #[serde(deserialize_with = "parse::duration")]
    pub pause: Duration,
    /// Repeats a second that are sent to a neighbour though nothing succeeds, at least 1.
    pub retries: u32,
}

/// The `[checkout]` section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkout {
    /// How long `create` waits before it answers 202, from zero to 60 s.
    #[serde(deserialize_with = "parse::duration")]
    pub wait: Duration,
    /// From acceptance; a checkout that is not reserved by then goes back. Above zero.
    #[serde(deserialize_with = "parse::duration")]
    pub deadline: Duration,
    /// The same of a checkout whose client waits, where that is sooner. Above zero.
    #[serde(deserialize_with = "parse::duration")]
    pub deadline_attended: Duration,
    /// What a client is answered at the end of the wait that may take a 202 for an order.
    pub undecided: Undecided,
    /// Whether a request without a key joins an equal one of the same user that is in flight.
    pub join_equal: bool,
    /// Open sagas beyond which `create` answers 503, at least 1.
    pub backlog: u64,
}

/// How a client that sends neither `Prefer` nor a key is told that its checkout is not decided yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Undecided {
    /// 202, as everybody else.
    Accepted,
    /// 503: it takes any 2xx for an order.
    Error,
}

/// The `[executor]` section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Executor {
    /// Sagas being advanced at once, at least 1; those that wait for a retry don't count.
    pub concurrency: usize,
    /// Silence after which another replica takes a saga over, at least 500 ms.
    #[serde(deserialize_with = "parse::duration")]
    pub lease: Duration,
}

/// The `[retry]` section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// The first pause, above zero.
    #[serde(deserialize_with = "parse::duration")]
    pub initial: Duration,
    /// The longest pause, at least `initial`.
    #[serde(deserialize_with = "parse::duration")]
    pub max: Duration,
    /// Each pause is this many times the one before, at least 1.
    pub multiplier: f64,
    /// Share of a pause that is left to chance, 0 to 1.
    pub jitter: f64,
    /// A step in trouble for longer is shown as stuck. Above zero.
    #[serde(deserialize_with = "parse::duration")]
    pub stuck_after: Duration,
}

/// The `[shutdown]` section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shutdown {
    /// For calls in flight after SIGTERM; zero cuts them off.
    #[serde(deserialize_with = "parse::duration")]
    pub grace: Duration,
}
