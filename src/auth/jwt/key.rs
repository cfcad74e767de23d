//! A key, and the one algorithm that it verifies.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};

use super::claims::{Claims, Expected};
use super::refused::Refused;

/// A key with everything that is fixed before a token is read.
pub(super) struct Key {
    key: DecodingKey,
    validation: Validation,
}

impl Key {
    pub(super) fn new(key: DecodingKey, algorithm: Algorithm, expected: &Expected) -> Self {
        Self { key, validation: expected.validation(algorithm) }
    }

    /// A published key; `None` if it is not for verifying signatures, or of an unsupported type. A shared
    /// secret is never accepted: whoever can read it could also sign.
    pub(super) fn published(jwk: &Jwk, expected: &Expected) -> Option<Self> {
        let algorithm = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => Algorithm::RS256,
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
                Algorithm::ES256
            }
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
                Algorithm::EdDSA
            }
            _other => return None,
        };
        let common = &jwk.common;
        let is_for_signatures = common.public_key_use.as_ref().is_none_or(is_signature)
            && common
                .key_operations
                .as_ref()
                .is_none_or(|all| all.contains(&KeyOperations::Verify))
            && common.key_algorithm.is_none_or(|named| named == algorithm.into());
        let key = DecodingKey::from_jwk(jwk).ok().filter(|_| is_for_signatures)?;
        Some(Self::new(key, algorithm, expected))
    }

    /// The only algorithm that a token may name.
    pub(super) fn algorithm(&self) -> Algorithm {
        self.validation.algorithms[0]
    }

    /// The token's claims, if it is signed with this key and its algorithm, and no required claim is missing.
    pub(super) fn verify(&self, token: &[u8]) -> Result<Claims, Refused> {
        Ok(decode(token, &self.key, &self.validation)?.claims)
    }
}

fn is_signature(named: &PublicKeyUse) -> bool {
    *named == PublicKeyUse::Signature
}
