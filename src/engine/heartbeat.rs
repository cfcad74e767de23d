//! Saying that this executor lives, and looking whether the others do.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tracing::{info, warn};

use super::executor::Executor;
use super::lease::{Beat, Life};
use super::process;
use super::settings::Settings;
use super::standing::Source;
use crate::clock::{Clock, Watch};
use crate::neighbours::BreakerView;
use crate::saga::machine::A_MOMENT;
use crate::store::{Error, Heard, Store};

impl Executor {
    pub(super) async fn beat_on(&self) {
        let mut watch = Watch::new(&self.0.clock);
        loop {
            self.0.clock.sleep(self.0.settings.heartbeat()).await;
            self.beat().await;
            // By a clock that was set forward, everybody's last heartbeat is old.
            if watch.was_set_by(&self.0.clock).is_some() {
                self.be_patient();
            }
            self.look_around().await;
        }
    }

    /// One heartbeat. An executor that was declared dead drops all that it drives and starts anew.
    pub async fn beat(&self) {
        let shared = &self.0;
        let life = shared.life();
        let sent = Beat::now(&shared.clock);
        let breakers = self.breakers();
        shared.metrics.breakers(&breakers);
        // A view is plain data.
        let breakers = serde_json::to_value(breakers).unwrap_or_default();
        let heartbeat = shared.store.heartbeat(life.id, breakers, &shared.clock);
        shared.standing.begins(Source::Heart);
        match self.in_time(heartbeat).await {
            Ok(true) => {
                life.renew(sent);
                shared.standing.came_through(Source::Heart);
                shared.window.database_is_there();
            }
            Ok(false) => {
                shared.standing.came_through(Source::Heart);
                warn!(executor = %life.id, "was declared dead; drops its sagas and starts anew");
                life.over.cancel();
                // What is still being written in its name must be found to be a dead one's.
                let buried = shared.store.bury_executor(life.id, &shared.clock).await;
                let registered =
                    register(&shared.store, &shared.name, shared.settings, &shared.clock).await;
                match buried.and(registered) {
                    Ok(next) => {
                        let mut life = shared.life.write().unwrap_or_else(PoisonError::into_inner);
                        *life = next;
                    }
                    Err(error) => warn!(%error, "could not register; tries again"),
                }
            }
            Err(error) => {
                shared.standing.failed(Source::Heart, error.in_words());
                self.be_patient();
                if life.holds() {
                    info!(%error, "a heartbeat failed");
                } else {
                    warn!(%error, "the lease has lapsed; nothing is sent meanwhile");
                }
            }
        }
    }

    /// The database is, or was, out of reach: the others could not be heard either. Each gets a
    /// lease's time to be heard again, or all who live would be held for dead by who is back first.
    pub(super) fn be_patient(&self) {
        let until = self.0.clock.monotonic() + self.0.settings.lease;
        self.0.patient_until.store(millis(until), Ordering::Release);
    }

    fn breakers(&self) -> Vec<BreakerView> {
        self.0.kinds.iter().flat_map(|kind| kind.breakers()).collect()
    }

    /// Looks at the other executors and declares those dead that are.
    pub async fn look_around(&self) {
        let shared = &self.0;
        let heard = match self.in_time(shared.store.executors(&shared.clock)).await {
            Ok(heard) => heard,
            Err(error) => return info!(%error, "could not look at the other executors"),
        };
        let own = self.id();
        shared.ahead.retain(|id, _| heard.iter().any(|other| other.id == *id));
        let patient_until = shared.patient_until.load(Ordering::Acquire);
        let is_patient = millis(shared.clock.monotonic()) < patient_until;
        let mut any_dead = false;
        for other in heard.iter().filter(|other| other.id != own) {
            // Who has the database to itself knows that every other is gone.
            let dead = ((other.lapsed || self.is_silent_though_ahead(other)) && !is_patient)
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
) -> Result<Arc<Life>, Error> {
    let (id, sent) = (clock.fresh_id(), Beat::now(clock));
    store.register_executor(id, name, &process::identity(), settings.lease, clock).await?;
    info!(executor = %id, name, "registered");
    Ok(Arc::new(Life::new(id, settings.lease, sent, clock.clone())))
}
