//! The `[users]` section: whether clients show who they are, and what proves it.

use serde::Deserialize;
use url::Url;

use super::parse;
use super::public_key::PublicKey;
use super::secret::SharedKey;

/// The `[users]` section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsersConfig {
    /// Whether the clients' API wants a token.
    #[serde(deserialize_with = "parse::word")]
    pub auth: UserAuth,
    /// What a token is verified with. In a box, as a whole configuration is moved around.
    pub jwt: Box<JwtConfig>,
}

/// Who checks which user a request is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "lowercase")]
pub enum UserAuth {
    /// A gateway in front of this service.
    Off,
    /// This service, by a JWT.
    Jwt,
}

/// The `[users.jwt]` section. Where `users.auth` is `jwt`, exactly one of the three sources of keys is
/// set, and issuer and audience are not empty.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JwtConfig {
    /// The secret of HS256, at least 32 bytes.
    #[serde(deserialize_with = "parse::shared_key")]
    pub key: Option<SharedKey>,
    /// A public key, which decides the algorithm.
    #[serde(deserialize_with = "parse::public_key")]
    pub public_key: Option<PublicKey>,
    /// Where the issuer publishes its public keys.
    #[serde(deserialize_with = "parse::document_url")]
    pub jwks_url: Option<Url>,
    /// What `iss` must be.
    pub issuer: String,
    /// What `aud` must be or contain.
    pub audience: String,
    /// The claim with the user's id. Empty: `sub`, or where that is missing `nameid`.
    pub subject: String,
}
