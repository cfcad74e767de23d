//! The keys that the issuer publishes, fetched when they are needed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use jsonwebtoken::{Algorithm, Header};
use tracing::{info, warn};
use url::Url;

use super::claims::Expected;
use super::fetch::Fetch;
use super::key::Key;
use super::set::{Look, Set};
use crate::clock::Clock;
use crate::web::Problem;

/// The algorithms of published keys. A token with any other algorithm is refused without looking for a key.
const ALGORITHMS: [Algorithm; 3] = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];

/// The issuer's keys.
pub(super) struct Published {
    fetch: Fetch,
    expected: Arc<Expected>,
    clock: Clock,
    set: Mutex<Set>,
    /// Held during a fetch. Requests that need its result wait for the lock.
    fetching: tokio::sync::Mutex<()>,
}

impl Published {
    pub(super) fn at(
        url: Url,
        expected: Arc<Expected>,
        clock: Clock,
    ) -> Result<Self, reqwest::Error> {
        let fetch = Fetch::from(url)?;
        Ok(Self {
            fetch,
            expected,
            clock,
            set: Mutex::default(),
            fetching: tokio::sync::Mutex::default(),
        })
    }

    /// The keys that a token with this header may be signed with.
    pub(super) async fn find(&self, header: &Header) -> Result<Vec<Arc<Key>>, Problem> {
        if !ALGORITHMS.contains(&header.alg) {
            return Ok(Vec::new());
        }
        let name = header.kid.as_deref();
        let of_algorithm = |mut keys: Vec<Arc<Key>>| {
            keys.retain(|key| key.algorithm() == header.alg);
            keys
        };
        let found = match self.look(name) {
            Look::Known(keys) => return Ok(of_algorithm(keys)),
            Look::Old(keys) => match self.fetching.try_lock() {
                Ok(fetching) => self.renewed(name, fetching).await,
                // Another request is fetching.
                Err(_) => return Ok(of_algorithm(keys)),
            },
            Look::Missing | Look::Unknown | Look::OutOfReach(_) => {
                let fetching = self.fetching.lock().await;
                self.renewed(name, fetching).await
            }
        };
        found.map(of_algorithm)
    }

    /// The keys with this id, fetched again first if it is time for that.
    async fn renewed(
        &self,
        name: Option<&str>,
        _fetching: tokio::sync::MutexGuard<'_, ()>,
    ) -> Result<Vec<Arc<Key>>, Problem> {
        if let Look::Old(_) | Look::Missing = self.look(name) {
            self.set().tries(self.clock.monotonic());
            match self.fetch.keys(&self.expected).await {
                Ok(keys) => {
                    info!(keys = keys.len(), "fetched the keys of users' tokens");
                    self.set().replace(keys);
                }
                Err(error) => warn!(%error, "the keys of users' tokens can't be fetched"),
            }
        }
        match self.look(name) {
            Look::Known(keys) | Look::Old(keys) => Ok(keys),
            Look::Missing | Look::Unknown => Ok(Vec::new()),
            Look::OutOfReach(left) => Err(out_of_reach(left)),
        }
    }

    fn look(&self, name: Option<&str>) -> Look {
        self.set().look(name, self.clock.monotonic())
    }

    fn set(&self) -> MutexGuard<'_, Set> {
        self.set.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 503: the token may be valid.
fn out_of_reach(left: Duration) -> Problem {
    let seconds = u32::try_from(left.as_secs()).unwrap_or(u32::MAX);
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "The keys of users' tokens are unavailable")
        .detail("the key that this token names is not known, and the issuer can't be asked")
        .retry_after(seconds.saturating_add(1))
}
