//! Whoever reads the feed misses no event and sees none twice, whichever replica gives out positions and
//! dies, or sleeps and wakes while another does (promise 59).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use order_service::sandbox::Idempotency;
use serde_json::Value;

use super::audit::all_sagas;
use super::world::{Books, World, setting};

/// How long a page is waited for, as a sleeping replica gives none.
const PATIENCE: Duration = Duration::from_secs(2);

/// Somebody who reads all events, at any replica that answers.
pub struct Reader {
    http: reqwest::Client,
    doors: Vec<SocketAddr>,
    pub events: Vec<Value>,
    next: i64,
}

impl Reader {
    pub fn new(doors: Vec<SocketAddr>) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { http, doors, events: Vec::new(), next: 0 }
    }

    /// Reads on until it is told to stop, at another replica each time.
    async fn read(mut self, open: Arc<AtomicBool>) -> Self {
        for turn in 0.. {
            if !open.load(Ordering::Relaxed) {
                break;
            }
            self.page(turn, 1).await;
        }
        self
    }

    /// Reads one page; whether there was an answer, and none behind it.
    async fn page(&mut self, turn: usize, wait: u64) -> bool {
        let (door, after) = (self.doors[turn % self.doors.len()], self.next);
        let url = format!("http://{door}/api/events?after={after}&limit=50&wait={wait}");
        let request = self.http.get(url).bearer_auth("t").timeout(PATIENCE);
        let Ok(answer) = request.send().await else { return false };
        if answer.status() != 200 {
            return false;
        }
        let Ok(mut page) = answer.json::<Value>().await else { return false };
        let events = page["events"].as_array_mut().map(std::mem::take).expect("a list");
        self.next = page["next"].as_i64().expect("a position");
        let is_all = events.is_empty();
        self.events.extend(events);
        is_all
    }

    /// Reads to the end: twice nothing, a second apart, as each event has its position within that.
    pub async fn read_to_the_end(&mut self) {
        let mut turn = 0;
        while !(self.page(turn, 1).await && self.page(turn + 1, 1).await) {
            turn += 1;
        }
    }

    /// Every position once and in order, and every order's events in the order of their versions.
    fn has_missed_nothing(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut of_orders: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (event, position) in self.events.iter().zip(1..) {
            assert_eq!(event["sequence"], format!("{position:020}"), "{event}");
            let told = of_orders.entry(event["subject"].as_str().expect("an id")).or_default();
            told.push(event["type"].as_str().expect("a type"));
            assert_eq!(event["data"]["version"], told.len(), "{event}");
        }
        of_orders
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_miss_nothing_whichever_replica_gives_out_positions_and_dies() {
    let mut world = World::start("the feed", Books::Postgres, Idempotency::default(), 3).await;
    world.sandbox.make_flaky().await;
    let open = Arc::new(AtomicBool::new(true));
    let readers: Vec<_> =
        (0..3).map(|_| tokio::spawn(Reader::new(world.doors()).read(open.clone()))).collect();
    let storm = world.storm();
    // Each replica in turn, so that the one that gives out positions is struck, too.
    for round in 0..setting("CRASH_ROUNDS", 4) {
        world.served(10, 30).await;
        let victim = usize::try_from(round).expect("few") % 3;
        if round % 2 == 0 {
            world.kill(victim);
        } else {
            world.stop(victim);
            world.until_declared_dead(victim).await;
        }
        world.served(5, 15).await;
        world.comes_back(victim);
    }
    storm.over().await;
    open.store(false, Ordering::Relaxed);
    world.mend().await;
    let kinds = world.kinds;
    world.clients.everybody_gets_one_answer(&world.doors(), kinds).await;
    let books = world.books().await;
    let sagas = all_sagas(&books).await;
    books.close().await;
    let completed = sagas.iter().filter(|saga| saga.state == "Completed").count();
    assert!(completed > 0, "no order stands");
    for reader in readers {
        let mut reader = reader.await.expect("a reader");
        reader.read_to_the_end().await;
        let told = reader.has_missed_nothing();
        let orders = told.values().filter(|types| types.contains(&"order.confirmed")).count();
        assert_eq!(orders, completed);
    }
    world.finish().await;
}
