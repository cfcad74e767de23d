//! What the tests stand on: a throwaway PostgreSQL, and worlds of a sandbox with a service.

mod answer;
mod audit;
mod cart;
mod postgres;
mod world;

pub use answer::Answer;
pub use audit::{all_sagas, audit};
pub use cart::{cart, line};
pub use postgres::Postgres;
pub use world::{BOTH, TOKEN, World, WorldBuilder, on_both, on_both_with};
