//! Records the database that a release leaves behind: its tables and rows as SQL statements, the checkouts
//! by name, the calls that the neighbours carried out, and the release's own answers about all of it.
//!
//! ```text
//! git worktree add ../release COMMIT && (cd ../release && cargo build)
//! RELEASE=../release/target/debug/order-service RECORD_TO=tests/it/last_release/NAME \
//!     cargo test --test it record_what_a_release_leaves_behind -- --ignored
//! ```
//!
//! Everything goes over HTTP and the command line, so any release can be recorded. It needs `sqlite3` and
//! `pg_dump`.

pub mod scene;
mod trouble;

use std::path::{Path, PathBuf};
use std::process::Command;

use chrono::{DateTime, TimeDelta, Utc};
use order_service::clock::Clock;
use sea_orm::{ConnectionTrait, Database};

use super::LeftBehind;
use super::answers::{Answers, Reader};
use super::release::{NOBODY, Release};
use crate::harness::{BOTH, Books};

#[tokio::test]
#[ignore = "it records a release: see the module's words"]
async fn record_what_a_release_leaves_behind() {
    let (binary, to) = (PathBuf::from(variable("RELEASE")), PathBuf::from(variable("RECORD_TO")));
    std::fs::create_dir_all(&to).expect("the directory");
    for books in BOTH {
        let mut release = Release::new(binary.clone(), books).await;
        scene::by_deadline(&mut release).await;
        scene::at_rest(&mut release).await;
        scene::rejected(&mut release).await;
        scene::going_forward(&mut release).await;
        trouble::going_back(&mut release).await;
        trouble::in_doubt(&mut release).await;
        trouble::going_back_in_doubt(&mut release).await;
        trouble::found(&mut release).await;
        trouble::exhausted(&mut release).await;
        trouble::killed(&mut release).await;
        trouble::reserved(&mut release).await;
        write_down(&mut release, &to).await;
    }
}

/// A setting of a recording.
pub fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

/// The release's database as SQL statements, and the name of their file.
pub fn dump(release: &Release) -> (String, &'static str) {
    match release.books {
        Books::Sqlite => (sqlite_dump(&release.database), "sqlite"),
        Books::Postgres => (postgres_dump(&release.database), "postgres"),
    }
}

/// Dumps the database, and records the release's own answers.
async fn write_down(release: &mut Release, to: &Path) {
    let made_at = Clock::system().now();
    let (dump, name) = dump(release);
    std::fs::write(to.join(format!("{name}.sql")), dump).expect("the file");
    let moved = release.moved();
    let answers = read_by_itself(release, made_at).await;
    let left = LeftBehind { made_at, checkouts: release.checkouts.clone(), moved, answers };
    let json = serde_json::to_string(&left).expect("JSON");
    // One line for each checkout, each call and each list.
    let json = json.replace("},\"", "},\n\"").replace("},{\"service\"", "},\n{\"service\"");
    std::fs::write(to.join(format!("{name}.json")), json + "\n").expect("the file");
}

async fn read_by_itself(release: &mut Release, made_at: DateTime<Utc>) -> Answers {
    // Makes every schedule overdue, as it will be when the database is read again.
    let earlier = match release.books {
        Books::Sqlite => {
            "UPDATE saga_instance SET \
             next_attempt_at = strftime('%Y-%m-%dT%H:%M:%f+00:00', next_attempt_at, '-2 hours'), \
             failing_since = strftime('%Y-%m-%dT%H:%M:%f+00:00', failing_since, '-2 hours')"
        }
        Books::Postgres => {
            "UPDATE saga_instance SET next_attempt_at = next_attempt_at - interval '2 hours', \
             failing_since = failing_since - interval '2 hours'"
        }
    };
    let books = Database::connect(&release.database).await.expect("the books");
    books.execute_unprepared(earlier).await.expect("the statement");
    books.close().await.expect("closing");
    let nobody = ["User", "Product", "Payment"].map(|who| format!("ServiceUrls__{who}Service"));
    let mut settings: Vec<_> = nobody.iter().map(|name| (name.as_str(), NOBODY)).collect();
    settings.push(("ORDER_SERVICE__RETRY__STUCK_AFTER", "3602s"));
    // Nor can a call still be in flight by then.
    settings.push(("ORDER_SERVICE__SERVICES__PRODUCT__TIMEOUT", "1s"));
    settings.push(("ORDER_SERVICE__SERVICES__PAYMENT__TIMEOUT", "1s"));
    let long_over = made_at + TimeDelta::seconds(2);
    while Clock::system().now() < long_over {
        tokio::task::yield_now().await;
    }
    release.serve(&settings).await;
    let reader = Reader { http: &release.http, url: &release.url, made_at };
    let answers = reader.read(&release.checkouts).await;
    release.stop().await;
    answers
}

fn sqlite_dump(url: &str) -> String {
    let file = url.strip_prefix("sqlite://").expect("a file");
    output(Command::new("sqlite3").args([file, ".dump"]))
}

fn postgres_dump(url: &str) -> String {
    let mut command = Command::new("pg_dump");
    let dump = output(command.args(["--inserts", "--no-owner", "--no-privileges", url]));
    // Drops the commands for `psql` and the settings of the session.
    let said = ["--", "SET ", "SELECT pg_catalog", "\\"];
    let lines = dump
        .lines()
        .filter(|line| !line.is_empty() && !said.iter().any(|said| line.starts_with(said)));
    lines.flat_map(|line| [line, "\n"]).collect()
}

fn output(command: &mut Command) -> String {
    let output = command.output().expect("the command");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}
