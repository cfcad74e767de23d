//! The network between nodes and neighbours: requests on their way, which outlive their senders.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use order_service::clock::Clock;
use order_service::neighbours::{
    self, PAYMENT, PRODUCT, Response, Transport, TransportError, USER,
};
use order_service::saga::{Neighbour, Outcome};
use serde_json::Value;
use tokio::sync::oneshot;

use super::trip;
use super::weather::TIMEOUT;

/// Everything on its way.
#[derive(Clone, Debug, Default)]
pub struct Network(Arc<Mutex<OnTheWay>>);

#[derive(Debug, Default)]
struct OnTheWay {
    next: u64,
    calls: BTreeMap<u64, Call>,
}

/// The content of a request.
#[derive(Clone, Debug)]
pub struct Request {
    pub node: usize,
    pub is_effect: bool,
    pub path: String,
    pub key: String,
    pub body: Value,
}

#[derive(Debug)]
struct Call {
    request: Request,
    leg: Leg,
    /// Where the answer goes; closed once the caller has given up.
    caller: Option<oneshot::Sender<Result<Response, TransportError>>>,
}

/// How far a call has got.
#[derive(Clone, Debug)]
enum Leg {
    /// Just sent: what becomes of it is not decided yet.
    Fresh,
    /// The request will arrive at this time.
    There(Duration),
    /// The answer will arrive at this time.
    Back(Duration, Result<Response, TransportError>),
    /// Lost: its caller waits until its time-out.
    Nowhere,
}

/// A call that goes on at a certain time.
#[derive(Clone, Copy, Debug)]
pub struct Due {
    pub call: u64,
    pub at: Duration,
    /// The node that waits for the answer; `None` for a request, which arrives whatever its sender does.
    pub answers: Option<usize>,
}

impl Network {
    fn lock(&self) -> MutexGuard<'_, OnTheWay> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The transport of a node, to every neighbour.
    pub fn transport(&self, node: usize, clock: &Clock) -> Arc<dyn Transport> {
        Arc::new(NodeTransport { node, network: self.clone(), clock: clock.clone() })
    }

    /// Calls whose fate is not decided yet.
    pub fn fresh(&self) -> Vec<(u64, Request)> {
        let calls = self.lock();
        let fresh = calls.calls.iter().filter(|(_, call)| matches!(call.leg, Leg::Fresh));
        fresh.map(|(id, call)| (*id, call.request.clone())).collect()
    }

    /// All requests and answers on their way.
    pub fn due(&self) -> Vec<Due> {
        let on_the_way = self.lock();
        let calls = on_the_way.calls.iter();
        let due = calls.filter_map(|(id, call)| match call.leg {
            Leg::There(at) => Some(Due { call: *id, at, answers: None }),
            Leg::Back(at, _) => Some(Due { call: *id, at, answers: Some(call.request.node) }),
            Leg::Fresh | Leg::Nowhere => None,
        });
        due.collect()
    }

    /// Whether any request for an effect may still arrive; `key` is without its generation.
    pub fn has_on_its_way(&self, key: &str) -> bool {
        let on_the_way = self.lock();
        on_the_way.calls.values().any(|call| {
            let unarrived = matches!(call.leg, Leg::Fresh | Leg::There(_));
            unarrived && call.request.is_effect && effect_of(&call.request.key) == key
        })
    }

    /// The request will arrive at this time.
    pub fn forward(&self, call: u64, at: Duration) {
        self.set(call, Leg::There(at));
    }

    /// The request never arrives, and nothing comes back.
    pub fn lose(&self, call: u64) {
        self.set(call, Leg::Nowhere);
    }

    /// Everything on its way is lost.
    pub fn lose_all(&self) {
        self.due().iter().for_each(|due| self.lose(due.call));
    }

    /// An answer is sent, and will arrive at this time.
    pub fn answer(&self, call: u64, at: Duration, answer: Result<Response, TransportError>) {
        self.set(call, Leg::Back(at, answer));
    }

    fn set(&self, call: u64, leg: Leg) {
        let mut on_the_way = self.lock();
        let is_heard = !matches!(leg, Leg::Nowhere | Leg::Back(..));
        if let Some(call) = on_the_way.calls.get_mut(&call) {
            call.leg = leg;
        }
        // Nobody waits for the answer any more.
        on_the_way.calls.retain(|id, other| *id != call || is_heard || other.caller.is_some());
    }

    /// The request arrives. Returns whether anybody still waits for its answer.
    pub fn arrive(&self, call: u64) -> Option<(Request, bool)> {
        self.lock().calls.get(&call).map(|call| (call.request.clone(), call.caller.is_some()))
    }

    /// The answer arrives.
    pub fn deliver(&self, call: u64) {
        let Some(call) = self.lock().calls.remove(&call) else { return };
        if let (Leg::Back(_, answer), Some(caller)) = (call.leg, call.caller) {
            // A caller that has just given up does not get it.
            let _heard = caller.send(answer);
        }
    }

    /// The caller has given up or died; a request on its way stays on its way.
    fn abandon(&self, call: u64) {
        let mut on_the_way = self.lock();
        if let Some(call) = on_the_way.calls.get_mut(&call) {
            call.caller = None;
        }
        on_the_way
            .calls
            .retain(|id, other| *id != call || matches!(other.leg, Leg::Fresh | Leg::There(_)));
    }
}

/// The neighbour that a request with this path goes to.
pub fn neighbour_of(path: &str) -> Neighbour {
    let at = path.split('/').nth(2).unwrap_or_default();
    let apis = [("users", USER), ("products", PRODUCT), ("payments", PAYMENT)];
    let of_trips = [trip::TIMETABLE, trip::BORDER, trip::RAIL, trip::BANK, trip::POST];
    let of_trips = of_trips.map(|neighbour| (neighbour.name(), neighbour));
    let mut all = apis.into_iter().chain(of_trips);
    let found = all.find(|(name, _)| *name == at);
    found.unwrap_or_else(|| panic!("nobody listens at {path}")).1
}

/// A key without its generation.
pub fn effect_of(key: &str) -> &str {
    key.split('#').next().unwrap_or(key)
}

#[derive(Debug)]
struct NodeTransport {
    node: usize,
    network: Network,
    clock: Clock,
}

impl Transport for NodeTransport {
    fn send<'a>(
        &'a self,
        request: &'a neighbours::Request<'a>,
    ) -> BoxFuture<'a, Result<Response, TransportError>> {
        let request = Request {
            node: self.node,
            is_effect: request.method.as_str() == "POST",
            path: request.path.clone(),
            key: request.key.to_owned(),
            body: request.body.clone().unwrap_or_default(),
        };
        async move {
            let (caller, answer) = oneshot::channel();
            let call = {
                let mut on_the_way = self.network.lock();
                on_the_way.next += 1;
                let id = on_the_way.next;
                let call = Call { request, leg: Leg::Fresh, caller: Some(caller) };
                on_the_way.calls.insert(id, call);
                id
            };
            let _waiting = Waiting { call, network: &self.network };
            let answered = self.clock.within(TIMEOUT, answer).await;
            let in_vain = |message: &str| TransportError {
                outcome: Outcome::Unknown,
                message: message.to_owned(),
            };
            match answered {
                Some(Ok(answer)) => answer,
                Some(Err(_)) => Err(in_vain("the connection broke")),
                None => Err(in_vain("no answer in time")),
            }
        }
        .boxed()
    }
}

struct Waiting<'a> {
    call: u64,
    network: &'a Network,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.network.abandon(self.call);
    }
}
