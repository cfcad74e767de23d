//! Child processes of a test: none outlives it, and each can be started again on its port.

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use order_service::clock::Clock;
use tokio::sync::{OwnedMutexGuard, oneshot};

pub const BINARY: &str = env!("CARGO_BIN_EXE_order-service");

/// A free port on the loopback interface, outside the range that the system uses for outgoing
/// connections, so that a child that is killed and started again finds its port still free.
pub fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Each process begins at another port, so that two test runs at a time seldom collide.
    let from = u16::try_from(std::process::id() % 200).expect("below 200") * 100;
    loop {
        let port = 10_000 + (from + NEXT.fetch_add(1, Ordering::Relaxed)) % 20_000;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

/// A child process that does not outlive its test.
pub struct Kept(Child);

impl Kept {
    pub fn spawn(command: &mut Command) -> Self {
        Self(command.spawn().expect("the binary"))
    }

    pub fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Sends a signal to it.
    pub fn signal(&self, name: &str) {
        let pid = self.0.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &pid]).status().expect("kill");
        assert!(sent.success());
    }

    /// Its exit status, if it ended by itself.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().expect("our child")
    }

    /// Its peak memory, in MiB.
    pub fn peak_memory_mib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()));
        let status = status.expect("it runs");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its peak");
        let kib: u64 = peak.trim().trim_end_matches(" kB").parse().expect("a number");
        kib / 1024
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _buried = self.0.wait();
    }
}

/// A child's output, read as it comes unless the reader is stalled.
#[derive(Clone, Default)]
pub struct Words {
    /// Locked by whoever stalls the reader.
    reading: Arc<tokio::sync::Mutex<()>>,
    heard: Arc<Mutex<String>>,
}

impl Words {
    /// Stalls the reader until the returned guard is dropped.
    pub async fn stall(&self) -> OwnedMutexGuard<()> {
        self.reading.clone().lock_owned().await
    }

    /// Everything that was read so far.
    pub fn heard(&self) -> String {
        self.heard.lock().expect("unpoisoned").clone()
    }
}

/// Learns when a child is ready.
pub struct Ready(oneshot::Receiver<()>);

impl Ready {
    /// Reads a child's output, in which a line with `word` says that it is ready. Prints errors and
    /// everything that is not a log line (with `CRASH_LOG`, all of it).
    pub fn when(from: impl Read + Send + 'static, word: &'static str, words: Words) -> Self {
        let (say, heard) = oneshot::channel();
        std::thread::spawn(move || {
            let mut say = Some(say);
            for line in BufReader::new(from).lines().map_while(Result::ok) {
                words.heard.lock().expect("unpoisoned").push_str(&line);
                if line.contains(word)
                    && let Some(say) = say.take()
                {
                    let _test_ended = say.send(());
                } else if line.contains("ERROR")
                    || !line.starts_with('{')
                    || std::env::var_os("CRASH_LOG").is_some()
                {
                    eprintln!("{line}");
                }
                drop(words.reading.blocking_lock());
            }
        });
        Self(heard)
    }

    /// Returns once the child is ready.
    pub async fn wait(self) {
        let longest = Duration::from_mins(1);
        Clock::system().within(longest, self.0).await.expect("in time").expect("it gets ready");
    }
}
