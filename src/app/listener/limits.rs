//! The limits of clients' connections, lowered to what this process's file descriptors allow.

use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tracing::{info, warn};

use crate::config::Config;

/// Extra connections beyond the limit, on which only health probes are answered.
pub(super) const PROBE_CONNECTIONS: usize = 32;
/// File descriptors for the log, signals, the runtime, and files that are open for a moment.
const OTHER_DESCRIPTORS: usize = 64;
/// Files that a connection to SQLite has open: the database, its WAL, and the WAL's index.
const SQLITE_FILES: usize = 3;

/// The limits of all connections together, and of each. See [`HttpConfig`](crate::config::HttpConfig) for the keys
/// of the same names.
#[derive(Clone, Debug)]
pub(in crate::app) struct Limits {
    pub(super) connections: usize,
    pub(super) header_timeout: Duration,
    pub(super) header_bytes: u32,
    pub(super) body_timeout: Duration,
    pub(super) write_timeout: Duration,
    pub(super) idle_timeout: Duration,
    pub(super) http2_streams: u32,
    pub(super) http2_resets: usize,
    pub(super) http2_ping: Duration,
}

impl Limits {
    /// The configured limits. Raises this process's limit of file descriptors as far as the system
    /// allows, and leaves enough of them for the database and the neighbours.
    pub(in crate::app) fn of(config: &Config) -> Self {
        let (http, services) = (&config.http, &config.services);
        let mut limits = Self {
            connections: http.connections,
            header_timeout: http.header_timeout,
            header_bytes: http.header_bytes,
            body_timeout: http.body_timeout,
            write_timeout: http.write_timeout,
            idle_timeout: http.idle_timeout,
            http2_streams: http.http2_streams,
            http2_resets: http.http2_resets,
            http2_ping: http.http2_ping,
        };
        let Some(descriptors) = descriptors() else { return limits };
        let database = usize::try_from(config.database.max_connections).unwrap_or(usize::MAX);
        let (product, payment) = (&services.product, &services.payment);
        let calls = services.user.concurrency + product.concurrency + payment.concurrency;
        let others =
            calls + SQLITE_FILES.saturating_mul(database) + PROBE_CONNECTIONS + OTHER_DESCRIPTORS;
        limits.connections = limits.connections.min(room(descriptors, others));
        let connections = limits.connections;
        if connections < http.connections {
            warn!(
                connections,
                descriptors,
                "takes fewer connections than `http.connections`: the limit of open files \
                 (ulimit -n) is too low for more"
            );
        } else {
            info!(connections, descriptors, "takes so many connections");
        }
        limits
    }

    /// HTTP/1 and HTTP/2 with these limits.
    pub(super) fn protocols(&self) -> Builder<TokioExecutor> {
        let mut builder = Builder::new(TokioExecutor::new());
        let header_bytes = usize::try_from(self.header_bytes).unwrap_or(usize::MAX);
        // hyper's own header time-out also runs while a connection is idle. `Activity` has two.
        builder.http1().header_read_timeout(None).max_buf_size(header_bytes);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(self.http2_streams)
            .max_pending_accept_reset_streams(self.http2_resets)
            .max_header_list_size(self.header_bytes)
            .keep_alive_interval(self.http2_ping)
            .keep_alive_timeout(self.http2_ping);
        builder
    }

    /// The built-in limits, which no test reaches.
    #[cfg(test)]
    pub(super) fn generous() -> Self {
        Self::of(&Config::defaults())
    }
}

/// The descriptors that are left for clients: what others don't need, but at least half of all.
fn room(descriptors: usize, others: usize) -> usize {
    descriptors.saturating_sub(others).max(descriptors / 2).max(1)
}

/// How many file descriptors this process may have; `None` where there is no limit.
#[cfg(unix)]
fn descriptors() -> Option<usize> {
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(descriptors) => Some(usize::try_from(descriptors).unwrap_or(usize::MAX)),
        Err(error) => {
            warn!(%error, "it can't be told how many files may be open");
            None
        }
    }
}

/// How many file descriptors this process may have; `None` where there is no limit.
#[cfg(not(unix))]
fn descriptors() -> Option<usize> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_are_left_for_the_database_and_the_neighbours() {
        assert_eq!(room(65_536, 1_700), 63_836);
        assert_eq!(room(1024, 1_700), 512);
        assert_eq!(room(1, 1_700), 1);
    }
}
