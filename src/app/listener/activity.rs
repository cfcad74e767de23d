//! What a connection is doing: whose turn it is, and when its time-out passes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::Version;
use tokio::sync::Notify;

use super::limits::Limits;
use crate::clock::Clock;

/// Shared by all parts of one connection.
#[derive(Debug)]
pub(super) struct Activity {
    clock: Clock,
    state: Mutex<State>,
    close_requested: Notify,
}

/// How a connection is asked to close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CloseRequest {
    /// After the requests in flight are answered, however long that takes.
    WhenAnswered,
    /// The same within a moment: its room is needed.
    Soon,
    /// At once.
    Now,
}

/// All times are the clock's monotonic ones.
#[derive(Debug)]
struct State {
    /// When the connection was opened, or the last response ended.
    idle_since: Duration,
    /// Whether there was a request yet.
    is_used: bool,
    /// Whether the last request was HTTP/2, where bytes between requests need not be a request.
    is_http2: bool,
    /// When the first byte of a request came whose head is not complete yet.
    reading_since: Option<Duration>,
    /// Requests that the service is working on.
    in_progress: u32,
    /// Responses that are being sent.
    sending: u32,
    /// When the client took the last part of a response.
    sent_at: Duration,
    /// Since when the socket takes no more bytes.
    blocked_since: Option<Duration>,
    /// A request to close that was not seen yet.
    close: Option<CloseRequest>,
}

/// The time-out that passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimedOut {
    /// `http.header_timeout`: the head of a request did not come.
    Header,
    /// `http.idle_timeout`: the next request did not come.
    Idle,
    /// `http.write_timeout`: the client did not read its response.
    Write,
}

impl Activity {
    pub(super) fn new(clock: &Clock) -> Self {
        let now = clock.monotonic();
        let state = State {
            idle_since: now,
            is_used: false,
            is_http2: false,
            reading_since: None,
            in_progress: 0,
            sending: 0,
            sent_at: now,
            blocked_since: None,
            close: None,
        };
        Self { clock: clock.clone(), state: Mutex::new(state), close_requested: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the connection to close.
    pub(super) fn request_close(&self, request: CloseRequest) {
        self.state().close = Some(request);
        self.close_requested.notify_one();
    }

    /// Returns once the connection is asked to close. Each connection has a [`Notify`] of its own: one
    /// for all would be locked by all of them, each time that any of them wakes.
    pub(super) async fn close_requested(&self) -> CloseRequest {
        loop {
            self.close_requested.notified().await;
            if let Some(request) = self.state().close.take() {
                return request;
            }
        }
    }

    /// Notes that bytes came.
    pub(super) fn bytes_read(&self) {
        let mut state = self.state();
        let is_between = state.is_used && !state.is_http2 && !state.is_busy();
        if is_between && state.reading_since.is_none() {
            state.reading_since = Some(self.clock.monotonic());
        }
    }

    /// Notes that the socket takes no more bytes for now.
    pub(super) fn write_blocked(&self) {
        self.state().blocked_since = Some(self.clock.monotonic());
    }

    /// Notes that the socket takes bytes again.
    pub(super) fn write_unblocked(&self) {
        self.state().blocked_since = None;
    }

    /// Notes that the head of a request of this version is complete.
    pub(super) fn begin_request(self: &Arc<Self>, version: Version) -> TrackedRequest {
        let mut state = self.state();
        state.is_used = true;
        state.is_http2 = version == Version::HTTP_2;
        state.reading_since = None;
        state.in_progress += 1;
        drop(state);
        TrackedRequest { activity: self.clone(), is_answered: false }
    }

    /// When a time-out of this connection passes, and which; `None` while it is the service's turn.
    pub(super) fn time_out(&self, limits: &Limits) -> Option<(Duration, TimedOut)> {
        let state = self.state();
        if let Some(since) = state.blocked_since {
            return Some((since + limits.write_timeout, TimedOut::Write));
        }
        match &*state {
            State { in_progress: 1.., .. } => None,
            State { sending: 1.., sent_at, .. } => {
                Some((*sent_at + limits.write_timeout, TimedOut::Write))
            }
            State { is_used: false, idle_since: since, .. }
            | State { reading_since: Some(since), .. } => {
                Some((*since + limits.header_timeout, TimedOut::Header))
            }
            State { idle_since, .. } => Some((*idle_since + limits.idle_timeout, TimedOut::Idle)),
        }
    }

    /// Since when the connection has had no request; `None` while it has one.
    pub(super) fn idle_since(&self) -> Option<Duration> {
        let state = self.state();
        (!state.is_busy()).then_some(state.idle_since)
    }
}

impl State {
    fn is_busy(&self) -> bool {
        self.in_progress > 0 || self.sending > 0 || self.blocked_since.is_some()
    }
}

/// A request, counted as in progress until it has its [`TrackedRequest::answer`], and then as being
/// sent until this is dropped.
#[derive(Debug)]
pub(super) struct TrackedRequest {
    activity: Arc<Activity>,
    is_answered: bool,
}

impl TrackedRequest {
    /// Notes that the response is complete and is being sent.
    pub(super) fn answer(&mut self) {
        let mut state = self.activity.state();
        state.in_progress -= 1;
        state.sending += 1;
        state.sent_at = self.activity.clock.monotonic();
        self.is_answered = true;
    }

    /// Notes that the client took a part of the response.
    pub(super) fn sent_more(&self) {
        self.activity.state().sent_at = self.activity.clock.monotonic();
    }
}

impl Drop for TrackedRequest {
    fn drop(&mut self) {
        let now = self.activity.clock.monotonic();
        let mut state = self.activity.state();
        if self.is_answered {
            state.sending -= 1;
        } else {
            state.in_progress -= 1;
        }
        (state.idle_since, state.sent_at) = (now, now);
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn limits() -> Limits {
        Limits {
            header_timeout: SECOND,
            idle_timeout: 10 * SECOND,
            write_timeout: 5 * SECOND,
            ..Limits::generous()
        }
    }

    #[test]
    fn a_connection_has_an_end_whenever_it_is_the_clients_turn() {
        let clock = Clock::manual(DateTime::UNIX_EPOCH, 1);
        let activity = Arc::new(Activity::new(&clock));
        let due = || activity.time_out(&limits());
        let after = |seconds: u32, why| Some((clock.monotonic() + seconds * SECOND, why));
        assert_eq!(due(), after(1, TimedOut::Header), "nothing came yet");
        activity.bytes_read();
        clock.advance(SECOND / 2);
        assert_eq!(due(), Some((SECOND, TimedOut::Header)), "and bytes alone give no more time");
        let mut request = activity.begin_request(Version::HTTP_11);
        assert_eq!(due(), None, "it is our turn");
        assert_eq!(activity.idle_since(), None);
        activity.bytes_read();
        request.answer();
        assert_eq!(due(), after(5, TimedOut::Write));
        clock.advance(SECOND);
        request.sent_more();
        assert_eq!(due(), after(5, TimedOut::Write));
        drop(request);
        assert_eq!(due(), after(10, TimedOut::Idle));
        assert_eq!(activity.idle_since(), Some(clock.monotonic()));
        clock.advance(SECOND);
        activity.bytes_read();
        assert_eq!(due(), after(1, TimedOut::Header), "the next request has begun");
        activity.write_blocked();
        assert_eq!(due(), after(5, TimedOut::Write));
        activity.write_unblocked();
        drop(activity.begin_request(Version::HTTP_2));
        activity.bytes_read();
        assert_eq!(due(), after(10, TimedOut::Idle), "a ping of HTTP/2 is no request");
    }
}
