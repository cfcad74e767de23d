//! Secrets and signatures, as in Standard Webhooks (<https://www.standardwebhooks.com>).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use uuid::Uuid;

use crate::clock::random_bits;
use crate::store::Secret;

const PREFIX: &str = "whsec_";

/// A new secret: `whsec_` and base64 of 32 random bytes.
pub fn fresh_secret() -> String {
    let bytes: Vec<u8> =
        std::iter::repeat_with(random_bits).take(4).flat_map(u64::to_be_bytes).collect();
    format!("{PREFIX}{}", STANDARD.encode(bytes))
}

/// The header `webhook-signature`: a signature by each secret that is good now, the newest first.
pub(super) fn signatures(
    secrets: &[Secret],
    now: DateTime<Utc>,
    id: Uuid,
    timestamp: i64,
    body: &str,
) -> String {
    let good = secrets.iter().filter(|secret| secret.until.is_none_or(|until| until > now));
    let signed = good.map(|secret| sign(&secret.secret, id, timestamp, body));
    signed.collect::<Vec<_>>().join(" ")
}

fn sign(secret: &str, id: Uuid, timestamp: i64, body: &str) -> String {
    let key = secret.strip_prefix(PREFIX).unwrap_or(secret);
    // One that is not base64 was not made here; it signs as it is.
    let key = STANDARD.decode(key).unwrap_or_else(|_| key.as_bytes().to_vec());
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes keys of any length");
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    #[test]
    fn a_secret_has_32_bytes_and_no_two_are_alike() {
        let (one, other) = (fresh_secret(), fresh_secret());
        assert_ne!(one, other);
        let key = STANDARD.decode(one.strip_prefix("whsec_").expect("a secret")).expect("base64");
        assert_eq!(key.len(), 32);
    }

    #[test]
    fn every_secret_that_is_good_signs() {
        let secret = |secret: &str, until: Option<i64>| Secret {
            secret: secret.to_owned(),
            until: until.map(|seconds| NOW + TimeDelta::seconds(seconds)),
        };
        let secrets =
            [secret("whsec_AAAA", None), secret("whsec_BBBB", Some(1)), secret("c", Some(0))];
        let signed = signatures(&secrets, NOW, Uuid::nil(), 7, "{}");
        let [new, old] = signed.split(' ').collect::<Vec<_>>()[..] else { panic!("{signed}") };
        assert_eq!(new, sign("whsec_AAAA", Uuid::nil(), 7, "{}"));
        assert_eq!(old, sign("whsec_BBBB", Uuid::nil(), 7, "{}"));
        assert!(new.starts_with("v1,") && new != old);
    }

    #[test]
    fn a_known_message_is_signed_as_its_standard_says() {
        // From python: hmac.new(bytes(range(32)), b"ID.1674087231.{}", "sha256").
        let key = STANDARD.encode((0..32).collect::<Vec<u8>>());
        let id = Uuid::from_u128(1);
        let signature = sign(&format!("whsec_{key}"), id, 1_674_087_231, "{}");
        assert_eq!(signature, "v1,VJKI6zs8ARznoNrA/yQ0ZUsjnAm0qxuy1cDb88/shV8=");
    }
}
