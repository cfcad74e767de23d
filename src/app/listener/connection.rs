//! Serves one connection, from its first byte to its end.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONNECTION, EXPECT, HeaderValue};
use axum::http::{Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpStream;

use super::activity::{Activity, CloseRequest, TimedOut};
use super::incident::{Incident, Incidents};
use super::limits::Limits;
use super::tracked::{TrackedBody, TrackedSocket};
use super::unread::Unread;
use crate::app::root_service::RootService;
use crate::clock::Clock;
use crate::web::Prompt;

/// How long a connection that is asked to close soon may take to finish its request.
const CLOSE_GRACE: Duration = Duration::from_secs(1);

/// What all connections share.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) service: RootService,
    pub(super) limits: Limits,
    pub(super) protocols: Builder<TokioExecutor>,
    pub(super) clock: Clock,
    pub(super) incidents: Incidents,
}

/// What is answered on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// Everything.
    Full,
    /// Health probes. Any other request is told that there are too many connections.
    ProbesOnly,
}

/// Serves a connection until its client ends it, a time-out does, or it is asked to close.
pub(super) async fn serve(
    server: Arc<Server>,
    stream: TcpStream,
    activity: Arc<Activity>,
    admission: Admission,
) {
    let service = service_fn(|request: Request<Incoming>| {
        let (server, activity) = (server.clone(), activity.clone());
        async move { Ok::<_, Infallible>(respond(&server, &activity, admission, request).await) }
    });
    let socket = TokioIo::new(TrackedSocket::new(stream, activity.clone()));
    let mut connection = pin!(server.protocols.serve_connection(socket, service));
    let mut close_by: Option<Duration> = None;
    loop {
        let request = tokio::select! {
            biased;
            // A client that disconnects or doesn't speak HTTP is not worth a log line.
            _ended = connection.as_mut() => return,
            request = activity.close_requested() => request,
            timed_out = timed_out(&server, &activity, close_by) => match timed_out {
                TimedOut::Header => return server.incidents.add(Incident::HeaderTimedOut, 1),
                TimedOut::Write => return server.incidents.add(Incident::WriteTimedOut, 1),
                TimedOut::Idle if close_by.is_some() => return,
                TimedOut::Idle => CloseRequest::Soon,
            }
        };
        close_by = Some(match request {
            CloseRequest::Now => return,
            CloseRequest::WhenAnswered => Duration::MAX,
            CloseRequest::Soon => server.clock.monotonic() + CLOSE_GRACE,
        });
        connection.as_mut().graceful_shutdown();
    }
}

/// Returns when a time-out of this connection has passed, or `close_by` has. Time-outs begin while this
/// sleeps, so it looks again at least as often as the shortest of them.
async fn timed_out(server: &Server, activity: &Activity, close_by: Option<Duration>) -> TimedOut {
    let limits = &server.limits;
    let shortest = limits.header_timeout.min(limits.write_timeout).min(limits.idle_timeout);
    loop {
        let now = server.clock.monotonic();
        let mut next = now + shortest;
        if let Some((at, timed_out)) = activity.time_out(limits) {
            if at <= now {
                return timed_out;
            }
            next = next.min(at);
            if let Some(close_by) = close_by {
                if close_by <= now {
                    return TimedOut::Idle;
                }
                next = next.min(close_by);
            }
        }
        server.clock.sleep(next.saturating_sub(now)).await;
    }
}

async fn respond(
    server: &Server,
    activity: &Arc<Activity>,
    admission: Admission,
    request: Request<Incoming>,
) -> Response<TrackedBody> {
    let version = request.version();
    let tracked = activity.begin_request(version);
    // Whoever waits to be asked for the body sends none.
    let is_asked_for = !request.headers().contains_key(EXPECT);
    let unread = Unread::default();
    let request = request.map(|body| {
        let body = unread.of(body);
        Body::new(Prompt::new(body, server.limits.body_timeout, server.clock.clone()))
    });
    let mut response = match admission {
        Admission::Full => server.service.respond(request).await,
        Admission::ProbesOnly => server.service.respond_to_probes(request).await,
    };
    let is_last = version < Version::HTTP_2
        && (admission == Admission::ProbesOnly
            || response.status() == StatusCode::REQUEST_TIMEOUT
            || !unread.is_read(is_asked_for, &server.clock).await);
    if is_last {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response.map(|body| TrackedBody::new(body, tracked))
}
