//! `POST /api/orders/create`: what becomes of a cart, and what its client is told.

mod address;
mod answers;
mod decision;
mod doubles;
mod price;
mod refusals;
mod requests;
mod shedding;
mod tolerance;
mod waiting;
