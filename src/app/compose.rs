//! Builds the executor and the routes from a configuration and an open store.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::sync::Semaphore;

use super::Error;
use super::document::openapi;
use crate::amqp::Server;
use crate::api::{self, Api};
use crate::auth::Access;
use crate::broker::{self, Broker};
use crate::bulk::Bulk;
use crate::checkout::{Checkout, Desk, Rules};
use crate::clock::Clock;
use crate::config::{CircuitConfig, Config, ReadServiceConfig, ServiceConfig};
use crate::console;
use crate::engine::{Executor, Kind, Settings};
use crate::events::{self, Envelope, Events, Sink};
use crate::intake::{self, Intake};
use crate::mail::{self, Mailer};
use crate::neighbours::{BreakerLimits, EndpointSettings, Neighbours, PAYMENT, PRODUCT};
use crate::operator::{self, Operators};
use crate::pacing::{Busyness, Courtesy};
use crate::retention::{self, Retention};
use crate::reversal::{Reversal, Reversals};
use crate::saga::retry::Backoff;
use crate::saga::{Manners, Neighbour, Policy};
use crate::store::Store;
use crate::webhooks::{self, Networks, Webhooks};

/// The parts of a service behind its HTTP server.
#[derive(Debug)]
pub struct Composed {
    /// Registered, and not running yet.
    pub executor: Executor,
    /// Not running yet.
    pub bulk: Bulk,
    /// Not running yet.
    pub events: Events,
    /// Not running yet; `None` where no queue is configured.
    pub intake: Option<Intake>,
    /// Writes to customers; not running yet.
    pub mailer: Option<Mailer>,
    /// Not running yet.
    pub webhooks: Webhooks,
    /// Not running yet; `None` where everything is kept for ever.
    pub retention: Option<Retention>,
    /// All routes.
    pub router: Router,
}

/// Puts the parts together. Registers an executor; claims nothing yet.
///
/// # Errors
/// Where the database is out of reach, or TLS can't be set up.
pub async fn compose(config: &Config, store: Store, clock: Clock) -> Result<Composed, Error> {
    let neighbours = Arc::new(neighbours(config, &clock)?);
    let kinds: Vec<Arc<dyn Kind>> = vec![
        Arc::new(Checkout::new(neighbours.clone())),
        Arc::new(Reversal::new(neighbours.clone())),
    ];
    let settings = settings(config);
    let executor = Executor::start(store.clone(), kinds, settings, clock.clone()).await?;
    let rules = Rules { join_equal: config.checkout.join_equal };
    let desk = Desk::new(executor.clone(), rules);
    let driving = executor.clone();
    let busyness = Busyness::of_this_runtime(&clock);
    let longest = config.executor.lease / 4;
    let courtesy = Courtesy::towards(move || driving.in_flight(), longest).while_busy(busyness);
    let mailer = mailer(config, &store, &neighbours, &courtesy, &clock);
    let desk = match &mailer {
        Some(_) => desk.noting_pending(store.clone(), clock.clone()),
        None => desk,
    };
    let access = Access::new(config, &clock, executor.metrics())?;
    let telling = events::Settings {
        envelope: envelope(config),
        lease: config.executor.lease,
        courtesy: courtesy.clone(),
    };
    let retention = retention_settings(config, courtesy.clone());
    let retention = Retention::new(store.clone(), retention, clock.clone());
    let sending = webhook_settings(config, courtesy);
    let webhooks = Webhooks::new(store.clone(), sending, clock.clone());
    let sinks = sinks(config, &webhooks, mailer.as_ref(), &clock);
    let events = Events::new(store.clone(), sinks, telling, clock.clone());
    let intake = intake(config, &desk, &executor, &store, &clock);
    let reversals = Reversals::new(executor.clone(), store.clone());
    let lease = config.executor.lease;
    let bulk = Bulk::new(store.clone(), executor.clone(), lease, clock.clone());
    let api = Api {
        access: access.clone(),
        desk,
        reversals: reversals.clone(),
        events: events.clone(),
        streams: Arc::new(Semaphore::new(config.http.streams)),
        store: store.clone(),
        executor: executor.clone(),
        metrics: executor.metrics(),
        default_wait: config.checkout.wait,
        undecided: config.checkout.undecided,
    };
    let operators = Operators {
        store,
        executor: executor.clone(),
        bulk: bulk.clone(),
        reversals,
        events: events.clone(),
        intake: intake.as_ref().map(Intake::stands),
        webhooks: webhooks.clone(),
        clock,
        access,
    };
    let router = api::router(api, config.http.cors_origins.clone(), openapi())
        .merge(operator::router(operators.clone()))
        .merge(console::router(operators));
    Ok(Composed { executor, bulk, events, intake, mailer, webhooks, retention, router })
}

