//! Serves clients' connections, with a limit on their number and on every wait for a client.
//!
//! ```text
//! accept      accepts connections; at the limit, closes idle ones to make room
//! connection  serves one connection until it ends or a time-out ends it
//! activity    what one connection is doing: whose turn it is, and since when
//! tracked     its socket and its response bodies, which report to the activity
//! unread      what a request's handler has left unread of its body
//! limits      the configured limits, lowered to what the file descriptors allow
//! incident    what happened to connections, as log lines that can't flood the log
//! ```
//!
//! The invariant: only the service's own work can hold a connection open for long. Every wait for a
//! client has a time-out: for the head of a request, its body, the next request, and the reading of a
//! response.

mod accept;
mod activity;
mod connection;
mod incident;
mod limits;
mod tracked;
mod unread;

pub(super) use accept::{Listener, Shutdown};
pub(super) use limits::Limits;
