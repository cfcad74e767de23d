//! The connections of clients: how many there may be, and how long each may keep us waiting.
//!
//! ```text
//! accept      takes connections on, and makes room for new ones where there is none
//! connection  serves one until it ends, or has kept us waiting for too long
//! activity    what one is doing: whom it waits for, and since when
//! watched     its socket and its answers, which note that
//! limits      what is configured, as far as the descriptors suffice
//! tally       what is done to connections, as lines of the log
//! ```
//!
//! The invariant: a connection is held open by the service's own work alone. Whatever it waits for
//! from a client (a request's head, its body, the next request, that an answer is taken) has an
//! end.

mod accept;
mod activity;
mod connection;
mod limits;
mod tally;
mod watched;

pub(super) use accept::{End, Listener};
pub(super) use limits::Limits;
