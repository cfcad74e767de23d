//! `bulk`: one action for many sagas, from a terminal.

use std::path::Path;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Number, Value, json};

use super::client::{ApiAnswer, Client};
use super::filter::FilterArgs;
use super::service::{Output, ServiceArgs, operator};
use super::view::{self, Run, Runs};
use super::{Error, out};
use crate::clock::Clock;

/// How often `--follow` looks.
const LOOK: Duration = Duration::from_secs(1);

/// Flags of every `bulk` command.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  order-service sagas groups
  order-service bulk prepare retry --group 8c1f0a9b2d3e4f50 --reason \"payments are back\"
  order-service bulk start 0198f0c2-7a51-7c3e-9d7e-2f6d1c0b5a44
  order-service bulk show 0198f0c2-7a51-7c3e-9d7e-2f6d1c0b5a44 --follow
  order-service bulk pause 0198f0c2-7a51-7c3e-9d7e-2f6d1c0b5a44 --reason \"they are slow again\"")]
pub struct BulkArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    service: ServiceArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the runs, the newest first
    List {
        /// Show N runs
        #[arg(long, value_name = "N")]
        limit: Option<u32>,
        /// Begin at this cursor, which the page before ended with
        #[arg(long)]
        cursor: Option<String>,
    },
    /// Freeze the sagas that the filters leave, and show what would be done to them; nothing is done yet
    #[command(after_help = "\
Examples:
  order-service bulk prepare retry --stuck --step refund_payment --reason 'payments are back'
  order-service bulk prepare compensate --older-than 2h --state Paid --reason 'the stock is gone'
  order-service bulk prepare retry --id ID --id ID --canary 1,10 --per-second 2 --reason 'a try'")]
    Prepare(Box<Prepare>),
    /// Begin with the canary, or go on after a halt
    Start(Verb),
    /// Act on no more sagas for now
    Pause(Verb),
    /// Go on after a pause or a halt
    Resume(Verb),
    /// Act on no more sagas, for good
    Stop(Verb),
    /// Show a run: what it will do, what became of each saga
    Show {
        /// The run's id
        id: String,
        /// Print where it stands whenever that changes, until it needs a person or is at its end
        #[arg(long)]
        follow: bool,
        /// Only the sagas with this result: waiting, running, done, refused, \"moved on\" or relapsed
        #[arg(long)]
        result: Option<String>,
        /// Show N sagas
        #[arg(long, value_name = "N")]
        limit: Option<u32>,
        /// Begin at this cursor, which the page before ended with
        #[arg(long)]
        cursor: Option<String>,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum, strum::Display)]
#[strum(serialize_all = "lowercase")]
enum What {
    /// Try each now
    Retry,
    /// Stop each from going forward and undo everything
    Compensate,
}

#[derive(Debug, Args)]
struct Prepare {
    /// What to do to each saga
    what: What,
    #[command(flatten)]
    filter: FilterArgs,
    /// This saga, instead of a filter; may be repeated
    #[arg(long = "id", value_name = "ID")]
    ids: Vec<String>,
    /// Why, for the sagas' logs
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The first waves: numbers of sagas or fractions of all; \"\" for none [default: 1,5,0.1]
    #[arg(long, value_name = "SIZES")]
    canary: Option<String>,
    /// Act on at most N sagas in a second [default: 10]
    #[arg(long, value_name = "N")]
    per_second: Option<Number>,
    /// Who, for the sagas' logs [default: $USER]
    #[arg(long, value_name = "NAME")]
    operator: Option<String>,
}

#[derive(Debug, Args)]
struct Verb {
    /// The run's id
    id: String,
    /// Why, for the logs of the sagas that are acted on from now on [default: the run's own reason]
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Who [default: $USER]
    #[arg(long, value_name = "NAME")]
    operator: Option<String>,
}

const ALL: [&str; 3] = ["api", "operator", "bulk"];

