//! The log's lines, from whoever writes one to stderr, without anybody waiting for its reader.
//!
//! A reader of stderr that stalls (a log driver, a full disk) holds whoever writes to it, once the
//! pipe is full. So one thread of its own writes, and takes the lines from a buffer. A line that
//! finds the buffer full is dropped, and a line at its place says how many were.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// What is kept for a reader that stalls, in bytes: some thousand lines.
const BUFFER: usize = 1024 * 1024;

/// The way to stderr. Clones lead to the same place.
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
    /// Lines that came after those and found no room.
    dropped: u64,
    is_writing: bool,
}

/// What one turn of the thread writes.
struct Batch {
    lines: VecDeque<Vec<u8>>,
    dropped: u64,
}

impl Log {
    /// Begins to write to `output`. `told` makes the line that says how many were dropped.
    ///
    /// # Errors
    /// Where there can be no thread.
    pub(super) fn start(
        output: impl Write + Send + 'static,
        told: fn(u64) -> String,
    ) -> io::Result<Self> {
        let log = Self::default();
        let shared = log.0.clone();
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || shared.write_on(output, told))
            .map(|_runs_as_long_as_the_process| log)
    }

    /// A line, with its end.
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

    /// Returns when everything is written, or after `patience`.
    pub(super) fn flush(&self, patience: Duration) {
        let is_at_work =
            |state: &mut State| state.is_writing || !state.lines.is_empty() || state.dropped > 0;
        let waited = self.0.changed.wait_timeout_while(self.0.state(), patience, is_at_work);
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

    fn write_on(&self, mut output: impl Write, told: fn(u64) -> String) {
        let mut lost = 0;
        loop {
            let Batch { lines, dropped } = self.next();
            for line in lines {
                lost += u64::from(output.write_all(&line).is_err());
            }
            lost += dropped;
            // What could not be told is told later.
            if lost > 0 && output.write_all(told(lost).as_bytes()).is_ok() {
                lost = 0;
            }
        }
    }
}

impl Write for Log {
    /// The formatter hands over a line at a time.
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
        // More than the pipe and the buffer hold. Nobody reads, and nobody waits.
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
