//! A PostgreSQL of a test's own, which it stops hard and starts again.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use super::process::{Kept, free_address};

/// A cluster with fsync on. It goes, with its files, when this is dropped; and when the test's
/// process dies however it may, because the script's input is closed then.
pub struct Cluster {
    pub url: String,
    script: Kept,
    orders: Option<ChildStdin>,
    words: BufReader<ChildStdout>,
    is_up: bool,
}

impl Cluster {
    pub fn start() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/postgres");
        let mut command = Command::new(script);
        command.arg(free_address().port().to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut script = Kept::spawn(&mut command);
        let orders = script.child().stdin.take();
        let words = BufReader::new(script.child().stdout.take().expect("piped"));
        let mut this = Self { url: String::new(), script, orders, words, is_up: true };
        this.url = this.said();
        assert!(this.url.starts_with("postgres://"), "it did not start; its words are above");
        this
    }

    pub fn is_up(&self) -> bool {
        self.is_up
    }

    /// `pg_ctl stop -m immediate`: what was not committed is gone, and it has to recover.
    pub fn stop(&mut self) {
        self.order("stop");
        assert_eq!(self.said(), "stopped");
        self.is_up = false;
    }

    /// Returns once it has recovered.
    pub fn revive(&mut self) {
        self.order("start");
        assert_eq!(self.said(), self.url);
        self.is_up = true;
    }

    fn order(&mut self, word: &str) {
        writeln!(self.orders.as_mut().expect("open"), "{word}").expect("the script listens");
    }

    /// Blocks, for about as long as PostgreSQL takes: the clients go on in other threads.
    fn said(&mut self) -> String {
        tokio::task::block_in_place(|| {
            let mut line = String::new();
            self.words.read_line(&mut line).expect("its output");
            line.trim().to_owned()
        })
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Its end is the order to clean up, which killing it would prevent.
        self.orders = None;
        let _cleaned_up = self.script.child().wait();
    }
}
