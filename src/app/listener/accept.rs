//! Takes connections on. Where there is no room, those make it that nobody would miss.

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

use super::activity::{Activity, Order};
use super::connection::{Ground, Place, serve};
use super::limits::{Limits, SPARE};
use super::tally::{Event, PAUSE, Tally};
use crate::app::front::Front;
use crate::clock::Clock;

/// Clients that come all at once, as after a restart, wait in line to be taken on: who finds the
/// line full is not heard for a second. The system's own limit may be lower.
const LINE: u32 = 4096;
/// How long nothing is accepted after the system had nothing to give.
const BREATH: Duration = Duration::from_millis(100);
/// One in so many connections makes room at a time, so that all are not looked at for each new one.
const SHARE: usize = 64;

/// An address that is listened on.
#[derive(Debug)]
pub(in crate::app) struct Listener {
    socket: TcpListener,
    ground: Arc<Ground>,
    open: Arc<Open>,
    tasks: TaskTracker,
}

/// When a listener ends.
#[derive(Clone, Debug, Default)]
pub(in crate::app) struct End {
    /// Takes no more connections and requests; answers what is in flight.
    pub(in crate::app) closing: CancellationToken,
    /// Answers nothing more.
    pub(in crate::app) cut: CancellationToken,
}

impl Listener {
    /// Listens. What comes is answered by `front` once this is run.
    ///
    /// # Errors
    /// Where the address is taken or not ours.
    pub(in crate::app) fn bind(
        address: SocketAddr,
        front: Front,
        limits: Limits,
        clock: &Clock,
    ) -> io::Result<Self> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // What is left of a former process's connections must not keep the next from its address.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let (protocols, tally) = (limits.protocols(), Tally::new(clock));
        let ground = Ground { front, limits, protocols, clock: clock.clone(), tally };
        Ok(Self {
            socket: socket.listen(LINE)?,
            ground: Arc::new(ground),
            open: Arc::default(),
            tasks: TaskTracker::new(),
        })
    }

    /// Where.
    pub(in crate::app) fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Returns when the last connection has ended after it was asked to.
    pub(in crate::app) async fn run(self, end: End) {
        let Self { socket, ground, open, tasks } = self;
        let mut report = pin!(ground.clock.sleep(PAUSE));
        loop {
            tokio::select! {
                () = end.closing.cancelled() => break,
                () = &mut report => {
                    ground.tally.say_all();
                    report.set(ground.clock.sleep(PAUSE));
                }
                accepted = socket.accept() => match accepted {
                    Ok((stream, _from)) => {
                        if let Some(seat) = open.seat(&ground) {
                            tasks.spawn(open.clone().keep(ground.clone(), stream, seat));
                        }
                    }
                    Err(error) if is_the_clients(&error) => {}
                    Err(_exhausted) => {
                        ground.tally.add(Event::NotAccepted, 1);
                        open.make_room(Place::Full, &ground);
                        ground.clock.sleep(BREATH).await;
                    }
                },
            }
        }
        drop(socket);
        open.order(Order::Finish);
        tasks.close();
        tokio::select! {
            () = tasks.wait() => {}
            () = end.cut.cancelled() => open.order(Order::Break),
        }
    }
}

/// The client left while it stood in line.
fn is_the_clients(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// The connections that there are, by number.
#[derive(Debug, Default)]
struct Open {
    full: Connections,
    spare: Connections,
    numbers: AtomicU64,
}

type Connections = Mutex<HashMap<u64, Arc<Activity>>>;

/// Where a connection has its place, and what is noted of it.
struct Seat {
    place: Place,
    number: u64,
    activity: Arc<Activity>,
}

impl Open {
    /// A place for one more connection; `None` where there is none at all.
    fn seat(&self, ground: &Ground) -> Option<Seat> {
        let place = if self.has_room(Place::Full, ground) {
            Place::Full
        } else if self.has_room(Place::Spare, ground) {
            ground.tally.add(Event::Refused, 1);
            Place::Spare
        } else {
            ground.tally.add(Event::Dropped, 1);
            return None;
        };
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let activity = Arc::new(Activity::new(&ground.clock));
        locked(self.of(place)).insert(number, activity.clone());
        Some(Seat { place, number, activity })
    }

    /// Serves a connection until it ends.
    async fn keep(self: Arc<Self>, ground: Arc<Ground>, stream: TcpStream, seat: Seat) {
        let Seat { place, number, activity } = seat;
        // Answers are small and complete: there is nothing to wait for.
        drop(stream.set_nodelay(true));
        serve(ground, stream, activity, place).await;
        locked(self.of(place)).remove(&number);
    }

    fn of(&self, place: Place) -> &Connections {
        match place {
            Place::Full => &self.full,
            Place::Spare => &self.spare,
        }
    }

    fn has_room(&self, place: Place, ground: &Ground) -> bool {
        let limit = match place {
            Place::Full => ground.limits.connections,
            Place::Spare => SPARE,
        };
        locked(self.of(place)).len() < limit || self.make_room(place, ground)
    }

    /// Has those connections leave that have been without a request for longest.
    fn make_room(&self, place: Place, ground: &Ground) -> bool {
        let mut connections = locked(self.of(place));
        let idle_since = |(number, activity): (&u64, &Arc<Activity>)| {
            activity.dispensable_since().map(|since| (since, *number))
        };
        let mut idle: Vec<(Duration, u64)> = connections.iter().filter_map(idle_since).collect();
        let many = (connections.len() / SHARE).max(1).min(idle.len());
        if many == 0 {
            return false;
        }
        idle.select_nth_unstable(many - 1);
        for (_since, number) in &idle[..many] {
            if let Some(activity) = connections.remove(number) {
                activity.order(Order::Leave);
            }
        }
        drop(connections);
        ground.tally.add(Event::IdleEnded, u64::try_from(many).unwrap_or(u64::MAX));
        true
    }

    /// Tells all.
    fn order(&self, order: Order) {
        for connections in [&self.full, &self.spare] {
            locked(connections).values().for_each(|activity| activity.order(order));
        }
    }
}

fn locked(connections: &Connections) -> MutexGuard<'_, HashMap<u64, Arc<Activity>>> {
    connections.lock().unwrap_or_else(PoisonError::into_inner)
}
