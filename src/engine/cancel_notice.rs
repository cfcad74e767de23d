//! How a driver hears that its saga is to be cancelled: from a request that came to its own process, from
//! its executor's next heartbeat, or else when it writes what it decided.

use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

use crate::saga::{CancelRequest, Instance};

/// One driver's notice. Clones are the same notice.
#[derive(Clone, Debug, Default)]
pub(super) struct CancelNotice {
    request: Arc<OnceLock<CancelRequest>>,
    asked: CancellationToken,
}

impl CancelNotice {
    /// Tells the driver.
    pub(super) fn give(&self, request: CancelRequest) {
        // The first one stays.
        let _first = self.request.set(request);
        self.asked.cancel();
    }

    /// Waits until somebody has told. Cancel safe.
    pub(super) async fn asked(&self) {
        self.asked.cancelled().await;
    }

    /// What was told and the saga does not know yet.
    pub(super) fn take(&self, saga: &Instance) -> Option<CancelRequest> {
        self.request.get().filter(|_| self.is_news(saga)).cloned()
    }

    /// Whether something was told that the saga does not know yet. One that goes back already does so for
    /// a cause that was durable before.
    pub(super) fn is_news(&self, saga: &Instance) -> bool {
        let is_open = matches!(saga.progress, crate::saga::Progress::Forward { .. });
        is_open && self.asked.is_cancelled() && saga.cancel_request.is_none()
    }
}
