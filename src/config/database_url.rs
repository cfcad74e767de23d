//! The database's address. Formatting one never shows its password.
//!
//! PostgreSQL's own client library takes parameters that our driver does not know. Those that say which of
//! several servers to use are refused, since without them it would be another database that is written to.
//! Others are left out, and named in the log at start.

use std::fmt;

use url::Url;

/// `sqlite://FILE`, or `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    text: String,
    ignored: Vec<String>,
}

const SCHEMES: &str = "must begin with sqlite://, postgres:// or postgresql://";

const ONE_HOST: &str = "must name one host: several hosts, or `target_session_attrs`, are not supported. \
     Write the one address that always leads to the primary: that of a proxy (HAProxy, PgBouncer in session \
     mode), a virtual address, or the provider's writer endpoint. Each new connection is checked to be to a \
     server that can be written to";

/// The parameters with which PostgreSQL's client library chooses among servers.
const OF_CHOICE: [&str; 2] = ["target_session_attrs", "load_balance_hosts"];

/// The parameters that the driver takes, by their start where they end with a bracket.
const KNOWN: [&str; 19] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
    "options[",
];

impl DatabaseUrl {
    /// Reads `sqlite://FILE`, `postgres://...` or `postgresql://...`.
    ///
    /// # Errors
    /// What is wrong and what to write instead. The text may hold a password, so it is not repeated.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        // `Server=tcp://...` is an ADO.NET connection string, too.
        let url = text.split_once("://").filter(|(scheme, _)| !scheme.contains('='));
        let Some((scheme, rest)) = url else {
            return Err(if text.contains('=') {
                "must be a URL, not an ADO.NET connection string: write \
                 DATABASE_URL=postgres://USER:PASSWORD@HOST:5432/DATABASE, \
                 or DATABASE_URL=sqlite://FILE"
            } else {
                SCHEMES
            }
            .to_owned());
        };
        match scheme {
            "sqlite" if rest.is_empty() => Err("must name a file, as sqlite://FILE".to_owned()),
            "sqlite" => Ok(Self { text: text.to_owned(), ignored: Vec::new() }),
            "postgres" | "postgresql" => Self::of_postgres(text, rest),
            _ => Err(SCHEMES.to_owned()),
        }
    }

    fn of_postgres(text: &str, rest: &str) -> Result<Self, String> {
        if has_several(rest) {
            return Err(ONE_HOST.to_owned());
        }
        let url = match Url::parse(text) {
            Ok(url) if url.has_host() => url,
            Ok(_) => return Err("must name a host".to_owned()),
            Err(error) => {
                return Err(format!(
                    "is not a URL ({error}); in a password, write @ : / ? # and % as %40 %3A %2F %3F %23 %25"
                ));
            }
        };
        if url.query_pairs().any(|(key, value)| chooses(&key, &value)) {
            return Err(ONE_HOST.to_owned());
        }
        let ignored: Vec<_> = url.query_pairs().map(|(key, _)| key.into_owned()).collect();
        let ignored: Vec<_> = ignored.into_iter().filter(|key| !is_known(key)).collect();
        if ignored.is_empty() {
            return Ok(Self { text: text.to_owned(), ignored });
        }
        // The driver would log them with their values, which may be secret.
        let mut kept = url.clone();
        let pairs = url.query_pairs().filter(|(key, _)| is_known(key));
        kept.query_pairs_mut().clear().extend_pairs(pairs);
        Ok(Self { text: kept.into(), ignored })
    }

    /// The whole URL, with its password.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// The names of the parameters that were left out, since nobody here knows them.
    #[must_use]
    pub fn ignored(&self) -> &[String] {
        &self.ignored
    }

    /// Whether it is the embedded database of one process.
    #[must_use]
    pub fn is_sqlite(&self) -> bool {
        self.text.starts_with("sqlite:")
    }
}

/// Whether what follows the scheme names several hosts. Before it is parsed, as no URL has several ports.
fn has_several(rest: &str) -> bool {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let hosts = match authority.rsplit_once('@') {
        Some((_user, hosts)) => hosts,
        // It ended in the middle of a password, which the parser then says.
        None if rest.contains('@') => return false,
        None => authority,
    };
    is_list(hosts)
}

fn is_list(hosts: &str) -> bool {
    hosts.contains(',') || hosts.to_ascii_lowercase().contains("%2c")
}

/// Whether this parameter leaves it open which server is meant.
fn chooses(key: &str, value: &str) -> bool {
    OF_CHOICE.contains(&key) || (["host", "hostaddr", "port"].contains(&key) && is_list(value))
}

fn is_known(key: &str) -> bool {
    KNOWN.iter().any(|known| match known.strip_suffix('[') {
        Some(_) => key.starts_with(known),
        None => key == *known,
    })
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_sqlite() {
            return f.write_str(&self.text);
        }
        let Ok(mut url) = Url::parse(&self.text) else {
            return f.write_str("postgres://***");
        };
        // The driver also takes a password from the query.
        url.set_query(None);
        if url.password().is_some() && url.set_password(Some("***")).is_err() {
            return f.write_str("postgres://***");
        }
        f.write_str(url.as_str())
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
