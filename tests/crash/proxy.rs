//! A proxy between a replica and its database: it can fall silent, reset connections, and switch servers.

use std::future::pending;
use std::net::SocketAddr;

use futures::future::join;
use tokio::io::{copy, copy_bidirectional, sink};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A TCP proxy, at one address until it is dropped.
pub struct Proxy {
    pub address: SocketAddr,
    orders: watch::Sender<Orders>,
}

/// Connections are numbered as they come; an order applies to all that came before it.
#[derive(Clone, Copy, Debug)]
struct Orders {
    leads_to: SocketAddr,
    opened: usize,
    deaf_below: usize,
    silent_below: usize,
    reset_below: usize,
}

impl Proxy {
    /// A proxy in front of the server with this URL.
    pub fn before(url: &str) -> Self {
        let leads_to = server_of(url);
        let orders = Orders { leads_to, opened: 0, deaf_below: 0, silent_below: 0, reset_below: 0 };
        let (orders, heard) = watch::channel(orders);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("an option");
        let listener = TcpListener::from_std(listener).expect("a listener");
        let address = listener.local_addr().expect("its address");
        tokio::spawn(accept(listener, orders.clone(), heard));
        Self { address, orders }
    }

    /// The same URL, through this proxy.
    pub fn url(&self, url: &str) -> String {
        url.replace(&server_of(url).to_string(), &self.address.to_string())
    }

    /// Silences the open connections: nothing gets through, and neither side is told. New ones work.
    pub fn fall_silent(&self) {
        self.orders.send_modify(|orders| orders.silent_below = orders.opened);
    }

    /// On the open connections, requests still get through, but no answers.
    pub fn keep_answers(&self) {
        self.orders.send_modify(|orders| orders.deaf_below = orders.opened);
    }

    /// Resets both ends of the open connections, including silent ones.
    pub fn reset(&self) {
        self.orders.send_modify(|orders| orders.reset_below = orders.opened);
    }

    /// From now on, new connections go to the server with this URL.
    pub fn lead_to(&self, url: &str) {
        self.orders.send_modify(|orders| orders.leads_to = server_of(url));
    }
}

fn server_of(url: &str) -> SocketAddr {
    let (_, after_user) = url.rsplit_once('@').expect("a user");
    after_user.split('/').next().and_then(|server| server.parse().ok()).expect("an address")
}

async fn accept(
    listener: TcpListener,
    orders: watch::Sender<Orders>,
    heard: watch::Receiver<Orders>,
) {
    while let Ok((near, _)) = listener.accept().await {
        let number = orders.borrow().opened;
        orders.send_modify(|orders| orders.opened += 1);
        tokio::spawn(connection(number, near, heard.clone()));
    }
}

impl Orders {
    fn touch(&self, number: usize) -> bool {
        self.deaf_below.max(self.silent_below).max(self.reset_below) > number
    }
}

async fn connection(number: usize, mut near: TcpStream, mut heard: watch::Receiver<Orders>) {
    let leads_to = heard.borrow().leads_to;
    // A refused connection is closed at once, as poolers and load balancers do.
    let Ok(mut far) = TcpStream::connect(leads_to).await else { return };
    tokio::select! {
        _ended = copy_bidirectional(&mut near, &mut far) => return,
        _ordered = heard.wait_for(|orders| orders.touch(number)) => {}
    }
    let is_deaf = heard.borrow().deaf_below > number;
    let (mut asked, mut answers) = (near.split().0, far.split());
    let asks = async {
        if is_deaf {
            let nowhere = &mut sink();
            let _ended =
                join(copy(&mut asked, &mut answers.1), copy(&mut answers.0, nowhere)).await;
        }
        // A silent connection is kept open until it is reset.
        pending::<()>().await;
    };
    tokio::select! {
        () = asks => {}
        _reset = heard.wait_for(|orders| orders.reset_below > number) => {}
    }
    for end in [near, far] {
        let _reset = end.set_zero_linger();
    }
}
