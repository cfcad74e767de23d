//! `sagas`: the operators' API from a terminal.

use std::path::Path;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    Error,
    client::Client,
    format, out,
    service::{Output, ServiceArgs, operator},
    view::{self, ActionDone, Detail, Page},
};

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
    #[command(flatten)]
    service: ServiceArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List sagas, or those that the filters leave
    List(ListArgs),
    /// Show one saga: its money and stock, what is stuck and why, every step, what is allowed now
    Show {
        /// The saga's id; a checkout's is its order's
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

const STATES: &str = "Only this state: Started, ProfileFetched, Priced, Paid, Reserved, Completed, \
                      Compensating, Compensated, Rejected, Cancelling, Cancelled, Returning or \
                      Returned";

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
    /// Only this kind of saga: checkout, cancellation or return
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
        let (client, output) = self.service.connect(file)?;
        match self.action {
            Action::List(list) => list.run(&client, output).await,
            Action::Show { id } => {
                let answer = client.get(&["api", "operator", "sagas", &id], &[]).await?;
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
        let operator = operator(self.operator);
        body["reason"] = self.reason.into();
        let answer = client
            .act(&["api", "operator", "sagas", id, action], &body, operator.as_deref())
            .await?;
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
            let answer = client.get(&["api", "operator", "sagas"], &filters).await?;
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
