//! `import`: the old database's orders out of two files, by the binary, on both databases.

mod forms;
mod killed;
mod rows;
mod shapes;
mod shown;
mod traps;
mod twice;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use entity::{order_items, orders};
use sea_orm::{Database, DatabaseConnection, EntityTrait, LoaderTrait, QueryOrder};
use serde_json::Value;
use tempfile::TempDir;

use crate::books::Ran;
use crate::harness::{Books, Postgres};

pub const ORDERS: &str = "Id,UserId,TotalAmount,CreatedAt\n";
pub const ITEMS: &str = "Id,OrderId,ProductId,Quantity,UnitPrice\n";

/// A directory with files to import, and a database that nobody has used yet.
pub struct Place {
    directory: TempDir,
    pub url: String,
}

impl Place {
    pub async fn new(books: Books) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let url = match books {
            Books::Sqlite => format!("sqlite://{}", directory.path().join("books.db").display()),
            Books::Postgres => Postgres::shared().database().await,
        };
        Self { directory, url }
    }

    /// Files for the database of somebody else.
    pub fn beside(url: &str) -> Self {
        Self { directory: tempfile::tempdir().expect("a directory"), url: url.to_owned() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn write(&self, orders: impl AsRef<[u8]>, items: impl AsRef<[u8]>) {
        std::fs::write(self.path("orders"), orders).expect("a file");
        std::fs::write(self.path("items"), items).expect("a file");
    }

    pub fn command(&self, flags: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_order-service"));
        command
            .args(["import", "--orders", "orders", "--items", "items"])
            .args(flags)
            .env_clear()
            .current_dir(self.directory.path())
            .env("DATABASE_URL", &self.url);
        command
    }

    /// Imports the files; returns what was printed.
    pub fn import(&self, flags: &[&str]) -> Ran {
        let Output { status, stdout, stderr } = self.command(flags).output().expect("the binary");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Ran { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
    }

    pub async fn books(&self) -> DatabaseConnection {
        Database::connect(&self.url).await.expect("the books")
    }

    /// All that is there, in words: an order with its lines, in the order of ids.
    pub async fn there(&self) -> Vec<String> {
        let books = self.books().await;
        let orders = orders::Entity::find().order_by_asc(orders::Column::Id).all(&books).await;
        let orders = orders.expect("the books");
        let lines = order_items::Entity::find().order_by_asc(order_items::Column::Line);
        let items = orders.load_many(lines, &books).await.expect("the books");
        books.close().await.expect("closing");
        orders.iter().zip(items).map(|(order, items)| in_words(order, &items)).collect()
    }

    /// The rejects, each as `FILE:LINE REASON`, in that order.
    pub fn rejects(&self) -> Vec<String> {
        let mut rejects: Vec<_> = self.rejected().iter().map(told).collect();
        rejects.sort();
        rejects
    }

    pub fn rejected(&self) -> Vec<Value> {
        read_rejects(&self.path("orders.rejects.jsonl"))
    }
}

pub fn read_rejects(path: &Path) -> Vec<Value> {
    let rejects = std::fs::read_to_string(path).expect("the rejects");
    rejects.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn told(reject: &Value) -> String {
    let word = |name: &str| reject[name].as_str().unwrap_or_default().to_owned();
    let line = reject["line"].as_u64().expect("a line");
    format!("{}:{line:02} {}", word("file"), word("reason"))
}

fn in_words(order: &orders::Model, items: &[order_items::Model]) -> String {
    assert!(order.imported_at.is_some(), "{order:?}");
    assert_eq!(order.updated_at, order.created_at);
    let lines = items.iter().map(|item| {
        let (product, quantity, price) =
            (item.product_id.as_u128(), item.quantity, item.unit_price);
        format!("{:x}: {quantity} of {product:x} at {price}", item.id.as_u128())
    });
    let (id, user, at) = (order.id.as_u128(), order.user_id.as_u128(), order.created_at);
    let (total, status) = (order.total_amount, &order.status);
    let lines = lines.collect::<Vec<_>>().join(", ");
    format!("{id:x} of {user:x} {status} {total} {} [{lines}]", at.format("%FT%T%.6f"))
}

/// The row of the table for a month, its cells in words.
pub fn table_row(ran: &Ran, month: &str, what: &str) -> Vec<String> {
    let lines = ran.stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let row = lines.into_iter().find(|cells| cells.starts_with(&[month, what]));
    let row = row.unwrap_or_else(|| panic!("no {month} {what} in {ran:?}"));
    row[2..].iter().map(|&cell| cell.to_owned()).collect()
}
