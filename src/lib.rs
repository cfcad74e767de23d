//! A checkout, from HTTP through three neighbours and its own books, as a durable saga.
//!
//! Rooms, top to bottom; each imports only from below it (tests/tidy.rs):
//!
//! ```text
//! 6  cli, app                      the shell; the only room that knows every part
//! 5  api, operator                 HTTP in: routes and thin handlers
//! 4  web                           what both share: the door, problems, queries, the document
//! 3  checkout                      the business: a table of steps, a function a step
//! 2  engine                        acts and never decides: claim, call, settle
//! 1  store, neighbours             all SQL; all HTTP out
//! 0  order, saga, json, trace      decides and never acts: pure
//!    clock, pacing, config,
//!    telemetry, lifecycle          the process: its time, its limits, its log, its end
//!
//! -  sandbox                       the three neighbours, for demo and tests: imports none of it
//! ```

pub mod api;
pub mod app;
pub mod checkout;
pub mod cli;
pub mod clock;
pub mod config;
pub mod engine;
pub mod json;
pub mod lifecycle;
pub mod neighbours;
pub mod operator;
pub mod order;
pub mod pacing;
pub mod saga;
pub mod sandbox;
pub mod store;
pub mod telemetry;
pub mod trace;
mod web;
