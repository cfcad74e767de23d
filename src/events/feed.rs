//! The feed: all events in the order of their positions, to whoever asks from where.

use std::time::Duration;

use super::{CloudEvent, Events, TypeFilter};
use crate::store::Error;

/// The longest wait for an event.
pub const MAX_WAIT: Duration = Duration::from_secs(30);
/// Positions that one query looks at, so that a filter that matches little stays cheap.
const SPAN: i64 = 10_000;

/// What a reader asks for.
#[derive(Clone, Debug)]
pub struct FeedQuery {
    /// The events behind this position.
    pub after: i64,
    /// Only these types.
    pub types: Option<TypeFilter>,
    /// At most so many, at least 1.
    pub limit: u64,
    /// How long to wait for the first.
    pub wait: Duration,
}

/// A part of the feed.
#[derive(Clone, Debug)]
pub struct FeedPage {
    /// In the order of their positions.
    pub events: Vec<CloudEvent>,
    /// The last position that was looked at: where the next page begins.
    pub next: i64,
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// Events that were asked for are deleted.
    #[error("events before {first} are gone")]
    Gone {
        /// The position of the oldest event, or of the next to come.
        first: i64,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] Error),
}

impl Events {
    /// The next page. Waits for an event that matches, if there is none yet and the query says so.
    pub async fn page(&self, query: &FeedQuery) -> Result<FeedPage, PageError> {
        let parts = &self.0;
        // What happens from here on is seen as a change.
        let mut head = parts.head.subscribe();
        let until = parts.clock.monotonic() + query.wait.min(MAX_WAIT);
        let kinds = query.types.as_ref().and_then(TypeFilter::kinds);
        let mut next = query.after;
        loop {
            head.mark_unchanged();
            // The database is asked, not the watch: the page has to be as new as the request.
            let last = parts.store.last_position().await?;
            while next < last {
                let until = last.min(next.saturating_add(SPAN));
                let kinds = kinds.as_deref();
                let found = parts.store.events_between(next, until, kinds, query.limit).await?;
                // Looked at after the read: what was deleted before it would be missing without a word.
                self.check_kept(next).await?;
                let is_full = found.len() as u64 == query.limit;
                next = match found.last().and_then(|event| event.position) {
                    Some(position) if is_full => position,
                    Some(_) | None => until,
                };
                if !found.is_empty() {
                    let told = |event| CloudEvent::of(event, &parts.settings.envelope);
                    return Ok(FeedPage { events: found.into_iter().map(told).collect(), next });
                }
            }
            let left = until.saturating_sub(parts.clock.monotonic());
            let is_over = left.is_zero() || parts.tasks.is_stopping();
            let news = parts.tasks.unless_stopping(head.changed());
            if is_over || parts.clock.within(left, Box::pin(news)).await.is_none() {
                return Ok(FeedPage { events: Vec::new(), next });
            }
        }
    }

    async fn check_kept(&self, after: i64) -> Result<(), PageError> {
        let store = &self.0.store;
        let first = if let Some(first) = store.first_position().await? {
            first
        } else {
            // The last one is read first: the first events of all may get their positions in between.
            let last = store.last_position().await?;
            store.first_position().await?.unwrap_or(last.saturating_add(1))
        };
        if after.saturating_add(1) < first { Err(PageError::Gone { first }) } else { Ok(()) }
    }
}