impl BulkArgs {
    /// Sends the request and prints the answer.
    pub(super) async fn run(self, file: Option<&Path>) -> Result<(), Error> {
        let (client, output) = self.service.connect(file)?;
        match self.action {
            Action::List { limit, cursor } => {
                let limit = limit.map(|limit| limit.to_string());
                let answer = client.get(&ALL, &[("limit", limit), ("cursor", cursor)]).await?;
                match output {
                    Output::Json => out::document(answer.text())?,
                    Output::Tables(style) => {
                        let page = answer.read::<Runs>()?;
                        out::line(&view::runs(&page.items, style))?;
                        more(page.next.as_deref());
                    }
                }
                Ok(())
            }
            Action::Prepare(prepare) => {
                let body = prepare.body()?;
                let who = operator(prepare.operator.clone());
                print(&client.act(&ALL, &body, who.as_deref()).await?, output)
            }
            Action::Start(verb) => verb.send(&client, "start", output).await,
            Action::Pause(verb) => verb.send(&client, "pause", output).await,
            Action::Resume(verb) => verb.send(&client, "resume", output).await,
            Action::Stop(verb) => verb.send(&client, "stop", output).await,
            Action::Show { id, follow, result, limit, cursor } => {
                if follow {
                    follow_to_its_end(&client, &id, output).await?;
                }
                let limit = limit.map(|limit| limit.to_string());
                let query = [("result", result), ("limit", limit), ("cursor", cursor)];
                print(&client.get(&[&ALL[..], &[&id]].concat(), &query).await?, output)
            }
        }
    }
}

/// Prints a run.
fn print(answer: &ApiAnswer, output: Output) -> Result<(), Error> {
    match output {
        Output::Json => out::document(answer.text()),
        Output::Tables(style) => {
            let run = answer.read::<Run>()?;
            out::line(&view::run(&run, style))?;
            more(run.next.as_deref());
            Ok(())
        }
    }
}

fn more(next: Option<&str>) {
    if let Some(next) = next {
        out::remark(&format!("there are more: --cursor {next}"));
    }
}

/// Prints where a run stands whenever that changes; with JSON, the run. Returns when nothing more comes by
/// itself.
async fn follow_to_its_end(client: &Client, id: &str, output: Output) -> Result<(), Error> {
    let (clock, path) = (Clock::system(), [&ALL[..], &[id]].concat());
    let mut before = String::new();
    loop {
        let answer = client.get(&path, &[("limit", Some("1".to_owned()))]).await?;
        let run = answer.read::<Run>()?;
        let progress = view::progress(&run);
        if progress != before {
            match output {
                Output::Json => out::document(answer.text())?,
                Output::Tables(_) => out::line(&progress)?,
            }
            before = progress;
        }
        if run.state != "running" {
            return Ok(());
        }
        clock.sleep(LOOK).await;
    }
}

impl Prepare {
    fn body(&self) -> Result<Value, Error> {
        let mut body = json!({"action": self.what.to_string(), "reason": self.reason});
        let filter: Map<String, Value> = self
            .filter
            .pairs()
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.into())))
            .collect();
        if !filter.is_empty() {
            body["filter"] = filter.into();
        }
        if !self.ids.is_empty() {
            body["ids"] = json!(self.ids);
        }
        if let Some(canary) = &self.canary {
            body["canary"] = sizes(canary)?;
        }
        if let Some(rate) = &self.per_second {
            body["perSecond"] = json!(rate);
        }
        Ok(body)
    }
}

/// The sizes of waves, separated by commas.
fn sizes(text: &str) -> Result<Value, Error> {
    let texts = text.split(',').map(str::trim).filter(|text| !text.is_empty());
    let number = |text: &str| {
        let wrong = || Error::Usage(format!("--canary: {text} is no number"));
        text.parse::<Number>().map_err(|_| wrong())
    };
    Ok(texts.map(number).collect::<Result<Vec<_>, _>>()?.into_iter().map(Value::Number).collect())
}

impl Verb {
    async fn send(self, client: &Client, verb: &str, output: Output) -> Result<(), Error> {
        let who = operator(self.operator);
        let path = [&ALL[..], &[&self.id, verb]].concat();
        let answer = client.act(&path, &json!({"reason": self.reason}), who.as_deref()).await?;
        match output {
            Output::Json => out::document(answer.text()),
            Output::Tables(_) => out::line(&view::progress(&answer.read::<Run>()?)),
        }
    }
}
