//! The lead of a cursor, as one process holds it from turn to turn.

use std::time::Duration;

use super::Events;
use crate::store::{Error, Lead};

/// A lead, or that another process has it.
#[derive(Debug, Default)]
pub(super) struct Leading {
    /// `None` while another process leads, and where the cursor has to be read anew.
    pub(super) lead: Option<Lead>,
    /// On the monotonic clock.
    renewed_at: Duration,
}

impl Events {
    /// Takes the lead of this cursor if it is free, or renews it where that is due.
    pub(super) async fn renew(
        &self,
        cursor: &'static str,
        leading: &mut Leading,
    ) -> Result<(), Error> {
        if !self.is_to_be_renewed(leading) {
            return Ok(());
        }
        let parts = &self.0;
        let asked = parts.clock.monotonic();
        let (now, lease) = (parts.clock.now(), parts.settings.lease);
        leading.lead = parts.store.lead(cursor, parts.owner, now, lease).await?;
        leading.renewed_at = asked;
        Ok(())
    }

    /// A lead is renewed after a third of its lease; one that another process has is asked for with
    /// every turn.
    pub(super) fn is_to_be_renewed(&self, leading: &Leading) -> bool {
        let age = self.0.clock.monotonic().saturating_sub(leading.renewed_at);
        leading.lead.is_none() || age > self.0.settings.lease / 3
    }
}
