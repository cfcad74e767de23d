//! Saying that this executor lives.

use std::sync::Arc;

use tracing::{info, warn};

use super::executor::Executor;
use super::lease::{SentAt, Session};
use super::process;
use super::settings::Settings;
use super::write_health::Source;
use crate::clock::{Clock, Watch};
use crate::store::{Error, Store};

impl Executor {
    pub(super) async fn heartbeat_loop(&self) {
        let mut watch = Watch::new(&self.0.clock);
        loop {
            self.0.clock.sleep(self.0.settings.heartbeat()).await;
            self.heartbeat().await;
            // By a clock that was set forward, everybody's last heartbeat is old.
            if watch.was_set_by(&self.0.clock).is_some() {
                self.0.peers.start_grace(&self.0.clock);
            }
            self.check_peers().await;
        }
    }

    /// One heartbeat. An executor that was declared dead drops all that it drives and starts anew.
    pub async fn heartbeat(&self) {
        let parts = &self.0;
        let session = parts.session.get();
        let sent = SentAt::now(&parts.clock);
        let breakers = parts.catalogue.breakers();
        parts.metrics.breakers(&breakers);
        // A view is plain data.
        let breakers = serde_json::to_value(breakers).unwrap_or_default();
        let heartbeat = parts.store.heartbeat(session.id, breakers, &parts.clock);
        parts.health.begins(Source::Heartbeat);
        match self.in_time(heartbeat).await {
            Ok(true) => {
                session.renew(sent);
                parts.health.came_through(Source::Heartbeat);
                parts.limiter.database_answered();
            }
            Ok(false) => {
                parts.health.came_through(Source::Heartbeat);
                warn!(executor = %session.id, "was declared dead; drops its sagas and starts anew");
                session.ended.cancel();
                // What is still being written in its name must be found to be a dead one's.
                let buried = parts.store.bury_executor(session.id, &parts.clock).await;
                let registered =
                    register(&parts.store, &parts.name, parts.settings, &parts.clock).await;
                match buried.and(registered) {
                    Ok(next) => parts.session.replace(next),
                    Err(error) => warn!(%error, "could not register; tries again"),
                }
            }
            Err(error) => {
                parts.health.failed(Source::Heartbeat, error.in_words());
                self.0.peers.start_grace(&self.0.clock);
                if session.holds() {
                    info!(%error, "a heartbeat failed");
                } else {
                    warn!(%error, "the lease has lapsed; nothing is sent meanwhile");
                }
            }
        }
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
