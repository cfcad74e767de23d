//! Those who are told of events, RabbitMQ and the endpoints of webhooks; and what is on its way to them,
//! which outlives its senders.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use order_service::amqp::{self, Message};
use order_service::broker::Publisher;
use order_service::clock::Clock;
use order_service::webhooks::{HttpAnswer, Transport};
use reqwest::header::HeaderMap;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::weather::TIMEOUT;

/// Who is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Receiver {
    Broker,
    Endpoint(Uuid),
}

impl Receiver {
    /// Where an endpoint is reached.
    pub fn url(endpoint: Uuid) -> String {
        format!("https://endpoint.example/{endpoint}")
    }

    fn at(url: &str) -> Self {
        let id = url.rsplit('/').next().and_then(|id| id.parse().ok());
        Self::Endpoint(id.expect("the id of an endpoint"))
    }
}

/// An event as it is sent: under which id, and what it says.
#[derive(Clone, Debug)]
pub struct Told {
    pub id: String,
    pub body: String,
}

/// Some events on their way to a receiver, in this order.
#[derive(Clone, Debug)]
pub struct Telling {
    pub node: usize,
    pub to: Receiver,
    pub events: Vec<Told>,
}

/// What comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// An HTTP status; the broker's 200 is that it confirms everything.
    Status(u16),
    /// The connection broke.
    Broken,
}

/// How far a telling has got.
#[derive(Clone, Copy, Debug)]
enum Leg {
    /// Just sent: what becomes of it is not decided yet.
    Fresh,
    /// It will arrive at this time.
    There(Duration),
    /// The reply will arrive at this time.
    Back(Duration, Reply),
    /// Lost: its sender waits until its time-out.
    Nowhere,
}

#[derive(Debug)]
struct OnItsWay {
    telling: Telling,
    leg: Leg,
    /// Where the reply goes; `None` once the sender has given up or died.
    sender: Option<oneshot::Sender<Reply>>,
}

/// What goes on at a certain time.
#[derive(Clone, Copy, Debug)]
pub struct Due {
    pub telling: u64,
    pub at: Duration,
    /// The node that waits for the reply; `None` for what arrives whatever its sender does.
    pub replies: Option<usize>,
}

/// The ways to all receivers.
#[derive(Clone, Debug, Default)]
pub struct Receivers(Arc<Mutex<(u64, BTreeMap<u64, OnItsWay>)>>);

impl Receivers {
    fn lock(&self) -> MutexGuard<'_, (u64, BTreeMap<u64, OnItsWay>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Of one node.
    pub fn of(&self, node: usize, clock: &Clock) -> NodeReceivers {
        NodeReceivers { node, receivers: self.clone(), clock: clock.clone() }
    }

    /// What was just sent.
    pub fn fresh(&self) -> Vec<(u64, Telling)> {
        let inner = self.lock();
        let fresh = inner.1.iter().filter(|(_, one)| matches!(one.leg, Leg::Fresh));
        fresh.map(|(id, one)| (*id, one.telling.clone())).collect()
    }

    /// Everything that will arrive.
    pub fn due(&self) -> Vec<Due> {
        let inner = self.lock();
        let due = inner.1.iter().filter_map(|(id, one)| match one.leg {
            Leg::There(at) => Some(Due { telling: *id, at, replies: None }),
            Leg::Back(at, _) => Some(Due { telling: *id, at, replies: Some(one.telling.node) }),
            Leg::Fresh | Leg::Nowhere => None,
        });
        due.collect()
    }

    /// It will arrive at this time.
    pub fn forward(&self, telling: u64, at: Duration) {
        self.set(telling, Leg::There(at));
    }

    /// Nothing comes of it.
    pub fn lose(&self, telling: u64) {
        self.set(telling, Leg::Nowhere);
    }

    /// Everything on its way is lost.
    pub fn lose_all(&self) {
        self.due().iter().for_each(|due| self.lose(due.telling));
    }

