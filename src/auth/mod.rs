//! Who asks, and what they may do.
//!
//! A handler says what it needs by what it extracts from the request, always as its first argument after
//! the state, so that nothing else of a request is looked at before:
//!
//! ```text
//! routes that need a role      who: Person      who.require(Right::Act)?;         403 for another role
//! routes of clients            caller: Caller   caller.require(Right::Act)?;      403 for an operator without it
//!                                               caller.may_order_for(user)?;      403 for another user
//!                                               caller.sees(user)                 else answer as if unknown
//! ```
//!
//! [`Person`] is somebody with an operator's token; every other request is answered 401, or 403 where no
//! such token is configured. Who it is, is [`Person::name`]. [`Caller`] is anyone where `users.auth` is
//! `off`, and else a user or an operator; every other request is answered 401. What another user owns is
//! answered like what does not exist: `found.filter(|order| caller.sees(order.user_id))`, and then the
//! 404 for both. The state gives both their [`Access`] (`impl FromRef<State> for Access`).
//!
//! The invariant: whoever has no token gets no further than the extractor, and what a role may do is
//! said in one table ([`Right`]). A user sees and orders only for themselves (promise 52).

mod access;
mod bearer;
mod caller;
mod document;
mod extract;
mod jwt;
mod known;
mod person;
mod right;

pub use access::Access;
pub(crate) use caller::Caller;
pub use document::describe;
pub(crate) use person::Person;
pub use right::Right;
