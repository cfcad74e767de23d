//! The one binary: read the command line, start telemetry, hand over, answer with an exit code.

use std::process::ExitCode;

use clap::Parser as _;
use mimalloc::MiMalloc;
use order_service::cli::Cli;
use order_service::telemetry::{self, Role};
use tokio::runtime::Builder;

// Many small allocations from many threads: the system's allocator keeps far more memory.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let role = cli.command.role();
    let runtime = match Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            telemetry::say(&format!("cannot start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(async {
        let telemetry = telemetry::start(role);
        let code = cli.run().await;
        telemetry.shutdown();
        code
    });
    match role {
        Role::Service => drop(runtime),
        // One that was stopped may be waiting for its standard input, without end.
        Role::Tool => runtime.shutdown_background(),
    }
    code
}
