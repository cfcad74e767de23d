//! Why a token is refused.

use jsonwebtoken::errors::ErrorKind;

/// For our log only: a client learns nothing from it.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("it is no signed token")]
    Malformed,
    #[error("its algorithm is not that of the key")]
    Algorithm,
    #[error("its signature is wrong")]
    Signature,
    #[error("its header has `crit`")]
    Critical,
    #[error("its `{0}` is missing or wrong")]
    Claim(&'static str),
    #[error("no key is known for it")]
    NoKey,
}

impl From<jsonwebtoken::errors::Error> for Refused {
    fn from(error: jsonwebtoken::errors::Error) -> Self {
        match error.kind() {
            ErrorKind::InvalidAlgorithm => Self::Algorithm,
            ErrorKind::InvalidSignature => Self::Signature,
            ErrorKind::InvalidIssuer => Self::Claim("iss"),
            ErrorKind::InvalidAudience => Self::Claim("aud"),
            ErrorKind::MissingRequiredClaim(_) => Self::Claim("exp, iss or aud"),
            // The library may add kinds, and some of them quote the token.
            _other => Self::Malformed,
        }
    }
}
