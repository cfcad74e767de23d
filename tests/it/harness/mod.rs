//! The base of the tests: a throwaway PostgreSQL and RabbitMQ, and worlds made of a sandbox and a service.

mod answer;
mod audit;
mod cart;
mod gate;
mod postgres;
mod rabbit;
mod served;
mod world;

pub use answer::{Answer, is_problem_body};
pub use audit::{all_sagas, audit};
pub use cart::{cart, line};
pub use gate::Gate;
pub use postgres::Postgres;
pub use rabbit::{Inbox, Queues, Rabbit, amqp_url, text_header};
pub use served::{Served, terminated};
pub use world::{BOTH, Books, Past, TOKEN, World, WorldBuilder, on_both, on_both_with};
