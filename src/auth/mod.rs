//! Who asks, and what they may do.
//!
//! A handler says what it needs by what it extracts from the request. The extractor is always its first
//! argument after the state, so that nothing else of the request is looked at before:
//!
//! ```text
//! routes that need a role      who: Person      who.require(Right::Act)?;         403 for another role
//! routes of clients            caller: Caller   caller.require(Right::Act)?;      403 for an operator without it
//!                                               caller.may_order_for(user)?;      403 for another user
//!                                               caller.sees(user)                 if not, answer as if unknown
//! ```
//!
//! [`Person`] is the holder of an operator's token; [`Person::name`] says who that is. Every other request
//! is answered 401, or 403 if no such token is configured. [`Caller`] is anyone if `users.auth` is `off`,
//! and otherwise a user or an operator; every other request is answered 401. What another user owns is
//! answered like what does not exist: `found.filter(|order| caller.sees(order.user_id))`, and then a 404
//! in both cases. Both extractors take the [`Access`] from the state (`impl FromRef<State> for Access`).
//!
//! What a person does is an [`Audited`] action: its entry in the audit trail is made before anything is
//! judged, goes with the action into its transaction, and is stored by itself where the answer is 403, 409
//! or 412 (promise 63).
//!
//! Browsers show a cookie instead, under `/console` only: [`SignedIn`] ties it to the token that it was given for.
//!
//! The invariant: a request without a token gets no further than the extractor, and one table says what
//! each role may do ([`Right`]). Users see their own orders only, and order only for themselves (promise 52).

mod access;
mod audited;
mod bearer;
mod caller;
mod document;
mod extract;
mod jwt;
mod known;
mod person;
mod right;
mod session;

pub use access::Access;
pub(crate) use audited::Audited;
pub(crate) use caller::Caller;
pub use document::describe;
pub(crate) use person::{Person, SHELL};
pub use right::Right;
pub(crate) use session::SignedIn;
