//! A mail server of the tests' own: aiosmtpd, which answers as it is told and keeps what it takes.

use std::fs;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;

use order_service::config::{Config, MailUrl};
use serde_json::Value;
use tempfile::TempDir;

pub struct PostOffice {
    folder: TempDir,
    port: u16,
    server: Option<Child>,
}

impl PostOffice {
    /// One that is open.
    pub fn open() -> Self {
        let mut office = Self::closed();
        office.start();
        office
    }

    /// One that nobody can reach yet.
    pub fn closed() -> Self {
        let folder = tempfile::tempdir().expect("a directory");
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = free.local_addr().expect("an address").port();
        Self { folder, port, server: None }
    }

    /// Opens it. Returns once it can be reached.
    pub fn start(&mut self) {
        let scripts = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/mail");
        let server = Command::new("/usr/bin/python3")
            .args(["-B", "-m", "aiosmtpd", "-n", "-l", &format!("127.0.0.1:{}", self.port)])
            .args(["-c", "sink.Sink"])
            .arg(self.folder.path())
            .env("PYTHONPATH", scripts)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.server = Some(server.expect("aiosmtpd: the package python3-aiosmtpd"));
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            thread::yield_now();
            let ended = self.server.as_mut().and_then(|server| server.try_wait().ok().flatten());
            assert!(ended.is_none(), "the mail server ended: {ended:?}");
        }
    }

    /// Closes it at once.
    pub fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().expect("it runs");
            server.wait().expect("it ended");
        }
    }

    /// Where it can be reached.
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// Has a service send its mail here.
    pub fn serve(&self) -> impl FnOnce(&mut Config) + 'static + use<> {
        let url = self.url();
        move |config| config.mail.url = MailUrl::parse(&url).expect("a URL")
    }

    /// Its next answer to a command, `RCPT` or `DATA`, after those that it was told before.
    pub fn answer(&self, command: &str, with: &str) {
        let path = self.folder.path().join(command);
        let mut file = fs::OpenOptions::new().create(true).append(true).open(path).expect("a file");
        writeln!(file, "{with}").expect("a line");
    }

    /// The mails that it took, oldest first.
    pub fn mails(&self) -> Vec<Value> {
        let kept = fs::read_to_string(self.folder.path().join("mails")).unwrap_or_default();
        let lines = kept.lines().filter_map(|line| serde_json::from_str(line).ok());
        lines.collect()
    }
}

impl Drop for PostOffice {
    fn drop(&mut self) {
        self.stop();
    }
}
