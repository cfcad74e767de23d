//! `sagas`: the operators' API from a terminal.

use std::path::Path;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    Error,
    client::Client,
    filter::FilterArgs,
    out,
    pages::{PageArgs, Paged},
    service::{Output, ServiceArgs, operator},
    view::{self, ActionDone, Detail, Groups, Page},
};

/// Flags of every `sagas` command.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  order-service sagas list --stuck
  order-service sagas list --state Compensating --older-than 10m --all
  order-service sagas groups
  order-service sagas list --group 8c1f0a9b2d3e4f50 --sort money
  order-service sagas show 0198f0c2-7a51-7c3e-9d7e-2f6d1c0b5a44
  order-service sagas hold 0198f0c2-7a51-7c3e-9d7e-2f6d1c0b5a44 --reason \"refunding it by hand\"
  order-service sagas retry 0198f0c2-7a51-7c3e-9d7e-2f6d1c0b5a44 --reason \"payments are back\"
  order-service sagas note 0198f0c2-7a51-7c3e-9d7e-2f6d1c0b5a44 \"the bank says Monday\"
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
    List(Box<ListArgs>),
    /// Show what is stuck or failing, by what it has in common
    Groups,
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
    /// Leave a note for whoever looks at the saga next; it changes nothing else
    Note {
        /// The saga's id
        id: String,
        /// The note
        text: String,
        /// Who says so [default: $USER]
        #[arg(long, value_name = "NAME")]
        operator: Option<String>,
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

#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// In this order: -createdAt (newest first), age (oldest first) or money (most at risk first)
    #[arg(long, value_name = "ORDER", allow_hyphen_values = true)]
    sort: Option<String>,
    #[command(flatten)]
    page: PageArgs,
}

impl SagasArgs {
    /// Sends the request and prints the answer.
    pub(super) async fn run(self, file: Option<&Path>) -> Result<(), Error> {
        let (client, output) = self.service.connect(file)?;
        match self.action {
            Action::List(list) => list.run(&client, output).await,
            Action::Groups => {
                let answer = client.get(&["api", "operator", "groups"], &[]).await?;
                match output {
                    Output::Json => out::document(answer.text()),
                    Output::Tables(style) => {
                        out::line(&view::groups(&answer.read::<Groups>()?.items, style))
                    }
                }
            }
            Action::Show { id } => {
                let answer = client.get(&["api", "operator", "sagas", &id], &[]).await?;
                match output {
                    Output::Json => out::document(answer.text()),
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
            Action::Note { id, text, operator: who } => {
                let path = ["api", "operator", "sagas", &id, "notes"];
                let who = operator(who);
                let answer = client.act(&path, &json!({"text": text}), who.as_deref()).await?;
                match output {
                    Output::Json => out::document(answer.text()),
                    Output::Tables(_) => out::line("noted"),
                }
            }
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
            Output::Json => out::document(answer.text()),
            Output::Tables(_) => out::line(&answer.read::<ActionDone>()?.did),
        }
    }
}

impl ListArgs {
    async fn run(self, client: &Client, output: Output) -> Result<(), Error> {
        let mut filters = self.filter.pairs();
        filters.push(("sort", self.sort));
        let drawn = |page: &Page, style| view::list(&page.items, style);
        self.page.run(client, &["api", "operator", "sagas"], &filters, output, drawn).await
    }
}

impl Paged for Page {
    fn next(&mut self) -> Option<String> {
        self.next.take()
    }
}
