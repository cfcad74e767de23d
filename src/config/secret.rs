//! Secret values. Formatting one never shows it; only `reveal` returns it.

use std::fmt;

use url::Url;

/// A bearer token: visible ASCII, never empty.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Reads a token. White space around it is ignored; an empty token is `None`.
    ///
    /// # Errors
    /// If it could not be sent in a header. The message doesn't repeat the token.
    pub fn parse(text: &str) -> Result<Option<Self>, String> {
        match text.trim() {
            "" => Ok(None),
            token if token.bytes().all(|byte| byte.is_ascii_graphic()) => {
                Ok(Some(Self(token.to_owned())))
            }
            _ => Err("must be visible ASCII characters without spaces".to_owned()),
        }
    }

    /// The token itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

/// The SHA-256 of a token. It is not shown either, because a short token can be guessed from it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// Reads 64 hexadecimal digits, in either case.
    ///
    /// # Errors
    /// If it is anything else. The message doesn't repeat the text, which may be a token.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut digest = [0; 32];
        let read = base16ct::mixed::decode(text.trim(), &mut digest).map(<[u8]>::len);
        match read {
            Ok(32) => Ok(Self(digest)),
            Ok(_) | Err(_) => {
                Err("must be the SHA-256 of a token: 64 hexadecimal digits".to_owned())
            }
        }
    }

    /// Its 32 bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenDigest(***)")
    }
}

/// A symmetric key, which both signs and verifies: never empty.
#[derive(Clone, PartialEq, Eq)]
pub struct SharedKey(String);

impl SharedKey {
    /// Takes the text unchanged; an empty one is `None`.
    #[must_use]
    pub fn new(text: String) -> Option<Self> {
        (!text.is_empty()).then_some(Self(text))
    }

    /// Its bytes.
    #[must_use]
    pub fn reveal(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for SharedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedKey(***)")
    }
}

/// The database's URL. Prints without its password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

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
            "sqlite" => Ok(Self(text.to_owned())),
            "postgres" | "postgresql" => match Url::parse(text) {
                Ok(url) if url.has_host() => Ok(Self(text.to_owned())),
                Ok(_) => Err("must name a host".to_owned()),
                Err(error) => Err(format!(
                    "is not a URL ({error}); in a password, write @ : / ? # and % as %40 %3A %2F %3F %23 %25"
                )),
            },
            _ => Err(SCHEMES.to_owned()),
        }
    }

    /// The whole URL, with its password.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether it is the embedded database of one process.
    #[must_use]
    pub fn is_sqlite(&self) -> bool {
        self.0.starts_with("sqlite:")
    }
}

const SCHEMES: &str = "must begin with sqlite://, postgres:// or postgresql://";

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_sqlite() {
            return f.write_str(&self.0);
        }
        let Ok(mut url) = Url::parse(&self.0) else {
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
