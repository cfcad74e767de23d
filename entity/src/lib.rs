//! The tables as sea-orm sees them: columns and relations, no logic.

pub mod executor;
pub mod order_items;
pub mod orders;
pub mod outbox;
pub mod saga_instance;
pub mod step_log;
