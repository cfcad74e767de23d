//! The `[users]` section: whether clients authenticate, and how their tokens are verified.

use serde::Deserialize;
use url::Url;

use super::parse;
use super::public_key::PublicKey;
use super::secret::SharedKey;

/// The `[users]` section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsersConfig {
    /// Whether the clients' API requires a token.
    #[serde(deserialize_with = "parse::word")]
    pub auth: UserAuth,
    /// What a token is verified with. Boxed, to keep the configuration small when it is moved.
    pub jwt: Box<JwtConfig>,
}

/// Who authenticates users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "lowercase")]
pub enum UserAuth {
    /// A gateway in front of this service.
    Off,
    /// This service, by a JWT.
    Jwt,
}

/// The `[users.jwt]` section. If `users.auth` is `jwt`, exactly one of the three sources of keys is set,
/// and issuer and audience are not empty.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JwtConfig {
    /// The secret of HS256, at least 32 bytes.
    #[serde(deserialize_with = "parse::shared_key")]
    pub key: Option<SharedKey>,
    /// A public key, whose type determines the algorithm.
    #[serde(deserialize_with = "parse::public_key")]
    pub public_key: Option<PublicKey>,
    /// Where the issuer publishes its public keys.
    #[serde(deserialize_with = "parse::document_url")]
    pub jwks_url: Option<Url>,
    /// What `iss` must be.
    pub issuer: String,
    /// What `aud` must be or contain.
    pub audience: String,
    /// The claim with the user's id. If empty, it is `sub`, or `nameid` if that is missing.
    pub subject: String,
}
