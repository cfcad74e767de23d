//! `sagas`: the operators' API from a terminal.

use std::{
    env,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
};

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use url::Url;

use super::{
    Error,
    client::Client,
    format,
    out::{self, TableStyle},
    view::{self, ActionDone, Detail, Page},
};
use crate::config::{Config, Overrides, Token};

/// Flags of every `sagas` command.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  order-service sagas list --stuck
  order-service sagas list --state Compensating --older-than 10m --all
  order-service sagas show 0198f0c2-7a51-7c3e-9d7e-2f6d1c0b5a44
  order-service sagas hold 0198f0c2-7a51-7c3e-9d7e-2f6d1c0b5a44 --reason \"refunding it by hand\"
  order-service sagas retry 0198f0c2-7a51-7c3e-9d7e-2f6d1c0b5a44 --reason \"payments are back\"
  order-service sagas list --stuck --json | jq -r '.items[].id'")]
pub struct SagasArgs {
    #[command(subcommand)]
    action: Action,
    /// Where the service is [default: http.listen of the configuration, on this machine]
    #[arg(long, global = true, help_heading = "The service", value_name = "URL", value_parser = web_url)]
    url: Option<Url>,
    /// The operators' token [default: operator.token of the configuration]
    #[arg(long, global = true, help_heading = "The service", value_name = "TOKEN")]
    token: Option<String>,
    /// Print the service's JSON instead of a table
    #[arg(long, global = true, help_heading = "Output")]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List sagas, or those that the filters leave
    List(ListArgs),
    /// Show one saga: its money and stock, what is stuck and why, every step, what is allowed now
    Show {
        /// The saga's id, which is the order's id too
        id: String,
    },
    /// Try a saga now instead of at its next attempt
    Retry {
        /// The saga's id
        id: String,
        #[command(flatten)]
        by: ByOperator,
    },
    /// Stop a saga from going forward and undo everything
    Compensate {
        /// The saga's id
        id: String,
        #[command(flatten)]
        by: ByOperator,
    },
    /// Send nothing for a saga until it is released: before anything is done by hand
    Hold {
        /// The saga's id
        id: String,
        #[command(flatten)]
        by: ByOperator,
    },
    /// Let a held saga go on
    Release {
        /// The saga's id
        id: String,
        #[command(flatten)]
        by: ByOperator,
    },
    /// Settle an effect by what you found out or did by hand
    #[command(after_help = "\
Examples:
  order-service sagas resolve ID --step charge_payment --happened true --reason 'seen in the ledger'
  order-service sagas resolve ID --step reserve_stock --line 0 --happened false --reason 'not there'")]
    Resolve {
        /// The saga's id
        id: String,
        /// Which step
        #[arg(long, help = "charge_payment, reserve_stock, refund_payment or release_stock")]
        step: String,
        /// The cart's line
        #[arg(long, help = "The cart's line, from 0, for reserve_stock and release_stock")]
        line: Option<u16>,
        /// Whether it happened
        #[arg(long, action = clap::ArgAction::Set)]
        happened: bool,
        #[command(flatten)]
        by: ByOperator,
    },
}

/// Why an operator acts, and who they are.
#[derive(Debug, Args)]
struct ByOperator {
    /// Why, for the saga's log
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who, for the saga's log [default: $USER]
    #[arg(long, value_name = "NAME")]
    operator: Option<String>,
}

/// How answers are printed.
#[derive(Clone, Copy)]
enum Output {
    Json,
    Tables(TableStyle),
}

const STATES: &str = "Only this state: Started, ProfileFetched, Priced, Paid, Reserved, Completed, \
                      Compensating, Compensated or Rejected";

#[derive(Debug, Args)]
struct ListArgs {
    #[arg(long, help = STATES)]
    state: Option<String>,
    /// Only sagas that need a person; --stuck=false for those that don't
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    stuck: Option<bool>,
    /// Only sagas that an operator holds; --held=false for those that nobody holds
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    held: Option<bool>,
    /// Only this kind of saga, such as checkout
    #[arg(long)]
    kind: Option<String>,
    /// Only sagas of this user
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// Only sagas older than this: 10m, 2h or PT10M
    #[arg(long, value_name = "DURATION", value_parser = format::iso_duration)]
    older_than: Option<String>,
    /// Show N sagas per page
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
    /// Begin at this cursor, which the page before ended with
    #[arg(long)]
    cursor: Option<String>,
    /// Follow the pages to the end; with --json, one document per page
    #[arg(long)]
    all: bool,
}

