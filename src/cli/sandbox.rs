//! `sandbox`: runs the three neighbours in one process until it is stopped.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use clap::{Args, ValueEnum};

use super::{Error, out};
use crate::sandbox::{self, Idempotency, Seeding};

/// Flags of `sandbox`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  order-service sandbox
  order-service sandbox --not-idempotent payment,product     as the platform's own services behave
  order-service sandbox --empty --seed 7                     no samples, faults that repeat")]
pub struct SandboxArgs {
    /// Where the user service listens
    #[arg(long, value_name = "ADDRESS", default_value_t = local(5005))]
    user: SocketAddr,
    /// Where the product service listens
    #[arg(long, value_name = "ADDRESS", default_value_t = local(5002))]
    product: SocketAddr,
    /// Where the payment service listens
    #[arg(long, value_name = "ADDRESS", default_value_t = local(5003))]
    payment: SocketAddr,
    #[arg(
        long,
        value_name = "PATH",
        help = "Keep the ledgers in this SQLite file [default: in memory]"
    )]
    file: Option<PathBuf>,
    /// Services that act again on a repeated Idempotency-Key, separated by commas
    #[arg(long, value_name = "SERVICES", value_enum, value_delimiter = ',')]
    not_idempotent: Vec<Neighbour>,
    /// Start without sample users and products
    #[arg(long)]
    empty: bool,
    /// Seed of the injected faults: the same seed, the same faults
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Neighbour {
    User,
    Product,
    Payment,
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

impl SandboxArgs {
    /// Serves until SIGTERM or ctrl-c.
    pub(super) async fn run(self) -> Result<(), Error> {
        let is_idempotent = |neighbour| !self.not_idempotent.contains(&neighbour);
        let config = sandbox::Config {
            user: self.user,
            product: self.product,
            payment: self.payment,
            idempotent: Idempotency {
                user: is_idempotent(Neighbour::User),
                product: is_idempotent(Neighbour::Product),
                payment: is_idempotent(Neighbour::Payment),
            },
            file: self.file,
            seed: self.seed,
            seeding: if self.empty { Seeding::Empty } else { Seeding::Samples },
        };
        let running = sandbox::Sandbox::start(config).await?;
        out::line(&format!(
            "user     {}\nproduct  {}\npayment  {}",
            running.user_url(),
            running.product_url(),
            running.payment_url()
        ))?;
        crate::lifecycle::stop_asked().await.map_err(Error::System)?;
        running.shutdown().await;
        Ok(())
    }
}
