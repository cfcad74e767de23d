//! What a process does about events: the sequencer, the sinks and the feed, one step at a time.

use std::sync::Arc;
use std::time::Duration;

use order_service::broker::{self, Broker};
use order_service::clock::Clock;
use order_service::events::{Envelope, Events, Led, SequencerTurn, Settings, Sink, SinkTurn};
use order_service::pacing::Courtesy;
use order_service::store::Store;
use order_service::webhooks::{self, DelivererTurn, Networks, Webhooks};
use tokio::sync::Mutex;

use super::receivers::NodeReceivers;
use super::weather::{LEASE, TIMEOUT};

const SOURCE: &str = "/simulation";
/// The pauses between two attempts at an endpoint.
pub const SCHEDULE: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(1)];

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The sequencer gives positions to events and places to entries of the audit trail, or asks for its lead.
    Sequence,
    /// Events are published and confirmed.
    Publish,
    /// Events are taken in for the endpoints.
    TakeIn,
    /// Attempts begin.
    Deliver,
}

/// The events of a process, as it has them when it is up. It takes one step of each sort at a time.
#[derive(Clone)]
pub struct Teller {
    pub events: Events,
    broker: Arc<Broker>,
    webhooks: Webhooks,
    turns: Arc<Turns>,
}

#[derive(Default)]
struct Turns {
    sequencer: Mutex<SequencerTurn>,
    broker: Mutex<SinkTurn>,
    webhooks: Mutex<SinkTurn>,
    deliverer: Mutex<DelivererTurn>,
}

impl Teller {
    pub fn new(store: &Store, receivers: NodeReceivers, clock: &Clock) -> Self {
        let envelope = Envelope { source: SOURCE.into(), schemas: None };
        let exchange = "orders".to_owned();
        let settings = broker::Settings { exchange, envelope: envelope.clone() };
        let broker = Arc::new(Broker::over(Arc::new(receivers.clone()), settings));
        let settings = webhooks::Settings {
            envelope: envelope.clone(),
            lease: LEASE,
            courtesy: Courtesy::needless(),
            networks: Networks::new(false, Vec::new()),
            schedule: SCHEDULE.into(),
            timeout: TIMEOUT,
        };
        let webhooks = Webhooks::over(Arc::new(receivers), store.clone(), settings, clock.clone());
        let sinks: Vec<Arc<dyn Sink>> = vec![broker.clone(), Arc::new(webhooks.clone())];
        let settings = Settings { envelope, lease: LEASE, courtesy: Courtesy::needless() };
        let events = Events::new(store.clone(), sinks, settings, clock.clone());
        Self { events, broker, webhooks, turns: Arc::default() }
    }

    /// Takes this step, unless the last one of its sort is still under way. What fails is tried again with the
    /// next. Returns what came of one of the sequencer.
    pub async fn step(&self, step: Step) -> Option<Led> {
        let turns = &self.turns;
        match step {
            Step::Sequence => {
                let mut turn = turns.sequencer.try_lock().ok()?;
                let led = self.events.sequence_once(&mut turn).await.ok();
                self.events.chain_audit_trail(&mut turn).await;
                return led;
            }
            Step::Publish => {
                let mut turn = turns.broker.try_lock().ok()?;
                drop(self.events.tell_once(&*self.broker, &mut turn).await);
            }
            Step::TakeIn => {
                let mut turn = turns.webhooks.try_lock().ok()?;
                drop(self.events.tell_once(&self.webhooks, &mut turn).await);
            }
            Step::Deliver => {
                let mut turn = turns.deliverer.try_lock().ok()?;
                self.webhooks.deliver_once(&mut turn).await;
            }
        }
        None
    }

    /// As when a process is told to stop: it gives up its leads and its attempts.
    pub async fn stop(&self) {
        self.events.stop().await;
        self.webhooks.stop().await;
    }
}
