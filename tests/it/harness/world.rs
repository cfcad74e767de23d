//! A world: the neighbours, a service on its own books, and a client.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use entity::outbox;
use order_service::app::{self, Running};
use order_service::clock::Clock;
use order_service::config::{Config, DatabaseUrl, Token};
use order_service::sandbox::{self, Call, Fault, Product, Record, Sandbox, User};
use order_service::store;
use order_service::trace::TraceParent;
use sea_orm::{ColumnTrait, ConnectionTrait, Database, EntityTrait, QueryFilter};
use serde_json::Value;
use tempfile::TempDir;
use uuid::Uuid;

use super::audit::audit_since;
use super::{Answer, Postgres, all_sagas};

/// The operator's token of every world.
pub const TOKEN: &str = "test-token";

/// A test that takes longer is taken to hang.
const PATIENCE: Duration = Duration::from_mins(3);

/// The database of a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Books {
    Sqlite,
    Postgres,
}

/// Both databases, for tests that set up their worlds themselves.
pub const BOTH: [Books; 2] = [Books::Sqlite, Books::Postgres];

/// Runs a test in a world on each database, and audits it at the end.
pub async fn on_both(test: impl AsyncFn(&World)) {
    on_both_with(|world| world, test).await;
}

/// The same in a world of another shape.
pub async fn on_both_with(
    shape: impl Fn(WorldBuilder) -> WorldBuilder,
    test: impl AsyncFn(&World),
) {
    for books in BOTH {
        println!("with books in {books:?}");
        let world = shape(World::build(books)).start().await;
        let ended = Clock::system().within(PATIENCE, Box::pin(test(&world))).await;
        ended.expect("the test hangs");
        world.finish().await;
    }
}

/// How a test's world differs from the usual one.
type Change = Box<dyn FnOnce(&mut Config)>;

pub struct WorldBuilder {
    books: Books,
    sandbox: sandbox::Config,
    change: Vec<Change>,
    past: Option<Past>,
}

/// What happened before a world's service first starts.
#[derive(Clone, Debug)]
pub struct Past {
    /// SQL statements that make the database, schema included.
    pub books: String,
    /// Calls that the neighbours carried out, oldest first: `{service, path, key, body}`.
    pub moved: Vec<Value>,
}

impl Past {
    async fn replay(&self, url: &str, sandbox: &Sandbox, http: &reqwest::Client) {
        let url = if url.starts_with("sqlite:") { format!("{url}?mode=rwc") } else { url.into() };
        let books = Database::connect(url).await.expect("a database");
        books.execute_unprepared(&self.books).await.expect("the books of the past");
        books.close().await.expect("closing");
        for call in &self.moved {
            let of_payment = call["service"] == "payment";
            let service = if of_payment { sandbox.payment_url() } else { sandbox.product_url() };
            let (path, key) = (call["path"].as_str(), call["key"].as_str());
            let url = format!("{service}{}", path.expect("a path"));
            let sent = http.post(url).header("Idempotency-Key", key.expect("a key"));
            let sent = sent.header("traceparent", TraceParent::fresh().to_string());
            let answer = sent.json(&call["body"]).send().await.expect("an answer");
            assert_eq!(answer.status(), 200, "{call}");
        }
    }
}

impl WorldBuilder {
    /// Changes the service's configuration.
    pub fn set(mut self, change: impl FnOnce(&mut Config) + 'static) -> Self {
        self.change.push(Box::new(change));
        self
    }

    /// Has neighbours act again on every call.
    pub fn not_idempotent(mut self) -> Self {
        self.sandbox.idempotent = sandbox::Idempotency::REPEATING;
        self.set(|config| {
            config.services.product.idempotent = false;
            config.services.payment.idempotent = false;
        })
    }

    /// Has neighbours act again on every call, although the service is configured as if they kept keys.
    pub fn forgetful(mut self) -> Self {
        self.sandbox.idempotent = sandbox::Idempotency::REPEATING;
        self
    }

