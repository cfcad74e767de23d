//! A connection to the mail server, and what its answers mean.
//!
//! The commands are sent one by one, so that a recipient that is refused (their mail is never sent) is told
//! from a sender that is refused, or from a server in trouble (it is sent later). What the server says may
//! repeat the address, so only its code is kept.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use tokio::net::TcpStream;

use super::recipient::Recipient;
use crate::config::MailServer;

/// How long a connection may take to be set up.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the server may take to say whether it takes a mail.
pub(super) const COMMAND_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the server may take for the mail itself. It may look at it before it takes it, and one that it
/// takes after we have left arrives twice: so this is long (RFC 5321, 4.5.3.2).
pub(super) const MAIL_TIMEOUT: Duration = Duration::from_mins(10);

/// What became of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// The server has it.
    Taken,
    /// The server doesn't take it for this recipient, and never will.
    Refused(String),
    /// The server doesn't take it now.
    Later(String),
    /// The connection is lost, or of no more use.
    Lost(String),
}

/// A connection.
pub(super) struct Connection(AsyncSmtpConnection);

impl Connection {
    /// Connects, and authenticates if that is configured. To be given up after [`CONNECT_TIMEOUT`].
    ///
    /// # Errors
    /// Why the server can't be used, as a sentence.
    pub(super) async fn to(server: &MailServer) -> Result<Self, String> {
        let tls = || TlsParameters::new_rustls(server.host.clone()).map_err(|it| explain(&it));
        let (hello, at) = (ClientId::default(), (server.host.as_str(), server.port));
        let connected = if server.is_tls {
            let timeout = Some(CONNECT_TIMEOUT);
            AsyncSmtpConnection::connect_tokio1(at, timeout, &hello, Some(tls()?), None).await
        } else {
            let stream = without_delay(at).await.map_err(|error| out_of_reach(&error))?;
            AsyncSmtpConnection::connect_with_transport(Box::new(stream), &hello).await
        };
        let mut connection = connected.map_err(|error| explain(&error))?;
        if connection.can_starttls() {
            connection.starttls(tls()?, &hello).await.map_err(|error| explain(&error))?;
        }
        if let Some((user, password)) = &server.credentials {
            let is_here = server.host == "localhost"
                || server.host.parse().is_ok_and(|host: std::net::IpAddr| host.is_loopback());
            if !connection.is_encrypted() && !is_here {
                let why = "the server offers no TLS, and the password is not sent without";
                return Err(why.to_owned());
            }
            let credentials = Credentials::new(user.clone(), password.clone());
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            let known = connection.auth(&mechanisms, &credentials).await;
            known.map_err(|error| format!("can't sign in: {}", explain(&error)))?;
        }
        Ok(Self(connection))
    }

    /// Asks whether the server takes a mail for this recipient; `None` if it does. To be given up after
    /// [`COMMAND_TIMEOUT`].
    pub(super) async fn offer(&mut self, from: &Address, to: &Recipient) -> Option<Sent> {
        let to = to.address();
        let is_ascii = [from, to].iter().all(|address| AsRef::<str>::as_ref(address).is_ascii());
        let mut parameters = Vec::new();
        if !is_ascii {
            if !self.0.server_info().supports_feature(Extension::SmtpUtfEight) {
                return Some(Sent::Refused("the mail server takes no such address".to_owned()));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if let Err(error) = self.0.command(Mail::new(Some(from.clone()), parameters)).await {
            // It is not about the recipient, who must not miss the mail for it.
            return Some(later(&error, "the sender"));
        }
        if let Err(error) = self.0.command(Rcpt::new(to.clone(), Vec::new())).await {
            return Some(judged(&error, "the recipient"));
        }
        let error = self.0.command(Data).await.err()?;
        Some(judged(&error, "the mail"))
    }

    /// Sends the mail that the server takes. To be given up after [`MAIL_TIMEOUT`].
    pub(super) async fn hand_over(&mut self, mail: &[u8]) -> Sent {
        match self.0.message(mail).await {
            Ok(_) => Sent::Taken,
            Err(error) => judged(&error, "the mail"),
        }
    }

    /// Makes the connection as new, after a mail that the server did not take; `false` if it is of no more
    /// use. To be given up after [`COMMAND_TIMEOUT`].
    pub(super) async fn reset(&mut self) -> bool {
        self.0.command(Rset).await.is_ok()
    }

    /// Takes leave of the server.
    pub(super) async fn quit(mut self) {
        // Whatever it answers.
        let _left = self.0.quit().await;
    }
}

/// A connection that sends at once what is written. A mail and its end are two writes, and the second would
/// else wait for the acknowledgement of the first, which servers put off by some 40 ms.
async fn without_delay(at: (&str, u16)) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(at).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// 5xx is for ever, 4xx for now.
fn judged(error: &Error, what: &str) -> Sent {
    match error.status() {
        Some(code) if error.is_permanent() => {
            Sent::Refused(format!("the mail server refused {what} ({code})"))
        }
        Some(_) | None => later(error, what),
    }
}

fn later(error: &Error, what: &str) -> Sent {
    match error.status() {
        // It says that it closes the connection.
        Some(code) if code.to_string() == "421" => {
            Sent::Lost("the mail server is closing (421)".to_owned())
        }
        Some(code) => Sent::Later(format!("the mail server refused {what} ({code})")),
        None => Sent::Lost(explain(error)),
    }
}

fn out_of_reach(error: &io::Error) -> String {
    format!("the mail server is out of reach: {error}")
}

/// In words that hold nothing of what was sent or answered.
fn explain(error: &Error) -> String {
    if let Some(code) = error.status() {
        return format!("the mail server answered {code}");
    }
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(failed) = inner.downcast_ref::<io::Error>() {
            return out_of_reach(failed);
        }
        cause = inner.source();
    }
    if error.is_tls() {
        "no TLS with the mail server".to_owned()
    } else if error.is_client() {
        "the mail server offers no way to sign in that is known here".to_owned()
    } else {
        "the mail server's answer can't be used".to_owned()
    }
}
