//! `events`: what happens, from a terminal.

use std::path::Path;

use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::Value;

use super::client::Client;
use super::service::{Output, ServiceArgs};
use super::view::{Told, told};
use super::{Error, out};

/// Seconds that the service waits for an event before it answers: below the client's own time-out.
const WAIT: &str = "20";
/// Events per request.
const LIMIT: &str = "200";

/// Flags of every `events` command.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  order-service events tail
  order-service events tail --type 'saga.*'
  order-service events tail --after 0 --once --json | jq -r '.type'")]
pub struct EventsArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    service: ServiceArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print the last events, and then each as it happens, one a line
    Tail(Tail),
}

#[derive(Debug, Args)]
struct Tail {
    /// Begin behind this position [default: the last ten positions]
    #[arg(long, value_name = "POSITION", value_parser = clap::value_parser!(i64).range(0..))]
    after: Option<i64>,
    /// Only these: a type, PREFIX.* or several separated by commas
    #[arg(long = "type", value_name = "TYPES")]
    types: Option<String>,
    /// End with the last event instead of waiting for more
    #[arg(long)]
    once: bool,
}

/// The part of the summary that is needed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    last_position: i64,
}

/// A page of the feed.
#[derive(Deserialize)]
struct Page {
    events: Vec<Value>,
    next: i64,
}

impl EventsArgs {
    /// Whether it ends only when it is stopped.
    pub(super) fn goes_on(&self) -> bool {
        let Action::Tail(tail) = &self.action;
        !tail.once
    }

    /// Reads events and prints them until ctrl-c, or until the last one.
    pub(super) async fn run(self, file: Option<&Path>) -> Result<(), Error> {
        let (client, output) = self.service.connect(file)?;
        let Action::Tail(tail) = self.action;
        tail.run(&client, output).await
    }
}

impl Tail {
    async fn run(self, client: &Client, output: Output) -> Result<(), Error> {
        let last = client.get(&["api", "operator", "summary"], &[]).await?.read::<Summary>()?;
        let last = last.last_position;
        let mut after = self.after.unwrap_or(last.saturating_sub(10).max(0));
        while !self.once || after < last {
            let page = self.page(client, after).await?;
            for event in &page.events {
                match output {
                    Output::Json => out::json(event)?,
                    Output::Tables(_) => out::line(&told(&Told::of(event)))?,
                }
            }
            after = page.next;
        }
        Ok(())
    }

    async fn page(&self, client: &Client, after: i64) -> Result<Page, Error> {
        let wait = if self.once { "0" } else { WAIT };
        let filters = [
            ("after", Some(after.to_string())),
            ("type", self.types.clone()),
            ("limit", Some(LIMIT.to_owned())),
            ("wait", Some(wait.to_owned())),
        ];
        client.get(&["api", "events"], &filters).await?.read()
    }
}
