//! The service as a whole: real HTTP, real databases, the sandbox as its neighbours.

mod harness;

mod auth;
mod books;
mod broker;
mod cancel;
mod clocks;
mod commit;
mod config;
mod console;
mod create;
mod database;
mod door;
mod events;
mod fulfilment;
mod history;
mod idempotency;
mod import;
mod intake;
mod last_release;
mod logged;
mod mail;
#[path = "../trip/nearby.rs"]
mod nearby;
mod not_orders;
mod operator;
mod otlp;
mod outcomes;
mod plans;
mod probes;
mod readme;
mod restored;
mod retention;
mod returns;
mod sessions;
mod shell;
#[path = "../trip/mod.rs"]
mod trip;
mod trips;
mod trust;
mod watching;
mod webhooks;
