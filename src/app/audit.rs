//! Puts the check and the audit together, on books that are opened only to be read.

use std::collections::BTreeSet;

use tracing::warn;

use super::compose::neighbours;
use super::{Error, books};
use crate::audit::{Audit, Checked, Options, Report};
use crate::clock::Clock;
use crate::config::Config;
use crate::order::OrderId;
use crate::store::{self, AuditScope, BooksAudit, Store};

/// Checks which sagas in flight this binary could not continue.
///
/// # Errors
/// Where the database is out of reach or can't be read.
pub async fn check(config: &Config) -> Result<Checked, Error> {
    let store = open(config).await?;
    let checked = crate::audit::check(&store).await;
    store.close().await;
    Ok(checked?)
}

/// Compares the books with themselves and with the payment service, and checks the chain of the audit
/// trail. `progress` is called with the report so far and the number of sagas. The payment service is also
/// asked about each of `ids` that is not in the books. What was found is written down for the metrics.
///
/// # Errors
/// Where the database is out of reach, or is not as this binary knows it.
pub async fn audit(
    config: &Config,
    options: Options,
    ids: &BTreeSet<OrderId>,
    clock: Clock,
    mut progress: impl FnMut(&Report, u64),
) -> Result<Report, Error> {
    let store = open(config).await?;
    if let Some(reason) = store.not_ready().await {
        return Err(store::Error::Unusable(reason).into());
    }
    let total = store.count_sagas().await?;
    let payment = neighbours(config, &clock)?.payment;
    let audit = Audit::new(store.clone(), payment, options, clock.clone());
    let audited = async {
        let mut report = audit.run(|report| progress(report, total)).await?;
        audit.check_trail(&mut report).await?;
        audit.look_for(ids, &mut report, |report| progress(report, total)).await?;
        Ok::<_, store::Error>(report)
    };
    let report = audited.await;
    store.close().await;
    let report = report?;
    let is_whole = options.since.is_none() && report.not_compared == 0;
    let scope = if is_whole { AuditScope::All } else { AuditScope::Part };
    let found = BooksAudit { differences: report.differences, ended_at: clock.now() };
    if let Err(error) = Box::pin(note(config, found, scope)).await {
        warn!(%error, "could not write down what the audit found, for the metrics");
    }
    Ok(report)
}

/// Writes down what was found, for the metrics of the service beside which the audit ran.
async fn note(config: &Config, found: BooksAudit, scope: AuditScope) -> Result<(), store::Error> {
    let mut options = books::store_options(config, &Clock::system());
    options.access = store::Access::Guest;
    let store = store::open(options).await?;
    let noted = store.note_books_audit(found, scope).await;
    store.close().await;
    noted
}

async fn open(config: &Config) -> Result<Store, store::Error> {
    store::open_to_read(books::store_options(config, &Clock::system())).await
}
