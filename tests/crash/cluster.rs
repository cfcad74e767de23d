//! A test's own PostgreSQL, which it stops hard and starts again.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};

use super::disk::SMALL_DISK;
use super::process::{Kept, free_address};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/postgres");

/// A cluster with fsync on. It is removed with its files when this is dropped, and also when the test's
/// process dies in any way, because the script's input is closed then.
pub struct Cluster {
    /// The primary's.
    pub url: String,
    /// That of the standby, or of what was the primary before.
    other: String,
    script: Kept,
    orders: Option<ChildStdin>,
    words: BufReader<ChildStdout>,
    is_up: bool,
}

impl Cluster {
    pub fn start() -> Self {
        Self::start_by(&mut Command::new(SCRIPT))
    }

    /// A cluster whose files are on the small disk of this run.
    pub fn start_on_small_disk() -> Self {
        let disk = std::env::var_os(SMALL_DISK).expect("a small disk");
        Self::start_by(Command::new(SCRIPT).env("TMPDIR", disk))
    }

    fn start_by(command: &mut Command) -> Self {
        command.arg(free_address().port().to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut script = Kept::spawn(command);
        let orders = script.child().stdin.take();
        let words = BufReader::new(script.child().stdout.take().expect("piped"));
        let (url, other) = (String::new(), String::new());
        let mut this = Self { url, other, script, orders, words, is_up: true };
        this.url = this.said();
        assert!(this.url.starts_with("postgres://"), "it did not start; its words are above");
        this
    }

    pub fn is_up(&self) -> bool {
        self.is_up
    }

    /// `pg_ctl stop -m immediate`: what was not committed is lost, and PostgreSQL has to recover.
    pub fn stop(&mut self) {
        self.order("stop");
        assert_eq!(self.said(), "stopped");
        self.is_up = false;
    }

    /// Ends it as if its machine were gone (kill -9 of all its processes).
    pub fn kill(&mut self) {
        self.order("kill");
        assert_eq!(self.said(), "killed");
        self.is_up = false;
    }

    /// Starts it again; returns once it has recovered.
    pub fn revive(&mut self) {
        self.order("start");
        assert_eq!(self.said(), self.url);
        self.is_up = true;
    }

    /// Adds a streaming standby; returns its URL.
    pub fn add_standby(&mut self) -> String {
        self.order(&format!("standby {}", free_address().port()));
        self.other = self.said();
        assert!(self.other.starts_with("postgres://"), "no standby; its words are above");
        self.other.clone()
    }

    /// Makes a streaming standby of what was the primary before the promotion, from a new base backup.
    pub fn rejoin(&mut self) {
        self.order("rejoin");
        assert_eq!(self.said(), self.other, "no standby; its words are above");
    }

    /// Has commits on the primary wait for the standby.
    pub async fn wait_for_standby(&self) {
        self.sql("ALTER SYSTEM SET synchronous_standby_names = '*'").await;
        self.sql("SELECT pg_reload_conf()").await;
    }

    /// Stops the standby hard.
    pub fn stop_standby(&mut self) {
        self.order("stop-standby");
        assert_eq!(self.said(), "stopped");
    }

    /// Starts the standby again, with the data that it had.
    pub fn start_standby(&mut self) {
        self.order("start-standby");
        assert!(self.said().starts_with("postgres://"));
    }

    /// Promotes the standby, beside the old primary or in its place. From here on it is the primary, and there
    /// is nothing to mend about the old one.
    pub fn promote(&mut self) {
        self.order("promote");
        assert_eq!(self.said(), "promoted");
        std::mem::swap(&mut self.url, &mut self.other);
        self.is_up = true;
    }

    /// Runs a statement on the primary, even if other statements of ours are waiting there.
    pub async fn sql(&self, sql: &str) {
        let admin = Self::admin(&self.url).await;
        admin.execute_unprepared(sql).await.expect(sql);
        admin.close().await.expect("closing");
    }

    /// Queries a number on the primary.
    pub async fn number(&self, sql: &str) -> i64 {
        Self::number_at(&self.url, sql).await
    }

    /// Queries a number on the server with this URL.
    pub async fn number_at(url: &str, sql: &str) -> i64 {
        let admin = Self::admin(url).await;
        let row = admin.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await;
        let number = row.expect(sql).expect("a row").try_get_by_index(0).expect("a number");
        admin.close().await.expect("closing");
        number
    }

    /// Its only setting is not to wait for a standby.
    async fn admin(url: &str) -> DatabaseConnection {
        let options = "options=-c%20synchronous_commit%3Dlocal";
        Database::connect(format!("{url}?{options}")).await.expect("the server")
    }

    fn order(&mut self, word: &str) {
        writeln!(self.orders.as_mut().expect("open"), "{word}").expect("the script listens");
    }

    /// Blocks for as long as PostgreSQL takes; the clients go on in other threads.
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
        // The script cleans up when its input ends. Killing it would prevent that.
        self.orders = None;
        let _cleaned_up = self.script.child().wait();
    }
}
