//! The end of the process: the signals that ask for it, and what has to end before.

use std::io;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What a part of the process does besides answering requests, until it stops.
///
/// A task that is told to stop comes to its end by itself, so that what it has begun is finished. One that
/// waits for somebody who doesn't answer can't: it is dropped after a while, wherever it is. So a task
/// must be one that may be dropped at any await, as the death of the process may end it there, too.
#[derive(Debug, Default)]
pub struct Tasks {
    stopping: CancellationToken,
    /// Cancelled when those that have not ended are dropped.
    cut: CancellationToken,
    running: TaskTracker,
}

impl Tasks {
    /// Runs a task to its end, or until it is cut off by [`Tasks::stop`].
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let cut = self.cut.clone();
        self.running.spawn(async move {
            cut.run_until_cancelled(task).await;
        });
    }

    /// Whether the tasks are to come to their end.
    pub fn is_stopping(&self) -> bool {
        self.stopping.is_cancelled()
    }

    /// The result of `work`, or `None` once the tasks are to come to their end. Then `work` is dropped.
    pub async fn unless_stopping<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.stopping.run_until_cancelled(work).await
    }

    /// Tells the tasks to stop, and returns when all have ended. Those that have not when `last` is over
    /// are dropped.
    pub async fn stop(&self, last: impl Future<Output = ()>) {
        self.stopping.cancel();
        self.running.close();
        tokio::select! {
            biased;
            () = self.running.wait() => return,
            () = last => self.cut.cancel(),
        }
        self.running.wait().await;
    }
}

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
