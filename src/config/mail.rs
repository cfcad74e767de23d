//! The `[mail]` section: through which server customers are written to, and in whose name.

use std::{fmt, str::FromStr};

use lettre::message::Mailbox;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Deserializer, de::Error};
use url::{Host, Url};

/// The `[mail]` section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailConfig {
    /// The server; `None`, as the text is empty, where no mail is sent.
    #[serde(deserialize_with = "mail_url")]
    pub url: Option<MailUrl>,
    /// Whom mail is from.
    #[serde(deserialize_with = "mailbox")]
    pub from: Mailbox,
}

/// The mail server's URL. Never printed: it may hold a password.
#[derive(Clone, PartialEq, Eq)]
pub struct MailUrl(MailServer);

/// How to reach the mail server.
#[derive(Clone, PartialEq, Eq)]
pub struct MailServer {
    /// Its name or address.
    pub host: String,
    /// Its port: 25 of `smtp://` and 465 of `smtps://`, unless another is given.
    pub port: u16,
    /// TLS from the first byte on; otherwise from `STARTTLS` on, where the server offers it.
    pub is_tls: bool,
    /// The user and the password.
    pub credentials: Option<(String, String)>,
}

impl MailUrl {
    /// Reads `smtp://...` or `smtps://...`. White space around it is ignored; an empty text is `None`.
    ///
    /// # Errors
    /// What is wrong. The text may hold a password, so it is not repeated.
    pub fn parse(text: &str) -> Result<Option<Self>, String> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let url = Url::parse(text).map_err(|error| format!("is not a URL ({error}): {FORM}"))?;
        let (is_tls, port) = match url.scheme() {
            "smtp" => (false, 25),
            "smtps" => (true, 465),
            _ => return Err(format!("must begin with smtp:// or smtps://: {FORM}")),
        };
        let host = match url.host() {
            Some(Host::Domain(name)) if !name.is_empty() => name.to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            Some(Host::Domain(_)) | None => return Err(format!("must name a host: {FORM}")),
        };
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(format!("must end with the host and its port: {FORM}"));
        }
        let credentials = match (url.username(), url.password()) {
            ("", None) => None,
            (user, Some(password)) if !user.is_empty() => {
                Some((decoded(user)?, decoded(password)?))
            }
            (_, _) => {
                return Err(format!("must have a user name and a password, or neither: {FORM}"));
            }
        };
        let port = url.port().unwrap_or(port);
        Ok(Some(Self(MailServer { host, port, is_tls, credentials })))
    }

    /// The server, with the password.
    #[must_use]
    pub fn reveal(&self) -> &MailServer {
        &self.0
    }
}

const FORM: &str = "write smtp://HOST:PORT, smtps://HOST:PORT or smtp://USER:PASSWORD@HOST:PORT";

fn decoded(text: &str) -> Result<String, String> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(String::from).map_err(|_| "must be UTF-8 where it has %".to_owned())
}

impl fmt::Debug for MailUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailUrl(***)")
    }
}

impl fmt::Debug for MailServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailServer(***)")
    }
}

fn mail_url<'de, D: Deserializer<'de>>(from: D) -> Result<Option<MailUrl>, D::Error> {
    MailUrl::parse(&String::deserialize(from)?).map_err(D::Error::custom)
}

fn mailbox<'de, D: Deserializer<'de>>(from: D) -> Result<Mailbox, D::Error> {
    let text = String::deserialize(from)?;
    let is_one_line = !text.contains(char::is_control);
    let mailbox = Mailbox::from_str(text.trim()).ok().filter(|_| is_one_line);
    let rule = "must be an address such as orders@shop.example or Orders <orders@shop.example>";
    mailbox.ok_or_else(|| D::Error::custom(rule))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(text: &str) -> MailServer {
        MailUrl::parse(text).expect("a URL").expect("not empty").reveal().clone()
    }

    #[test]
    fn a_server_is_read_from_its_url() {
        let plain = server(" smtp://127.0.0.1:2525/ ");
        assert_eq!((plain.host.as_str(), plain.port, plain.is_tls), ("127.0.0.1", 2525, false));
        let safe = server("smtps://us%40er:p%3Aw%2Fd+@mail.example");
        assert_eq!((safe.host.as_str(), safe.port, safe.is_tls), ("mail.example", 465, true));
        assert_eq!(safe.credentials, Some(("us@er".to_owned(), "p:w/d+".to_owned())));
        assert_eq!(server("smtp://[::1]").host, "::1");
        assert_eq!(server("smtp://localhost").port, 25);
        assert_eq!(MailUrl::parse("  "), Ok(None));
    }

    #[test]
    fn what_is_no_server_is_refused_and_not_repeated() {
        for text in [
            "mail.example:25",
            "http://mail.example",
            "smtp://",
            "smtp:mail.example",
            "smtp://user:hunter2@",
            "smtp://user@mail.example",
            "smtp://:hunter2@mail.example",
            "smtp://user:hunter2@mail.example/inbox",
            "smtp://user:hunter2@mail.example?tls=none",
            "smtp://user:hunter2@mail.example:99999",
        ] {
            let refused = MailUrl::parse(text).expect_err(text);
            assert!(!refused.contains("hunter2"), "{refused}");
        }
    }
}
