//! A line that says what is under way and how long it will take.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use order_service::clock::Clock;

/// Steps done of how many.
pub struct Progress {
    clock: Clock,
    begun: Duration,
    done: u32,
    steps: u32,
}

impl Progress {
    pub fn of(steps: usize) -> Self {
        let clock = Clock::system();
        let steps = u32::try_from(steps).unwrap_or(u32::MAX);
        Self { begun: clock.monotonic(), clock, done: 0, steps }
    }

    /// Before a step. On a terminal the line replaces the last one.
    pub fn begin(&mut self, what: &str) {
        let spent = self.clock.monotonic() - self.begun;
        let left = match self.done {
            0 => String::new(),
            done => {
                let left = spent / done * self.steps.saturating_sub(done);
                format!(
                    ", {} left",
                    humantime::format_duration(Duration::from_secs(left.as_secs()))
                )
            }
        };
        let (back, end) =
            if std::io::stderr().is_terminal() { ("\r\x1b[K", "") } else { ("", "\n") };
        eprint!("{back}[{:>3}/{}] {what}{left}{end}", self.done + 1, self.steps);
        drop(std::io::stderr().flush());
        self.done += 1;
    }

    /// After the last.
    pub fn end(self) {
        if std::io::stderr().is_terminal() {
            eprint!("\r\x1b[K");
        }
    }
}
