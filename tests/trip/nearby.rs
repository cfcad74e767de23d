//! The trip's neighbours without a network between: a transport that asks them at once, and what goes
//! wrong on the way.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use order_service::clock::Clock;
use order_service::neighbours::{Request, Response, Transport, TransportError};
use order_service::saga::Outcome;

use crate::trip::{Asked, Mood, Neighbours};

/// What goes wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    Refused,
    /// A 503, before the neighbour did anything.
    ErrorBefore,
    /// A 503, though the neighbour did it.
    ErrorAfter,
    /// The connection breaks before the request arrives.
    DropBefore,
    /// The connection breaks before the answer arrives.
    DropAfter,
    /// Some other server answers.
    GarbageBefore,
    /// The answer is not readable.
    GarbageAfter,
    /// Nobody listens.
    NotSent,
}

/// A thing that goes wrong.
#[derive(Clone, Debug)]
pub struct Trouble {
    /// The step, or the look-up, as it stands in the path.
    pub what: &'static str,
    /// Only with this line.
    pub line: Option<u16>,
    pub wrong: Wrong,
    /// How many requests it befalls.
    pub times: u32,
}

impl Trouble {
    pub fn on(what: &'static str, wrong: Wrong) -> Self {
        Self { what, line: None, wrong, times: u32::MAX }
    }

    pub fn once(what: &'static str, wrong: Wrong) -> Self {
        Self { times: 1, ..Self::on(what, wrong) }
    }
}

/// The neighbours, which outlive whoever calls them, and what is wrong with them.
#[derive(Debug)]
pub struct Nearby {
    state: Mutex<(Neighbours, Vec<Trouble>)>,
}

impl Nearby {
    pub fn new(neighbours: Neighbours, troubles: Vec<Trouble>) -> Self {
        Self { state: Mutex::new((neighbours, troubles)) }
    }

    fn state(&self) -> MutexGuard<'_, (Neighbours, Vec<Trouble>)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the neighbours, or changes them.
    pub fn with<T>(&self, look: impl FnOnce(&mut Neighbours) -> T) -> T {
        look(&mut self.state().0)
    }

    /// From now on this goes wrong, and nothing else.
    pub fn befall(&self, troubles: Vec<Trouble>) {
        self.state().1 = troubles;
    }

    /// The way to them by this clock.
    pub fn way(self: &Arc<Self>, clock: &Clock) -> Arc<dyn Transport> {
        Arc::new(Way { to: self.clone(), clock: clock.clone() })
    }

    fn answer(
        &self,
        now: DateTime<Utc>,
        request: &Request<'_>,
    ) -> Result<Response, TransportError> {
        let mut state = self.state();
        let (neighbours, troubles) = &mut *state;
        let what = request.path.split('/').nth(3).unwrap_or_default();
        let line = request.key.split('#').next().and_then(|key| key.split(':').nth(2));
        let line = line.and_then(|line| line.parse().ok());
        let strikes = |it: &&mut Trouble| {
            let is_of = it.what == what && (it.line.is_none() || it.line == line);
            is_of && it.times > 0
        };
        let wrong = troubles.iter_mut().find(strikes).map(|trouble| {
            trouble.times -= 1;
            trouble.wrong
        });
        let asked = Asked { path: &request.path, key: request.key, body: request.body.as_ref() };
        let since = (now - DateTime::UNIX_EPOCH).to_std().unwrap_or(Duration::ZERO);
        let mut answer = |mood| neighbours.answer(since, asked, mood);
        match wrong {
            None => Ok(answer(Mood::Good)),
            Some(Wrong::Refused) => Ok(answer(Mood::Refuse)),
            Some(Wrong::ErrorBefore) => Ok(answer(Mood::Error(503))),
            Some(Wrong::ErrorAfter) => {
                answer(Mood::Good);
                Ok(answer(Mood::Error(503)))
            }
            Some(Wrong::DropBefore) => Err(dropped(Outcome::Unknown)),
            Some(Wrong::DropAfter) => {
                answer(Mood::Good);
                Err(dropped(Outcome::Unknown))
            }
            Some(Wrong::GarbageBefore) => Ok(garbage()),
            Some(Wrong::GarbageAfter) => {
                answer(Mood::Good);
                Ok(garbage())
            }
            Some(Wrong::NotSent) => Err(dropped(Outcome::NotSent)),
        }
    }
}

fn dropped(outcome: Outcome) -> TransportError {
    TransportError { outcome, message: "the connection is gone".to_owned() }
}

fn garbage() -> Response {
    Response { status: 200, body: b"<html>hello</html>".to_vec(), retry_after_ms: None }
}

#[derive(Debug)]
struct Way {
    to: Arc<Nearby>,
    clock: Clock,
}

impl Transport for Way {
    fn send<'a>(
        &'a self,
        request: &'a Request<'a>,
    ) -> BoxFuture<'a, Result<Response, TransportError>> {
        ready(self.to.answer(self.clock.now(), request)).boxed()
    }
}
