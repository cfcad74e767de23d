//! Writes log lines to stderr without ever blocking the threads that log.
//!
//! When the reader of stderr stalls (a log driver, a full disk), the pipe fills up, and every write to it
//! blocks. So only one thread writes to stderr, and all others put their lines into a buffer. When the
//! buffer is full, lines are dropped, and a line in their place says how many.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// The size of the buffer in bytes: enough for several thousand lines.
const BUFFER: usize = 1024 * 1024;

/// The log. Clones share one buffer and one thread.
#[derive(Clone, Debug, Default)]
pub(super) struct Log(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    lines: VecDeque<Vec<u8>>,
    bytes: usize,
    /// How many later lines were dropped because there was no room.
    dropped: u64,
    is_writing: bool,
}

/// What the thread writes at once.
struct Batch {
    lines: VecDeque<Vec<u8>>,
    dropped: u64,
}

impl Log {
    /// Starts the thread that writes to `output`. `dropped_line` makes the line that says how many lines
    /// were dropped.
    ///
    /// # Errors
    /// If the thread can't be started.
    pub(super) fn start(
        output: impl Write + Send + 'static,
        dropped_line: fn(u64) -> String,
    ) -> io::Result<Self> {
        let log = Self::default();
        let shared = log.0.clone();
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || shared.write_on(output, dropped_line))
            .map(|_runs_as_long_as_the_process| log)
    }

    /// Adds a line, which must end with a line feed.
    pub(super) fn line(&self, line: &[u8]) {
        let mut state = self.0.state();
        if state.bytes + line.len() > BUFFER {
            state.dropped += 1;
            return;
        }
        state.bytes += line.len();
        state.lines.push_back(line.to_vec());
        drop(state);
        self.0.changed.notify_all();
    }

    /// Blocks until everything is written, but no longer than `longest`.
    pub(super) fn flush(&self, longest: Duration) {
        let is_at_work =
            |state: &mut State| state.is_writing || !state.lines.is_empty() || state.dropped > 0;
        let waited = self.0.changed.wait_timeout_while(self.0.state(), longest, is_at_work);
        drop(waited);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Batch {
        let mut state = self.state();
        state.is_writing = false;
        self.changed.notify_all();
        let is_idle = |state: &mut State| state.lines.is_empty() && state.dropped == 0;
        let waited = self.changed.wait_while(state, is_idle);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        state.is_writing = true;
        state.bytes = 0;
        let (lines, dropped) = (std::mem::take(&mut state.lines), state.dropped);
        state.dropped = 0;
        Batch { lines, dropped }
    }

    fn write_on(&self, mut output: impl Write, dropped_line: fn(u64) -> String) {
        let mut lost = 0;
        loop {
            let Batch { lines, dropped } = self.next();
            for line in lines {
                lost += u64::from(output.write_all(&line).is_err());
            }
            lost += dropped;
            // If this fails, the next batch tries again.
            if lost > 0 && output.write_all(dropped_line(lost).as_bytes()).is_ok() {
                lost = 0;
            }
        }
    }
}

impl Write for Log {
    /// The formatter writes one line at a time.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.line(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};

    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    fn told(lost: u64) -> String {
        format!("lost {lost}\n")
    }

    #[test]
    fn a_reader_that_stalls_holds_nobody_and_is_told_what_it_missed() {
        let (reader, writer) = io::pipe().expect("a pipe");
        let log = Log::start(writer, told).expect("a thread");
        let line = vec![b'x'; 1023];
        // More than the pipe and the buffer can hold. Nobody reads, and still no write blocks.
        let written = 3 * BUFFER / 1024;
        for _each in 0..written {
            log.line(&[&line[..], b"\n"].concat());
        }
        log.flush(Duration::from_millis(1));
        let (mut read, mut lost) = (0, 0);
        let mut lines = BufReader::new(reader).lines().map(|line| line.expect("text"));
        while read + lost < written {
            let line = lines.next().expect("a line");
            match line.strip_prefix("lost ") {
                Some(number) => lost += number.parse::<usize>().expect("a number"),
                None => read += 1,
            }
        }
        assert!(lost > 0 && read > BUFFER / 1024 - 1, "{read} read, {lost} lost");
        log.line(b"goes on\n");
        assert_eq!(lines.next().as_deref(), Some("goes on"));
        log.flush(LONG);
    }

    #[test]
    fn lines_come_in_their_order_and_are_there_after_a_flush() {
        let (reader, writer) = io::pipe().expect("a pipe");
        let log = Log::start(writer, told).expect("a thread");
        (0..100).for_each(|number| log.line(format!("{number}\n").as_bytes()));
        log.flush(LONG);
        let lines = BufReader::new(reader).lines().take(100).map(|line| line.expect("text"));
        assert!(lines.eq((0..100).map(|number| number.to_string())));
    }
}