    /// A reply is sent, and will arrive at this time.
    pub fn reply(&self, telling: u64, at: Duration, reply: Reply) {
        self.set(telling, Leg::Back(at, reply));
    }

    fn set(&self, telling: u64, leg: Leg) {
        let mut inner = self.lock();
        let Some(one) = inner.1.get_mut(&telling) else { return };
        one.leg = leg;
        let is_heard = one.sender.is_some() || matches!(leg, Leg::Fresh | Leg::There(_));
        if !is_heard {
            inner.1.remove(&telling);
        }
    }

    /// It arrives. Returns whether its sender still waits for the reply.
    pub fn arrive(&self, telling: u64) -> Option<(Telling, bool)> {
        self.lock().1.get(&telling).map(|one| (one.telling.clone(), one.sender.is_some()))
    }

    /// The reply arrives.
    pub fn deliver(&self, telling: u64) {
        let Some(one) = self.lock().1.remove(&telling) else { return };
        if let (Leg::Back(_, reply), Some(sender)) = (one.leg, one.sender) {
            // Who has just given up does not get it.
            let _heard = sender.send(reply);
        }
    }

    /// Its sender has given up or died; what is on its way stays on its way.
    fn abandon(&self, telling: u64) {
        let mut inner = self.lock();
        let Some(one) = inner.1.get_mut(&telling) else { return };
        one.sender = None;
        if !matches!(one.leg, Leg::Fresh | Leg::There(_)) {
            inner.1.remove(&telling);
        }
    }
}

/// The ways from one node.
#[derive(Clone, Debug)]
pub struct NodeReceivers {
    node: usize,
    receivers: Receivers,
    clock: Clock,
}

impl NodeReceivers {
    /// The reply, or `None` if none comes in time.
    async fn tell(&self, to: Receiver, events: Vec<Told>) -> Option<Reply> {
        let (sender, reply) = oneshot::channel();
        let telling = {
            let mut inner = self.receivers.lock();
            inner.0 += 1;
            let id = inner.0;
            let telling = Telling { node: self.node, to, events };
            inner.1.insert(id, OnItsWay { telling, leg: Leg::Fresh, sender: Some(sender) });
            id
        };
        let _waiting = Waiting { telling, receivers: &self.receivers };
        self.clock.within(TIMEOUT, reply).await?.ok()
    }
}

impl Publisher for NodeReceivers {
    fn publish(&self, messages: Vec<Message>) -> BoxFuture<'_, Result<(), amqp::Error>> {
        let told = |message: Message| Told {
            id: message
                .properties
                .message_id()
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            body: String::from_utf8(message.body).expect("text"),
        };
        let events = messages.into_iter().map(told).collect();
        async move {
            match self.tell(Receiver::Broker, events).await {
                Some(Reply::Status(200)) => Ok(()),
                Some(Reply::Status(_)) => Err(amqp::Error::NotKept),
                Some(Reply::Broken) | None => Err(amqp::Error::Silent),
            }
        }
        .boxed()
    }
}

impl Transport for NodeReceivers {
    fn post<'a>(
        &'a self,
        url: &'a str,
        headers: HeaderMap,
        body: String,
    ) -> BoxFuture<'a, Result<HttpAnswer, String>> {
        let id = headers.get("webhook-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
        let events = vec![Told { id: id.to_owned(), body }];
        async move {
            match self.tell(Receiver::at(url), events).await {
                Some(Reply::Status(status)) => {
                    Ok(HttpAnswer { status, body: String::new(), retry_after: None })
                }
                Some(Reply::Broken) => Err("the connection broke".to_owned()),
                None => Err("no answer in time".to_owned()),
            }
        }
        .boxed()
    }
}

struct Waiting<'a> {
    telling: u64,
    receivers: &'a Receivers,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.receivers.abandon(self.telling);
    }
}
