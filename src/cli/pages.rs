//! Lists that come in pages: the flags that choose them, and printing them, one or all.

use clap::Args;
use serde::de::DeserializeOwned;

use super::client::Client;
use super::service::Output;
use super::{Error, out};

/// Which pages of a list.
#[derive(Debug, Args)]
pub(super) struct PageArgs {
    /// Show N per page
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
    /// Begin at this cursor, which the page before ended with
    #[arg(long)]
    cursor: Option<String>,
    /// Follow the pages to the end; with --json, one document per page
    #[arg(long)]
    all: bool,
}

/// A page of a list.
pub(super) trait Paged: DeserializeOwned {
    /// The cursor of the next page.
    fn next(&mut self) -> Option<String>;
}

impl PageArgs {
    /// Prints a page, or all to the end.
    pub(super) async fn run<P: Paged>(
        self,
        client: &Client,
        path: &[&str],
        filters: &[(&str, Option<String>)],
        output: Output,
        drawn: impl Fn(&P, out::TableStyle) -> String,
    ) -> Result<(), Error> {
        let mut cursor = self.cursor;
        loop {
            let own = [("limit", self.limit.map(|limit| limit.to_string())), ("cursor", cursor)];
            let answer = client.get(path, &[filters, &own].concat()).await?;
            let mut page = answer.read::<P>()?;
            match output {
                Output::Json => out::document(answer.text())?,
                Output::Tables(style) => out::line(&drawn(&page, style))?,
            }
            match page.next() {
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
