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
    out::{self, Look},
    view::{self, Acted, Detail, Page},
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
pub struct Sagas {
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
    List(List),
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
        word: Word,
    },
    /// Stop a saga from going forward and undo everything
    Compensate {
        /// The saga's id
        id: String,
        #[command(flatten)]
        word: Word,
    },
    /// Send nothing for a saga until it is released: before anything is done by hand
    Hold {
        /// The saga's id
        id: String,
        #[command(flatten)]
        word: Word,
    },
    /// Let a held saga go on
    Release {
        /// The saga's id
        id: String,
        #[command(flatten)]
        word: Word,
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
        word: Word,
    },
}

/// Why, and who says so.
#[derive(Debug, Args)]
struct Word {
    /// Why, for the saga's log
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who, for the saga's log [default: $USER]
    #[arg(long, value_name = "NAME")]
    operator: Option<String>,
}

const STATES: &str = "Only this state: Started, ProfileFetched, Priced, Paid, Reserved, Completed, \
                      Compensating, Compensated or Rejected";

#[derive(Debug, Args)]
struct List {
    #[arg(long, help = STATES)]
    state: Option<String>,
    /// Only sagas that need a person; --stuck=false for those that don't
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    stuck: Option<bool>,
    /// Only sagas that an operator holds; --held=false for those that nobody does
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
    /// So many sagas a page
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
    /// Begin at this cursor, as the page before told it
    #[arg(long)]
    cursor: Option<String>,
    /// Follow the pages to the end; with --json, one document a page
    #[arg(long)]
    all: bool,
}

impl Sagas {
    /// Asks the service, and prints what it says.
    pub(super) async fn run(self, file: Option<&Path>) -> Result<(), Error> {
        let client = connect(self.url, self.token, file)?;
        let look = Look::of_stdout();
        match self.action {
            Action::List(list) => list.run(&client, look, self.json).await,
            Action::Show { id } => {
                let answer = client.get(&["sagas", &id], &[]).await?;
                if self.json {
                    return out::line(answer.text());
                }
                out::line(&view::show(&answer.read::<Detail>()?, look))
            }
            Action::Retry { id, word } => {
                word.send(&client, &id, "retry", json!({}), self.json).await
            }
            Action::Compensate { id, word } => {
                word.send(&client, &id, "compensate", json!({}), self.json).await
            }
            Action::Hold { id, word } => {
                word.send(&client, &id, "hold", json!({}), self.json).await
            }
            Action::Release { id, word } => {
                word.send(&client, &id, "release", json!({}), self.json).await
            }
            Action::Resolve { id, step, line, happened, word } => {
                let verdict = json!({"step": step, "line": line, "happened": happened});
                word.send(&client, &id, "resolve", verdict, self.json).await
            }
        }
    }
}

impl Word {
    /// Has it done, and prints what was.
    async fn send(
        self,
        client: &Client,
        id: &str,
        action: &str,
        mut body: Value,
        json: bool,
    ) -> Result<(), Error> {
        let operator = self.operator.or_else(|| env::var("USER").ok());
        let operator = operator.filter(|name| !name.trim().is_empty());
        body["reason"] = self.reason.into();
        let answer = client.act(&["sagas", id, action], &body, operator.as_deref()).await?;
        if json {
            return out::line(answer.text());
        }
        out::line(&answer.read::<Acted>()?.did)
    }
}

impl List {
    async fn run(self, client: &Client, look: Look, json: bool) -> Result<(), Error> {
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
            if json {
                out::line(answer.text())?;
            } else {
                out::line(&view::list(&page.items, look))?;
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

/// The configuration is read only for what the flags leave open: a broken file on a laptop must
/// not stand between an operator and a service elsewhere.
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

/// Where a service that listens on `listen` is found from this machine.
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
