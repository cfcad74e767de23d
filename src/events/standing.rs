//! How far the sinks have come, for metrics and the operators' summary.

use std::sync::PoisonError;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::Events;
use crate::store::{Error, MAIL, OwedMails, SEQUENCER};

/// How a sink stands.
#[derive(Clone, Debug, PartialEq)]
pub struct SinkStanding {
    /// Its name.
    pub name: String,
    /// The position up to which it was told.
    pub position: i64,
    /// Events that it was not told yet; of mail, also those whose mail is owed.
    pub backlog: i64,
    /// How old the oldest of those is, in seconds.
    pub age_seconds: f64,
    /// Since when it can't be told anything.
    pub failing_since: Option<DateTime<Utc>>,
    /// The last failure.
    pub last_error: Option<String>,
}

/// How often it is looked how the sinks stand.
const LOOK: Duration = Duration::from_secs(1);
/// Every sink that there may be: those that are off stand at 0.
const ALL: [&str; 3] = ["broker", "webhooks", "mail"];

impl Events {
    /// How every sink stood a moment ago.
    pub fn standings(&self) -> Vec<SinkStanding> {
        let known = self.0.standings.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let stands = |name: &&str| known.iter().any(|sink| sink.name == **name);
        let off = ALL.into_iter().filter(|name| !stands(name)).map(SinkStanding::off);
        known.iter().cloned().chain(off).collect()
    }

    pub(super) async fn measure_until_stopped(&self) {
        let parts = &self.0;
        loop {
            // What can't be read now keeps its last value.
            if let Ok(sinks) = self.sinks().await {
                *parts.standings.lock().unwrap_or_else(PoisonError::into_inner) = sinks;
            }
            let pause = parts.clock.sleep(LOOK);
            if parts.tasks.unless_stopping(pause).await.is_none() {
                return;
            }
        }
    }

    /// How the sinks that were ever configured stand.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn sinks(&self) -> Result<Vec<SinkStanding>, Error> {
        let parts = &self.0;
        let cursors = parts.store.cursors().await?;
        let head = parts.store.last_position().await?;
        let mut sinks = Vec::new();
        // What the cursor has passed is still owed to the customer.
        let owed = parts.store.owed_mails().await?;
        for cursor in cursors.into_iter().filter(|cursor| cursor.name != SEQUENCER) {
            let owed = if cursor.name == MAIL { owed } else { OwedMails::default() };
            let next = parts.store.events_between(cursor.position, head, None, 1).await?;
            let oldest = next.first().map(|event| event.at).into_iter().chain(owed.oldest).min();
            let age = oldest.map_or(0, |at| (parts.clock.now() - at).num_milliseconds().max(0));
            sinks.push(SinkStanding {
                name: cursor.name,
                position: cursor.position,
                backlog: head.saturating_sub(cursor.position).max(0) + owed.count,
                age_seconds: f64::from(i32::try_from(age / 1000).unwrap_or(i32::MAX)),
                failing_since: cursor.failing_since,
                last_error: cursor.last_error,
            });
        }
        Ok(sinks)
    }
}

impl SinkStanding {
    fn off(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            position: 0,
            backlog: 0,
            age_seconds: 0.0,
            failing_since: None,
            last_error: None,
        }
    }
}
