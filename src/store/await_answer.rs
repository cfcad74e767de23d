//! Waits for the answers to statements: up to a time limit, and not from a server that was replaced.

use std::pin::pin;
use std::time::Duration;

use futures::FutureExt as _;

use super::connection::Connection;
use super::pool_inner::{CHECK_TIMEOUT, PoolInner};
use super::primary::Server;

/// How long a statement waits for its answer before it is looked where the address leads now, and again.
const SCOUT_AFTER: Duration = Duration::from_secs(1);

impl PoolInner {
    /// Waits for the answer to a commit, up to the statement time-out, and tells whether a warning came
    /// with it.
    pub(super) async fn await_commit<T>(
        &self,
        server: Option<Server>,
        sent: impl Future<Output = T>,
    ) -> (Option<T>, bool) {
        let sent = self.await_answer(server, sent);
        match &self.warnings {
            Some(warnings) => warnings.during(sent).await,
            None => (sent.await, false),
        }
    }

    /// Waits for the answer to a statement, up to the statement time-out, or until another server has taken
    /// the place of the one that it was sent to (`primary.rs`).
    pub(super) async fn await_answer<T>(
        &self,
        server: Option<Server>,
        sent: impl Future<Output = T>,
    ) -> Option<T> {
        let limit = self.limits.statement_timeout;
        let Some(server) = server else { return self.clock.within(limit, sent).await };
        let until = self.clock.monotonic() + limit;
        let mut sent = pin!(sent);
        loop {
            let left = until.saturating_sub(self.clock.monotonic());
            let answer = self.clock.within(left.min(SCOUT_AFTER), &mut sent).await;
            if answer.is_some() || left <= SCOUT_AFTER {
                return answer;
            }
            tokio::select! {
                biased;
                answer = &mut sent => return Some(answer),
                () = self.scout() => {}
            }
            if self.is_replaced(server) {
                return None;
            }
        }
    }

    /// Looks where the address leads now. Opening a connection notes it.
    async fn scout(&self) {
        let Some(primary) = self.connector.primary() else { return };
        let look = async {
            if let Ok(connection) = self.connector.open().await {
                let _said = connection.close().await;
            }
        };
        primary.scout(self.clock.within(CHECK_TIMEOUT, Box::pin(look)).map(drop)).await;
    }

    /// Whether this connection leads to a server that another one has replaced.
    pub(super) fn is_old(&self, connection: &Connection) -> bool {
        connection.server().is_some_and(|server| self.is_replaced(server))
    }

    /// Whether another server has taken the place of this one.
    fn is_replaced(&self, server: Server) -> bool {
        self.connector.primary().is_some_and(|primary| primary.replaces(server))
    }
}
