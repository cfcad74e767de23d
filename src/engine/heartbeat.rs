//! Saying that this executor lives, and looking whether the others do.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tracing::{info, warn};

use super::executor::Executor;
use super::lease::{SentAt, Session};
use super::process;
use super::settings::Settings;
use super::write_health::Source;
use crate::clock::{Clock, Watch};
use crate::neighbours::BreakerView;
use crate::saga::machine::A_MOMENT;
use crate::store::{Error, Heard, Store};

impl Executor {
    pub(super) async fn heartbeat_loop(&self) {
        let mut watch = Watch::new(&self.0.clock);
        loop {
            self.0.clock.sleep(self.0.settings.heartbeat()).await;
            self.heartbeat().await;
            // By a clock that was set forward, everybody's last heartbeat is old.
            if watch.was_set_by(&self.0.clock).is_some() {
                self.start_grace();
            }
            self.check_peers().await;
        }
    }

    /// One heartbeat. An executor that was declared dead drops all that it drives and starts anew.
    pub async fn heartbeat(&self) {
        let shared = &self.0;
        let session = shared.session();
        let sent = SentAt::now(&shared.clock);
        let breakers = self.breakers();
        shared.metrics.breakers(&breakers);
        // A view is plain data.
        let breakers = serde_json::to_value(breakers).unwrap_or_default();
        let heartbeat = shared.store.heartbeat(session.id, breakers, &shared.clock);
        shared.health.begins(Source::Heartbeat);
        match self.in_time(heartbeat).await {
            Ok(true) => {
                session.renew(sent);
                shared.health.came_through(Source::Heartbeat);
                shared.limiter.database_answered();
            }
            Ok(false) => {
                shared.health.came_through(Source::Heartbeat);
                warn!(executor = %session.id, "was declared dead; drops its sagas and starts anew");
                session.ended.cancel();
                // What is still being written in its name must be found to be a dead one's.
                let buried = shared.store.bury_executor(session.id, &shared.clock).await;
                let registered =
                    register(&shared.store, &shared.name, shared.settings, &shared.clock).await;
                match buried.and(registered) {
                    Ok(next) => {
                        let mut session =
                            shared.session.write().unwrap_or_else(PoisonError::into_inner);
                        *session = next;
                    }
                    Err(error) => warn!(%error, "could not register; tries again"),
                }
            }
            Err(error) => {
                shared.health.failed(Source::Heartbeat, error.in_words());
                self.start_grace();
                if session.holds() {
                    info!(%error, "a heartbeat failed");
                } else {
                    warn!(%error, "the lease has lapsed; nothing is sent meanwhile");
                }
            }
        }
    }

    /// The database is, or was, out of reach: the others could not be heard either. Each gets a
    /// lease's time to be heard again, or all who live would be held for dead by who is back first.
    pub(super) fn start_grace(&self) {
        let until = self.0.clock.monotonic() + self.0.settings.lease;
        self.0.grace_until.store(millis(until), Ordering::Release);
    }

    fn breakers(&self) -> Vec<BreakerView> {
        self.0.kinds.iter().flat_map(|kind| kind.breakers()).collect()
    }

    /// Looks at the other executors and declares those dead that are.
    pub async fn check_peers(&self) {
        let shared = &self.0;
        let heard = match self.in_time(shared.store.executors(&shared.clock)).await {
            Ok(heard) => heard,
            Err(error) => return info!(%error, "could not look at the other executors"),
        };
        let own = self.id();
        shared.ahead.retain(|id, _| heard.iter().any(|other| other.id == *id));
        let grace_until = shared.grace_until.load(Ordering::Acquire);
        let in_grace = millis(shared.clock.monotonic()) < grace_until;
        let mut any_dead = false;
        for other in heard.iter().filter(|other| other.id != own) {
            // Who has the database to itself knows that every other is gone.
            let dead = ((other.lapsed || self.is_silent_though_ahead(other)) && !in_grace)
                || shared.store.is_exclusive()
                || process::is_surely_dead(&other.process);
            any_dead |= other.dead;
            if !other.dead && dead {
                any_dead = true;
                match shared.store.declare_dead(other.id, other.heartbeat_at).await {
                    Ok(true) => {
                        warn!(executor = %other.id, name = other.name, "is dead; its sagas are taken over");
                    }
                    Ok(false) => {}
                    Err(error) => info!(%error, "could not declare an executor dead"),
                }
            }
        }
        if any_dead {
            shared.claim_now.notify_one();
        }
    }

    /// A heartbeat that is later than now was made before the shared clock was set back: whether it
    /// is still the last one after a lease's time by our own.
    fn is_silent_though_ahead(&self, other: &Heard) -> bool {
        let shared = &self.0;
        let now = shared.clock.monotonic();
        if other.dead || other.heartbeat_at <= shared.clock.now() + A_MOMENT {
            shared.ahead.remove(&other.id);
            return false;
        }
        let mut seen = shared.ahead.entry(other.id).or_insert((other.heartbeat_at, now));
        if seen.0 != other.heartbeat_at {
            *seen = (other.heartbeat_at, now);
        }
        now.saturating_sub(seen.1) > shared.settings.lease
    }

    /// A database that has vanished without a word must not hold up what says that we live.
    pub(super) async fn in_time<T>(
        &self,
        asked: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let longest = self.0.settings.lease / 2;
        let late = || Error::Unusable("the database does not answer".to_owned());
        self.0.clock.within(longest, asked).await.unwrap_or_else(|| Err(late()))
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Enters a new life in the books.
pub(super) async fn register(
    store: &Store,
    name: &str,
    settings: Settings,
    clock: &Clock,
) -> Result<Arc<Session>, Error> {
    let (id, sent) = (clock.fresh_id(), SentAt::now(clock));
    store.register_executor(id, name, &process::identity(), settings.lease, clock).await?;
    info!(executor = %id, name, "registered");
    Ok(Arc::new(Session::new(id, settings.lease, sent, clock.clone())))
}