/// Who is told of every event: the sinks that are configured.
fn sinks(
    config: &Config,
    webhooks: &Webhooks,
    mailer: Option<&Mailer>,
    clock: &Clock,
) -> Vec<Arc<dyn Sink>> {
    let mut sinks: Vec<Arc<dyn Sink>> = vec![Arc::new(webhooks.clone())];
    if let Some(url) = &config.broker.url {
        let server = Server::new(url.reveal(), "order-service: events", clock.clone());
        let exchange = config.broker.exchange.clone();
        let settings = broker::Settings { exchange, envelope: envelope(config) };
        sinks.push(Arc::new(Broker::new(server, settings)));
    }
    if let Some(mailer) = mailer {
        sinks.push(Arc::new(mailer.clone()));
    }
    sinks
}

/// The queue that orders come from, if one is configured.
fn intake(
    config: &Config,
    desk: &Desk,
    executor: &Executor,
    store: &Store,
    clock: &Clock,
) -> Option<Intake> {
    let url = config.intake.url.as_ref()?;
    let server = Server::new(url.reveal(), "order-service: intake", clock.clone());
    let (queue, prefetch) = (config.intake.queue.clone(), config.intake.prefetch);
    let settings = intake::Settings { queue, prefetch };
    let (desk, executor) = (desk.clone(), executor.clone());
    Some(Intake::new(server, settings, desk, executor, store.clone(), clock.clone()))
}

/// Who writes to customers, if a mail server is configured.
fn mailer(
    config: &Config,
    store: &Store,
    neighbours: &Arc<Neighbours>,
    courtesy: &Courtesy,
    clock: &Clock,
) -> Option<Mailer> {
    let url = config.mail.url.as_ref()?;
    let settings = mail::Settings {
        server: url.reveal().clone(),
        from: config.mail.from.clone(),
        lease: config.executor.lease,
        courtesy: courtesy.clone(),
    };
    Some(Mailer::new(store.clone(), neighbours.clone(), settings, clock.clone()))
}

/// What all events have in common.
fn envelope(config: &Config) -> Envelope {
    let schemas = config.events.schemas.as_str();
    let schemas = (!schemas.is_empty()).then(|| schemas.into());
    Envelope { source: config.events.source.as_str().into(), schemas }
}

fn retention_settings(config: &Config, courtesy: Courtesy) -> retention::Settings {
    let kept = &config.retention;
    retention::Settings {
        failpoints: None,
        sagas: kept.sagas.zip(kept.archive.clone()),
        events: kept.events,
        deliveries: kept.deliveries,
        every: kept.every,
        lease: config.executor.lease,
        courtesy,
    }
}

fn webhook_settings(config: &Config, courtesy: Courtesy) -> webhooks::Settings {
    let sending = &config.webhooks;
    webhooks::Settings {
        envelope: envelope(config),
        lease: config.executor.lease,
        courtesy,
        networks: Networks::new(sending.allow_http, sending.allow_networks.clone()),
        schedule: sending.schedule.as_slice().into(),
        timeout: sending.timeout,
    }
}

/// A client for each neighbour.
pub(super) fn neighbours(config: &Config, clock: &Clock) -> Result<Neighbours, Error> {
    let services = &config.services;
    let CircuitConfig { failures, pause, retries } = config.circuit;
    let limits = BreakerLimits { failures, pause, retries };
    let endpoint = |service: &ServiceConfig| EndpointSettings {
        url: service.url.clone(),
        timeout: service.timeout,
        concurrency: service.concurrency,
        limits,
    };
    let ReadServiceConfig { url, timeout, concurrency } = services.user.clone();
    let user = EndpointSettings { url, timeout, concurrency, limits };
    let product = endpoint(&services.product);
    Ok(Neighbours::new(&user, &product, &endpoint(&services.payment), clock)?)
}

fn settings(config: &Config) -> Settings {
    Settings {
        concurrency: config.executor.concurrency,
        backlog: config.checkout.backlog,
        lease: config.executor.lease,
        policy: Policy {
            neighbours: Arc::new(manners(config)),
            backoff: Backoff {
                initial: config.retry.initial,
                max: config.retry.max,
                multiplier: config.retry.multiplier,
                jitter: config.retry.jitter,
            },
            stuck_after: config.retry.stuck_after,
            deadline: config.checkout.deadline,
            deadline_attended: config.checkout.deadline_attended,
        },
    }
}

/// How each neighbour is configured. The user service is only read, which is always safe to repeat.
fn manners(config: &Config) -> BTreeMap<Neighbour, Manners> {
    let of = |service: &ServiceConfig| Manners {
        idempotent: service.idempotent,
        key_memory: key_memory(service.key_memory, service.timeout),
        timeout: service.timeout,
    };
    let services = &config.services;
    [(PRODUCT, of(&services.product)), (PAYMENT, of(&services.payment))].into()
}

/// How long after the first call with a key a repeat may still be sent. The repeat may take as long as its
/// timeout to arrive, and the neighbour must still remember the key then.
fn key_memory(promised: Duration, timeout: Duration) -> Duration {
    promised.checked_sub(timeout).filter(|left| !left.is_zero()).unwrap_or(promised)
}
