//! Events: their positions, and who is told of them.

mod feed;
mod positions;
mod standing;
mod stream;
