//! `check` and `audit` from the shell, beside a running service, on books that are right and on books
//! that were changed behind its back.

mod audit;
mod check;

use std::process::{Command, Output};

use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use serde_json::Value;
use uuid::Uuid;

use crate::harness::World;

/// What the binary printed and how it ended.
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl std::fmt::Debug for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}\n{}\n{}", self.code, self.stdout, self.stderr)
    }
}

/// Runs the binary with a world's database and neighbours, unless the arguments say otherwise.
pub async fn run_with(world: &World, arguments: &[&str], variables: &[(&str, String)]) -> Ran {
    let payment = world.config.services.payment.url.to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_order-service"));
    command
        .args(arguments)
        .env_clear()
        .current_dir(std::env::temp_dir())
        .env("DATABASE_URL", world.config.database.url.reveal())
        .env("ServiceUrls__PaymentService", payment)
        .envs(variables.iter().map(|(name, value)| (name, value)));
    // The neighbours run on this thread's runtime, and must be able to answer in the meantime.
    let ran = tokio::task::spawn_blocking(move || command.output()).await;
    let Output { status, stdout, stderr } = ran.expect("no panic").expect("the binary");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ran { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
}

pub async fn run(world: &World, arguments: &[&str]) -> Ran {
    run_with(world, arguments, &[]).await
}

/// A connection to the database past the service, for breaking the books.
struct Raw {
    books: DatabaseConnection,
    is_sqlite: bool,
}

impl Raw {
    async fn of(world: &World) -> Self {
        let url = &world.config.database.url;
        let books = Database::connect(url.reveal()).await.expect("the books");
        Self { books, is_sqlite: url.is_sqlite() }
    }

    /// An id as a literal in this database's SQL.
    fn id(&self, id: Uuid) -> String {
        if self.is_sqlite { format!("X'{}'", id.simple()) } else { format!("'{id}'") }
    }

    /// Runs statements in which `ID` stands for that id.
    async fn break_books(&self, id: Uuid, statements: &str) {
        for sql in statements.split(';').filter(|sql| !sql.trim().is_empty()) {
            let sql = sql.replace("ID", &self.id(id));
            let broken = self.books.execute_unprepared(&sql).await;
            let broken = broken.unwrap_or_else(|error| panic!("{sql}: {error}"));
            assert!(broken.rows_affected() > 0, "{sql} breaks nothing");
        }
    }
}
