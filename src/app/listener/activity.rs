//! What a connection is doing, and by when it has to do something else.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::limits::Limits;
use crate::clock::Clock;

/// Shared by all that have a part in one connection.
#[derive(Debug)]
pub(super) struct Activity {
    clock: Clock,
    state: Mutex<State>,
    ordered: Notify,
}

/// What a connection is told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// To answer what is in flight, however long that takes, and nothing more.
    Finish,
    /// The same within a moment: its place is needed.
    Leave,
    /// To end as it is.
    Break,
}

/// All times are the clock's monotonic ones.
#[derive(Debug)]
struct State {
    /// Since when nothing is asked of us: the first moment, or the end of the last answer.
    idle_since: Duration,
    /// Whether there was a request yet.
    is_used: bool,
    /// Whether it was one of HTTP/2, where bytes between requests need not be one.
    is_http2: bool,
    /// The first byte of a request whose head is not whole yet.
    reading_since: Option<Duration>,
    /// Requests that we are at work on.
    handled: u32,
    /// Answers that are not handed over yet.
    answered: u32,
    /// The last of an answer that was taken.
    taken_at: Duration,
    /// Since when the socket takes nothing.
    blocked_since: Option<Duration>,
    /// What it was told to do and has not seen yet.
    order: Option<Order>,
}

/// Why a connection is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overdue {
    /// The head of a request did not come.
    Head,
    /// The next request did not come.
    Idle,
    /// The answer was not taken.
    Answer,
}

impl Activity {
    pub(super) fn new(clock: &Clock) -> Self {
        let now = clock.monotonic();
        let state = State {
            idle_since: now,
            is_used: false,
            is_http2: false,
            reading_since: None,
            handled: 0,
            answered: 0,
            taken_at: now,
            blocked_since: None,
            order: None,
        };
        Self { clock: clock.clone(), state: Mutex::new(state), ordered: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the connection to end.
    pub(super) fn order(&self, order: Order) {
        self.state().order = Some(order);
        self.ordered.notify_one();
    }

    /// Returns once it is told to. A notice of its own for each connection: one that all share would
    /// be locked by all, each time that anything comes.
    pub(super) async fn ordered(&self) -> Order {
        loop {
            self.ordered.notified().await;
            if let Some(order) = self.state().order.take() {
                return order;
            }
        }
    }

    /// Bytes came.
    pub(super) fn read(&self) {
        let mut state = self.state();
        let is_between = state.is_used && !state.is_http2 && !state.is_busy();
        if is_between && state.reading_since.is_none() {
            state.reading_since = Some(self.clock.monotonic());
        }
    }

    /// The socket takes nothing more for now.
    pub(super) fn blocked(&self) {
        self.state().blocked_since = Some(self.clock.monotonic());
    }

    /// The socket took something.
    pub(super) fn unblocked(&self) {
        self.state().blocked_since = None;
    }

    /// The head of a request is there.
    pub(super) fn request(self: &Arc<Self>, is_http2: bool) -> Request {
        let mut state = self.state();
        state.is_used = true;
        state.is_http2 = is_http2;
        state.reading_since = None;
        state.handled += 1;
        drop(state);
        Request { activity: self.clone(), is_answered: false }
    }

    /// By when something has to happen, and what else it would be; `None` while it is our turn.
    pub(super) fn due(&self, limits: &Limits) -> Option<(Duration, Overdue)> {
        let state = self.state();
        if let Some(since) = state.blocked_since {
            return Some((since + limits.write_timeout, Overdue::Answer));
        }
        match &*state {
            State { handled: 1.., .. } => None,
            State { answered: 1.., taken_at, .. } => {
                Some((*taken_at + limits.write_timeout, Overdue::Answer))
            }
            State { is_used: false, idle_since: since, .. }
            | State { reading_since: Some(since), .. } => {
                Some((*since + limits.header_timeout, Overdue::Head))
            }
            State { idle_since, .. } => Some((*idle_since + limits.idle_timeout, Overdue::Idle)),
        }
    }

    /// Since when it could be ended without anybody missing an answer.
    pub(super) fn dispensable_since(&self) -> Option<Duration> {
        let state = self.state();
        (!state.is_busy()).then_some(state.idle_since)
    }
}

impl State {
    fn is_busy(&self) -> bool {
        self.handled > 0 || self.answered > 0 || self.blocked_since.is_some()
    }
}

/// One request: at work until it is [`Request::answered`], then handed over until it is dropped.
#[derive(Debug)]
pub(super) struct Request {
    activity: Arc<Activity>,
    is_answered: bool,
}

impl Request {
    /// The answer is there, and is the client's to take.
    pub(super) fn answered(&mut self) {
        let mut state = self.activity.state();
        state.handled -= 1;
        state.answered += 1;
        state.taken_at = self.activity.clock.monotonic();
        self.is_answered = true;
    }

    /// The client took a part of it.
    pub(super) fn taken(&self) {
        self.activity.state().taken_at = self.activity.clock.monotonic();
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        let now = self.activity.clock.monotonic();
        let mut state = self.activity.state();
        if self.is_answered {
            state.answered -= 1;
        } else {
            state.handled -= 1;
        }
        (state.idle_since, state.taken_at) = (now, now);
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
        let due = || activity.due(&limits());
        let after = |seconds: u32, why| Some((clock.monotonic() + seconds * SECOND, why));
        assert_eq!(due(), after(1, Overdue::Head), "nothing came yet");
        activity.read();
        clock.advance(SECOND / 2);
        assert_eq!(due(), Some((SECOND, Overdue::Head)), "and bytes alone give no more time");
        let mut request = activity.request(false);
        assert_eq!(due(), None, "it is our turn");
        assert_eq!(activity.dispensable_since(), None);
        activity.read();
        request.answered();
        assert_eq!(due(), after(5, Overdue::Answer));
        clock.advance(SECOND);
        request.taken();
        assert_eq!(due(), after(5, Overdue::Answer));
        drop(request);
        assert_eq!(due(), after(10, Overdue::Idle));
        assert_eq!(activity.dispensable_since(), Some(clock.monotonic()));
        clock.advance(SECOND);
        activity.read();
        assert_eq!(due(), after(1, Overdue::Head), "the next request has begun");
        activity.blocked();
        assert_eq!(due(), after(5, Overdue::Answer));
        activity.unblocked();
        drop(activity.request(true));
        activity.read();
        assert_eq!(due(), after(10, Overdue::Idle), "a ping of HTTP/2 is no request");
    }
}
