//! Bulk runs: an action for many sagas, prepared, started, paused, resumed, stopped and looked at.

mod body;
pub(super) mod change;
mod filter;
mod form;
pub(super) mod look;
pub(super) mod prepare;
mod size;
mod view;

pub(crate) use form::{move_bulk, prepare_bulk};
pub(crate) use view::{ItemView, RunView};
