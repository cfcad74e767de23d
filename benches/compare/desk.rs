//! What the person on call looks at, in a database of many finished sagas and many stuck ones: each list, the
//! groups, the summary and the console's pages.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use order_service::clock::Clock;
use order_service::sandbox::{Call, Fault as Misbehaviour, FaultKind};
use sqlx::Row;

use crate::Fault;
use crate::database::{Database, Engine};
use crate::fill::{Filling, fill};
use crate::load::cart;
use crate::process::{Sandbox, Service, System};
use crate::scale::{side, timed};
use crate::table::{Met, targets};
use crate::turn::{Shape, Side};

/// The flags of `desk`.
#[derive(Debug, clap::Args)]
pub struct Desk {
    /// Finished sagas; each takes some 5 KiB of disk
    #[arg(long, default_value_t = 200_000)]
    sagas: u32,
    /// Stuck sagas
    #[arg(long, default_value_t = 20_000)]
    stuck: u32,
}

/// The longest that anything may take.
const LOOK_MS: f64 = 50.0;
/// How many stuck sagas of each trouble are made, to be copied.
const TEMPLATES: u32 = 10;
/// What goes wrong, and what the sagas are then stuck with: a reservation whose answer is lost, and a refund that
/// is refused.
const TROUBLES: [(&[(Call, FaultKind)], &str); 2] = [
    (&[(Call::Reserve, FaultKind::DropAfter)], "InDoubt"),
    (&[(Call::Reserve, FaultKind::Refuse), (Call::Refund, FaultKind::Refuse)], "Refused"),
];
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// How long the service may take to find what is stuck.
const PATIENCE: Duration = Duration::from_mins(1);

/// Measures, and prints which targets are met.
pub async fn run(desk: Desk) -> Result<(), Fault> {
    let (directory, sandbox) = (tempfile::tempdir()?, Sandbox::start().await?);
    let directory = directory.path();
    let side = filled(&desk, &sandbox, directory).await?;
    let clock = Clock::system();
    let pool = side.database.postgres()?;
    // The service finds those in trouble that have no row yet: the copies.
    let troubles = async || -> Result<i64, Fault> {
        Ok(sqlx::query("SELECT count(*) FROM saga_trouble").fetch_one(pool).await?.get(0))
    };
    let wait = async {
        while troubles().await? < i64::from(desk.stuck) {
            clock.sleep(LOOK_AGAIN).await;
        }
        Ok::<_, Fault>(())
    };
    clock.within(PATIENCE, wait).await.ok_or("the copies are not found to be in trouble")??;
    sqlx::query("VACUUM ANALYZE").execute(pool).await?;
    let group: String =
        sqlx::query("SELECT max(group_id) FROM saga_trouble").fetch_one(pool).await?.get(0);
    println!("{} finished sagas, {} stuck", desk.sagas, troubles().await?);
    let sagas = "/api/operator/sagas";
    let lists = [
        "",
        "?stuck=true",
        "?stuck=InDoubt",
        "?stuck=true&sort=age",
        "?sort=age",
        "?sort=money",
        "?holds=money",
        "?holds=money&sort=age",
        "?holds=stock&sort=money",
        "?neighbour=product",
        "?stuck=Refused&sort=money",
        "?step=reserve_stock&sort=money",
        "?neighbour=payment",
        "?minAmount=100000",
        "?held=true",
    ];
    let mut paths: Vec<String> = lists.iter().map(|list| format!("{sagas}{list}")).collect();
    paths.push(format!("{sagas}?group={group}&sort=money"));
    paths.push("/api/operator/groups".to_owned());
    paths.push("/api/operator/summary".to_owned());
    let mut met: Vec<Met> = Vec::new();
    for path in paths {
        let look = async || side.service.page(&path).await.map(drop);
        met.push(timed(path.replace(&group, "GROUP"), LOOK_MS, look).await?);
    }
    let visitor = Visitor::sign_in(&side.service).await?;
    let group = format!("/console/sagas?group={group}");
    for (path, named) in [
        ("/console", "/console"),
        ("/console/sagas", "/console/sagas"),
        ("/console/sagas?stuck=true&sort=money", "/console/sagas?stuck=true&sort=money"),
        (&group, "/console/sagas?group=GROUP"),
    ] {
        met.push(timed(named.to_owned(), LOOK_MS, async || visitor.look(path).await).await?);
    }
    targets(&met);
    Ok(())
}

