//! Writing to stdout and stderr without a panic when the reader is gone.

use std::io::{self, IsTerminal as _, Write as _};

use super::Error;

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

/// Says on stderr, in one line, what went wrong.
pub(super) fn complain(error: &Error) {
    if !matches!(error, Error::PipeClosed) {
        let text = error.to_string().replace('\n', " ");
        // When stderr is closed there is nobody left to tell.
        writeln!(io::stderr(), "{text}").ok();
    }
}

/// A remark beside the result.
pub(super) fn remark(text: &str) {
    writeln!(io::stderr(), "{text}").ok();
}
