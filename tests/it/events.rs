//! Events: their positions, and who is told of them.

pub mod feed;
mod positions;
mod standing;
mod stream;
