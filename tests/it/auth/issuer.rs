//! Whoever issues users' tokens: keys, and tokens made by hand, so that they can be wrong.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::sign;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey};
use order_service::config::{PublicKey, SharedKey, UserAuth, UsersConfig};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{World, WorldBuilder};

pub const ISSUER: &str = "https://issuer.example";
pub const AUDIENCE: &str = "orders";
pub const SHARED: &str = "a secret of 32 bytes or some more";

pub const RSA: &str = include_str!("../../keys/rsa.pem");
pub const RSA_PUBLIC: &str = include_str!("../../keys/rsa.pub.pem");
pub const RSA_OTHER: &str = include_str!("../../keys/rsa-other.pem");
pub const P256: &str = include_str!("../../keys/p256.pem");
pub const P256_PUBLIC: &str = include_str!("../../keys/p256.pub.pem");
pub const P256_OTHER: &str = include_str!("../../keys/p256-other.pem");
pub const P384: &str = include_str!("../../keys/p384.pem");
pub const ED25519: &str = include_str!("../../keys/ed25519.pem");
pub const ED25519_PUBLIC: &str = include_str!("../../keys/ed25519.pub.pem");
pub const ED25519_OTHER: &str = include_str!("../../keys/ed25519-other.pem");

/// A key that signs.
#[derive(Clone)]
pub struct Signer {
    pub algorithm: Algorithm,
    key: EncodingKey,
}

impl Signer {
    /// A key in PEM, or the secret itself.
    pub fn new(algorithm: Algorithm, key: &str) -> Self {
        let bytes = key.as_bytes();
        let key = match algorithm {
            Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => {
                Ok(EncodingKey::from_secret(bytes))
            }
            Algorithm::ES256 | Algorithm::ES384 => EncodingKey::from_ec_pem(bytes),
            Algorithm::EdDSA => EncodingKey::from_ed_pem(bytes),
            _rsa => EncodingKey::from_rsa_pem(bytes),
        };
        Self { algorithm, key: key.expect("a key") }
    }

    /// A good header.
    pub fn header(&self) -> Value {
        json!({"typ": "JWT", "alg": self.algorithm})
    }

    /// A token with these claims.
    pub fn token(&self, claims: &Value) -> String {
        self.token_with(&self.header(), claims)
    }

    /// A token with this header.
    pub fn token_with(&self, header: &Value, claims: &Value) -> String {
        self.signed(&message(header, claims))
    }

    /// A token of header and claims as they are.
    pub fn signed(&self, message: &str) -> String {
        let signature = sign(message.as_bytes(), &self.key, self.algorithm).expect("a signature");
        format!("{message}.{signature}")
    }

    /// The key as it is published, under a name.
    pub fn published(&self, name: &str) -> Value {
        let mut jwk = Jwk::from_encoding_key(&self.key, self.algorithm).expect("a key");
        jwk.common.key_id = Some(name.to_owned());
        serde_json::to_value(jwk).expect("JSON")
    }
}

/// The first two parts of a token.
pub fn message(header: &Value, claims: &Value) -> String {
    format!("{}.{}", encoded(header.to_string()), encoded(claims.to_string()))
}

pub fn encoded(text: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// Good claims of a user, who has another hour from `now` (in seconds since 1970) on.
pub fn claims(user: Uuid, now: i64) -> Value {
    let hour = i64::try_from(Duration::from_hours(1).as_secs()).expect("few");
    json!({"sub": user, "iss": ISSUER, "aud": AUDIENCE, "nbf": now, "iat": now, "exp": now + hour})
}

/// What signs good tokens in a world with [`with_shared_key`].
pub fn shared() -> Signer {
    Signer::new(Algorithm::HS256, SHARED)
}

/// The token of a user in such a world.
pub fn token_of_user(world: &World, user: Uuid) -> String {
    shared().token(&claims(user, world.clock.now().timestamp()))
}

/// A world in which users need a token.
pub fn with_tokens(
    world: WorldBuilder,
    keys: impl FnOnce(&mut UsersConfig) + 'static,
) -> WorldBuilder {
    world.set(|config| {
        let users = &mut config.users;
        users.auth = UserAuth::Jwt;
        ISSUER.clone_into(&mut users.jwt.issuer);
        AUDIENCE.clone_into(&mut users.jwt.audience);
        keys(users);
    })
}

/// A world in which users' tokens are signed with a shared key.
pub fn with_shared_key(world: WorldBuilder) -> WorldBuilder {
    with_tokens(world, |users| users.jwt.key = SharedKey::new(SHARED.to_owned()))
}

/// A world in which they are signed with the key of this public one.
pub fn with_public_key(world: WorldBuilder, pem: &str) -> WorldBuilder {
    let key = PublicKey::parse(pem).expect("a public key");
    with_tokens(world, move |users| users.jwt.public_key = key)
}