    /// Starts on a database that an earlier service left behind.
    pub fn after(mut self, past: Past) -> Self {
        self.past = Some(past);
        self
    }

    /// The time-out of every call to a neighbour, in milliseconds.
    pub fn timeouts(self, millis: u64) -> Self {
        self.set(move |config| {
            let services = &mut config.services;
            services.user.timeout = Duration::from_millis(millis);
            for service in [&mut services.product, &mut services.payment] {
                service.timeout = Duration::from_millis(millis);
            }
        })
    }

    /// Makes every request without a key a checkout of its own.
    pub fn no_joining(self) -> Self {
        self.set(|config| config.checkout.join_equal = false)
    }

    /// The deadline of checkouts, in milliseconds.
    pub fn deadline(self, millis: u64) -> Self {
        self.set(move |config| config.checkout.deadline = Duration::from_millis(millis))
    }

    pub async fn start(self) -> World {
        let directory = tempfile::tempdir().expect("a directory");
        let sandbox = Sandbox::start(self.sandbox).await.expect("a sandbox");
        let mut config = Config::defaults();
        config.http.listen = "127.0.0.1:0".parse().expect("an address");
        config.operator.token = Token::parse(TOKEN).expect("a token");
        let file = directory.path().join("books.db");
        let url = match self.books {
            Books::Sqlite => format!("sqlite://{}", file.display()),
            Books::Postgres => Postgres::shared().database().await,
        };
        config.database.url = DatabaseUrl::parse(&url).expect("a URL");
        config.services.user.url = sandbox.user_url().parse().expect("a URL");
        config.services.product.url = sandbox.product_url().parse().expect("a URL");
        config.services.payment.url = sandbox.payment_url().parse().expect("a URL");
        // Retries come quickly; nothing here depends on how quickly.
        config.retry.initial = Duration::from_millis(10);
        config.retry.max = Duration::from_millis(50);
        config.shutdown.grace = Duration::from_secs(5);
        // The sandbox keeps keys unless it is told otherwise.
        config.services.product.idempotent = true;
        config.services.payment.idempotent = true;
        for change in self.change {
            change(&mut config);
        }
        let http = reqwest::Client::new();
        let clock = Clock::system();
        let mut begun = DateTime::<Utc>::MIN_UTC;
        if let Some(past) = self.past {
            past.replay(&url, &sandbox, &http).await;
            begun = clock.now();
        }
        let service = Box::pin(Running::start(config.clone(), clock.clone())).await;
        let service = service.expect("a service");
        World { sandbox, config, service, clock, http, begun, directory }
    }
}

/// A running service with its neighbours.
pub struct World {
    pub sandbox: Sandbox,
    pub config: Config,
    pub service: Running,
    /// The clock of the service's machine.
    pub clock: Clock,
    pub http: reqwest::Client,
    /// What was done before was done by a release that may have had no audit trail.
    begun: DateTime<Utc>,
    directory: TempDir,
}

