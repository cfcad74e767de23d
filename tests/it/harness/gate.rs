//! A way to a neighbour that can be shut: a port that refuses connections until it is opened.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

/// A port in front of a neighbour. Shut to begin with.
pub struct Gate {
    address: SocketAddr,
    passed: Arc<AtomicUsize>,
    /// Bound and not listening: it refuses, and nobody else is given the port meanwhile.
    shut: Option<TcpSocket>,
    open: Option<tokio::task::JoinHandle<()>>,
}

impl Gate {
    pub fn shut() -> Self {
        let shut = bound(SocketAddr::from(([127, 0, 0, 1], 0)));
        let address = shut.local_addr().expect("its address");
        Self { address, passed: Arc::default(), shut: Some(shut), open: None }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many connections it has let through.
    pub fn passed(&self) -> usize {
        self.passed.load(Ordering::Relaxed)
    }

    /// Lets connections through to that neighbour.
    pub fn open(&mut self, url: &str) {
        let listener = self.shut.take().expect("it is shut").listen(128).expect("a listener");
        let neighbour = url.strip_prefix("http://").expect("an address").to_owned();
        let passed = self.passed.clone();
        self.open = Some(tokio::spawn(async move {
            // They end with this task.
            let mut connections = JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                passed.fetch_add(1, Ordering::Relaxed);
                let neighbour = neighbour.clone();
                connections.spawn(async move {
                    let mut far = TcpStream::connect(neighbour).await.expect("the neighbour");
                    let _ended = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                });
            }
        }));
    }

    /// Cuts what goes through, and refuses what comes.
    pub async fn close(&mut self) {
        if let Some(open) = self.open.take() {
            open.abort();
            let _aborted = open.await;
            self.shut = Some(bound(self.address));
        }
    }
}

fn bound(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_reuseaddr(true).expect("an option");
    socket.bind(address).expect("the port");
    socket
}
