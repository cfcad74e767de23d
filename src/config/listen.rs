//! Reads addresses to listen on as Kestrel does: the first one without TLS counts, and `+`, `*` and host
//! names mean all addresses.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The hint at the end of errors.
const HOW: &str = "write http://+:80 for port 80 of every address";

/// Reads a list such as `http://+:80;https://+:443`: the first http address.
pub(super) fn from_urls(text: &str) -> Result<SocketAddr, String> {
    let mut urls = text.split(';').map(str::trim).filter(|url| !url.is_empty());
    let is_of = |url: &str, scheme: &str| {
        url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    match urls.clone().find(|url| is_of(url, "http://")) {
        Some(url) => from_authority(&url["http://".len()..])
            .ok_or_else(|| format!("cannot be `{url}`: {HOW}")),
        None if urls.any(|url| is_of(url, "https://")) => Err(format!(
            "must have an http address, since TLS ends in front of this service: {HOW}"
        )),
        None => Err(format!("must list URLs, not `{text}`: {HOW}")),
    }
}

/// Reads a list of ports such as `8080;8081`: the first, on all addresses.
pub(super) fn from_ports(text: &str) -> Result<SocketAddr, String> {
    let first = text.split([';', ',']).map(str::trim).find(|port| !port.is_empty());
    let port = first.and_then(|port| port.parse().ok());
    port.map(everywhere).ok_or_else(|| format!("must be a port such as 8080, not `{text}`"))
}

/// Reads `HOST` or `HOST:PORT`, with or without a slash at the end.
fn from_authority(text: &str) -> Option<SocketAddr> {
    let authority = text.strip_suffix('/').unwrap_or(text);
    let (host, port) = match authority.rsplit_once(':') {
        // A colon before the closing bracket belongs to an IPv6 address.
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        Some(_) | None => (authority, 80),
    };
    let is_name = |letter: char| letter.is_alphanumeric() || matches!(letter, '.' | '-' | '_');
    match host {
        "+" | "*" => Some(everywhere(port)),
        _ if host.eq_ignore_ascii_case("localhost") => {
            Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        }
        _ => match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            Ok(address) => Some(SocketAddr::from((address, port))),
            Err(_) if !host.is_empty() && host.chars().all(is_name) => Some(everywhere(port)),
            Err(_) => None,
        },
    }
}

fn everywhere(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))
}
