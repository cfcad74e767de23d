//! Events: their positions, and who is told of them.

pub mod feed;
mod positions;
mod sinks;
mod standing;
mod stream;
