//! The sequencer: gives positions to committed events, in batches, on the process that leads.

use std::time::Duration;

use tracing::{info, warn};

use super::Events;
use super::leading::Leading;
use crate::store::{Error, SEQUENCER, Sequenced};

/// How often the leader looks for new events, and the others for the lead and for new positions.
const TICK: Duration = Duration::from_millis(200);
/// Events per transaction: few enough that it is short, enough that a backlog is soon gone.
const BATCH: u64 = 500;

impl Events {
    pub(super) async fn sequence_until_stopped(&self) {
        let parts = &self.0;
        let mut turn = SequencerTurn::default();
        loop {
            // A failure is logged already, and the next turn tries again.
            drop(self.sequence_once(&mut turn).await);
            self.chain_audit_trail(&mut turn).await;
            let pause = parts.clock.sleep(TICK);
            if parts.tasks.unless_stopping(pause).await.is_none() {
                return;
            }
        }
    }

    /// Gives the places in the audit trail that are due, which are given in the same way: after the commit,
    /// and by whoever leads, so that not every process looks. A trail that is broken holds up no event.
    pub async fn chain_audit_trail(&self, turn: &mut SequencerTurn) {
        if turn.leading.lead.is_none() {
            return;
        }
        match self.0.store.chain_audit_trail().await {
            Ok(()) => turn.is_chain_failing = false,
            Err(error) => {
                if !std::mem::replace(&mut turn.is_chain_failing, true) {
                    warn!(%error, "can't chain the audit trail; tries again");
                }
            }
        }
    }

    /// Gives positions to all events that have none, if this process leads; else looks how far the
    /// leader has come.
    ///
    /// # Errors
    /// Where the database fails. It is logged already.
    pub async fn sequence_once(&self, turn: &mut SequencerTurn) -> Result<Led, Error> {
        let sequenced = self.try_to_sequence(turn).await;
        if let Err(error) = &sequenced {
            // Where the cursor is has to be read anew.
            turn.leading.lead = None;
            if !std::mem::replace(&mut turn.is_failing, true) {
                warn!(%error, "can't give positions to events; tries again");
            }
        } else if std::mem::take(&mut turn.is_failing) {
            info!("gives positions to events again");
        }
        sequenced
    }

    async fn try_to_sequence(&self, turn: &mut SequencerTurn) -> Result<Led, Error> {
        let parts = &self.0;
        self.renew(SEQUENCER, &mut turn.leading).await?;
        let Some(lead) = &turn.leading.lead else {
            self.heard(parts.store.last_position().await?);
            return Ok(Led::Follows);
        };
        self.heard(lead.position);
        while let Some(lead) = &mut turn.leading.lead {
            let Sequenced::Given { count, head } = parts.store.sequence(lead, BATCH).await? else {
                info!("another process gives positions to events");
                turn.leading.lead = None;
                return Ok(Led::LeadLost);
            };
            lead.position = head;
            self.heard(head);
            let is_done = (count as u64) < BATCH;
            if is_done || self.is_to_be_renewed(&turn.leading) || parts.tasks.is_stopping() {
                break;
            }
        }
        Ok(Led::Leads)
    }

    fn heard(&self, head: i64) {
        self.0.head.send_if_modified(|known| {
            let is_news = head > *known;
            *known = head.max(*known);
            is_news
        });
    }
}

/// What a process was in a turn of the sequencer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Led {
    /// It leads, and has given positions to what has none.
    Leads,
    /// Another leads.
    Follows,
    /// It believed that it leads, and gave out nothing.
    LeadLost,
}

/// What a sequencer keeps between two turns.
#[derive(Debug, Default)]
pub struct SequencerTurn {
    leading: Leading,
    is_failing: bool,
    is_chain_failing: bool,
}