/// A service whose database has finished and stuck sagas.
async fn filled(desk: &Desk, sandbox: &Sandbox, directory: &Path) -> Result<Side, Fault> {
    let shape = Shape {
        connections: 16,
        rate: None,
        pause: Duration::ZERO,
        warmup: Duration::ZERO,
        measured: Duration::from_secs(1),
    };
    let database = Database::fresh(Engine::Postgres, directory, "desk").await?;
    let template = side(database, sandbox, directory).await?;
    eprintln!("makes checkouts to multiply");
    template.turn(&shape, 0, sandbox, &mut BTreeSet::new()).await?;
    let Side { service, database } = template;
    drop(service);
    let clock = Clock::system();
    // What joins nothing may be copied.
    let alone = [("ORDER_SERVICE__CHECKOUT__JOIN_EQUAL", "false")];
    let careful =
        Service::start(System::Careful, &database.url, sandbox, directory, &alone).await?;
    let mut bodies = cart::bodies(1).into_iter();
    let mut stuck = BTreeMap::from([("InDoubt", 0), ("Refused", 0)]);
    for (faults, kind) in TROUBLES {
        for (call, fault) in faults {
            sandbox.inject(&Misbehaviour::on(*call, *fault)).await?;
        }
        for body in bodies.by_ref().take(usize::try_from(TEMPLATES)?) {
            careful.accept(body).await?;
        }
        *stuck.entry(kind).or_default() += TEMPLATES;
        let metric = format!("order_service_sagas_stuck{{stuck=\"{kind}\"}}");
        let wait = async {
            while careful.metric(&metric).await? < f64::from(stuck[kind]) {
                clock.sleep(LOOK_AGAIN).await;
            }
            Ok::<_, Fault>(())
        };
        clock.within(PATIENCE, wait).await.ok_or("the sagas don't get stuck")??;
        sandbox.calm_down().await?;
    }
    drop(careful);
    let apart = Duration::from_millis(5);
    let oldest = clock.now() - Duration::from_hours(1) - apart * desk.sagas;
    // Ids follow from times, so the stuck ones begin when the others end.
    let between = oldest + apart * desk.sagas + Duration::from_secs(1);
    for (of, copies, oldest) in [
        ("state = 'Completed'", desk.sagas, oldest),
        ("stuck_kind IS NOT NULL", desk.stuck, between),
    ] {
        let filling = Filling { of, copies: copies.into(), oldest, apart, told: true };
        fill(database.postgres()?, &filling).await?;
    }
    side(database, sandbox, directory).await
}

/// Somebody at the console.
struct Visitor {
    http: reqwest::Client,
    base: String,
    cookie: String,
}

impl Visitor {
    async fn sign_in(service: &Service) -> Result<Self, Fault> {
        let http =
            reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
        let base = format!("http://{}", service.address);
        let asked = http.post(format!("{base}/console/sign-in")).header("origin", &base);
        let asked = asked.header("content-type", "application/x-www-form-urlencoded");
        let answer = asked.body(format!("token={}", crate::process::TOKEN)).send().await?;
        let cookie = answer.headers().get("set-cookie").and_then(|cookie| cookie.to_str().ok());
        let cookie = cookie.and_then(|cookie| cookie.split(';').next());
        let cookie = cookie.ok_or("the console lets nobody in")?.to_owned();
        Ok(Self { http, base, cookie })
    }

    async fn look(&self, path: &str) -> Result<(), Fault> {
        let asked = self.http.get(format!("{}{path}", self.base)).header("cookie", &self.cookie);
        let answer = asked.send().await?.error_for_status()?;
        answer.text().await?;
        Ok(())
    }
}
