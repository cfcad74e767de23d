//! `demo`: the service and its neighbours in one process, with something to try.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tracing::info;

use super::Error;
use super::serve::Running;
use crate::clock::Clock;
use crate::config::{Config, DatabaseUrl, Token};
use crate::lifecycle::stop_asked;
use crate::sandbox::{self, Sandbox, sample};
use crate::store::{self, Filter};

/// The token of a demo that has none configured. It listens on loopback.
const TOKEN: &str = "demo";

/// Runs until ctrl-c or SIGTERM. What it was doing when it was killed, it goes on with.
///
/// # Errors
/// Where an address or a file can't be used.
pub async fn demo(mut config: Config, file: PathBuf) -> Result<(), Error> {
    let sandbox = start_sandbox(&file).await?;
    config.services.user.url = url(&sandbox.user_url());
    config.services.product.url = url(&sandbox.product_url());
    config.services.payment.url = url(&sandbox.payment_url());
    config.database.url = DatabaseUrl::parse(&format!("sqlite://{}", file.display()))
        .map_err(|wrong| Error::Usage(format!("--file {wrong}")))?;
    config.database.migrate = true;
    let configured = config.operator.token.take();
    config.operator.token = configured.or(Token::parse(TOKEN).map_err(Error::Usage)?);
    let token = config.operator.token.as_ref().map_or("", Token::reveal).to_owned();
    let resumed = left_open(&config).await?;
    let grace = config.shutdown.grace;
    let running = Running::start(config, Clock::system()).await?;
    say(&resumed, &running.address, &sandbox, &file, &token);
    stop_asked().await?;
    info!("stops");
    running.stop(grace).await;
    sandbox.shutdown().await;
    Ok(())
}

/// On the seed's ports where they are free, so that one finds them.
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

/// What a killed demo left, as lines to print.
async fn left_open(config: &Config) -> Result<Vec<String>, Error> {
    let url = config.database.url.reveal();
    let store = store::open(store::Options { url, max_connections: 2 }).await?;
    store.migrate().await?;
    let open = store.list(&Filter { open: true, limit: 20, ..Filter::default() }).await?;
    store.close().await;
    let line = |saga: &store::Found| format!("  {}  {}", saga.id, saga.state);
    Ok(open.iter().map(line).collect())
}

fn say(resumed: &[String], address: &SocketAddr, sandbox: &Sandbox, file: &Path, token: &str) {
    let (user, tea) = (sample::ASHA, sample::TEA);
    let (kettle, sold_out, payment) = (sample::KETTLE, sample::SAMOVAR, sandbox.payment_url());
    if !resumed.is_empty() {
        out(&format!("Resumes {} checkouts that were under way:", resumed.len()));
        for line in resumed {
            out(line);
        }
        out("");
    }
    let create =
        format!("curl -i http://{address}/api/orders/create -H 'Content-Type: application/json'");
    let items = |product| {
        format!(r#"{{"userId":"{user}","items":[{{"productId":"{product}","quantity":1}}]}}"#)
    };
    let (docs, products) = (format!("http://{address}/docs"), sandbox.product_url());
    let file = file.display();
    out(&format!(
        r#"order-service demo: the books are in {file}

  API        http://{address}        {docs}
  user       {}
  product    {products}        {products}/api/products
  payment    {payment}
  ledger     {payment}/_sandbox/ledger

An order (201), two lines:
  {create} \
    -d '{{"userId":"{user}","items":[{{"productId":"{tea}","quantity":2}},{{"productId":"{kettle}","quantity":1}}]}}'

Out of stock (409):
  {create} \
    -d '{}'

A slow payment (202), and where to look at it afterwards:
  curl {payment}/_sandbox/faults -H 'Content-Type: application/json' \
    -d '{{"call":"process","fault":"slow","millis":20000,"times":1}}'
  {create} -H 'Prefer: wait=1' \
    -d '{}'
  curl http://{address}/api/orders/user/{user}
  curl http://{address}/api/operator/sagas -H 'Authorization: Bearer {token}'
  order-service sagas list --url http://{address} --token {token}

Kill it (kill -9) while the payment is slow and start it again: it goes on where it was.
Ctrl-c stops it."#,
        sandbox.user_url(),
        items(sold_out),
        items(tea),
    ));
}

/// To stdout, whoever reads it: a closed pipe is no reason to stop.
fn out(line: &str) {
    use std::io::Write;
    drop(writeln!(std::io::stdout(), "{line}"));
}
