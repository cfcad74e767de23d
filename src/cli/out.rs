//! Writing to stdout and stderr without a panic when the reader is gone.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use serde::Serialize;

use super::Error;
use crate::clock::Clock;
use crate::telemetry;

/// How often a progress line changes.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// For whom tables are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Lines between rows, no wider than the window.
    Terminal,
    /// One row a line, for `grep` and `awk`.
    Plain,
}

impl Look {
    /// The look that suits where stdout goes.
    pub(super) fn of_stdout() -> Self {
        if io::stdout().is_terminal() { Self::Terminal } else { Self::Plain }
    }
}

/// Prints `text` with one line end after it.
pub(super) fn line(text: &str) -> Result<(), Error> {
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

/// Prints a result for a program.
pub(super) fn json(result: &impl Serialize) -> Result<(), Error> {
    let text = serde_json::to_string(result);
    line(&text.map_err(|error| Error::System(error.into()))?)
}

/// Says on stderr, in one line, what went wrong.
pub(super) fn complain(error: &Error) {
    if !matches!(error, Error::PipeClosed | Error::Told) {
        telemetry::say(&error.to_string().replace('\n', " "));
    }
}

/// A remark beside the result.
pub(super) fn remark(text: &str) {
    telemetry::say(text);
}

/// A line on stderr that tells how far a long command has come, where a person can see it.
pub(super) struct Progress {
    clock: Clock,
    /// When it last changed; `None` where nobody looks.
    told: Option<Duration>,
}

impl Progress {
    /// Nothing is told in the first second.
    pub(super) fn new(clock: Clock) -> Self {
        let told = io::stderr().is_terminal().then(|| clock.monotonic());
        Self { clock, told }
    }

    /// Changes the line, if it is time.
    pub(super) fn tell(&mut self, text: impl FnOnce() -> String) {
        let now = self.clock.monotonic();
        if self.told.is_some_and(|told| now >= told + TELL_EVERY) {
            self.told = Some(now);
            write!(io::stderr(), "\r\x1b[K{}", text()).ok();
        }
    }

    /// Takes the line away.
    pub(super) fn end(self) {
        if self.told.is_some() {
            write!(io::stderr(), "\r\x1b[K").ok();
        }
    }
}
