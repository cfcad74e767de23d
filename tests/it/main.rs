//! The service as a whole: real HTTP, real databases, the sandbox as its neighbours.

mod harness;

mod config;
mod create;
mod idempotency;
mod readme;
mod shell;
