//! Puts the import together: on SQLite it needs the file for itself, on PostgreSQL it runs beside the service.

use super::{Error, books};
use crate::clock::Clock;
use crate::config::Config;
use crate::import::{Files, Options, Progress, Report, Sources, Writing, run};
use crate::store::{self, Store};

/// Imports these files. `tell` is called by whichever thread works.
///
/// # Errors
/// Where a file is not one to import, the database can't be used, or SQLite's file is in use.
pub async fn import(
    config: &Config,
    files: &Files,
    options: Options,
    clock: &Clock,
    tell: impl Fn(Progress) + Send + Sync + 'static,
) -> Result<Report, Error> {
    let sources = Sources::open(files)?;
    let store = match options.writing {
        Writing::Write => Some(open_to_write(config, clock).await?),
        Writing::DryRun => open_to_look(config, clock).await?,
    };
    let report = Box::pin(run(sources, store.as_ref(), options, clock, tell)).await;
    if let Some(store) = store {
        store.close().await;
    }
    Ok(report?)
}

async fn open_to_write(config: &Config, clock: &Clock) -> Result<Store, Error> {
    let store = books::open(config, clock).await?;
    if config.database.migrate {
        store.migrate().await?;
    }
    whole(store).await
}

/// `None` where there are no books yet: then nothing is there.
async fn open_to_look(config: &Config, clock: &Clock) -> Result<Option<Store>, Error> {
    let options = books::store_options(config, clock);
    if !store::is_there(options.url) {
        return Ok(None);
    }
    let store = store::open_to_read(options).await?;
    if store.schema().await?.is_empty {
        store.close().await;
        return Ok(None);
    }
    whole(store).await.map(Some)
}

async fn whole(store: Store) -> Result<Store, Error> {
    match store.not_ready().await {
        Some(reason) => Err(store::Error::Unusable(reason).into()),
        None => Ok(store),
    }
}
