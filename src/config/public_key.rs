//! A public key that users' tokens are verified with.

use std::fmt;

use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};

/// The first 27 bytes of every P-256 key, as base64 in its PEM: the type of key, the curve, and the mark of
/// an uncompressed point.
const P256: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE";
/// The length in base64 of a modulus of 2048 bits. Shorter ones are refused (RFC 7518, 3.3).
const RSA_2048: usize = 342;

const RULE: &str = "must be a public key in PEM: RSA with at least 2048 bits, P-256 or Ed25519";

/// A public key with the one algorithm that it is used with.
#[derive(Clone)]
pub struct PublicKey {
    algorithm: Algorithm,
    key: DecodingKey,
}

impl PublicKey {
    /// Reads PEM. Its lines may also be separated by the two characters `\n`, as environment variables need
    /// it. An empty text is `None`.
    ///
    /// # Errors
    /// If it is anything else. The message doesn't repeat the text, which may be a private key.
    pub fn parse(text: &str) -> Result<Option<Self>, String> {
        let pem = text.replace("\\n", "\n");
        let pem = pem.trim();
        if pem.is_empty() {
            return Ok(None);
        }
        if pem.contains("PRIVATE KEY") || pem.contains("CERTIFICATE") {
            return Err(RULE.to_owned());
        }
        let key = read(pem).filter(|(_, key)| is_strong(key));
        let (algorithm, key) = key.ok_or_else(|| RULE.to_owned())?;
        Ok(Some(Self { algorithm, key }))
    }

    /// The only algorithm that is accepted with this key.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key itself.
    #[must_use]
    pub fn key(&self) -> &DecodingKey {
        &self.key
    }
}

fn read(pem: &str) -> Option<(Algorithm, DecodingKey)> {
    let bytes = pem.as_bytes();
    let rsa = || DecodingKey::from_rsa_pem(bytes).ok().map(|key| (Algorithm::RS256, key));
    let ec = || DecodingKey::from_ec_pem(bytes).ok().map(|key| (Algorithm::ES256, key));
    let ed = || DecodingKey::from_ed_pem(bytes).ok().map(|key| (Algorithm::EdDSA, key));
    let read = rsa().or_else(ec).or_else(ed);
    let body: String = pem.lines().skip(1).map(str::trim).collect();
    read.filter(|(_, key)| key.family() != AlgorithmFamily::Ec || body.starts_with(P256))
}

/// Whether the key's type is supported and the key is long enough.
fn is_strong(key: &DecodingKey) -> bool {
    match Jwk::from_decoding_key(key, None).map(|jwk| jwk.algorithm) {
        Ok(AlgorithmParameters::RSA(rsa)) => rsa.n.len() >= RSA_2048,
        Ok(AlgorithmParameters::EllipticCurve(_) | AlgorithmParameters::OctetKeyPair(_)) => true,
        Ok(_) | Err(_) => false,
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({:?})", self.algorithm)
    }
}
