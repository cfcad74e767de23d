//! What a durable checkout costs, next to the same checkout without a saga.
//!
//! `cargo bench --bench compare` (or `just bench`) starts what it needs, each as a process of its own: a
//! throwaway PostgreSQL, the sandbox as neighbours, the service, the flow without a saga, and the load.
//! Everything is measured from the outside (latencies at the clients, CPU from /proc, commits and log
//! bytes from PostgreSQL). After every turn the orders are compared with the neighbours' own ledgers:
//! figures of a system that loses something are worth nothing.

mod backlog;
mod comparison;
mod database;
mod desk;
mod fill;
mod forgetting;
mod import;
mod load;
mod memory;
mod plain;
mod post_office;
#[path = "../../tests/it/harness/postgres.rs"]
mod postgres;
mod process;
mod progress;
#[path = "../../tests/it/harness/rabbit.rs"]
#[expect(dead_code, reason = "a benchmark needs less of it than the tests")]
mod rabbit;
mod recovery;
mod scale;
mod sinks;
mod table;
mod turn;
mod usage;

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;

/// Whatever goes wrong ends the run.
pub type Fault = Box<dyn std::error::Error + Send + Sync>;

// The same allocator as the service's, so that both sides have the same.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    role: Option<Role>,
    #[command(flatten)]
    sizes: comparison::Sizes,
    /// Cargo passes this flag to every benchmark.
    #[arg(long, hide = true, global = true)]
    bench: bool,
}

#[derive(clap::Subcommand)]
enum Role {
    /// A start with many interrupted sagas
    Recovery(recovery::Recovery),
    /// A database with millions of finished sagas
    Scale(scale::Scale),
    /// Memory with many checkouts in flight
    Memory(memory::Memory),
    /// Checkouts while a broker, webhooks and customers are told of them
    Sinks(sinks::Sinks),
    /// What the person on call looks at, among millions of sagas
    Desk(desk::Desk),
    /// A database with a million events that nobody was told of
    Backlog(backlog::Backlog),
    /// An import of an old database
    Import(import::Import),
    /// Orders that are forgotten as fast as they come
    Forgetting(forgetting::Forgetting),
    /// One load, for one system
    #[command(hide = true)]
    Load(load::Load),
    /// The flow without a saga
    #[command(hide = true)]
    Plain(plain::Plain),
}

fn main() -> ExitCode {
    let Cli { role, sizes, bench: _ } = Cli::parse();
    let done = match role {
        None => running(comparison::run(sizes)),
        Some(Role::Recovery(recovery)) => running(recovery::run(recovery)),
        Some(Role::Scale(scale)) => running(scale::run(scale)),
        Some(Role::Memory(memory)) => running(memory::run(memory)),
        Some(Role::Sinks(sinks)) => running(sinks::run(sinks)),
        Some(Role::Desk(desk)) => running(desk::run(desk)),
        Some(Role::Backlog(backlog)) => running(backlog::run(backlog)),
        Some(Role::Import(import)) => running(import::run(import)),
        Some(Role::Forgetting(forgetting)) => running(forgetting::run(forgetting)),
        Some(Role::Load(load)) => load::run(&load),
        Some(Role::Plain(plain)) => running(plain::serve(plain)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("\n{fault}");
            ExitCode::FAILURE
        }
    }
}

/// Runs it on a runtime like the service's, until it is done or is told to stop. In that case all child
/// processes are ended first.
fn running(what: impl Future<Output = Result<(), Fault>>) -> Result<(), Fault> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        tokio::select! {
            done = what => done,
            asked = order_service::lifecycle::stop_asked() => {
                asked?;
                Err("stopped".into())
            }
        }
    })
}