impl World {
    pub fn build(books: Books) -> WorldBuilder {
        let sandbox = sandbox::Config::on_free_ports();
        WorldBuilder { books, sandbox, change: Vec::new(), past: None }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.service.address)
    }

    /// A POST of a cart, with headers, not sent yet.
    pub fn creation(&self, cart: &Value, headers: &[(&str, &str)]) -> reqwest::RequestBuilder {
        let request = self.http.post(self.url("/api/orders/create")).json(cart);
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
    }

    /// POSTs a cart, with headers.
    pub async fn create_with(&self, cart: &Value, headers: &[(&str, &str)]) -> Answer {
        Answer::of(self.creation(cart, headers).send().await.expect("an answer")).await
    }

    pub async fn create(&self, cart: &Value) -> Answer {
        self.create_with(cart, &[]).await
    }

    /// POSTs a cart under a key, and waits as long as the API allows.
    pub async fn create_keyed(&self, cart: &Value, key: &str) -> Answer {
        self.create_with(cart, &[("Idempotency-Key", key), ("Prefer", "wait=60")]).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.http.get(self.url(path)).send().await.expect("an answer")).await
    }

    /// POSTs a cart until it is not turned away: in a world with few permits, the sweep for orphaned sagas
    /// may hold one for a moment.
    pub async fn create_insistently(&self, cart: &Value, key: &str, prefer: &str) -> Answer {
        loop {
            let headers = [("Idempotency-Key", key), ("Prefer", prefer)];
            let answer = self.create_with(cart, &headers).await;
            if !matches!(answer.status, 429 | 503) {
                return answer;
            }
        }
    }

    /// GETs a checkout's status.
    pub async fn status(&self, id: Uuid) -> Value {
        let answer = self.get(&format!("/api/orders/{id}/status")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }

    /// GETs from the operators' API.
    pub async fn operator(&self, path: &str) -> Answer {
        let request = self.http.get(self.url(&format!("/api/operator{path}"))).bearer_auth(TOKEN);
        Answer::of(request.send().await.expect("an answer")).await
    }

    /// Everything that operators see of a saga.
    pub async fn inspect(&self, id: Uuid) -> Value {
        let answer = self.operator(&format!("/sagas/{id}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }

    /// POSTs to the operators' API.
    pub async fn intervene(&self, path: &str, body: &Value) -> Answer {
        self.intervene_with(path, body, &[]).await
    }

    /// The same with headers.
    pub async fn intervene_with(
        &self,
        path: &str,
        body: &Value,
        headers: &[(&str, &str)],
    ) -> Answer {
        let url = self.url(&format!("/api/operator{path}"));
        let request = self.http.post(url).bearer_auth(TOKEN).json(body);
        let request =
            headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        Answer::of(request.send().await.expect("an answer")).await
    }

    /// Repeats a checkout under its key until it is decided, and undone if it was refused. Nothing here
    /// sleeps: the repeated request waits. If the saga is stuck it is answered at once, and is repeated.
    pub async fn decided(&self, cart: &Value, key: &str) -> Answer {
        loop {
            let answer = self.create_keyed(cart, key).await;
            let is_undone = answer.body["undone"] != Value::Bool(false);
            if !matches!(answer.status, 202 | 503) && is_undone {
                return answer;
            }
        }
    }

    /// Injects faults into calls.
    pub fn fault(&self, fault: Fault) {
        self.sandbox.inject(fault).expect("a fault");
    }

    /// The requests of one call that the neighbours saw, oldest first.
    pub fn sent(&self, call: Call) -> Vec<Record> {
        let records = self.sandbox.ledger().records.into_iter();
        records.filter(|record| record.effect.call() == call).collect()
    }

    /// The same for one checkout, and for one product if it is named.
    pub fn attempts(&self, id: Uuid, call: Call, product: Option<Uuid>) -> Vec<Record> {
        let own = |record: &Record| {
            let of = record.effect.units().map(|units| units.product_id);
            let key = record.key.as_deref().unwrap_or_default();
            key.starts_with(&id.to_string()) && (product.is_none() || product == of)
        };
        self.sent(call).into_iter().filter(own).collect()
    }

    /// Returns when this holds. What it looks at is changed by others in the meantime.
    pub async fn until(&self, holds: impl AsyncFn() -> bool) {
        while !holds().await {
            tokio::task::yield_now().await;
        }
    }

    /// The books.
    pub fn store(&self) -> &store::Store {
        &self.service.store
    }

    /// Returns when the neighbours have seen this many requests of a call.
    pub async fn until_sent(&self, call: Call, times: usize) {
        self.until(async || self.sent(call).len() >= times).await;
    }

    /// Returns when every fault has struck as often as it is meant to. A call that is held back may not be
    /// in the ledger yet.
    pub async fn until_struck(&self) {
        let url = format!("{}/_sandbox/faults", self.sandbox.user_url());
        let left = async || {
            let answer = self.http.get(&url).send().await.expect("an answer");
            Answer::of(answer).await.body["faults"].as_array().expect("a list").len()
        };
        self.until(async || left().await == 0).await;
    }

    /// Adds or replaces a product at its owners.
    pub async fn put_product(&self, id: Uuid, price: i64, stock: i64) {
        let product = Product { id, name: "Anything".to_owned(), price, stock };
        self.tell_sandbox("products", &serde_json::to_value(product).expect("JSON")).await;
    }

    /// Adds or replaces a user at its owners.
    pub async fn put_user(&self, user_id: Uuid, wallet: i64) {
        self.put_reachable_user(user_id, wallet, None).await;
    }

    /// The same with an address for mail.
    pub async fn put_reachable_user(&self, user_id: Uuid, wallet: i64, email: Option<&str>) {
        let profile_id = Uuid::new_v5(&user_id, b"profile");
        let (name, email) = ("Anybody".to_owned(), email.map(str::to_owned));
        let user = User { profile_id, user_id, name, email, wallet };
        self.tell_sandbox("users", &serde_json::to_value(user).expect("JSON")).await;
    }

    async fn tell_sandbox(&self, what: &str, body: &Value) {
        let url = format!("{}/_sandbox/{what}", self.sandbox.product_url());
        let answer = self.http.post(url).json(body).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
    }

    /// What is left of a product.
    pub fn stock(&self, id: Uuid) -> i64 {
        let products = self.sandbox.ledger().products;
        products.iter().find(|product| product.id == id).expect("the product").stock
    }

    /// What is left in a user's wallet.
    pub fn wallet(&self, user_id: Uuid) -> i64 {
        let users = self.sandbox.ledger().users;
        users.iter().find(|user| user.user_id == user_id).expect("the user").wallet
    }

    /// Stops the service in an orderly way, and starts it again on the same database.
    pub async fn restart(self) -> Self {
        // Boxed: a future that holds a configuration several times is large.
        Box::pin(self.restart_on(Clock::system())).await
    }

    /// The same, but started on another machine with a clock of its own.
    pub async fn restart_on(self, clock: Clock) -> Self {
        Box::pin(self.restart_after(clock, |_config| {})).await
    }

    /// The same, with something done while the service is down.
    pub async fn restart_after(self, clock: Clock, meanwhile: impl FnOnce(&Config)) -> Self {
        let Self { sandbox, config, service, http, begun, directory, clock: _before } = self;
        service.stop(config.shutdown.grace).await;
        meanwhile(&config);
        let service = loop {
            match Box::pin(Running::start(config.clone(), clock.clone())).await {
                Ok(service) => break service,
                // The lock of a SQLite file is released only with the last task of the service before.
                Err(app::Error::Store(store::Error::Unusable(_))) => tokio::task::yield_now().await,
                Err(error) => panic!("{error}"),
            }
        };
        Self { sandbox, config, service, clock, http, begun, directory }
    }

    /// Stops without an audit: the test broke the books.
    pub async fn stop(self) {
        self.service.stop(self.config.shutdown.grace).await;
        self.sandbox.shutdown().await;
    }

    /// Compares the books with the neighbours' ledgers and with themselves, and stops. Every saga
    /// is at rest by then, or is stuck with a reason.
    pub async fn finish(self) {
        let store = &self.service.store;
        audit_since(self.begun, store, &self.sandbox.ledger()).await;
        let mut completed = BTreeSet::new();
        for saga in all_sagas(store).await {
            assert!(saga.is_at_rest() || saga.stuck.is_some(), "left in the middle: {saga:?}");
            if saga.state == "Completed" {
                completed.insert(saga.id.0);
            }
        }
        self.service.stop(self.config.shutdown.grace).await;
        let books = Database::connect(self.config.database.url.reveal()).await.expect("the books");
        let of_orders = outbox::Column::Kind.is_in(["order.confirmed", "OrderConfirmed"]);
        let events = outbox::Entity::find().filter(of_orders).all(&books).await;
        let events = events.expect("the outbox");
        assert_eq!(events.len(), completed.len(), "one event for each order");
        assert_eq!(events.iter().map(|event| event.order_id).collect::<BTreeSet<_>>(), completed);
        books.close().await.expect("closing");
        self.sandbox.shutdown().await;
    }
}
