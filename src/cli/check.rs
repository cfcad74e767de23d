//! `check`: says which sagas in flight this binary could not continue. It is run before a deployment.

use std::path::Path;

use clap::Args;

use super::flag::DATABASE;
use super::out::{self, TableStyle};
use super::{Error, view};
use crate::app;
use crate::config::{Config, Overrides};

/// Flags of `check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Run the new binary's check on the running service's database before deploying it. It only reads,
takes no lock, and does not migrate.

Examples:
  order-service check --database-url postgres://orders@db/orders
  order-service check --json | jq -r '.couldNot[].id'

Exit codes: 0 it could continue everything, 1 it could not, or the database can't be read.")]
pub struct CheckArgs {
    #[arg(long, value_name = "URL", help = DATABASE)]
    database_url: Option<String>,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

impl CheckArgs {
    /// Prints the result. Fails if something could not be continued.
    pub(super) async fn run(self, file: Option<&Path>) -> Result<(), Error> {
        let overrides = Overrides { database_url: self.database_url, ..Overrides::default() };
        let checked = app::check(&Config::load(file, overrides)?).await?;
        if self.json {
            out::json(&checked)?;
        } else {
            out::line(&view::checked(&checked, TableStyle::of_stdout()))?;
        }
        if checked.lost == 0 { Ok(()) } else { Err(Error::NotAsItShouldBe) }
    }
}
