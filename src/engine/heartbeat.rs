//! Heartbeats: how an executor shows that it lives, and learns that it was declared dead.
//!
//! A heartbeat renews the session's row, unless the row says that the session is dead. So a process
//! that was silent for too long finds out with its first heartbeat, drops all that it drives, and
//! registers a new session under a new id. This is safe because a dead session stays dead: a write
//! that is still on its way in its name comes before another executor claims the saga, or it fails
//! the check of owner and fence (promise 28).

use std::sync::Arc;
use std::time::Duration;

use tracing::{info, warn};
use uuid::Uuid;

use super::executor::Executor;
use super::lease::{SentAt, Session};
use super::process;
use super::write_health::Source;
use crate::clock::{Clock, Watch};
use crate::store::{Error, Store};

impl Executor {
    pub(super) async fn heartbeat_loop(&self) {
        let mut watch = Watch::new(&self.0.clock);
        loop {
            self.0.clock.sleep(self.0.settings.heartbeat()).await;
            self.heartbeat().await;
            // By a clock that was set forward, everybody's last heartbeat looks old.
            if watch.was_set_by(&self.0.clock).is_some() {
                self.0.peers.start_grace(&self.0.clock);
            }
            self.check_peers().await;
        }
    }

    /// Sends one heartbeat. If this session was declared dead, drops all that it drives and begins
    /// a new one.
    pub async fn heartbeat(&self) {
        let parts = &self.0;
        let session = parts.session.get();
        let sent = SentAt::now(&parts.clock);
        let breakers = parts.kinds.breakers();
        parts.metrics.breakers(&breakers);
        // Plain data, which always serializes.
        let breakers = serde_json::to_value(breakers).unwrap_or_default();
        let heartbeat = parts.store.heartbeat(session.id, breakers, &parts.clock);
        parts.health.begins(Source::Heartbeat);
        match self.in_time(heartbeat).await {
            Ok(true) => {
                session.renew(sent);
                parts.health.came_through(Source::Heartbeat);
                parts.limiter.database_answered();
                self.hear_of_cancels(session.id).await;
            }
            Ok(false) => {
                parts.health.came_through(Source::Heartbeat);
                warn!(executor = %session.id, "was declared dead; drops its sagas and starts anew");
                session.ended.cancel();
                // Writes that are still on their way in its name must find it dead.
                let buried = parts.store.insert_dead_executor(session.id, &parts.clock).await;
                let registered =
                    register(&parts.store, &parts.name, parts.settings.lease, &parts.clock).await;
                match buried.and(registered) {
                    Ok(next) => parts.session.replace(next),
                    Err(error) => warn!(%error, "could not register; tries again"),
                }
            }
            Err(error) => {
                parts.health.failed(Source::Heartbeat, error.in_words());
                parts.peers.start_grace(&parts.clock);
                if session.holds() {
                    info!(%error, "a heartbeat failed");
                } else {
                    warn!(%error, "the lease has lapsed; nothing is sent meanwhile");
                }
            }
        }
    }

    /// Drivers here hear what was asked of another process.
    async fn hear_of_cancels(&self, owner: Uuid) {
        let parts = &self.0;
        // One that does not hear of it now does when it writes what it decides.
        let asked = self.in_time(parts.store.to_be_cancelled(owner)).await.unwrap_or_default();
        for (id, request) in asked {
            if let Some(active) = parts.active.get(id) {
                active.cancel.give(request);
            }
        }
    }

    /// What the database answers, if it does so within half a lease: one that has vanished silently
    /// must not hold up the heartbeats.
    pub(super) async fn in_time<T>(
        &self,
        asked: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let longest = self.0.settings.lease / 2;
        let late = || Error::Unusable("the database does not answer".to_owned());
        self.0.clock.within(longest, asked).await.unwrap_or_else(|| Err(late()))
    }
}

/// Registers a new session in the database.
pub(super) async fn register(
    store: &Store,
    name: &str,
    lease: Duration,
    clock: &Clock,
) -> Result<Arc<Session>, Error> {
    let (id, sent) = (clock.fresh_id(), SentAt::now(clock));
    store.register_executor(id, name, &process::identity(), lease, clock).await?;
    info!(executor = %id, name, "registered");
    Ok(Arc::new(Session::new(id, lease, sent, clock.clone())))
}
