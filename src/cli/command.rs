//! The commands and their flags.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};
use futures::future::LocalBoxFuture;

use super::flag::DATABASE;
use super::{
    Error, archive, audit, bulk, check, events, import, orders, out, sagas, sandbox, trail,
    webhooks,
};
use crate::{
    app,
    config::{Config, Overrides},
    lifecycle::stop_asked,
    telemetry::Role,
};

/// Takes a checkout through three services and its own books without losing an order, a rupee or
/// a unit of stock.
#[derive(Debug, Parser)]
#[command(name = "order-service", version, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// Read the configuration from FILE instead of ./order-service.toml
    #[arg(long, global = true, value_name = "FILE", help_heading = "Configuration")]
    config: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  order-service demo                            everything in one process, to try it
  order-service serve                           the service, configured by file and environment
  order-service sagas list --stuck              what needs a person
  order-service sagas show ID                   whose money is out, what is stuck and why
  order-service sagas groups                    the same by what went wrong
  order-service bulk prepare retry --group ID   what would be done to all of a group
  order-service orders show ID                  where an order is, and what cancelling would do
  order-service events tail                     what happens, as it happens
  order-service webhooks add URL                send an endpoint what happens to orders
  order-service check                           before deploying: what could it not continue
  order-service audit                           do the books and the neighbours agree
  order-service import --orders A --items B     the orders of the old database
  order-service archive show ID                 a saga that is forgotten

Configuration, lowest to highest: built-in defaults, ./order-service.toml or --config FILE,
the environment (ORDER_SERVICE__SECTION__KEY, DATABASE_URL, ...), flags.
Exit codes: 0 fine, 1 failed, 2 wrong usage or configuration.";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the service until SIGTERM or ctrl-c
    #[command(after_help = "\
Examples:
  order-service serve --listen 127.0.0.1:5004
  DATABASE_URL=postgres://orders:secret@db/orders order-service serve
  ORDER_SERVICE__OPERATOR__TOKEN=secret order-service serve")]
    Serve(ServeArgs),
    /// Run the service with a sandbox of its neighbours and sample data, in one process
    Demo(DemoArgs),
    /// Run stand-ins for the user, product and payment services, with faults to inject
    Sandbox(sandbox::SandboxArgs),
    /// Bring the database up to date and end
    Migrate(MigrateArgs),
    /// Look at sagas and set stuck ones right, through the operators' API
    Sagas(Box<sagas::SagasArgs>),
    /// Do the same to many sagas: a canary first, then wave after wave
    Bulk(bulk::BulkArgs),
    /// Show what people did: who, what, why, and what came of it, through the operators' API
    Trail(trail::TrailArgs),
    /// Look at orders and cancel them, through the service's API
    Orders(orders::OrdersArgs),
    /// Follow what happens
    Events(events::EventsArgs),
    /// Say who is sent events, and look at what became of each, through the operators' API
    Webhooks(webhooks::WebhooksArgs),
    /// Say which sagas in flight this binary could not continue
    Check(check::CheckArgs),
    /// Compare the books with the payment service's and with themselves, and check the audit trail
    Audit(audit::AuditArgs),
    /// Import the orders of the old database, out of two files
    Import(import::ImportArgs),
    /// Look for sagas that are forgotten, and check the archive that has them
    Archive(archive::ArchiveArgs),
    /// Print the API as a document
    #[command(
        about = "Print the OpenAPI document",
        after_help = "Example:\n  order-service openapi > openapi.json"
    )]
    Openapi,
}

/// Flags of `serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Listen on ADDRESS [default: http.listen, 0.0.0.0:5004]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    #[arg(long, value_name = "URL", help = DATABASE)]
    database_url: Option<String>,
}

/// Flags of `demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    #[arg(
        long,
        value_name = "PATH",
        default_value = "order-service-demo.db",
        help = "Keep the books in this SQLite file"
    )]
    file: PathBuf,
    /// Start without the three orders that a new demo has to look at
    #[arg(long)]
    empty: bool,
    /// Listen on ADDRESS [default: http.listen where it is set, else 127.0.0.1:5004]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

