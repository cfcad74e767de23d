//! The same checkout without a saga: what the durable one is compared with.
//!
//! It is written to be as fast as possible with the same neighbours and tables: reads side by side, then
//! the charge, then the reservations side by side, then one statement that stores the order and its
//! lines. Any failure on the way is answered with a 502 and left as it is: nothing is undone or
//! remembered. That it does less is the point.
//!
//! With `PLAIN_PROFILE_FIRST` set, it reads the profile and then the products, which is one hop more, as
//! in a flow that is written step by step.
//!
//! With `PLAIN_INTENT_FIRST` set, it stores one row before it charges: the least that a flow has to do so
//! that a crash loses no money. No saga can avoid that cost.

mod books;
mod checkout;
mod neighbour;

use std::net::SocketAddr;

use axum::Router;
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use order_service::clock::Clock;

use crate::Fault;
use books::Books;
use checkout::Checkout;
use neighbour::Neighbours;

/// The flags of `plain`.
#[derive(Debug, clap::Args)]
pub struct Plain {
    #[arg(long)]
    listen: SocketAddr,
    #[arg(long)]
    database_url: String,
    #[arg(long)]
    user: String,
    #[arg(long)]
    product: String,
    #[arg(long)]
    payment: String,
    /// A new connection for each effect, so that a request never meets one that its neighbour is closing
    #[arg(long)]
    fresh_connections: bool,
}

/// Serves until it is killed.
pub async fn serve(plain: Plain) -> Result<(), Fault> {
    let Plain { listen, database_url, user, product, payment, fresh_connections } = plain;
    let checkout = Checkout {
        books: Books::open(&database_url).await?,
        neighbours: Neighbours::at(&user, &product, &payment, fresh_connections)?,
        clock: Clock::system(),
        intent_first: std::env::var_os("PLAIN_INTENT_FIRST").is_some(),
        profile_first: std::env::var_os("PLAIN_PROFILE_FIRST").is_some(),
    };
    if checkout.intent_first {
        checkout.books.make_room_for_intents().await?;
    }
    let router = Router::new()
        .route("/api/orders/create", post(checkout::create))
        .route("/health/ready", get(async || "ready"))
        .with_state(checkout);
    let listener = tokio::net::TcpListener::bind(listen).await?;
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    Ok(axum::serve(listener, router).await?)
}
