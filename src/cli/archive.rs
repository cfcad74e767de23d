//! `archive`: looks for forgotten sagas, and checks that the archive is what it promises. Needs neither the
//! service nor the database.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use uuid::Uuid;

use super::out::{self, Progress, TableStyle};
use super::{Error, view};
use crate::clock::Clock;
use crate::config::{Config, Overrides};
use crate::retention::{Condition, find, verify};

/// Arguments of `archive`.
#[derive(Debug, Args)]
pub struct ArchiveArgs {
    #[command(subcommand)]
    command: ArchiveCommand,
}

#[derive(Debug, Subcommand)]
enum ArchiveCommand {
    /// Print what the archive has of a saga, or of the sagas of an order
    #[command(after_help = "\
Prints JSON: an object {saga, steps, events, notes, audit}, or an array of them where an order had several
sagas. It reads the archive's files one after the other, without the database.

Examples:
  order-service archive show 0198f0c2-7a51-7c3e-9d7e-2f6d1c0b5a44
  order-service archive show 0198f0c2-7a51-7c3e-9d7e-2f6d1c0b5a44 --archive /mnt/archive | jq .steps

Exit codes: 0 it is there, 1 it is not, or the archive can't be read, 2 wrong usage or configuration.")]
    Show(ShowArgs),
    /// Check that every file is what its manifest promises
    #[command(after_help = "\
Reads every file: its bytes against the SHA-256, its sagas and log entries against the counts. What stands
behind the promised bytes was being written when a process died, and is no fault.

Examples:
  order-service archive verify
  order-service archive verify --archive /mnt/archive --json

Exit codes: 0 all is as promised, 1 it is not, or the archive can't be read, 2 wrong usage or configuration.")]
    Verify(VerifyArgs),
}

/// Where the archive is.
#[derive(Debug, Args)]
struct Place {
    /// Read the archive in DIR [default: retention.archive]
    #[arg(long, value_name = "DIR")]
    archive: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct ShowArgs {
    /// The saga, or the order
    #[arg(value_name = "ID")]
    id: Uuid,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
struct VerifyArgs {
    #[command(flatten)]
    place: Place,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

impl ArchiveArgs {
    pub(super) fn run(self, file: Option<&Path>) -> Result<(), Error> {
        match self.command {
            ArchiveCommand::Show(show) => show.run(file),
            ArchiveCommand::Verify(verify) => verify.run(file),
        }
    }
}

impl Place {
    fn directory(self, file: Option<&Path>) -> Result<PathBuf, Error> {
        if let Some(directory) = self.archive {
            return Ok(directory);
        }
        let configured = Config::load(file, Overrides::default())?.retention.archive;
        configured.ok_or_else(|| {
            Error::Usage("`retention.archive` is not set: --archive says where it is".to_owned())
        })
    }
}

impl ShowArgs {
    fn run(self, file: Option<&Path>) -> Result<(), Error> {
        let directory = self.place.directory(file)?;
        let mut progress = Progress::new(Clock::system());
        let found = find(&directory, self.id, |name| progress.show(|| format!("reads {name}")));
        progress.end();
        match &found?[..] {
            [] => {
                let (id, directory) = (self.id, directory.display());
                Err(Error::Refused(format!("no saga or order {id} is in the archive {directory}")))
            }
            [one] => out::pretty_json(one),
            several => out::pretty_json(&several),
        }
    }
}

impl VerifyArgs {
    fn run(self, file: Option<&Path>) -> Result<(), Error> {
        let directory = self.place.directory(file)?;
        let mut progress = Progress::new(Clock::system());
        let verified = verify(&directory, |name| progress.show(|| format!("reads {name}")));
        progress.end();
        let verified = verified?;
        if self.json {
            out::json(&verified)?;
        } else {
            out::line(&view::verified(&verified, TableStyle::of_stdout()))?;
        }
        let is_good = verified.iter().all(|file| file.condition == Condition::Good);
        if is_good { Ok(()) } else { Err(Error::NotAsItShouldBe) }
    }
}
