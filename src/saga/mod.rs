//! Decides, and never acts.
//!
//! Everything here is a pure function of a saga's row, its log and the time: no clock, no chance,
//! no database, no network. The invariant: what [`machine::next`] allows is exactly what
//! docs/PROMISES.md allows, and an operator's preview is the same function as the action
//! (promise 44). Comments cite these promises by number.

pub mod call;
pub mod context;
mod contradiction;
pub mod definition;
pub mod effects;
pub mod entry;
mod first_look;
mod give_up;
mod held;
pub mod instance;
pub mod intervention;
pub mod key;
pub mod machine;
pub mod outcome;
mod plan;
pub mod retry;
pub mod settle;
pub mod take_up;
pub mod vocabulary;

pub use call::{Call, How};
pub use context::{Cause, Context, Kinds};
pub use contradiction::contradictions;
pub use definition::{Definition, Stage, Work};
pub use effects::{Effect, Position, Standing};
pub use entry::{Entry, Event};
pub use instance::{Held, Instance, Stuck};
pub use intervention::{Intervention, Word};
pub use machine::{Next, Policy};
pub use outcome::{Learned, Outcome, Reading, Report};
pub use vocabulary::{Direction, Neighbour, Phase, State, Step, StuckKind};

#[cfg(test)]
mod tests;
