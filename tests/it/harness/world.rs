//! A world: the neighbours, a service on its own books, and a client.

use std::time::Duration;

use order_service::app::Running;
use order_service::clock::Clock;
use order_service::config::{Config, DatabaseUrl, Token};
use order_service::sandbox::{self, Sandbox};
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use super::{Postgres, audit};

/// The operator's token of every world.
pub const TOKEN: &str = "test-token";

/// Which books a world keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Books {
    Sqlite,
    Postgres,
}

/// Runs a test in a world with each sort of books, and audits it at the end.
pub async fn on_both(test: impl AsyncFn(&World)) {
    for books in [Books::Sqlite, Books::Postgres] {
        let world = World::build(books).start().await;
        test(&world).await;
        world.finish().await;
    }
}

pub struct WorldBuilder {
    books: Books,
    sandbox: sandbox::Config,
    change: Vec<Box<dyn FnOnce(&mut Config)>>,
}

impl WorldBuilder {
    /// Changes the service's configuration.
    pub fn set(mut self, change: impl FnOnce(&mut Config) + 'static) -> Self {
        self.change.push(Box::new(change));
        self
    }

    /// Has neighbours act again on every call.
    pub fn not_idempotent(mut self) -> Self {
        self.sandbox.idempotent = sandbox::Kinds::REPEATING;
        self.set(|config| {
            config.services.product.idempotent = false;
            config.services.payment.idempotent = false;
        })
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
        for change in self.change {
            change(&mut config);
        }
        let service = Running::start(config.clone(), Clock::system()).await.expect("a service");
        World {
            books: self.books,
            sandbox,
            config,
            service,
            directory,
            http: reqwest::Client::new(),
        }
    }
}

/// A running service with its neighbours.
pub struct World {
    pub books: Books,
    pub sandbox: Sandbox,
    pub config: Config,
    pub service: Running,
    pub http: reqwest::Client,
    directory: TempDir,
}

/// An HTTP answer, whole.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    pub async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.expect("a body");
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Self { status, headers, body }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("text"))
    }

    pub fn error(&self) -> &str {
        self.body["error"].as_str().unwrap_or_default()
    }

    pub fn id(&self) -> Uuid {
        self.body["id"].as_str().expect("an id").parse().expect("a UUID")
    }
}

/// A cart of these lines for a user.
pub fn cart(user: Uuid, lines: &[(Uuid, u32)]) -> Value {
    let items: Vec<_> = lines.iter().map(|(product, quantity)| line(*product, *quantity)).collect();
    json!({"userId": user, "items": items})
}

pub fn line(product: Uuid, quantity: u32) -> Value {
    json!({"productId": product, "quantity": quantity})
}

impl World {
    pub fn build(books: Books) -> WorldBuilder {
        let sandbox = sandbox::Config::on_free_ports();
        WorldBuilder { books, sandbox, change: Vec::new() }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.service.address)
    }

    /// POSTs a cart, with headers.
    pub async fn create_with(&self, cart: &Value, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.http.post(self.url("/api/orders/create")).json(cart);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(request.send().await.expect("an answer")).await
    }

    pub async fn create(&self, cart: &Value) -> Answer {
        self.create_with(cart, &[]).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.http.get(self.url(path)).send().await.expect("an answer")).await
    }

    /// GETs from the operators' API.
    pub async fn operator(&self, path: &str) -> Answer {
        let request = self.http.get(self.url(&format!("/api/operator{path}"))).bearer_auth(TOKEN);
        Answer::of(request.send().await.expect("an answer")).await
    }

    /// POSTs to the operators' API.
    pub async fn intervene(&self, path: &str, body: &Value) -> Answer {
        let url = self.url(&format!("/api/operator{path}"));
        let request = self.http.post(url).bearer_auth(TOKEN).json(body);
        Answer::of(request.send().await.expect("an answer")).await
    }

    /// Asks for a checkout's status until it is no longer pending. The repeat with its key is what
    /// waits: nothing here sleeps.
    pub async fn decided(&self, cart: &Value, key: &str) -> Answer {
        loop {
            let headers = [("Idempotency-Key", key), ("Prefer", "wait=60")];
            let answer = self.create_with(cart, &headers).await;
            if answer.status != 202 {
                return answer;
            }
        }
    }

    /// Starts the service anew on the same books, after it was stopped in an orderly way.
    pub async fn restart(self) -> Self {
        let Self { books, sandbox, config, service, http, directory } = self;
        service.stop(Duration::from_secs(5)).await;
        let service = Running::start(config.clone(), Clock::system()).await.expect("a service");
        Self { books, sandbox, config, service, http, directory }
    }

    /// Compares the books with the neighbours' ledgers, and stops.
    pub async fn finish(self) {
        audit(&self.service.store, &self.sandbox.ledger()).await;
        self.service.stop(Duration::from_secs(5)).await;
        self.sandbox.shutdown().await;
    }
}
