//! Users' tokens: JWTs from an external issuer.
//!
//! The invariant: what a token says about how to verify it is not believed. A key has one algorithm, known
//! before the token is read ([`key`]), and every claim that is judged must be present ([`claims`],
//! promise 51).

mod claims;
mod fetch;
mod key;
mod keys;
mod published;
mod refused;
mod set;
mod tokens;

pub(in crate::auth) use tokens::Tokens;
