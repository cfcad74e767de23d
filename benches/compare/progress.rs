//! A line that says what is under way and how long it will still take.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use order_service::clock::Clock;

/// How often there is a line when the output is not a terminal.
const SELDOM: Duration = Duration::from_secs(5);

/// Steps done, and the number of steps.
pub struct Progress {
    clock: Clock,
    begun: Duration,
    said: Option<Duration>,
    done: u32,
    steps: u32,
}

impl Drop for Progress {
    fn drop(&mut self) {
        if std::io::stderr().is_terminal() {
            eprint!("\r\x1b[K");
        }
    }
}

impl Progress {
    pub fn of(steps: usize) -> Self {
        let clock = Clock::system();
        let steps = u32::try_from(steps).unwrap_or(u32::MAX);
        Self { begun: clock.monotonic(), clock, said: None, done: 0, steps }
    }

    /// Announces a step.
    pub fn begin(&mut self, what: &str) {
        self.at(self.done, what);
        self.done += 1;
    }

    /// Shows how many steps are done. On a terminal the line replaces the last one; elsewhere there is one
    /// every few seconds.
    pub fn at(&mut self, done: u32, what: &str) {
        let now = self.clock.monotonic();
        let spent = now.saturating_sub(self.begun);
        let left = spent.checked_div(done).map(|each| {
            let left = each * self.steps.saturating_sub(done);
            format!(", {} left", humantime::format_duration(Duration::from_secs(left.as_secs())))
        });
        let percent = u64::from(done) * 100 / u64::from(self.steps.max(1));
        let line = format!("{percent:>3} % {what}{}", left.unwrap_or_default());
        if std::io::stderr().is_terminal() {
            eprint!("\r\x1b[K{line}");
            drop(std::io::stderr().flush());
        } else if self.said.is_none_or(|said| now.saturating_sub(said) >= SELDOM) {
            self.said = Some(now);
            eprintln!("{line}");
        }
    }
}
