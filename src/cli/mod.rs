//! The command line: one binary, one command for each job.
//!
//! Results go to stdout, everything else to stderr. Scripts rely on the exit codes: 0 for success, 1 for a
//! failure, 2 for wrong usage or configuration. An error is one line that says what is wrong.

mod archive;
mod audit;
mod bulk;
mod check;
mod client;
mod command;
mod error;
mod events;
mod filter;
mod flag;
mod format;
mod ids;
mod import;
mod orders;
mod out;
mod pages;
mod sagas;
mod sandbox;
mod service;
mod trail;
mod view;
mod webhooks;

pub use command::{Cli, Command};
pub use error::Error;