impl SagasArgs {
    /// Sends the request and prints the answer.
    pub(super) async fn run(self, file: Option<&Path>) -> Result<(), Error> {
        let client = connect(self.url, self.token, file)?;
        let output = if self.json { Output::Json } else { Output::Tables(TableStyle::of_stdout()) };
        match self.action {
            Action::List(list) => list.run(&client, output).await,
            Action::Show { id } => {
                let answer = client.get(&["sagas", &id], &[]).await?;
                match output {
                    Output::Json => out::line(answer.text()),
                    Output::Tables(style) => {
                        out::line(&view::show(&answer.read::<Detail>()?, style))
                    }
                }
            }
            Action::Retry { id, by } => by.send(&client, &id, "retry", json!({}), output).await,
            Action::Compensate { id, by } => {
                by.send(&client, &id, "compensate", json!({}), output).await
            }
            Action::Hold { id, by } => by.send(&client, &id, "hold", json!({}), output).await,
            Action::Release { id, by } => by.send(&client, &id, "release", json!({}), output).await,
            Action::Resolve { id, step, line, happened, by } => {
                let verdict = json!({"step": step, "line": line, "happened": happened});
                by.send(&client, &id, "resolve", verdict, output).await
            }
        }
    }
}

impl ByOperator {
    /// Sends the action and prints what was done.
    async fn send(
        self,
        client: &Client,
        id: &str,
        action: &str,
        mut body: Value,
        output: Output,
    ) -> Result<(), Error> {
        let operator = self.operator.or_else(|| env::var("USER").ok());
        let operator = operator.filter(|name| !name.trim().is_empty());
        body["reason"] = self.reason.into();
        let answer = client.act(&["sagas", id, action], &body, operator.as_deref()).await?;
        match output {
            Output::Json => out::line(answer.text()),
            Output::Tables(_) => out::line(&answer.read::<ActionDone>()?.did),
        }
    }
}

impl ListArgs {
    async fn run(self, client: &Client, output: Output) -> Result<(), Error> {
        let mut cursor = self.cursor;
        loop {
            let filters = [
                ("state", self.state.clone()),
                ("stuck", self.stuck.map(|stuck| stuck.to_string())),
                ("held", self.held.map(|held| held.to_string())),
                ("kind", self.kind.clone()),
                ("userId", self.user.clone()),
                ("olderThan", self.older_than.clone()),
                ("limit", self.limit.map(|limit| limit.to_string())),
                ("cursor", cursor.take()),
            ];
            let answer = client.get(&["sagas"], &filters).await?;
            let page = answer.read::<Page>()?;
            match output {
                Output::Json => out::line(answer.text())?,
                Output::Tables(style) => out::line(&view::list(&page.items, style))?,
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

/// Makes a client. Reads the configuration only if a flag is missing, so that a broken file on a laptop
/// doesn't keep an operator from reaching a service elsewhere.
fn connect(url: Option<Url>, token: Option<String>, file: Option<&Path>) -> Result<Client, Error> {
    let (url, token) = match (url, token) {
        (Some(url), Some(token)) => (url, Some(token)),
        (url, token) => {
            let config = Config::load(file, Overrides::default())?;
            let configured = config.operator.token.as_ref().map(Token::reveal).map(str::to_owned);
            let url = match url {
                Some(url) => url,
                None => local(config.http.listen)?,
            };
            (url, token.or(configured))
        }
    };
    Client::new(url, token)
}

/// The URL at which a service that listens on `listen` is reached from this machine.
fn local(listen: SocketAddr) -> Result<Url, Error> {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    let address = SocketAddr::new(ip, listen.port());
    Url::parse(&format!("http://{address}"))
        .map_err(|error| Error::Usage(format!("no URL can be made of {address}: {error}")))
}

fn web_url(text: &str) -> Result<Url, String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
        _ => Err("write a URL such as http://127.0.0.1:5004".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_listens_everywhere_is_looked_for_on_this_machine() {
        let url = |listen: &str| {
            let listen = listen.parse().expect("the test gives a valid address");
            local(listen).expect("an address makes a URL").to_string()
        };
        assert_eq!(url("0.0.0.0:5004"), "http://127.0.0.1:5004/");
        assert_eq!(url("[::]:80"), "http://[::1]/");
        assert_eq!(url("10.1.2.3:5004"), "http://10.1.2.3:5004/");
    }
}
