//! `trail`: what persons did, from a terminal.

use std::path::Path;

use clap::Args;

use super::Error;
use super::pages::{PageArgs, Paged};
use super::service::ServiceArgs;
use super::view::{Trail, trail};

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
    #[command(flatten)]
    page: PageArgs,
    #[command(flatten)]
    service: ServiceArgs,
}

impl TrailArgs {
    /// Prints the entries, newest first.
    pub(super) async fn run(self, file: Option<&Path>) -> Result<(), Error> {
        let (client, output) = self.service.connect(file)?;
        let filters = [
            ("who", self.who),
            ("action", self.action),
            ("target", self.target),
            ("result", self.result),
            ("from", self.from),
            ("to", self.to),
        ];
        let drawn = |page: &Trail, style| trail(&page.items, style);
        self.page.run(&client, &["api", "operator", "audit"], &filters, output, drawn).await
    }
}

impl Paged for Trail {
    fn next(&mut self) -> Option<String> {
        self.next.take()
    }
}
