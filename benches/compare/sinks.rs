//! Checkouts while everybody is told of them: with a broker, three webhooks and mail, and with nobody who listens, in
//! alternating turns.
//!
//! On this machine the broker, the endpoints, the mail server and the deliveries share the cores with the checkouts. Between
//! turns, whatever was not told yet is waited for, so that it does not disturb the other side's turn.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use lapin::ExchangeKind;
use order_service::clock::Clock;
use tokio::net::TcpListener;

use crate::Fault;
use crate::database::{Database, Engine, as_float};
use crate::post_office::PostOffice;
use crate::process::{Sandbox, Service, System};
use crate::progress::Progress;
use crate::rabbit::{Queues, Rabbit};
use crate::table::{Bound, Met, median, targets};
use crate::turn::{Shape, Side};

/// The flags of `sinks`.
#[derive(Debug, clap::Args)]
pub struct Sinks {
    /// How often each is measured; odd, for a median
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Measured time of a turn
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Clients that wait for their answers
    #[arg(long, value_delimiter = ',', default_values_t = [16, 64])]
    clients: Vec<usize>,
    /// Without the broker
    #[arg(long)]
    no_broker: bool,
    /// How many webhooks
    #[arg(long, default_value_t = 3)]
    webhooks: u64,
    /// Without mail
    #[arg(long)]
    no_mail: bool,
}

/// How long telling may take after a turn.
const TOLD_WITHIN: Duration = Duration::from_mins(10);
const QUEUE: &str = "everything";

/// Measures, and prints which targets are met.
pub async fn run(sinks: Sinks) -> Result<(), Fault> {
    let (directory, sandbox) = (tempfile::tempdir()?, Sandbox::start().await?);
    let quiet = quiet(&sandbox, directory.path()).await?;
    let told = Told::start(&sinks, &sandbox, directory.path()).await?;
    let mut progress = Progress::of(sinks.rounds * sinks.clients.len() * 3);
    let (mut wrong, mut met) = (BTreeSet::new(), Vec::new());
    for connections in &sinks.clients {
        let shape = Shape {
            connections: *connections,
            rate: None,
            pause: Duration::ZERO,
            warmup: Duration::from_secs(1),
            measured: Duration::from_secs_f64(sinks.seconds),
        };
        let (mut ratios, mut rates, mut after) = (Vec::new(), Vec::new(), Vec::new());
        for seed in (0..).take(sinks.rounds) {
            progress.begin(&format!("{connections} clients, nobody is told"));
            let without = quiet.turn(&shape, seed, &sandbox, &mut wrong).await?.rate;
            progress.begin(&format!("{connections} clients, all are told"));
            let with = told.side.turn(&shape, seed, &sandbox, &mut wrong).await?.rate;
            let (during, mails) = (told.progress(), told.mails());
            progress.begin("waits until all are told");
            let seconds = told.wait().await?;
            ratios.push(with / without);
            rates.push((without, with));
            after.push((during, mails, seconds));
        }
        for ((without, with), (during, mails, seconds)) in rates.iter().zip(&after) {
            println!(
                "{connections} clients: {without:.0}/s, told {with:.0}/s; {during} deliveries and \
                 {mails} mails by the end of the turn, the rest {seconds:.1} s later"
            );
        }
        met.push(Met {
            what: format!("throughput, {connections} clients, to that without sinks"),
            bound: Bound::AtLeast(0.9),
            measured: median(ratios),
        });
    }
    drop(progress);
    targets(&met);
    if wrong.is_empty() { Ok(()) } else { Err(Vec::from_iter(wrong).join("\n").into()) }
}

async fn quiet(sandbox: &Sandbox, directory: &Path) -> Result<Side, Fault> {
    let database = Database::fresh(Engine::Postgres, directory, "quiet").await?;
    let service = Service::start(System::Saga, &database.url, sandbox, directory, &[]).await?;
    Ok(Side { service, database })
}

/// A side that tells a broker, webhooks and customers.
struct Told {
    side: Side,
    webhooks: u64,
    /// What the endpoints got.
    got: Arc<AtomicU64>,
    /// What customers got.
    post_office: Option<PostOffice>,
    _queues: Option<Queues>,
}

impl Told {
    async fn start(sinks: &Sinks, sandbox: &Sandbox, directory: &Path) -> Result<Self, Fault> {
        let database = Database::fresh(Engine::Postgres, directory, "told").await?;
        let mut set = vec![
            ("ORDER_SERVICE__WEBHOOKS__ALLOW_HTTP", "true"),
            ("ORDER_SERVICE__WEBHOOKS__ALLOW_NETWORKS", "127.0.0.0/8"),
        ];
        let mut queues = None;
        if !sinks.no_broker {
            let url = Rabbit::shared();
            set.push(("ORDER_SERVICE__BROKER__URL", url));
            let at = Queues::at(url).await;
            at.bound_to(QUEUE, "orders", ExchangeKind::Topic).await;
            queues = Some(at);
        }
        let (office, office_url) = PostOffice::open().await?;
        let post_office = (!sinks.no_mail).then_some(office);
        if post_office.is_some() {
            set.push(("ORDER_SERVICE__MAIL__URL", &office_url));
        }
        let service = Service::start(System::Saga, &database.url, sandbox, directory, &set).await?;
        let got = Arc::new(AtomicU64::new(0));
        for _ in 0..sinks.webhooks {
            service.add_webhook(&endpoint(&got).await?).await?;
        }
        let side = Side { service, database };
        Ok(Self { side, webhooks: sinks.webhooks, got, post_office, _queues: queues })
    }

    fn progress(&self) -> u64 {
        self.got.load(Ordering::Relaxed)
    }

    fn mails(&self) -> u64 {
        self.post_office.as_ref().map_or(0, PostOffice::taken)
    }

    /// Waits until everybody was told everything; returns how many seconds that took.
    async fn wait(&self) -> Result<f64, Fault> {
        let clock = Clock::system();
        let from = clock.monotonic();
        let all = async {
            while !self.is_done().await? {
                clock.sleep(Duration::from_millis(50)).await;
            }
            Ok::<_, Fault>(())
        };
        clock.within(TOLD_WITHIN, Box::pin(all)).await.ok_or("not all was told")??;
        Ok(clock.monotonic().saturating_sub(from).as_secs_f64())
    }

    async fn is_done(&self) -> Result<bool, Fault> {
        let events = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM outbox");
        let events = events.fetch_one(self.side.database.postgres()?).await?;
        let summary = self.side.service.get("/api/operator/summary").await?;
        let summary: serde_json::Value = summary.json().await?;
        let mut sinks = summary["sinks"].as_array().into_iter().flatten();
        let is_told = |sink: &serde_json::Value| sink["position"].as_i64() >= Some(events);
        let wanted = as_float(events) * as_float(i64::try_from(self.webhooks)?);
        let got = as_float(i64::try_from(self.progress())?);
        if !(sinks.all(is_told) && got >= wanted) {
            return Ok(false);
        }
        let owed =
            sqlx::query_scalar::<_, i64>("SELECT count(*) FROM mails WHERE due_at IS NOT NULL");
        Ok(owed.fetch_one(self.side.database.postgres()?).await? == 0)
    }
}

/// An endpoint that takes everything.
async fn endpoint(got: &Arc<AtomicU64>) -> Result<String, Fault> {
    let got = Arc::clone(got);
    let take = async move || {
        got.fetch_add(1, Ordering::Relaxed);
        StatusCode::NO_CONTENT
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/", post(take))).await });
    Ok(url)
}
