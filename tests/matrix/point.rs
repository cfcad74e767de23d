//! The points at which a process can die: each announces itself, and at the chosen one the
//! announcement never returns.
//!
//! The invariant: from then on nothing of this process gets through, neither a statement nor a call, and
//! what it has under way is dropped with its runtime.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, pending};
use order_service::clock::Clock;
use order_service::store::{Failpoint, Failpoints, Fault};
use tokio::sync::{Notify, watch};

/// The longest real time for which a commit hangs, if things go on for that long.
const HELD: Duration = Duration::from_millis(150);

/// The points that one process passes.
#[derive(Debug)]
pub struct Points {
    /// The clock of the clients for the neighbours. Only a read that is repeated because its answer made no
    /// sense waits for it; otherwise no time passes during a read.
    pub reads: Clock,
    state: Mutex<State>,
    /// Signalled when something that was under way has finished.
    moved: watch::Sender<()>,
    held: Notify,
    died: Notify,
}

#[derive(Debug, Default)]
struct State {
    dies_at: Option<String>,
    dead: bool,
    /// Signalled when a commit hangs: the process dies as soon as everything that does not wait for the
    /// commit is done.
    held: bool,
    phase: Phase,
    passed: Vec<String>,
    /// How many points have been announced.
    announced: usize,
    times: HashMap<String, u32>,
    under_way: usize,
    reading: usize,
}

/// What a process is at, which decides what is a point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Its executor starts: single statements are points, too.
    Starting,
    /// What the scenario begins with is made: nothing is a point.
    Preparing,
    /// Its single statements are heartbeats and polls, which follow the clock and write nothing about a
    /// saga: they are no points.
    #[default]
    Living,
}

impl State {
    /// Counts a point of this point; returns its full name.
    fn pass(&mut self, name: &str) -> String {
        self.announced += 1;
        if self.phase == Phase::Preparing {
            return String::new();
        }
        let times = self.times.entry(name.to_owned()).or_default();
        *times += 1;
        let point = format!("{name} {times}");
        self.passed.push(point.clone());
        point
    }
}

/// What a database may do instead of a commit, and the names of these points.
const FAULTS: [(&str, Fault); 3] =
    [("full", Fault::Full), ("stuck", Fault::Stuck), ("forgotten", Fault::Forgotten)];

/// Whether this point is a fault of the database, at which nobody dies.
pub fn is_a_fault(point: &str) -> bool {
    FAULTS.iter().any(|(name, _)| point.starts_with(name))
}

impl Points {
    pub fn new(dies_at: Option<&str>, reads: Clock) -> Self {
        let state = State { dies_at: dies_at.map(str::to_owned), ..State::default() };
        Self {
            reads,
            state: Mutex::new(state),
            moved: watch::Sender::new(()),
            held: Notify::new(),
            died: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("unpoisoned")
    }

    /// Returns when the process has died.
    pub async fn died(&self) {
        tokio::select! {
            biased;
            () = self.died.notified() => {}
            () = self.held.notified() => {
                // SQLite has one connection for writing, and whatever waits for it waits for long.
                let _as_far_as_it_goes = Clock::system().within(HELD, self.quiet()).await;
                self.state().dead = true;
            }
        }
    }

    /// Every point that was reached, in order: its name, with the number of times that it was reached.
    pub fn passed(&self) -> Vec<String> {
        self.state().passed.clone()
    }

    /// The process is at this from now on.
    pub fn enter(&self, phase: Phase) {
        self.state().phase = phase;
    }

    /// Notes that this point is reached, and whether the process dies here, or has died before.
    pub fn is_last(&self, name: &str) -> bool {
        let mut state = self.state();
        if state.dead {
            return true;
        }
        let point = state.pass(name);
        state.dead = state.dies_at.as_ref() == Some(&point);
        if state.dead {
            self.died.notify_one();
        }
        state.dead
    }

    /// Passes this point, or never returns.
    pub async fn reach(&self, name: &str) {
        if self.is_last(name) {
            pending::<()>().await;
        }
    }

    /// Passes this point, or hangs in it until nothing else goes on and the process dies.
    async fn hold(&self, name: &str) {
        let holds = {
            let mut state = self.state();
            let point = state.pass(name);
            state.held |= state.dies_at.as_ref() == Some(&point);
            state.dies_at.as_ref() == Some(&point)
        };
        if holds {
            self.came_back();
            self.held.notify_one();
            pending::<()>().await;
        }
    }

    /// What the database does instead of the commit that it is asked for; the process lives on.
    fn fault(&self) -> Option<Fault> {
        let mut state = self.state();
        let faults = FAULTS.map(|(name, fault)| (state.pass(&format!("{name} commit")), fault));
        let mut faults = faults.into_iter();
        faults.find(|(point, _)| state.dies_at.as_ref() == Some(point)).map(|(_, fault)| fault)
    }

    /// Until this is dropped, a call is under way that the clock must not overtake.
    pub fn under_way(&self) -> UnderWay<'_> {
        self.state().under_way += 1;
        UnderWay(self)
    }

