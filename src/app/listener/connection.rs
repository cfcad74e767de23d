//! One connection, from its first byte to its end.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONNECTION, HeaderValue};
use axum::http::{Request, Response, Version};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpStream;

use super::activity::{Activity, Order, Overdue};
use super::limits::Limits;
use super::tally::{Event, Tally};
use super::watched::{Answer, Socket};
use crate::app::front::Front;
use crate::clock::Clock;
use crate::web::Prompt;

/// A connection that is no longer wanted may finish what it is at for so long.
const FAREWELL: Duration = Duration::from_secs(1);

/// What all connections have in common.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) front: Front,
    pub(super) limits: Limits,
    pub(super) protocols: Builder<TokioExecutor>,
    pub(super) clock: Clock,
    pub(super) tally: Tally,
}

/// What a connection is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Everything.
    Full,
    /// To hear that there is no place; probes come through.
    Spare,
}

/// Serves a connection until its client or its time ends it.
pub(super) async fn serve(
    ground: Arc<Ground>,
    stream: TcpStream,
    activity: Arc<Activity>,
    place: Place,
) {
    let service = service_fn(|request: Request<Incoming>| {
        let (ground, activity) = (ground.clone(), activity.clone());
        async move { Ok::<_, Infallible>(answer(&ground, &activity, place, request).await) }
    });
    let socket = TokioIo::new(Socket::new(stream, activity.clone()));
    let mut connection = pin!(ground.protocols.serve_connection(socket, service));
    let mut farewell: Option<Duration> = None;
    loop {
        let order = tokio::select! {
            biased;
            // A client that breaks off or talks nonsense is no news.
            _ended = connection.as_mut() => return,
            order = activity.ordered() => order,
            overdue = overdue(&ground, &activity, farewell) => match overdue {
                Overdue::Head => return ground.tally.add(Event::SilentEnded, 1),
                Overdue::Answer => return ground.tally.add(Event::DeafEnded, 1),
                Overdue::Idle if farewell.is_some() => return,
                Overdue::Idle => Order::Leave,
            }
        };
        farewell = Some(match order {
            Order::Break => return,
            Order::Finish => Duration::MAX,
            Order::Leave => ground.clock.monotonic() + FAREWELL,
        });
        connection.as_mut().graceful_shutdown();
    }
}

/// Returns when this connection has kept us waiting for too long. It looks again at least as often
/// as the shortest time allows, so that no end that is set meanwhile is missed.
async fn overdue(ground: &Ground, activity: &Activity, farewell: Option<Duration>) -> Overdue {
    let limits = &ground.limits;
    let shortest = limits.header_timeout.min(limits.write_timeout).min(limits.idle_timeout);
    loop {
        let now = ground.clock.monotonic();
        let mut next = now + shortest;
        if let Some((at, why)) = activity.due(limits) {
            if at <= now {
                return why;
            }
            next = next.min(at);
            if let Some(farewell) = farewell {
                if farewell <= now {
                    return Overdue::Idle;
                }
                next = next.min(farewell);
            }
        }
        ground.clock.sleep(next.saturating_sub(now)).await;
    }
}

async fn answer(
    ground: &Ground,
    activity: &Arc<Activity>,
    place: Place,
    request: Request<Incoming>,
) -> Response<Answer> {
    let version = request.version();
    let at_work = activity.request(version == Version::HTTP_2);
    let request = request
        .map(|body| Body::new(Prompt::new(body, ground.limits.body_timeout, ground.clock.clone())));
    let mut response = match place {
        Place::Full => ground.front.answer(request).await,
        Place::Spare => ground.front.answer_probes(request).await,
    };
    if place == Place::Spare && version < Version::HTTP_2 {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response.map(|body| Answer::new(body, at_work))
}
