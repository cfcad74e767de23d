//! Real processes, real sockets, real databases: replicas of the service are killed, stopped and
//! drowned under load, and their database and their neighbours with them. Then the neighbours'
//! ledgers must balance, and no answer given may have turned out false.
//!
//! Sizes are settings: `CRASH_SECONDS` (of all at once), `CRASH_ROUNDS` (of each other storm),
//! `CRASH_CLIENTS`, `CRASH_ANSWERS` (of the overload). `CRASH_SEED` repeats the choices of a run,
//! which says its seed; `CRASH_LOG=info` shows what the processes log. Each test says in a line what
//! happened in it.

mod answer;
#[path = "../it/harness/audit.rs"]
mod audit;
mod client;
mod cluster;
mod disk;
mod failover;
mod kill;
mod log;
mod mute;
mod neighbour;
mod outage;
mod overload;
mod pooler;
#[path = "../it/harness/postgres.rs"]
mod postgres;
mod process;
mod proxy;
mod replica;
mod sandbox;
mod silence;
mod sleep;
mod solo;
mod step;
mod storm;
mod takeover;
mod world;
