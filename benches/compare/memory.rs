//! Memory with many checkouts in flight at a slow neighbour, with clients that wait and clients that
//! don't.

use std::net::SocketAddr;
use std::time::Duration;

use futures::future::try_join_all;
use order_service::clock::Clock;
use order_service::sandbox::{Call, Fault as Misbehaviour, FaultKind};
use reqwest::StatusCode;
use strum::IntoEnumIterator;
use tokio::task::JoinSet;

use crate::Fault;
use crate::database::{Database, Engine};
use crate::load::cart;
use crate::load::connection::Connection;
use crate::process::{Sandbox, Service, System};
use crate::table::{Bound, Met, targets};
use crate::usage;

/// The flags of `memory`.
#[derive(Debug, clap::Args)]
pub struct Memory {
    /// Checkouts in flight
    #[arg(long, default_value_t = 10_000)]
    in_flight: usize,
    /// Clients of this sort only
    #[arg(long)]
    clients: Option<Clients>,
}

/// Shorter than a call's time-out, and longer than it takes to send all requests.
const SLOW_MS: u64 = 25_000;
/// How many requests one HTTP/2 connection takes at a time.
const STREAMS: usize = 200;

/// How many clients send the requests for which nobody waits.
const SENDERS: usize = 64;

/// How clients wait for their checkouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, strum::Display, strum::EnumIter)]
enum Clients {
    /// They leave with a 202.
    #[strum(to_string = "gone with a 202")]
    Gone,
    /// Many share a connection, as behind a proxy that speaks HTTP/2.
    #[strum(to_string = "waiting, by HTTP/2")]
    Sharing,
    /// Each has a connection of its own.
    #[strum(to_string = "waiting, a connection each")]
    Holding,
}

/// Requests that were sent and whose answers are awaited.
enum Sent {
    Gone,
    Sharing(JoinSet<Result<StatusCode, reqwest::Error>>),
    Holding(Vec<Connection>),
}

impl Clients {
    async fn send(self, address: SocketAddr, number: usize) -> Result<Sent, Fault> {
        match self {
            Self::Gone => {
                let client = &reqwest::Client::new();
                let each = (0..SENDERS).map(|at| async move {
                    let some = number / SENDERS + usize::from(at < number % SENDERS);
                    for body in cart::bodies(at as u64).into_iter().cycle().take(some) {
                        let request = post(client, address, body).header("prefer", "respond-async");
                        let status = request.send().await?.status();
                        if status != StatusCode::ACCEPTED {
                            return Err(Fault::from(format!("answered {status} to respond-async")));
                        }
                    }
                    Ok(())
                });
                try_join_all(each).await?;
                Ok(Sent::Gone)
            }
            Self::Sharing => {
                let mut waiting = JoinSet::new();
                let connection = || reqwest::Client::builder().http2_prior_knowledge().build();
                let mut client = connection()?;
                for (at, body) in cart::bodies(0).into_iter().cycle().take(number).enumerate() {
                    if at % STREAMS == 0 {
                        client = connection()?;
                    }
                    let request = post(&client, address, body).send();
                    waiting.spawn(async move { request.await.map(|answer| answer.status()) });
                }
                Ok(Sent::Sharing(waiting))
            }
            Self::Holding => tokio::task::block_in_place(|| {
                let requests = cart::requests(0);
                let send = |request: &Vec<u8>| {
                    let mut connection = Connection::open(address)?;
                    connection.send(request).map(|()| connection)
                };
                let sent = requests.iter().cycle().take(number).map(send);
                Ok(Sent::Holding(sent.collect::<std::io::Result<_>>()?))
            }),
        }
    }
}

fn post(client: &reqwest::Client, to: SocketAddr, body: String) -> reqwest::RequestBuilder {
    let url = format!("http://{to}/api/orders/create");
    client.post(url).header("content-type", "application/json").body(body)
}

impl Sent {
    /// Waits for every client's 201, unless the clients have left.
    async fn confirmed(self) -> Option<usize> {
        match self {
            Self::Gone => None,
            Self::Sharing(waiting) => {
                let answers = waiting.join_all().await;
                Some(
                    answers
                        .iter()
                        .filter(|answer| matches!(answer, Ok(StatusCode::CREATED)))
                        .count(),
                )
            }
            Self::Holding(mut connections) => Some(tokio::task::block_in_place(|| {
                let answers = connections.iter_mut().map(Connection::answer);
                answers.filter(|answer| matches!(answer, Ok(201))).count()
            })),
        }
    }
}

/// Measures, then checks that every client gets its 201.
pub async fn run(memory: Memory) -> Result<(), Fault> {
    let mut all = Vec::new();
    for clients in Clients::iter().filter(|these| memory.clients.is_none_or(|of| of == *these)) {
        all.push(measure(clients, memory.in_flight).await?);
    }
    targets(&all);
    Ok(())
}

async fn measure(clients: Clients, number: usize) -> Result<Met, Fault> {
    let (directory, sandbox, clock) =
        (tempfile::tempdir()?, Sandbox::start().await?, Clock::system());
    sandbox.renew(Duration::ZERO).await?;
    let slow = Misbehaviour::on(Call::Process, FaultKind::Slow);
    sandbox.inject(&Misbehaviour { millis: Some(SLOW_MS), ..slow }).await?;
    let database = Database::fresh(Engine::Postgres, directory.path(), "memory").await?;
    let places = (number + 100).to_string();
    let set = [
        ("ORDER_SERVICE__EXECUTOR__CONCURRENCY", places.as_str()),
        ("ORDER_SERVICE__CHECKOUT__WAIT", "60s"),
    ];
    let service =
        Service::start(System::Saga, &database.url, &sandbox, directory.path(), &set).await?;
    let (since, pid) = (clock.now(), service.child.pid());
    let idle = usage::resident_mib(pid)?;
    eprintln!("sends {number} checkouts, clients {clients}");
    let sent = clients.send(service.address, number).await?;
    let wanted = i64::try_from(number)?;
    while database.totals(since).await?.unfinished < wanted {
        clock.sleep(Duration::from_millis(100)).await;
    }
    let full = usage::resident_mib(pid)?;
    sandbox.calm_down().await?;
    eprintln!("lets them go on");
    let confirmed = sent.confirmed().await;
    while database.totals(since).await?.unfinished > 0 {
        clock.sleep(Duration::from_millis(100)).await;
    }
    let afterwards = usage::resident_mib(pid)?;
    println!("clients {clients}: RSS idle {idle:.0} MiB, afterwards {afterwards:.0} MiB");
    let books = database.totals(since).await?;
    if confirmed.is_some_and(|confirmed| confirmed < number) || books.orders != wanted {
        return Err(format!("{confirmed:?} 201s, {} orders", books.orders).into());
    }
    let what = format!("RSS in MiB with {number} checkouts in flight, clients {clients}");
    Ok(Met { what, bound: Bound::AtMost(150.0), measured: full })
}
