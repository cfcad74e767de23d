//! How the books are opened, by every command that needs them.

use super::catalogue::CATALOGUE;
use crate::clock::Clock;
use crate::config::Config;
use crate::store::{self, Store};

pub(super) async fn open(config: &Config, clock: &Clock) -> Result<Store, store::Error> {
    store::open(store_options(config, clock)).await
}

/// How to open the books.
pub(super) fn store_options<'a>(config: &'a Config, clock: &Clock) -> store::Options<'a> {
    let url = config.database.url.reveal();
    let max_connections = config.database.max_connections;
    // Shorter than the lease: the rows of a paused process are unlocked when others take over.
    let silence = config.executor.lease / 2;
    let access = store::Access::Owner;
    let clock = clock.clone();
    store::Options {
        url,
        max_connections,
        silence,
        access,
        clock,
        catalogue: CATALOGUE,
        failpoints: None,
    }
}
