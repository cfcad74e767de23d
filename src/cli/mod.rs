//! The shell: one binary, one command for each job.
//!
//! Results go to stdout, everything else to stderr. Exit codes are relied on by scripts: 0 fine,
//! 1 failed, 2 wrong usage or configuration, with one line that says what.

mod audit;
mod check;
mod client;
mod command;
mod error;
mod flag;
mod format;
mod ids;
mod out;
mod sagas;
mod sandbox;
mod view;

pub use command::{Cli, Command};
pub use error::Error;