/// Flags of `migrate`.
#[derive(Debug, Args)]
pub struct MigrateArgs {
    #[arg(long, value_name = "URL", help = DATABASE)]
    database_url: Option<String>,
}

impl Command {
    /// Whether the command serves until it is stopped, or prints a result and ends.
    #[must_use]
    pub fn role(&self) -> Role {
        match self {
            Self::Serve(_) | Self::Demo(_) | Self::Sandbox(_) => Role::Service,
            Self::Migrate(_)
            | Self::Sagas(_)
            | Self::Bulk(_)
            | Self::Trail(_)
            | Self::Orders(_)
            | Self::Events(_)
            | Self::Webhooks(_)
            | Self::Check(_)
            | Self::Audit(_)
            | Self::Import(_)
            | Self::Archive(_)
            | Self::Openapi => Role::Tool,
        }
    }
}

impl Cli {
    /// Runs the command. Prints an error to stderr, and returns the exit code.
    ///
    /// Boxed, so that all of it is compiled with this crate: of an `async fn`, whoever polls it compiles the body,
    /// which would be the binary, once everything else is built.
    pub fn run(self) -> LocalBoxFuture<'static, ExitCode> {
        let run = async move {
            let ended = match self.command.role() {
                // Stops by itself, in order.
                Role::Service => self.dispatch().await,
                Role::Tool => self.until_stopped().await,
            };
            match ended {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    out::print_error(&error);
                    ExitCode::from(error.exit_code())
                }
            }
        };
        Box::pin(run)
    }

    /// Runs a command that ends by itself, until SIGTERM or ctrl-c. As the first process of a container, it
    /// would not hear of them otherwise. It runs as a task, so that a reader or writer that blocks it does not
    /// keep the signal from being heard.
    async fn until_stopped(self) -> Result<(), Error> {
        let stopped = match &self.command {
            Command::Events(events) if events.goes_on() => Ok(()),
            _has_an_end => Err(Error::Stopped),
        };
        let command = async { tokio::spawn(self.dispatch()).await };
        tokio::select! {
            // The signals are waited for before the command begins.
            biased;
            asked = stop_asked() => {
                out::clear_progress();
                asked.map_err(Error::System).and(stopped)
            }
            ended = command => ended.unwrap_or_else(|failed| match failed.try_into_panic() {
                Ok(panicked) => std::panic::resume_unwind(panicked),
                Err(_cancelled) => Err(Error::Stopped),
            }),
        }
    }

    async fn dispatch(self) -> Result<(), Error> {
        let file = self.config.as_deref();
        match self.command {
            Command::Serve(ServeArgs { listen, database_url }) => {
                let config =
                    Config::load(file, Overrides { listen, database_url, default_listen: None })?;
                Ok(app::serve(config).await?)
            }
            Command::Demo(demo) => {
                // The demo has a database of its own; one from the environment is not even read.
                let database_url = Some(format!("sqlite://{}", demo.file.display()));
                let default_listen = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 5004)));
                let overrides = Overrides { listen: demo.listen, database_url, default_listen };
                let config = Config::load(file, overrides)?;
                let begin = if demo.empty { app::Begin::Empty } else { app::Begin::WithOrders };
                Ok(Box::pin(app::demo(config, demo.file, begin)).await?)
            }
            Command::Sandbox(sandbox) => sandbox.run().await,
            Command::Migrate(MigrateArgs { database_url }) => {
                let overrides = Overrides { database_url, ..Overrides::default() };
                Ok(app::migrate(Config::load(file, overrides)?).await?)
            }
            Command::Sagas(sagas) => sagas.run(file).await,
            Command::Bulk(bulk) => bulk.run(file).await,
            Command::Trail(trail) => trail.run(file).await,
            Command::Orders(orders) => orders.run(file).await,
            Command::Events(events) => events.run(file).await,
            Command::Webhooks(webhooks) => webhooks.run(file).await,
            Command::Check(check) => check.run(file).await,
            Command::Audit(audit) => audit.run(file).await,
            Command::Import(import) => import.run(file).await,
            Command::Archive(archive) => archive.run(file),
            Command::Openapi => out::document(&app::openapi_json()),
        }
    }
}
