//! Memory with many checkouts in flight: a neighbour is slow, and each client waits on a connection.

use std::time::Duration;

use order_service::clock::Clock;
use order_service::sandbox::{Call, Fault as Misbehaviour, FaultKind};

use crate::Fault;
use crate::database::{Database, Engine};
use crate::load::cart;
use crate::load::connection::Connection;
use crate::process::{Sandbox, Service, System};
use crate::table::{Bound, Met, targets};
use crate::usage;

/// Flags of `memory`.
#[derive(Debug, clap::Args)]
pub struct Memory {
    /// Checkouts in flight
    #[arg(long, default_value_t = 10_000)]
    in_flight: usize,
}

/// Less than a call may take, and longer than it takes to send all.
const SLOW_MS: u64 = 25_000;

/// Measures, and checks that every client then gets its 201.
pub async fn run(memory: Memory) -> Result<(), Fault> {
    let (directory, sandbox, clock) =
        (tempfile::tempdir()?, Sandbox::start().await?, Clock::system());
    sandbox.renew(Duration::ZERO).await?;
    let slow = Misbehaviour::on(Call::Process, FaultKind::Slow);
    sandbox.inject(&Misbehaviour { millis: Some(SLOW_MS), ..slow }).await?;
    let database = Database::fresh(Engine::Postgres, directory.path(), "memory").await?;
    let places = (memory.in_flight + 100).to_string();
    let set = [
        ("ORDER_SERVICE__EXECUTOR__CONCURRENCY", places.as_str()),
        ("ORDER_SERVICE__CHECKOUT__WAIT", "60s"),
    ];
    let service =
        Service::start(System::Saga, &database.url, &sandbox, directory.path(), &set).await?;
    let (since, pid) = (clock.now(), service.child.pid());
    let idle = usage::resident_mib(pid)?;
    eprintln!("sends {} checkouts", memory.in_flight);
    let mut clients = tokio::task::block_in_place(|| {
        let requests = cart::requests(0);
        let send = |request: &Vec<u8>| {
            let mut connection = Connection::open(service.address)?;
            connection.send(request).map(|()| connection)
        };
        requests.iter().cycle().take(memory.in_flight).map(send).collect::<Result<Vec<_>, _>>()
    })?;
    let wanted = i64::try_from(memory.in_flight)?;
    while database.totals(since).await?.unfinished < wanted {
        clock.sleep(Duration::from_millis(100)).await;
    }
    let full = usage::resident_mib(pid)?;
    sandbox.calm_down().await?;
    eprintln!("lets them go on");
    let created = tokio::task::block_in_place(|| {
        clients
            .iter_mut()
            .map(Connection::answer)
            .filter(|answer| matches!(answer, Ok(201)))
            .count()
    });
    println!("RSS idle {idle:.0} MiB, afterwards {:.0} MiB", usage::resident_mib(pid)?);
    let what = format!("RSS in MiB with {} checkouts in flight", memory.in_flight);
    targets(&[Met { what, bound: Bound::AtMost(150.0), measured: full }]);
    let books = database.totals(since).await?;
    if created < memory.in_flight || books.orders != wanted {
        return Err(format!("{created} 201s, {} orders", books.orders).into());
    }
    Ok(())
}
