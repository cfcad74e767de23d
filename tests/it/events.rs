//! Events: their positions, and who is told of them.

pub mod feed;
mod first_page;
pub mod positions;
mod schemas;
mod sinks;
mod standing;
mod stream;
