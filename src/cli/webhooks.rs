//! `webhooks`: who is sent events, and what became of each, from a terminal.

use std::path::Path;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::client::ApiAnswer;
use super::pages::{PageArgs, Paged};
use super::service::{Output, ServiceArgs};
use super::view::{self, DeliveryPage, Webhook, WebhookPage};
use super::{Error, out};

/// Flags of every `webhooks` command.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  order-service webhooks add https://shop.example/hook --type 'order.*' --ordered
  order-service webhooks list
  order-service webhooks deliveries 0198f0c2-7a51-7c3e-9d7e-2f6d1c0b5a44 --state failed
  order-service webhooks recover 0198f0c2-7a51-7c3e-9d7e-2f6d1c0b5a44 --since 2026-05-01T10:00:00Z")]
pub struct WebhooksArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    service: ServiceArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the endpoints that are sent events
    List(PageArgs),
    /// Add an endpoint, and print the secret that its messages are signed with: it is shown once
    Add {
        /// Where events are sent: an https URL
        #[arg(value_name = "URL")]
        endpoint: String,
        /// A type of events that it wants, such as order.confirmed or order.*; may be repeated [default: order.*]
        #[arg(long = "type", value_name = "TYPE")]
        types: Vec<String>,
        /// What it is for
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        /// Send the events of one order one after the other
        #[arg(long)]
        ordered: bool,
    },
    /// Remove an endpoint, with what is known of its deliveries
    Remove {
        /// The webhook's id
        id: String,
    },
    /// Give an endpoint a new secret, and print it; the old one signs for 24 hours more
    Rotate {
        /// The webhook's id
        id: String,
    },
    /// Send a test message, once
    Test {
        /// The webhook's id
        id: String,
    },
    /// List what an endpoint was sent, the newest first
    Deliveries {
        /// The webhook's id
        id: String,
        /// Only those in this state
        #[arg(long)]
        state: Option<State>,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Send an event to an endpoint again, at once
    Resend {
        /// The webhook's id
        id: String,
        /// The event's id
        event: String,
    },
    /// Send again what failed
    Recover {
        /// The webhook's id
        id: String,
        /// The time of the oldest event, such as 2026-05-01T10:00:00Z
        #[arg(long, value_name = "TIME")]
        since: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum, strum::Display)]
#[strum(serialize_all = "lowercase")]
enum State {
    /// Being sent, or to be sent.
    Pending,
    /// Taken.
    Delivered,
    /// Given up.
    Failed,
}

const ALL: [&str; 3] = ["api", "operator", "webhooks"];

impl WebhooksArgs {
    /// Sends the request and prints what it is answered with.
    pub(super) async fn run(self, file: Option<&Path>) -> Result<(), Error> {
        let (client, output) = self.service.connect(file)?;
        let post = async |path: &[&str], body: Value| {
            client.act(&[&ALL, path].concat(), &body, None).await
        };
        let done = |answer: &ApiAnswer, did: &str| match output {
            Output::Json => out::document(answer.text()),
            Output::Tables(_) => out::line(did),
        };
        match self.action {
            Action::List(page) => {
                let drawn = |page: &WebhookPage, style| view::webhooks(&page.items, style);
                page.run(&client, &ALL, &[], output, drawn).await
            }
            Action::Add { endpoint, types, description, ordered } => {
                let types = (!types.is_empty()).then_some(types);
                let body = json!({
                    "url": endpoint, "types": types, "description": description, "ordered": ordered,
                });
                with_secret(&post(&[], body).await?, output)
            }
            Action::Remove { id } => {
                let answer = client.delete(&[&ALL[..], &[&id]].concat()).await?;
                done(&answer, "Removed")
            }
            Action::Rotate { id } => with_secret(&post(&[&id, "rotate"], json!({})).await?, output),
            Action::Test { id } => {
                let answer = post(&[&id, "test"], json!({})).await?;
                let event = answer.read::<Value>()?["eventId"].as_str().unwrap_or("-").to_owned();
                done(&answer, &format!("Will be sent as {event}"))
            }
            Action::Deliveries { id, state, page } => {
                let path = [&ALL[..], &[&id, "deliveries"]].concat();
                let filters = [("state", state.map(|state| state.to_string()))];
                let drawn = |page: &DeliveryPage, style| view::deliveries(&page.items, style);
                page.run(&client, &path, &filters, output, drawn).await
            }
            Action::Resend { id, event } => {
                let path = [&id, "deliveries", &event, "resend"];
                done(&post(&path, json!({})).await?, "Will be sent")
            }
            Action::Recover { id, since } => {
                let answer = post(&[&id, "recover"], json!({"since": since})).await?;
                let count = answer.read::<Value>()?["count"].as_u64().unwrap_or_default();
                done(&answer, &format!("Will send {count}"))
            }
        }
    }
}

/// Prints an endpoint and the secret that is shown once.
fn with_secret(answer: &ApiAnswer, output: Output) -> Result<(), Error> {
    match output {
        Output::Json => out::document(answer.text()),
        Output::Tables(_) => out::line(&view::secret(&answer.read::<Webhook>()?)),
    }
}

impl Paged for WebhookPage {
    fn next(&mut self) -> Option<String> {
        self.next.take()
    }
}

impl Paged for DeliveryPage {
    fn next(&mut self) -> Option<String> {
        self.next.take()
    }
}
