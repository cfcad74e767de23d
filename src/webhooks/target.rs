//! The URL of an endpoint, judged when it is chosen and again at every call.

use std::net::IpAddr;

use url::{Host, Url};

use super::address::{Networks, NotAllowed};

/// The longest URL, in bytes.
const MAX: usize = 2000;

/// A URL that may be called, as far as that is known without resolving its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target(Url);

/// What is wrong with a URL. Continues a sentence that begins with the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// It can't be read.
    #[error("must be an https address of at most {MAX} bytes")]
    NoUrl,
    /// Its scheme is not allowed.
    #[error("must be an https address")]
    NotHttps,
    /// It has a name or a password in it.
    #[error("must not hold a user name or a password")]
    Credentials,
    /// Its host is an address that is not allowed.
    #[error("must not be a private or special address: address not allowed")]
    Address,
}

impl Target {
    /// Judges a URL. An IPv4 address is known in every spelling (`0x7f.1`, `2130706433`, `0177.0.0.1`), as the
    /// URL standard reads hosts.
    ///
    /// # Errors
    /// If it may not be called.
    pub fn parse(text: &str, networks: &Networks) -> Result<Self, TargetError> {
        let url = Url::parse(text.trim()).map_err(|_| TargetError::NoUrl)?;
        if text.len() > MAX || url.as_str().len() > MAX {
            return Err(TargetError::NoUrl);
        }
        match url.scheme() {
            "https" => {}
            "http" if networks.allow_http => {}
            "http" => return Err(TargetError::NotHttps),
            _ => return Err(TargetError::NoUrl),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(TargetError::Credentials);
        }
        let address = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(name)) if is_name(name) => None,
            Some(Host::Domain(_)) | None => return Err(TargetError::NoUrl),
        };
        if let Some(address) = address {
            networks.judge(address).map_err(|NotAllowed| TargetError::Address)?;
        }
        Ok(Self(url))
    }

    /// The URL, as it is called.
    pub fn url(&self) -> &Url {
        &self.0
    }
}

/// Whether names are made of these characters: the URL standard allows more, and no name server knows any.
fn is_name(host: &str) -> bool {
    host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, allow_http: bool, allow: &[&str]) -> Result<(), TargetError> {
        let allow = allow.iter().map(|network| network.parse().expect("a network")).collect();
        Target::parse(text, &Networks::new(allow_http, allow)).map(drop)
    }

    #[test]
    fn a_url_is_https_and_has_no_credentials() {
        assert_eq!(parse("https://shop.example/hook?x=1", false, &[]), Ok(()));
        assert_eq!(parse(" HTTPS://shop.example ", false, &[]), Ok(()));
        assert_eq!(parse("http://shop.example/", false, &[]), Err(TargetError::NotHttps));
        assert_eq!(parse("http://shop.example/", true, &[]), Ok(()));
        for text in ["https://u@shop.example/", "https://u:p@shop.example/", "https://:p@a.example"]
        {
            assert_eq!(parse(text, false, &[]), Err(TargetError::Credentials), "{text}");
        }
        for text in [
            "",
            "shop.example",
            "ftp://shop.example/",
            "https://",
            "https:///",
            "https://shop.example*/",
            "data:,x",
        ] {
            assert!(parse(text, true, &[]).is_err(), "{text}");
        }
        let long = format!("https://shop.example/{}", "a".repeat(2000));
        assert_eq!(parse(&long, false, &[]), Err(TargetError::NoUrl));
    }

    #[test]
    fn an_address_is_known_in_every_spelling() {
        for host in [
            "127.0.0.1",
            "127.1",
            "127.0.1",
            "2130706433",
            "0x7f000001",
            "0x7F.0.0.1",
            "0177.0.0.1",
            "017700000001",
            "127.0.0.1.",
            "0x7f.1",
            "%31%32%37.0.0.1",
            "１２７.0.0.1",
            "127。0。0。1",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[0:0:0:0:0:0:0:1]",
            "0",
            "[::]",
            "169.254.169.254",
            "10.0.0.1",
            "[fe80::1]",
            "[fd00::1]",
            "192.168.0.1",
            "3232235521",
        ] {
            let text = format!("https://{host}/hook");
            assert_eq!(parse(&text, true, &[]), Err(TargetError::Address), "{text}");
        }
        assert_eq!(parse("https://0x7f.1/hook", false, &["127.0.0.0/8"]), Ok(()));
        assert_eq!(parse("https://1.1.1.1/hook", false, &[]), Ok(()));
        assert_eq!(parse("http://127.0.0.1/", false, &["127.0.0.0/8"]), Err(TargetError::NotHttps));
        assert_eq!(parse("https://localhost/", false, &[]), Ok(()), "a name is judged at the call");
    }
}
