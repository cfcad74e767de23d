//! Acts, and never decides: claims sagas, makes the calls that the machine allows, and writes down
//! what came of them.
//!
//! One loop drives every saga: claim, call, settle. The invariants: no effect is sent before what
//! promises 15 to 19 want durable is durable, nor without a lease that holds (promise 29); no answer
//! is given before the commit that makes it true (promise 18).

mod accept;
mod acceptances;
mod active;
mod admit;
mod aftermath;
mod audit_entry;
mod backlog;
mod begin;
mod books_metrics;
mod cancel_notice;
mod claim_schedule;
mod claims;
mod coalesce;
mod counts;
mod drive;
mod executor;
mod heartbeat;
mod hold;
mod intervene;
mod kind;
mod kinds;
mod lease;
mod limiter;
mod metrics;
mod park;
mod peers;
mod permit;
mod process;
mod queued;
mod round;
mod save;
mod second_click;
mod settings;
mod shown;
mod shutdown;
mod start;
mod waiting;
mod watch;
mod write_health;
mod writer;

pub use accept::{NewSaga, Shed, Wait};
pub use admit::Admission;
pub use aftermath::{Aftermath, RightAfter};
pub use executor::Executor;
pub use intervene::{BEING_ADVANCED, Done, IsWanted, NotDone, names};
pub use kind::{Kind, Recording};
pub use metrics::Metrics;
pub use settings::Settings;
pub use waiting::Seen;
