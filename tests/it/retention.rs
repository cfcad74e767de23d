//! Keeping and forgetting: what is over goes through the archive, and nothing else is touched.

mod afterwards;
mod archive;
mod events;
mod fence;
mod plans;
mod sagas;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use order_service::clock::Clock;
use order_service::pacing::Courtesy;
use order_service::retention::{Failure, Looked, Retention, Settings};
use order_service::saga::Catalogue;
use order_service::sandbox::sample::{ASHA, CUP, MEENA, TEA};
use order_service::store::{self, Access, Failpoints, Store};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use crate::fulfilment::{report, reported, ship};
use crate::harness::{World, cart};

/// How long sagas are kept here.
const KEEP: Duration = Duration::from_hours(24 * 30);

/// A process that forgets, at a time of its own.
pub struct Forgetter {
    pub retention: Retention,
    pub clock: Clock,
}

impl Forgetter {
    /// On these books, when everything that has happened by now is old enough.
    pub fn new(store: Store, archive: &Path, seed: u64) -> Self {
        Self::with(store, archive, seed, |_settings| {})
    }

    pub fn with(
        store: Store,
        archive: &Path,
        seed: u64,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        // Half a day later than needed: no test depends on the moment.
        let now = Clock::system().now() + KEEP + Duration::from_hours(12);
        let clock = Clock::manual(now, seed);
        let mut settings = Settings {
            sagas: Some((KEEP, archive.to_owned())),
            events: None,
            deliveries: None,
            every: Duration::from_mins(1),
            lease: Duration::from_secs(10),
            courtesy: Courtesy::needless(),
            failpoints: None,
        };
        change(&mut settings);
        let retention =
            Retention::new(store, settings, clock.clone()).expect("something to forget");
        Self { retention, clock }
    }

    pub async fn look(&self) -> Looked {
        self.clock.advance(Duration::from_secs(1));
        self.retention.look().await.expect("nothing fails")
    }

    pub async fn fails(&self) -> Failure {
        self.clock.advance(Duration::from_secs(1));
        self.retention.look().await.expect_err("it fails")
    }
}

/// An archive of a test.
pub struct Place(TempDir);

impl Place {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    pub fn path(&self) -> PathBuf {
        self.0.path().join("archive")
    }

    /// What the archive has of a saga or an order.
    pub fn found(&self, id: Uuid) -> Vec<Value> {
        order_service::retention::find(&self.path(), id, |_name| {}).expect("an archive")
    }

    /// Every line that is promised, in the order of the archive.
    pub fn lines(&self) -> Vec<Value> {
        let mut lines = Vec::new();
        for manifest in self.manifests() {
            let bytes = usize::try_from(manifest["bytes"].as_u64().expect("a number"));
            let file = self.path().join(manifest["file"].as_str().expect("a name"));
            let file = std::fs::read(file).expect("the file");
            let promised = file.get(..bytes.expect("few")).expect("so many");
            let text = zstd::stream::decode_all(promised).expect("zstd");
            let text = String::from_utf8(text).expect("UTF-8");
            lines.extend(text.lines().map(|line| serde_json::from_str(line).expect("JSON")));
        }
        lines
    }

    /// Its manifests, oldest first.
    pub fn manifests(&self) -> Vec<Value> {
        let mut paths: Vec<PathBuf> = std::fs::read_dir(self.path())
            .expect("the archive")
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|it| it == "json"))
            .collect();
        paths.sort();
        let read = |path: &PathBuf| std::fs::read(path).expect("a manifest");
        paths.iter().map(|path| serde_json::from_slice(&read(path)).expect("JSON")).collect()
    }

    /// Its only file of sagas.
    pub fn file(&self) -> PathBuf {
        let manifests = self.manifests();
        let [manifest] = &manifests[..] else { panic!("not one: {manifests:?}") };
        self.path().join(manifest["file"].as_str().expect("a name"))
    }
}

/// Another process's store on a world's books.
pub async fn another(world: &World, failpoints: Option<Arc<dyn Failpoints>>) -> Store {
    let (url, catalogue) = (world.config.database.url.reveal(), world.store().catalogue());
    opened(url, catalogue, failpoints).await
}

/// A store on books that a world may have left.
pub async fn opened(
    url: &str,
    catalogue: Catalogue,
    failpoints: Option<Arc<dyn Failpoints>>,
) -> Store {
    let options = store::Options {
        url,
        max_connections: 4,
        silence: Duration::from_secs(10),
        access: Access::Guest,
        clock: Clock::system(),
        catalogue,
        failpoints,
    };
    store::open(options).await.expect("the books")
}

/// A confirmed order of two cups and three teas.
pub async fn ordered(world: &World, key: &str) -> Uuid {
    let order = cart(ASHA, &[(CUP, 2), (TEA, 3)]);
    let order = with_address(order);
    world.create_keyed(&order, key).await.is_created(ASHA, 2 * 24_950 + 3 * 14_900)
}

fn with_address(mut cart: Value) -> Value {
    cart["shippingAddress"] = json!({
        "name": "Asha Rao", "line1": "7 Lake Road", "city": "Pune", "postalCode": "411001", "country": "IN",
    });
    cart
}

/// An order that has arrived.
pub async fn delivered(world: &World, key: &str) -> Uuid {
    let id = ordered(world, key).await;
    let shipped = ship(world, id, &json!({"carrier": "post", "trackingNumber": "1"})).await;
    assert_eq!(shipped.status, 201, "{shipped:?}");
    reported(world, shipped.body["id"].as_str().expect("an id"), &json!([report("delivered", 1)]))
        .await;
    assert_eq!(world.status(id).await["status"], "Delivered");
    id
}

/// A checkout that is refused, as there is not so much in stock.
pub async fn refused(world: &World) -> Uuid {
    let answer = world.create(&cart(MEENA, &[(TEA, 10_000)])).await;
    assert_eq!((answer.status, answer.error()), (409, "Insufficient stock"), "{answer:?}");
    answer.id()
}

/// Waits until every event has a position, and every entry of the audit trail its place.
pub async fn settled(world: &World) {
    world
        .until(async || {
            world.store().chain_audit_trail().await.expect("the books");
            let unsettled = world.store().events_without_position().await.expect("the books");
            !unsettled
        })
        .await;
}
