//! The tables as sea-orm sees them: columns and relations, no logic.

pub mod executor;
pub mod mails;
pub mod order_items;
pub mod orders;
pub mod outbox;
pub mod return_lines;
pub mod returns;
pub mod saga_instance;
pub mod shipment_events;
pub mod shipment_lines;
pub mod shipments;
pub mod step_log;
pub mod webhook;
pub mod webhook_delivery;
