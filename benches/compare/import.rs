//! The import of an old database: rows a second on both databases, and memory with files of two sizes.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use order_service::clock::Clock;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use uuid::Uuid;

use crate::Fault;
use crate::database::{Database, Engine};
use crate::table::{Bound, Met, targets};

/// The flags of `import`.
#[derive(Debug, clap::Args)]
pub struct Import {
    /// Orders of the small file, with two or three lines each; the large one has five times as many
    #[arg(long, default_value_t = 60_000)]
    orders: u32,
}

/// What an import took.
struct Took {
    rows: f64,
    seconds: f64,
    peak_mib: f64,
}

/// Measures, and prints which targets are met.
pub async fn run(import: Import) -> Result<(), Fault> {
    let directory = tempfile::tempdir()?;
    let directory = directory.path();
    let mut met = Vec::new();
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let mut peaks = Vec::new();
        for orders in [import.orders, import.orders * 5] {
            let rows = write(directory, orders)?;
            let name = format!("import-{orders}");
            let database = Database::fresh(engine, directory, &name).await?;
            let took = measure(&database.url, directory, rows).await?;
            let (of, rate) = (engine.name(), took.rows / took.seconds);
            let Took { rows, seconds, peak_mib } = took;
            println!("{of}: {rows:.0} rows in {seconds:.1} s, {rate:.0} rows/s, {peak_mib:.0} MiB");
            let what = format!("rows/s, {of}, {rows:.0} rows");
            met.push(Met { what, bound: Bound::AtLeast(20_000.0), measured: rate });
            peaks.push(peak_mib);
        }
        let what = format!("memory with five times the file, {}", engine.name());
        met.push(Met { what, bound: Bound::AtMost(1.25), measured: peaks[1] / peaks[0] });
    }
    targets(&met);
    Ok(())
}

async fn measure(url: &str, directory: &Path, rows: u32) -> Result<Took, Fault> {
    let clock = Clock::system();
    let from = clock.monotonic();
    let mut child = Command::new(env!("CARGO_BIN_EXE_order-service"))
        .args(["import", "--strict", "--orders", "orders.csv", "--items", "items.csv"])
        .current_dir(directory)
        .env("DATABASE_URL", url)
        .stdout(Stdio::null())
        .spawn()?;
    let mut peak_mib = 0.0;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        let resident = crate::usage::resident_mib(child.id()).unwrap_or(0.0);
        peak_mib = resident.max(peak_mib);
        clock.sleep(Duration::from_millis(10)).await;
    };
    let seconds = clock.monotonic().saturating_sub(from).as_secs_f64();
    if !status.success() {
        return Err(format!("the import failed: {status}").into());
    }
    Ok(Took { rows: f64::from(rows), seconds, peak_mib })
}

/// Writes both files, with the lines in another order than their orders; returns how many rows they have.
fn write(directory: &Path, orders: u32) -> Result<u32, Fault> {
    let mut dice = StdRng::seed_from_u64(u64::from(orders));
    let mut id = || Uuid::from_u128(dice.random());
    let ids: Vec<Uuid> = (0..orders).map(|_| id()).collect();
    let users: Vec<Uuid> = (0..1_000).map(|_| id()).collect();
    let file = |name| std::fs::File::create(directory.join(name)).map(std::io::BufWriter::new);
    let (mut to, mut rows) = (file("orders.csv")?, 0);
    writeln!(to, "Id,UserId,TotalAmount,CreatedAt")?;
    for (at, order) in (0_u32..).zip(&ids) {
        let (user, month, day) = (users[at as usize % users.len()], at % 12 + 1, at % 28 + 1);
        let total = 150 * lines(at);
        writeln!(to, "{order},{user},{total}.00,2024-{month:02}-{day:02}T10:11:12.1234567")?;
        rows += 1;
    }
    to.flush()?;
    let mut to = file("items.csv")?;
    writeln!(to, "Id,OrderId,ProductId,Quantity,UnitPrice")?;
    for line in 0..3 {
        for (at, order) in (0_u32..).zip(&ids) {
            if line < lines(at) {
                writeln!(to, "{},{order},{},3,50.00", id(), id())?;
                rows += 1;
            }
        }
    }
    to.flush()?;
    Ok(rows)
}

/// How many lines an order has.
fn lines(at: u32) -> u32 {
    2 + at % 2
}
