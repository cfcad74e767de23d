//! The address of a RabbitMQ server. Formatting one never shows it, as it holds a password.

use std::fmt;
use std::str::FromStr;

use lapin::uri::AMQPUri;
use url::Url;

/// `amqp://USER:PASSWORD@HOST:PORT/VHOST`, or `amqps://` for TLS.
#[derive(Clone)]
pub struct AmqpUrl(AMQPUri);

impl AmqpUrl {
    /// Reads an address. An empty one is `None`.
    ///
    /// # Errors
    /// What to write instead. The message doesn't repeat the text.
    pub fn parse(text: &str) -> Result<Option<Self>, String> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let has_host = Url::parse(text).is_ok_and(|url| url.has_host());
        match AMQPUri::from_str(text) {
            Ok(uri) if has_host => Ok(Some(Self(uri))),
            Ok(_) | Err(_) => {
                Err("must be a URL such as amqp://USER:PASSWORD@HOST:5672/VHOST; in a \
                                   password, write @ : / ? # and % as %40 %3A %2F %3F %23 %25"
                    .to_owned())
            }
        }
    }

    /// The address with its password.
    #[must_use]
    pub fn reveal(&self) -> &AMQPUri {
        &self.0
    }
}

impl fmt::Debug for AmqpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AmqpUrl(***)")
    }
}
