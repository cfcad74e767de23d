//! How far the sinks have come, for metrics and the operators' summary.

use chrono::{DateTime, Utc};

use super::Events;
use crate::store::{Error, SEQUENCER};

/// How a sink stands.
#[derive(Clone, Debug, PartialEq)]
pub struct SinkStanding {
    /// Its name.
    pub name: String,
    /// The position up to which it was told.
    pub position: i64,
    /// Events that it was not told yet.
    pub backlog: i64,
    /// How old the oldest of those is, in seconds.
    pub age_seconds: f64,
    /// Since when it can't be told anything.
    pub failing_since: Option<DateTime<Utc>>,
    /// The last failure.
    pub last_error: Option<String>,
}

impl Events {
    /// How the sinks that were ever configured stand.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn sinks(&self) -> Result<Vec<SinkStanding>, Error> {
        let parts = &self.0;
        let cursors = parts.store.cursors().await?;
        let head = parts.store.last_position().await?;
        let mut sinks = Vec::new();
        for cursor in cursors.into_iter().filter(|cursor| cursor.name != SEQUENCER) {
            let next = parts.store.events_between(cursor.position, head, None, 1).await?;
            let age = next
                .first()
                .map_or(0, |event| (parts.clock.now() - event.at).num_milliseconds().max(0));
            sinks.push(SinkStanding {
                name: cursor.name,
                position: cursor.position,
                backlog: head.saturating_sub(cursor.position).max(0),
                age_seconds: f64::from(i32::try_from(age / 1000).unwrap_or(i32::MAX)),
                failing_since: cursor.failing_since,
                last_error: cursor.last_error,
            });
        }
        Ok(sinks)
    }
}
