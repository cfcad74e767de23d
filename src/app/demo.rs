//! `demo`: the service and its neighbours in one process, with requests to try.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tracing::{info, warn};

use super::Error;
use super::books::open;
use super::scenes::{self, Scene};
use super::serve::Running;
use crate::clock::Clock;
use crate::config::{Config, Token, WEB_CLIENT};
use crate::lifecycle::stop_asked;
use crate::sandbox::{self, Sandbox, sample};
use crate::store::{self, Filter};

/// The operators' token where none is configured. A demo listens on loopback only, unless told otherwise.
const TOKEN: &str = "demo";

/// What new books of a demo have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// Nothing.
    Empty,
    /// A few orders to look at, two of them in trouble.
    WithOrders,
}

/// Runs until ctrl-c or SIGTERM. The books are the configured ones; the sandbox keeps its file beside
/// `file`. New books get what `begin` says. After a kill, it continues what was under way.
///
/// # Errors
/// Where an address or a file can't be used.
pub async fn demo(mut config: Config, file: PathBuf, begin: Begin) -> Result<(), Error> {
    let sandbox = start_sandbox(&file).await?;
    config.services.user.url = url(&sandbox.user_url());
    config.services.product.url = url(&sandbox.product_url());
    config.services.payment.url = url(&sandbox.payment_url());
    // The sandbox keeps its promise: a repeated key acts once.
    for service in [&mut config.services.product, &mut config.services.payment] {
        (service.idempotent, service.is_idempotent_set) = (true, true);
    }
    if config.http.cors_origins.is_empty() {
        config.http.cors_origins = vec![WEB_CLIENT.to_owned()];
    }
    // Whoever tries it calls it from this machine.
    let port = config.http.listen.port();
    if config.events.schemas.is_empty() && port != 0 {
        config.events.schemas = format!("http://localhost:{port}/schemas/events/");
    }
    config.database.migrate = true;
    let configured = config.operator.token.take();
    config.operator.token = configured.or(Token::parse(TOKEN).map_err(Error::Usage)?);
    let token = config.operator.token.as_ref().map_or("", Token::reveal).to_owned();
    let resumed = left_open(&config).await?;
    let scenes = match (&resumed, begin) {
        (None, Begin::WithOrders) => {
            scenes::make(&config, &sandbox).await.unwrap_or_else(|error| {
                warn!(%error, "starts without orders to look at");
                Vec::new()
            })
        }
        _ => Vec::new(),
    };
    let grace = config.shutdown.grace;
    let origins = config.http.cors_origins.join(", ");
    let running = Running::start(config, Clock::system()).await?;
    print_welcome(&Welcome {
        resumed: resumed.unwrap_or_default(),
        scenes,
        address: running.address,
        sandbox: &sandbox,
        file,
        token,
        origins,
    });
    stop_asked().await?;
    info!("stops");
    running.stop(grace).await;
    sandbox.shutdown().await;
    Ok(())
}

/// Starts the sandbox on its usual ports, or on any free ones if those are taken.
async fn start_sandbox(file: &Path) -> Result<Sandbox, Error> {
    let file = Some(file.with_extension("sandbox.db"));
    let usual = sandbox::Config { file: file.clone(), ..sandbox::Config::default() };
    match Sandbox::start(usual).await {
        Err(sandbox::Error::Listen { .. }) => {
            let free = sandbox::Config { file, ..sandbox::Config::on_free_ports() };
            Ok(Sandbox::start(free).await?)
        }
        started => Ok(started?),
    }
}

fn url(of: &str) -> url::Url {
    of.parse().expect("the sandbox's own URL is one")
}

/// The checkouts that an earlier demo left under way, as lines to print; `None` where the books are new.
async fn left_open(config: &Config) -> Result<Option<Vec<String>>, Error> {
    let store = open(config, &Clock::system()).await?;
    store.migrate().await?;
    let is_new = store.list(&Filter { limit: 1, ..Filter::default() }).await?.sagas.is_empty();
    let open = store.list(&Filter { open: true, limit: 20, ..Filter::default() }).await?.sagas;
    store.close().await;
    let line = |saga: &store::Found| format!("  {}  {}", saga.id, saga.state);
    Ok((!is_new).then(|| open.iter().map(line).collect()))
}

/// What is printed at the start.
struct Welcome<'a> {
    resumed: Vec<String>,
    scenes: Vec<Scene>,
    address: SocketAddr,
    sandbox: &'a Sandbox,
    file: PathBuf,
    token: String,
    origins: String,
}

