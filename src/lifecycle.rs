//! The signals that ask the process to stop.

use std::io;

/// Returns when SIGTERM or ctrl-c asks this process to stop.
///
/// # Errors
/// Where signals can't be waited for.
#[cfg(unix)]
pub async fn stop_asked() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}

/// Returns when ctrl-c asks this process to stop.
///
/// # Errors
/// Where signals can't be waited for.
#[cfg(not(unix))]
pub async fn stop_asked() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}
