//! Real processes, real sockets, real databases: replicas of the service are killed, stopped and
//! overloaded, and so are their database and their neighbours. Then the books must agree with the
//! neighbours' ledgers, and no answer that was given may have turned out false.
//!
//! Sizes are settings: `CRASH_SECONDS` (of all at once), `CRASH_ROUNDS` (of each other storm),
//! `CRASH_CLIENTS`, `CRASH_ANSWERS` (of the overload). Each run prints its seed, and `CRASH_SEED` repeats
//! its choices; `CRASH_LOG=info` shows what the processes log. Each test prints a line that says what
//! happened.

mod afterwards;
mod answer;
#[path = "../it/harness/audit.rs"]
mod audit;
mod balancer;
mod bulk;
mod client;
mod cluster;
mod delivery;
mod disk;
mod failover;
mod feed;
mod forgetting;
mod intake;
mod kill;
mod log;
mod mute;
mod neighbour;
mod operators;
mod outage;
mod overload;
mod pooler;
#[path = "../it/mail/post_office.rs"]
#[expect(dead_code, reason = "the other tests of mail use the rest")]
mod post_office;
#[path = "../it/harness/postgres.rs"]
mod postgres;
mod process;
mod proxy;
#[path = "../it/harness/rabbit.rs"]
#[expect(dead_code, reason = "the other tests of the broker use the rest")]
mod rabbit;
#[path = "../it/webhooks/receiver.rs"]
#[expect(dead_code, reason = "the other tests of webhooks use the rest")]
mod receiver;
mod replica;
mod sandbox;
mod silence;
mod sleep;
mod solo;
mod staff;
mod step;
mod storm;
mod takeover;
mod world;
