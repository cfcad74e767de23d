//! `orders`: what became of an order, and its cancel, from a terminal.

use std::path::Path;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::client::Client;
use super::service::{Output, ServiceArgs, operator};
use super::view::{self, Cancelled, OrderDetail};
use super::{Error, out};

/// Flags of every `orders` command.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  order-service orders show 0198f0c2-7a51-7c3e-9d7e-2f6d1c0b5a44
  order-service orders cancel 0198f0c2-7a51-7c3e-9d7e-2f6d1c0b5a44 --reason customer --note \"by telephone\"")]
pub struct OrdersArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    service: ServiceArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show one order: its lines, what happened, and what cancelling it would do
    Show {
        /// The order's id
        id: String,
    },
    /// Cancel an order: refund it and release its stock
    Cancel {
        /// The order's id
        id: String,
        /// Why; its customer is told
        #[arg(long)]
        reason: Reason,
        /// More about it, for those who look at it later; at most 500 characters
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
        /// Who, for the saga's log [default: $USER]
        #[arg(long, value_name = "NAME")]
        operator: Option<String>,
    },
}

/// The reasons of a cancel.
#[derive(Clone, Copy, Debug, ValueEnum, strum::Display)]
#[strum(serialize_all = "lowercase")]
enum Reason {
    /// The customer asked for it.
    Customer,
    /// The payment was declined later.
    Declined,
    /// The order is a fraud.
    Fraud,
    /// The goods are not there.
    Inventory,
    /// A mistake of ours.
    Staff,
    /// Anything else.
    Other,
}

impl OrdersArgs {
    /// Sends the requests and prints what they are answered with.
    pub(super) async fn run(self, file: Option<&Path>) -> Result<(), Error> {
        let (client, output) = self.service.connect(file)?;
        match self.action {
            Action::Show { id } => show(&client, &id, output).await,
            Action::Cancel { id, reason, note, operator: name } => {
                let body = json!({"reason": reason.to_string(), "note": note});
                let path = ["api", "operator", "orders", &id, "cancel"];
                let answer = client.act(&path, &body, operator(name).as_deref()).await?;
                match output {
                    Output::Json => out::document(answer.text()),
                    Output::Tables(_) => out::line(&view::cancelled(&answer.read::<Cancelled>()?)),
                }
            }
        }
    }
}

/// Collects what several routes say about one order.
async fn show(client: &Client, id: &str, output: Output) -> Result<(), Error> {
    let read = async |part: &[&str]| -> Result<Value, Error> {
        client.get(&[&["api", "orders", id], part].concat(), &[]).await?.read()
    };
    let status = read(&["status"]).await?;
    // A checkout that is not completed is no order yet.
    let has_order = status.get("orderUrl").is_some_and(Value::is_string);
    let order = if has_order { read(&[]).await? } else { Value::Null };
    let all = json!({
        "status": status,
        "order": order,
        "tracking": read(&["tracking"]).await?,
        "cancellation": read(&["cancellation"]).await?,
    });
    match output {
        Output::Json => out::json(&all),
        Output::Tables(style) => out::line(&view::order(&OrderDetail::of(&all)?, style)),
    }
}
