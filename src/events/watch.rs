//! Watching orders: one query for all that anybody in this process follows, several times a second,
//! whichever replica changes them.

use std::time::Duration;

use tokio::sync::watch;
use tracing::info;
use uuid::Uuid;

use super::Events;
use crate::order::OrderId;
use crate::store::Stamp;

/// How often the orders that are followed are looked at.
const LOOK: Duration = Duration::from_millis(300);

impl Events {
    /// Follows an order: the receiver is told whenever its checkout's state or its events have changed.
    pub fn follow(&self, id: OrderId) -> watch::Receiver<Stamp> {
        self.0.followed.entry(id.0).or_default().subscribe()
    }

    /// Whether this process is about to stop.
    pub fn is_stopping(&self) -> bool {
        self.0.tasks.is_stopping()
    }

    /// The result of `done`, or `None` once this process stops.
    pub async fn unless_stopped<T>(&self, done: impl Future<Output = T>) -> Option<T> {
        self.0.tasks.unless_stopping(done).await
    }

    pub(super) async fn look_until_stopped(&self) {
        let parts = &self.0;
        loop {
            let pause = parts.clock.sleep(LOOK);
            if parts.tasks.unless_stopping(pause).await.is_none() {
                return;
            }
            self.look_once().await;
        }
    }

    async fn look_once(&self) {
        let parts = &self.0;
        parts.followed.retain(|_, stamp| stamp.receiver_count() > 0);
        let ids: Vec<Uuid> = parts.followed.iter().map(|followed| *followed.key()).collect();
        if ids.is_empty() {
            return;
        }
        match parts.store.stamps(&ids).await {
            Ok(stamps) => {
                for (id, now) in stamps {
                    let Some(stamp) = parts.followed.get(&id) else { continue };
                    stamp.send_if_modified(|known| {
                        let is_news = *known != now;
                        *known = now;
                        is_news
                    });
                }
            }
            Err(error) => info!(%error, "could not look at the orders that are followed"),
        }
    }
}
