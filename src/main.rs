//! The one binary: read the command line, start telemetry, hand over, answer with an exit code.

use std::process::ExitCode;

use clap::Parser as _;
use mimalloc::MiMalloc;
use order_service::{cli::Cli, telemetry};

// Many small allocations from many threads: the system's allocator keeps far more memory.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let telemetry = telemetry::start(cli.command.role());
    let code = cli.run().await;
    telemetry.shutdown();
    code
}
