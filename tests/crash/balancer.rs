//! `HAProxy`, as packaged by Debian, in front of the replicas, with the configuration that is shipped.

use std::fs::File;
use std::net::SocketAddr;
use std::process::Command;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::process::{Kept, free_address};
use super::world::{Books, World, either, setting};

const SHIPPED: &str = include_str!("../../docker/haproxy.cfg");
/// The addresses in the shipped configuration.
const NAMES: [&str; 2] = ["order-1:5004", "order-2:5004"];

struct Balancer {
    address: SocketAddr,
    directory: TempDir,
    _child: Kept,
}

impl Balancer {
    /// In front of these two replicas. Returns once it listens: on the socket for its statistics last, some time after
    /// the port.
    async fn before(doors: &[SocketAddr]) -> Self {
        let (directory, address) = (tempfile::tempdir().expect("a directory"), free_address());
        let state = directory.path().join("state");
        let mut words = SHIPPED
            .replace("bind :5004", &format!("bind {address}"))
            .replace("\nglobal\n", &format!("\nglobal\n    stats socket {}\n", state.display()));
        for (name, door) in NAMES.iter().zip(doors) {
            assert!(words.contains(name));
            words = words.replace(name, &door.to_string());
        }
        let file = directory.path().join("haproxy.cfg");
        std::fs::write(&file, words).expect("its configuration");
        let mut command = Command::new("haproxy");
        command.env("PATH", "/usr/sbin:/usr/bin:/bin").arg("-db").arg("-f").arg(&file);
        let log = File::create(directory.path().join("log")).expect("a file");
        let mut child = Kept::spawn(command.stdout(log));
        while UnixStream::connect(&state).await.is_err() {
            let end = child.child().try_wait().expect("our child");
            assert_eq!(end, None, "it ended; standard error has the reason");
            tokio::task::yield_now().await;
        }
        Self { address, directory, _child: child }
    }

    /// A column of its statistics, of one line.
    async fn says(&self, proxy: &str, server: &str, column: &str) -> String {
        let state = UnixStream::connect(self.directory.path().join("state")).await;
        let (mut state, mut table) = (state.expect("its socket"), String::new());
        state.write_all(b"show stat\n").await.expect("it listens");
        state.read_to_string(&mut table).await.expect("it answers");
        let mut lines = table.lines().map(|line| line.split(',').collect::<Vec<_>>());
        let at = lines.next().expect("a header").iter().position(|name| *name == column);
        let line = lines.find(|line| line[0] == proxy && line[1] == server).expect("its line");
        line[at.expect("such a column")].to_owned()
    }

    /// What it wrote: which replica it took out, and why.
    fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).expect("its log")
    }

    /// Returns once it takes both replicas for ready.
    async fn sees_both(&self, world: &World) {
        for name in ["order-1", "order-2"] {
            let is_up = async || self.says("order", name, "status").await == "UP";
            world.until("it sees both", is_up).await;
        }
    }
}

/// Clients with keys see nothing of a replica that dies, or of one that is stopped in an orderly way.
#[tokio::test(flavor = "multi_thread")]
async fn behind_the_shipped_balancer_no_client_notices_that_a_replica_dies_or_stops() {
    let mut world = World::start("a balancer", Books::Postgres, either(15), 2).await;
    let balancer = Balancer::before(&world.doors()).await;
    let clients = usize::try_from(setting("CRASH_CLIENTS", 12)).expect("few");
    balancer.sees_both(&world).await;
    let storm = world.clients.storm(&[balancer.address], clients);
    for round in 0..2 * setting("CRASH_ROUNDS", 2) {
        world.served(20, 60).await;
        let ends = usize::try_from(round / 2 % 2).expect("two");
        if round % 2 == 0 {
            world.kill(ends);
        } else {
            world.note("orderly ends");
            world.replicas[ends].terminate().await;
        }
        world.clients.served(20).await;
        world.comes_back(ends);
        world.replicas[ends].ready().await;
        balancer.sees_both(&world).await;
    }
    storm.over().await;
    assert_eq!(balancer.says("door", "FRONTEND", "hrsp_5xx").await, "0", "{}", balancer.log());
    world.finish().await;
}
