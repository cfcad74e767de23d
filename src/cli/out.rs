//! Writes to stdout and stderr, without a panic when the reader is gone.
//!
//! What is printed for people has texts in it that others wrote. Nothing in them steers the terminal: whatever is
//! written here leaves without control characters, JSON aside, which is for programs and stays as it is.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use serde::Serialize;

use super::Error;
use crate::clock::Clock;
use crate::telemetry;
use crate::text::{one_line, plain};

/// The shortest time between two changes of the progress line.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(1);

/// How tables are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TableStyle {
    /// For a terminal: with lines between rows, and no wider than the window.
    Terminal,
    /// For programs such as `grep` and `awk`: one line per row.
    Plain,
}

impl TableStyle {
    /// The style that suits stdout.
    pub(super) fn of_stdout() -> Self {
        if io::stdout().is_terminal() { Self::Terminal } else { Self::Plain }
    }
}

/// Prints a text for people, and a line end.
pub(super) fn line(text: &str) -> Result<(), Error> {
    document(&plain(text))
}

/// Prints a text for programs as it is, and a line end.
pub(super) fn document(text: &str) -> Result<(), Error> {
    let mut stdout = io::stdout().lock();
    let written = stdout
        .write_all(text.trim_end_matches('\n').as_bytes())
        .and_then(|()| stdout.write_all(b"\n"))
        .and_then(|()| stdout.flush());
    written.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Error::PipeClosed,
        _ => Error::System(error),
    })
}

/// Prints a result as JSON.
pub(super) fn json(result: &impl Serialize) -> Result<(), Error> {
    let text = serde_json::to_string(result);
    document(&text.map_err(|error| Error::System(error.into()))?)
}

/// Prints a result as JSON that is laid out for people.
pub(super) fn pretty_json(result: &impl Serialize) -> Result<(), Error> {
    let text = serde_json::to_string_pretty(result);
    document(&text.map_err(|error| Error::System(error.into()))?)
}

/// Prints an error to stderr, in one line.
pub(super) fn print_error(error: &Error) {
    if !matches!(error, Error::PipeClosed | Error::NotAsItShouldBe) {
        telemetry::say(&one_line(&error.to_string()));
    }
}

/// Prints a remark to stderr.
pub(super) fn remark(text: &str) {
    telemetry::say(&plain(text));
}

/// A progress line of a long command on stderr, if stderr is a terminal.
pub(super) struct Progress {
    clock: Clock,
    /// When it last changed, on the monotonic clock; `None` if stderr is not a terminal.
    changed_at: Option<Duration>,
}

impl Progress {
    /// A progress line that shows nothing for the first second.
    pub(super) fn new(clock: Clock) -> Self {
        let changed_at = io::stderr().is_terminal().then(|| clock.monotonic());
        Self { clock, changed_at }
    }

    /// Changes the line, at most once a second.
    pub(super) fn show(&mut self, text: impl FnOnce() -> String) {
        let now = self.clock.monotonic();
        if self.changed_at.is_some_and(|changed_at| now >= changed_at + PROGRESS_INTERVAL) {
            self.changed_at = Some(now);
            write!(io::stderr(), "\r\x1b[K{}", one_line(&text())).ok();
        }
    }

    /// Removes the line.
    pub(super) fn end(self) {
        if self.changed_at.is_some() {
            clear_progress();
        }
    }
}

/// Removes the progress line of a command that was stopped, if there may be one.
pub(super) fn clear_progress() {
    if io::stderr().is_terminal() {
        write!(io::stderr(), "\r\x1b[K").ok();
    }
}
