//! Draws the answers of the operators' API, and the results of a check or an audit, for people.
//!
//! Answers are read leniently: only what a table shows is read, and most of that may be missing. So an older
//! binary on an operator's laptop still works with a newer service.

mod answer;
mod archive;
mod books;
mod bulk;
mod event;
mod groups;
mod import;
mod list;
mod order;
mod position;
mod show;
mod table;
#[cfg(test)]
mod tests;
mod trail;
mod webhooks;

pub(super) use answer::{ActionDone, Detail, Page};
pub(super) use archive::verified;
pub(super) use books::{audited, checked};
pub(super) use bulk::{Run, Runs, progress, run, runs};
pub(super) use event::{Told, told};
pub(super) use groups::{Groups, groups};
pub(super) use import::imported;
pub(super) use list::list;
pub(super) use order::{Cancelled, OrderDetail, cancelled, order};
pub(super) use show::show;
pub(super) use trail::{Trail, trail};
pub(super) use webhooks::{DeliveryPage, Webhook, WebhookPage, deliveries, secret, webhooks};
