//! `PgBouncer`, as packaged by Debian, between a replica and PostgreSQL.

use std::cell::OnceCell;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::{Command, Stdio};

use order_service::sandbox::Idempotency;
use tempfile::TempDir;
use tokio::net::TcpStream;

use super::failover::the_next_order_comes_soon;
use super::postgres::Postgres;
use super::process::{Kept, free_address};
use super::proxy::Proxy;
use super::replica::Orders;
use super::world::{Books, World, either};

struct Pooler {
    url: String,
    address: SocketAddr,
    directory: TempDir,
    child: Option<Kept>,
}

impl Pooler {
    /// A pooler in front of the server with this URL, with its defaults and these settings. Returns once it
    /// listens.
    async fn before(url: &str, settings: &str) -> Self {
        let this = Self::spawned_before(url, settings);
        this.listens().await;
        this
    }

    /// The same, which may not listen yet.
    fn spawned_before(url: &str, settings: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let users = directory.path().join("users");
        let (address, server) = (free_address(), url.rsplit_once('@').expect("a user").1);
        let server = server.split('/').next().and_then(|server| server.split_once(':'));
        let (host, port) = server.expect("an address");
        let listen = format!("listen_addr = {}\nlisten_port = {}", address.ip(), address.port());
        let words = format!(
            "[databases]\n* = host={host} port={port}\n[pgbouncer]\n{listen}\nauth_type = trust\n\
             auth_file = {}\nunix_socket_dir =\n{settings}\n",
            users.display()
        );
        fs::write(directory.path().join("pgbouncer.ini"), words).expect("its configuration");
        fs::write(&users, "\"postgres\" \"\"\n").expect("its users");
        // PgBouncer reads these files as another user.
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).expect("ours");
        let url = url.replace(&format!("{host}:{port}"), &address.to_string());
        let mut this = Self { url, address, directory, child: None };
        this.spawn();
        this
    }

    /// Ends every connection through it. Returns once it listens again.
    async fn restart(&mut self) {
        self.child = None;
        self.spawn();
        self.listens().await;
    }

    fn spawn(&mut self) {
        let mut command = Command::new("pgbouncer");
        command.env("PATH", "/usr/sbin:/usr/bin:/bin").arg("--quiet");
        // PgBouncer refuses to run as root.
        if fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0) {
            command.args(["--user", "postgres"]);
        }
        command.arg(self.directory.path().join("pgbouncer.ini")).stderr(Stdio::null());
        self.child = Some(Kept::spawn(&mut command));
    }

    async fn listens(&self) {
        while TcpStream::connect(self.address).await.is_err() {
            tokio::task::yield_now().await;
        }
    }
}

/// A pooler with no settings except PostgreSQL's address.
#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_in_session_mode_works_with_its_default_settings() {
    let cluster = Postgres::shared().database().await;
    let mut pooler = Pooler::before(&cluster, "").await;
    let tell = |orders: Orders| orders.at(&pooler.url);
    let what = "a pooler in session mode";
    let mut world = World::start_with(what, Books::Postgres, either(10), 1, tell).await;
    let storm = world.storm();
    world.served(20, 60).await;
    world.note("restarts of the pooler");
    pooler.restart().await;
    world.served(20, 60).await;
    storm.over().await;
    for command in ["check", "audit"] {
        let ran = world.orders().run(command).await;
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert!(!said.contains("database"), "{command}: {said}");
    }
    world.finish().await;
}

/// The primary's machine dies, and what the pooler leads to becomes the promoted standby's address. After it could
/// not connect, `PgBouncer` by default answers everybody with an error for 15 s; here it is for one.
#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_in_session_mode_follows_a_failover_and_nothing_answered_is_lost() {
    const SETTINGS: &str = "server_login_retry = 1";
    let (what, between) = ("a failover behind a pooler", OnceCell::new());
    let tell = |orders: Orders| {
        let (_proxy, pooler) = between.get_or_init(|| {
            let proxy = Proxy::before(&orders.url);
            let pooler = Pooler::spawned_before(&proxy.url(&orders.url), SETTINGS);
            (proxy, pooler)
        });
        orders.at(&pooler.url)
    };
    let mut world = World::start_with(what, Books::Cluster, either(14), 2, tell).await;
    let (proxy, _pooler) = between.get().expect("it was told");
    let standby = world.cluster().add_standby();
    world.cluster().wait_for_standby().await;
    let storm = world.storm();
    world.served(20, 60).await;
    world.note("dead primaries");
    world.cluster().kill();
    world.cluster().promote();
    proxy.lead_to(&standby);
    the_next_order_comes_soon(&world, what).await;
    world.clients.served(20).await;
    storm.over().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_that_lends_sessions_is_refused_at_start_with_the_reason() {
    let world =
        World::start("a pooler that lends", Books::Postgres, Idempotency::default(), 1).await;
    for settings in [
        "pool_mode = transaction",
        "pool_mode = transaction\ndefault_pool_size = 1",
        "pool_mode = transaction\nserver_round_robin = 1\nmin_pool_size = 4",
        "pool_mode = transaction\nignore_startup_parameters = extra_float_digits,options",
        "pool_mode = statement",
    ] {
        let pooler = Pooler::before(&world.orders().url, settings).await;
        // Also if the session was used before, by others.
        for _start in 0..2 {
            let refused = world.orders().at(&pooler.url).refused().await;
            let said = String::from_utf8_lossy(&refused.stderr);
            assert_eq!(refused.status.code(), Some(1), "{settings}: {said}");
            let last = said.lines().last().unwrap_or_default();
            assert!(last.contains("looks like a transaction-mode pooler"), "{settings}: {said}");
            assert!(last.contains("session mode is needed"), "{settings}: {said}");
        }
    }
    world.finish().await;
}
