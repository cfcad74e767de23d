//! Audit entries of what was not done, which have no transaction to go with.

use tracing::error;

use super::executor::Executor;
use crate::store::NewAuditEntry;

impl Executor {
    /// Stores an entry. Whoever asked can't prevent that by hanging up. If the database is out of reach,
    /// the log has it.
    pub async fn add_audit_entry(&self, entry: NewAuditEntry) {
        let store = self.0.store.clone();
        let added = self.0.shutdown.sagas.spawn(async move {
            if let Err(error) = store.add_audit_entry(&entry).await {
                let NewAuditEntry { who, role, action, target, result, .. } = entry;
                let (action, result) = (<&str>::from(action), <&str>::from(result));
                error!(%error, who, %role, action, target, result, "an audit entry was not stored");
            }
        });
        // A task that panicked has said so.
        let _ended = added.await;
    }
}
