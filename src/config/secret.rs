//! Secret values. Formatting one never shows it; only `reveal` returns it.

use std::fmt;

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
