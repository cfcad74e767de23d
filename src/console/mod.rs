//! The console: pages for the person on call, below `/console`.
//!
//! They are made on the server, from the functions that answer the operators' API, so that a page, a button,
//! the API and the shell can't say different things. Everything works as links and forms without JavaScript;
//! the one script only refreshes what is live.
//!
//! ```text
//!   route       the paths, and the order in which a request is judged
//!   policy      the headers of every answer, and which forms are taken
//!   visitor     who asks: the session behind the cookie
//!   sign_in     signing in and out
//!   asset       the stylesheet, the script and the icon, under names that change with them
//!   page        the frame of a page, and the page of an error
//!   piece       a time, a text of others, an amount: what all pages are made of
//!   overview, sagas, saga, action, bulk, order, webhooks, find    the pages
//! ```
//!
//! The invariants: nobody sees a page, and nothing is done, without a session whose token is still configured,
//! or with a role that may not (promise 66); no form from another site is taken; what others wrote is shown
//! as text, without control characters and without those that turn the direction of writing.

mod action;
mod asset;
mod audit;
mod bulk;
mod cancel_form;
mod filters;
mod find;
mod order;
mod order_cancel;
mod overview;
mod page;
mod parcels;
mod piece;
mod policy;
mod route;
mod saga;
mod sagas;
mod sign_in;
mod visitor;
mod webhooks;

pub(crate) use policy::{is_ours, under_policy};
pub use route::router;
