//! Audits that the service runs by itself, `audit.every` so often, by one replica at a time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tracing::{error, info, warn};

use super::audit::audit;
use crate::audit::Options;
use crate::clock::Clock;
use crate::config::Config;
use crate::lifecycle::Tasks;
use crate::store::Store;

/// How often to ask whether an audit is due. The replica that ran the last one may be gone.
const ASK_EVERY: Duration = Duration::from_mins(1);
/// Requests to the payment service per second: as gentle as the command's own default.
const RATE: u32 = 50;

/// Audits the books now and then, until it is stopped.
#[derive(Clone, Debug)]
pub(super) struct Audits(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    config: Config,
    every: Duration,
    store: Store,
    clock: Clock,
    tasks: Tasks,
}

impl Audits {
    /// `None` where `audit.every` is off.
    pub(super) fn new(config: &Config, store: Store, clock: Clock) -> Option<Self> {
        let every = config.audit.every?;
        let (config, tasks) = (config.clone(), Tasks::default());
        Some(Self(Arc::new(Parts { config, every, store, clock, tasks })))
    }

    pub(super) fn run(&self) {
        let this = self.clone();
        self.0.tasks.spawn(async move {
            while this.0.tasks.unless_stopping(this.audit_if_due()).await.is_some() {
                let pause = this.0.clock.sleep(ASK_EVERY.min(this.0.every));
                if this.0.tasks.unless_stopping(pause).await.is_none() {
                    return;
                }
            }
        });
    }

    /// An audit that has begun is given up: until its end it only reads.
    pub(super) async fn stop(&self) {
        self.0.tasks.stop(std::future::ready(())).await;
    }

    async fn audit_if_due(&self) {
        let Parts { config, every, store, clock, .. } = &*self.0;
        match store.claim_books_audit(clock.now(), *every).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => return info!(%error, "could not ask whether an audit is due"),
        }
        let options = Options { rate: RATE, since: None };
        match Box::pin(audit(config, options, &BTreeSet::new(), clock.clone(), |_, _| {})).await {
            Ok(report) if report.is_clean() => info!(sagas = report.sagas, "the books agree"),
            Ok(report) => error!(
                differences = report.differences,
                sagas = report.sagas,
                "the audit is not clean: `order-service audit` says what it is"
            ),
            Err(error) => warn!(%error, "the audit did not come to its end"),
        }
    }
}
