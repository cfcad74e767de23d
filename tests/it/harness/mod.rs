//! What the tests stand on: a throwaway PostgreSQL, and worlds of a sandbox with a service.

mod audit;
mod postgres;
mod world;

pub use audit::audit;
pub use postgres::Postgres;
pub use world::{Answer, Books, World, WorldBuilder, cart, line, on_both};
