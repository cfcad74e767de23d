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
        let mut turn = Turn::default();
        loop {
            if let Err(error) = self.sequence_once(&mut turn).await {
                turn.leading.lead = None;
                if !turn.is_failing {
                    warn!(%error, "can't give positions to events; tries again");
                }
                turn.is_failing = true;
            } else if std::mem::take(&mut turn.is_failing) {
                info!("gives positions to events again");
            }
            let pause = parts.clock.sleep(TICK);
            if parts.stopping.run_until_cancelled(pause).await.is_none() {
                return;
            }
        }
    }

    /// Gives positions to all events that have none, if this process leads; else looks how far the
    /// leader has come.
    pub async fn sequence_once(&self, turn: &mut Turn) -> Result<(), Error> {
        let parts = &self.0;
        self.renew(SEQUENCER, &mut turn.leading).await?;
        match &turn.leading.lead {
            Some(lead) => self.heard(lead.position),
            None => self.heard(parts.store.last_position().await?),
        }
        while let Some(lead) = &mut turn.leading.lead {
            let Sequenced::Given { count, head } = parts.store.sequence(lead, BATCH).await? else {
                info!("another process gives positions to events");
                turn.leading.lead = None;
                break;
            };
            lead.position = head;
            self.heard(head);
            let is_done = (count as u64) < BATCH;
            if is_done || self.is_to_be_renewed(&turn.leading) || parts.stopping.is_cancelled() {
                break;
            }
        }
        Ok(())
    }

    fn heard(&self, head: i64) {
        self.0.head.send_if_modified(|known| {
            let is_news = head > *known;
            *known = head.max(*known);
            is_news
        });
    }
}

/// What a sequencer keeps between two turns.
#[derive(Debug, Default)]
pub struct Turn {
    leading: Leading,
    is_failing: bool,
}
