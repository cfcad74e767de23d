//! `trail`: what persons did, from a terminal.

use std::path::Path;

use clap::Args;

use super::service::{Output, ServiceArgs};
use super::view::{Trail, trail};
use super::{Error, out};

/// The flags of `trail`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  order-service trail
  order-service trail --target 0198f0c2-7a51-7c3e-9d7e-2f6d1c0b5a44
  order-service trail --who asha --result refused --from 2026-11-27T08:00:00Z --all

`order-service audit` checks that nobody has changed it.")]
pub struct TrailArgs {
    /// Only what this person did, by the name that is shown
    #[arg(long, value_name = "NAME")]
    who: Option<String>,
    /// Only this action: retry, cancel, bulk.start, sign-in, ...
    #[arg(long, value_name = "WORD")]
    action: Option<String>,
    /// Only what was done to this saga, order, bulk run or webhook
    #[arg(long, value_name = "ID")]
    target: Option<String>,
    /// Only what came to this: done, denied, refused or stale
    #[arg(long, value_name = "WORD")]
    result: Option<String>,
    /// Only what was asked for then or later: 2026-11-27T08:00:00Z
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Only what was asked for then or earlier
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Show N entries per page
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
    /// Begin at this cursor, which the page before ended with
    #[arg(long)]
    cursor: Option<String>,
    /// Follow the pages to the end; with --json, one document per page
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    service: ServiceArgs,
}

impl TrailArgs {
    /// Prints the entries, newest first.
    pub(super) async fn run(self, file: Option<&Path>) -> Result<(), Error> {
        let (client, output) = self.service.connect(file)?;
        let mut cursor = self.cursor;
        loop {
            let filters = [
                ("who", self.who.clone()),
                ("action", self.action.clone()),
                ("target", self.target.clone()),
                ("result", self.result.clone()),
                ("from", self.from.clone()),
                ("to", self.to.clone()),
                ("limit", self.limit.map(|limit| limit.to_string())),
                ("cursor", cursor.take()),
            ];
            let answer = client.get(&["api", "operator", "audit"], &filters).await?;
            let page = answer.read::<Trail>()?;
            match output {
                Output::Json => out::line(answer.text())?,
                Output::Tables(style) => out::line(&trail(&page.items, style))?,
            }
            match page.next {
                Some(next) if self.all => cursor = Some(next),
                Some(next) => {
                    out::remark(&format!("there are more: --cursor {next}, or --all"));
                    return Ok(());
                }
                None => return Ok(()),
            }
        }
    }
}
