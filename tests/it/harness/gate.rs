//! A proxy before a neighbour that can be shut: its port refuses connections until it is opened.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// A port in front of a neighbour. Shut to begin with.
pub struct Gate {
    address: SocketAddr,
    passed: Arc<AtomicUsize>,
    /// Raised when what goes through falls silent.
    silence: watch::Sender<u32>,
    /// Bound but not listening: it refuses connections, and nobody else can take the port.
    shut: Option<TcpSocket>,
    open: Option<tokio::task::JoinHandle<()>>,
}

impl Gate {
    pub fn shut() -> Self {
        let shut = bound(SocketAddr::from(([127, 0, 0, 1], 0)));
        let address = shut.local_addr().expect("its address");
        let silence = watch::Sender::new(0);
        Self { address, passed: Arc::default(), silence, shut: Some(shut), open: None }
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
        let (passed, silence) = (self.passed.clone(), self.silence.clone());
        self.open = Some(tokio::spawn(async move {
            // They end with this task.
            let mut connections = JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                passed.fetch_add(1, Ordering::Relaxed);
                let (neighbour, mut silence) = (neighbour.clone(), silence.subscribe());
                connections.spawn(async move {
                    let mut far = TcpStream::connect(neighbour).await.expect("the neighbour");
                    tokio::select! {
                        _ended = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                        // Both ends stay open, but nothing gets through any more.
                        _silent = silence.changed() => std::future::pending().await,
                    }
                });
            }
        }));
    }

    /// Makes all open connections fall silent, without telling either end. Later ones get through.
    pub fn hush(&self) {
        self.silence.send_modify(|times| *times += 1);
    }

    /// Cuts open connections, and refuses new ones.
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
