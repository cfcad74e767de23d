//! How a command reaches the service's API, and how it prints the answers.

use std::{
    env,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
};

use clap::Args;
use url::Url;

use super::{Error, client::Client, out::TableStyle};
use crate::config::{Config, Overrides, Token};

/// Flags of every command that asks the service.
#[derive(Debug, Args)]
pub(super) struct ServiceArgs {
    /// Where the service is [default: http.listen of the configuration, on this machine]
    #[arg(long, global = true, help_heading = "The service", value_name = "URL", value_parser = web_url)]
    url: Option<Url>,
    /// The operators' token [default: operator.token of the configuration]
    #[arg(long, global = true, help_heading = "The service", value_name = "TOKEN")]
    token: Option<String>,
    /// Print the service's JSON instead of tables
    #[arg(long, global = true, help_heading = "Output")]
    json: bool,
}

/// How answers are printed.
#[derive(Clone, Copy)]
pub(super) enum Output {
    Json,
    Tables(TableStyle),
}

impl ServiceArgs {
    /// A client of the service, and how to print its answers. Reads the configuration only if a flag is
    /// missing, so that a broken file on a laptop doesn't keep an operator from reaching a service elsewhere.
    pub(super) fn connect(self, file: Option<&Path>) -> Result<(Client, Output), Error> {
        let output = if self.json { Output::Json } else { Output::Tables(TableStyle::of_stdout()) };
        let (url, token) = match (self.url, self.token) {
            (Some(url), Some(token)) => (url, Some(token)),
            (url, token) => {
                let config = Config::load(file, Overrides::default())?;
                let configured = config.operator.token.as_ref().map(Token::reveal);
                let token = token.or(configured.map(str::to_owned));
                let url = match url {
                    Some(url) => url,
                    None => local(config.http.listen)?,
                };
                (url, token)
            }
        };
        Ok((Client::new(url, token)?, output))
    }
}

/// The name for the log: the flag's, or the terminal's user.
pub(super) fn operator(flag: Option<String>) -> Option<String> {
    let name = flag.or_else(|| env::var("USER").ok());
    name.filter(|name| !name.trim().is_empty())
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
