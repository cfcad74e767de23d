//! The state machine of every saga: decides, and never acts.
//!
//! Everything here is a pure function of a saga's row, its log and the time: no clock, no
//! randomness, no database, no network. It knows no kind of saga by name. A kind brings a table of
//! stages ([`Definition`]), its typed [`Facts`], and its words for states and steps; the machine
//! speaks of stages by their place, of how many effects a step has, and of whether an effect can be
//! undone. The preview of an operator's action is computed by the function that performs it.

mod action;
mod call;
mod cancel;
mod catalogue;
mod cause;
mod contradiction;
mod definition;
mod effect;
mod entry;
mod exposure;
mod facts;
mod first_look;
mod give_up;
mod id;
mod instance;
mod intervention;
pub mod key;
pub mod machine;
mod neighbour;
mod next;
mod outcome;
mod outlook;
mod plan;
mod policy;
mod position;
mod progress;
mod replay;
pub mod retry;
mod rules;
pub mod settle;
pub mod take_up;
mod track;
mod trouble;
mod view;
mod word;

pub use action::ActionPosition;
pub use call::{Call, How};
pub use cancel::CancelRequest;
pub use catalogue::Catalogue;
pub use cause::Cause;
pub use contradiction::contradictions;
pub use definition::{Action, Definition, KeyedBy, Per, Sort, Stage, WayBack, Work};
pub use effect::Effect;
pub use entry::{Entry, Event};
pub use exposure::Accounted;
pub use facts::{Facts, Known, SagaFacts, Terms};
pub use id::SagaId;
pub use instance::{Beginning, Held, Instance, Stuck};
pub use intervention::{
    Intervention, Preview, Word, intervene, is_word, preview, previews, resolvable,
};
pub use neighbour::{Manners, Neighbour, Promises};
pub use next::Next;
pub use outcome::{Learned, Outcome, Reading, Report};
pub use outlook::{Outlook, cause};
pub use policy::{A_MOMENT, Policy};
pub use position::Position;
pub use progress::{Direction, End, Progress};
pub use replay::progress_after;
pub use track::{Standing, Track};
pub use trouble::{Trouble, without_particulars};
pub use view::Seen;
pub use word::{Phase, Step, StuckKind};

#[cfg(test)]
mod tests;