fn print_welcome(welcome: &Welcome<'_>) {
    let Welcome { resumed, scenes, address, sandbox, file, token, origins } = welcome;
    if !resumed.is_empty() {
        out(&format!("Resumes {} checkouts that were under way:", resumed.len()));
        for line in resumed {
            out(line);
        }
        out("");
    }
    let (user, product) = (sandbox.user_url(), sandbox.product_url());
    let payment = sandbox.payment_url();
    out(&format!(
        "order-service demo: the books are in {}

  API       http://{address}        http://{address}/docs
  console   http://{address}/console        the operators' pages; the token is {token}
  user      {user}
  product   {product}        {product}/api/products
  payment   {payment}
  ledger    {payment}/_sandbox/ledger        what the three really did

Open http://{address}/docs to try the API. A web client may call it from {origins};
the sandbox's three may be called from anywhere. All money is in paise (100 are ₹1): prices, totals, wallets.
",
        file.display()
    ));
    let ledger = sandbox.ledger();
    for user in ledger.users {
        out(&format!("  {:<10}{}  wallet  {:>9}", user.name, user.user_id, user.wallet));
    }
    for product in ledger.products {
        let (name, id, stock) = (product.name, product.id, product.stock);
        out(&format!("  {name:<10}{id}  price   {:>9}  stock {stock}", product.price));
    }
    if !scenes.is_empty() {
        out("\nOrders to look at, at the console:");
        for Scene { id, what } in scenes {
            out(&format!("  http://{address}/console/orders/{id}  {what}"));
        }
    }
    out(&to_try(*address, &payment, token));
}

/// Commands that work as they are printed.
fn to_try(address: SocketAddr, payment: &str, token: &str) -> String {
    let (user, tea, kettle, samovar) = (sample::ASHA, sample::TEA, sample::KETTLE, sample::SAMOVAR);
    let json = "-H 'Content-Type: application/json'";
    let create = format!("curl -i http://{address}/api/orders/create {json}");
    let this = std::env::current_exe()
        .map_or_else(|_| "order-service".to_owned(), |program| program.display().to_string());
    format!(
        r#"
An order of two lines (201):
  {create} \
    -d '{{"userId":"{user}","items":[{{"productId":"{tea}","quantity":2}},{{"productId":"{kettle}","quantity":1}}]}}'

Out of stock (409):
  {create} \
    -d '{{"userId":"{user}","items":[{{"productId":"{samovar}","quantity":1}}]}}'

A payment that takes 10 s: the client has its 202 after one. The same line again, with its key, gives the answer
once there is one; meanwhile, here is where to look:
  curl {payment}/_sandbox/faults {json} -d '{{"call":"process","fault":"slow","millis":10000,"times":1}}'
  {create} -H 'Prefer: wait=1' -H 'Idempotency-Key: slow-1' \
    -d '{{"userId":"{user}","items":[{{"productId":"{tea}","quantity":1}}]}}'
  curl http://{address}/api/operator/sagas -H 'Authorization: Bearer {token}'
  {this} sagas list --url http://{address} --token {token}

An order that is cancelled, and one that is shipped and followed (put the id of a 201 for ID, and that of the
shipment for SHIPMENT):
  curl -X POST http://{address}/api/orders/ID/cancel
  curl http://{address}/api/orders/ID/shipments {json} -H 'Authorization: Bearer {token}' \
    -d '{{"carrier":"post","trackingNumber":"P1"}}'
  curl http://{address}/api/shipments/SHIPMENT/events {json} -H 'Authorization: Bearer {token}' \
    -d '{{"status":"delivered","at":"2026-05-01T10:00:00Z"}}'
  curl http://{address}/api/orders/ID/tracking

What happens, as it happens: to one order, and to all of them:
  curl -N http://{address}/api/orders/ID/stream
  curl 'http://{address}/api/events?after=0&wait=1' -H 'Authorization: Bearer {token}'
  {this} events tail --url http://{address} --token {token}

Something to see at the console: a checkout whose second line is refused, and whose refund then fails until the last
line mends it:
  curl {payment}/_sandbox/faults {json} -d '{{"call":"reserve","fault":"refuse","productId":"{kettle}","times":1}}'
  curl {payment}/_sandbox/faults {json} -d '{{"call":"refund","fault":"error_before"}}'
  {create} -H 'Prefer: respond-async' \
    -d '{{"userId":"{user}","items":[{{"productId":"{tea}","quantity":1}},{{"productId":"{kettle}","quantity":1}}]}}'
  curl -X DELETE {payment}/_sandbox/faults

Kill it (kill -9 {}) while the payment is slow and start it again: it goes on where it was. Ctrl-c stops it."#,
        std::process::id()
    )
}

/// Prints a line to stdout. A closed pipe is no reason to stop.
fn out(line: &str) {
    use std::io::Write;
    drop(writeln!(std::io::stdout(), "{line}"));
}
