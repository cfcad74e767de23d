//! The accept loop, with a limit on connections.
//!
//! ```text
//! accepted -> below the limit?  full service
//!          -> at the limit:     close connections that idle, longest first; room now? full service
//!          -> all are busy:     one of the few extra places, where only health probes are answered
//!          -> those are taken:  dropped
//! ```
//!
//! So idle clients can't keep new ones out, and however many connections are busy, whatever watches
//! over this process can still ask it how it is.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::activity::{Activity, CloseRequest};
use super::connection::{Admission, Server, serve};
use super::incident::{Incident, Incidents, LOG_INTERVAL};
use super::limits::{Limits, PROBE_CONNECTIONS};
use crate::app::root_service::RootService;
use crate::clock::Clock;

/// Connections that may wait to be accepted, as when all clients come back after a restart. A client
/// that finds this queue full tries again after a second. The system's own limit may be lower.
const BACKLOG: u32 = 4096;
/// The pause after the system refused to give us a connection.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);
/// At the limit, this part of all connections (1/64) is closed at once if idle, so that not every new
/// connection has to look at all others.
const CLOSED_SHARE: usize = 64;

/// A bound address.
#[derive(Debug)]
pub(in crate::app) struct Listener {
    socket: TcpListener,
    server: Arc<Server>,
    open: Arc<OpenConnections>,
    tasks: TaskTracker,
}

/// Ends a listener.
#[derive(Clone, Debug, Default)]
pub(in crate::app) struct Shutdown {
    /// First: no more connections and requests; requests in flight are answered.
    pub(in crate::app) drain: CancellationToken,
    /// Then: all connections are closed as they are.
    pub(in crate::app) abort: CancellationToken,
}

impl Listener {
    /// Binds the address. Connections are accepted once [`Self::run`] runs.
    ///
    /// # Errors
    /// Where the address is taken or not ours.
    pub(in crate::app) fn bind(
        address: SocketAddr,
        service: RootService,
        limits: Limits,
        clock: &Clock,
    ) -> io::Result<Self> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // Remains of a former process's connections must not keep this one from the address.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let (protocols, incidents) = (limits.protocols(), Incidents::new(clock));
        let server = Server { service, limits, protocols, clock: clock.clone(), incidents };
        Ok(Self {
            socket: socket.listen(BACKLOG)?,
            server: Arc::new(server),
            open: Arc::default(),
            tasks: TaskTracker::new(),
        })
    }

    /// The address that is bound.
    pub(in crate::app) fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Accepts and serves connections. Returns after `shutdown`, when the last connection has ended.
    pub(in crate::app) async fn run(self, shutdown: Shutdown) {
        let Self { socket, server, open, tasks } = self;
        let mut log_again = pin!(server.clock.sleep(LOG_INTERVAL));
        loop {
            tokio::select! {
                () = shutdown.drain.cancelled() => break,
                () = &mut log_again => {
                    server.incidents.log_due();
                    log_again.set(server.clock.sleep(LOG_INTERVAL));
                }
                accepted = socket.accept() => match accepted {
                    Ok((stream, _from)) => {
                        if let Some(admitted) = open.admit(&server) {
                            tasks.spawn(open.clone().serve(server.clone(), stream, admitted));
                        }
                    }
                    Err(error) if is_the_clients(&error) => {}
                    Err(_exhausted) => {
                        server.incidents.add(Incident::NotAccepted, 1);
                        open.make_room(Admission::Full, &server);
                        server.clock.sleep(EXHAUSTED_PAUSE).await;
                    }
                },
            }
        }
        drop(socket);
        open.request_close(CloseRequest::WhenAnswered);
        tasks.close();
        tokio::select! {
            () = tasks.wait() => {}
            () = shutdown.abort.cancelled() => open.request_close(CloseRequest::Now),
        }
    }
}

/// Whether the client gave up while it waited to be accepted.
fn is_the_clients(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// The open connections, by number.
#[derive(Debug, Default)]
struct OpenConnections {
    full: Connections,
    probes_only: Connections,
    next_number: AtomicU64,
}

type Connections = Mutex<HashMap<u64, Arc<Activity>>>;

/// A connection that was admitted.
struct Admitted {
    admission: Admission,
    number: u64,
    activity: Arc<Activity>,
}

impl OpenConnections {
    /// Admits one more connection; `None` if it has to be dropped.
    fn admit(&self, server: &Server) -> Option<Admitted> {
        let admission = if self.has_room(Admission::Full, server) {
            Admission::Full
        } else if self.has_room(Admission::ProbesOnly, server) {
            server.incidents.add(Incident::Refused, 1);
            Admission::ProbesOnly
        } else {
            server.incidents.add(Incident::Dropped, 1);
            return None;
        };
        let number = self.next_number.fetch_add(1, Ordering::Relaxed);
        let activity = Arc::new(Activity::new(&server.clock));
        locked(self.with(admission)).insert(number, activity.clone());
        Some(Admitted { admission, number, activity })
    }

    /// Serves a connection until it ends.
    async fn serve(self: Arc<Self>, server: Arc<Server>, stream: TcpStream, admitted: Admitted) {
        let Admitted { admission, number, activity } = admitted;
        // Responses are small and complete: waiting for more to send would only delay them.
        drop(stream.set_nodelay(true));
        serve(server, stream, activity, admission).await;
        locked(self.with(admission)).remove(&number);
    }

    fn with(&self, admission: Admission) -> &Connections {
        match admission {
            Admission::Full => &self.full,
            Admission::ProbesOnly => &self.probes_only,
        }
    }

    fn has_room(&self, admission: Admission, server: &Server) -> bool {
        let limit = match admission {
            Admission::Full => server.limits.connections,
            Admission::ProbesOnly => PROBE_CONNECTIONS,
        };
        locked(self.with(admission)).len() < limit || self.make_room(admission, server)
    }

    /// Closes the connections that have been idle for longest. Whether there were any.
    fn make_room(&self, admission: Admission, server: &Server) -> bool {
        let mut connections = locked(self.with(admission));
        let idle_since = |(number, activity): (&u64, &Arc<Activity>)| {
            activity.idle_since().map(|since| (since, *number))
        };
        let mut idle: Vec<(Duration, u64)> = connections.iter().filter_map(idle_since).collect();
        let count = (connections.len() / CLOSED_SHARE).max(1).min(idle.len());
        if count == 0 {
            return false;
        }
        idle.select_nth_unstable(count - 1);
        for (_since, number) in &idle[..count] {
            if let Some(activity) = connections.remove(number) {
                activity.request_close(CloseRequest::Soon);
            }
        }
        drop(connections);
        server.incidents.add(Incident::IdleClosed, u64::try_from(count).unwrap_or(u64::MAX));
        true
    }

    /// Asks all connections to close.
    fn request_close(&self, request: CloseRequest) {
        for connections in [&self.full, &self.probes_only] {
            locked(connections).values().for_each(|activity| activity.request_close(request));
        }
    }
}

fn locked(connections: &Connections) -> MutexGuard<'_, HashMap<u64, Arc<Activity>>> {
    connections.lock().unwrap_or_else(PoisonError::into_inner)
}