    /// Until this is dropped, something is being read. A read may itself wait for time to pass, as it is
    /// repeated when its answer makes no sense.
    pub fn reading(&self) -> Reading<'_> {
        self.state().reading += 1;
        Reading(self)
    }

    fn came_back(&self) {
        self.state().under_way -= 1;
        self.moved.send_replace(());
    }

    /// How many calls are under way, how many reads, and how many points have been announced.
    fn now(&self) -> (usize, usize, usize) {
        let state = self.state();
        (state.under_way, state.reading, state.announced)
    }

    /// Returns when nothing is under way and everything has happened that can happen without time passing;
    /// never while a commit hangs.
    pub async fn idle(&self) {
        self.quiet().await;
        if self.state().held {
            pending::<()>().await;
        }
    }

    async fn quiet(&self) {
        /// A message from one task to the next takes one turn of the runtime, and chains are shorter than this.
        const TURNS: u32 = 24;
        /// In real time; after it, it is checked whether a read only waits for time to pass.
        const A_READ: Duration = Duration::from_millis(5);
        let mut quiet = 0;
        let mut moved = self.moved.subscribe();
        let mut seen = self.now();
        while quiet < TURNS {
            if seen.0 > 0 {
                moved.changed().await.expect("we hold the sender");
                quiet = 0;
            } else if seen.1 > 0 {
                if Clock::system().within(A_READ, moved.changed()).await.is_none()
                    && let Some(pause) = self.reads.next_wake()
                {
                    self.reads.advance(pause.max(Duration::from_millis(1)));
                }
                quiet = 0;
            } else {
                tokio::task::yield_now().await;
                quiet += 1;
            }
            let now = self.now();
            if now != seen {
                (seen, quiet) = (now, 0);
            }
        }
    }
}

/// See [`Points::under_way`].
pub struct UnderWay<'a>(&'a Points);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.came_back();
    }
}

/// See [`Points::reading`].
pub struct Reading<'a>(&'a Points);

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.0.state().reading -= 1;
        self.0.moved.send_replace(());
    }
}

impl Failpoints for Points {
    fn reach(&self, point: Failpoint) -> BoxFuture<'_, Result<(), Fault>> {
        async move {
            if self.state().dead {
                pending::<()>().await;
            }
            let starting = self.state().phase == Phase::Starting;
            match point {
                Failpoint::Statement => {
                    self.state().under_way += 1;
                    if starting {
                        self.reach("before start statement").await;
                    }
                }
                Failpoint::Answered => {
                    if starting {
                        self.reach("after start statement").await;
                    }
                    self.came_back();
                }
                Failpoint::Begin => self.state().under_way += 1,
                Failpoint::Commit => {
                    self.reach("before commit").await;
                    self.hold("held commit").await;
                    if let Some(fault) = self.fault() {
                        return Err(fault);
                    }
                }
                Failpoint::Committed => {
                    self.reach("after commit").await;
                    self.came_back();
                }
                // Nothing has happened since the commit was announced.
                Failpoint::Failed => self.came_back(),
                // Nothing is forgotten here.
                Failpoint::Archive | Failpoint::Archived => {}
            }
            Ok(())
        }
        .boxed()
    }
}
