//! A checkout, from HTTP through three neighbours and its own books, as a durable saga.
//!
//! The rooms, top to bottom. Each imports only from rows below its own (tests/tidy checks that against this
//! drawing; docs/ARCHITECTURE.md has it with more words):
//!
//! ```text
//! 5  cli                           the shell: one command a file
//!    app                           puts the parts together; the only room that imports all others
//! 4  intake                        orders from a queue, read and answered as api's
//!    console                       pages for the person on call, over what operator answers
//!    api, operator                 HTTP in: routes and thin handlers
//!    auth                          who asks, and what they may do
//!    web                           what all share: middleware, problems, queries, the document
//! 3  checkout                      the business: a table of steps, a function for each
//!    mail                          writes to customers
//!    audit                         compares the books with themselves and with the neighbours'
//!    reversal                      giving back: cancellations and returns, over the same two steps
//!    bulk                          an operator's action for many sagas, wave by wave
//!    import                        orders of the old database, out of two files
//!    retention                     archives what is over, and forgets it
//! 2  broker                        a sink: tells RabbitMQ every event
//!    webhooks                      sends events to whoever has asked for them
//!    engine                        acts, and never decides: claim, call, settle
//!    events                        gives events their positions, and tells them
//! 1  store, neighbours, amqp       all SQL; all HTTP out; all AMQP
//! 0  saga, trace, pacing           decides, and never acts: pure
//!    fulfilment                    what carriers report, as a set: pure
//!    order, json, text, clock      values, and the one source of time and randomness
//!    config, telemetry, lifecycle  the process: its limits, its log, its end
//! -  sandbox                       the three neighbours for demo and tests; imports nothing of the above
//! ```

pub mod amqp;
pub mod api;
pub mod app;
pub mod audit;
pub mod auth;
pub mod broker;
pub mod bulk;
pub mod checkout;
pub mod cli;
pub mod clock;
pub mod config;
pub mod console;
pub mod engine;
pub mod events;
pub mod fulfilment;
pub mod import;
pub mod intake;
pub mod json;
pub mod lifecycle;
pub mod mail;
pub mod neighbours;
pub mod operator;
pub mod order;
pub mod pacing;
pub mod retention;
pub mod reversal;
pub mod saga;
pub mod sandbox;
pub mod store;
pub mod telemetry;
pub mod text;
pub mod trace;
mod web;
pub mod webhooks;
