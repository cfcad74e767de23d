//! Judges a token's claims. Pure.

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, Validation};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::refused::Refused;
use crate::config::JwtConfig;
use crate::order::UserId;

/// How far the issuer's clock may differ from ours, in seconds.
const LEEWAY_SECS: f64 = 30.0;

/// The claims of a token whose signature is valid.
pub(super) type Claims = Map<String, Value>;

/// What the claims must be.
pub(super) struct Expected {
    issuer: String,
    audience: String,
    /// The claims that may hold the user's id. The first one that is present counts.
    subjects: Vec<String>,
}

impl Expected {
    pub(super) fn of(config: &JwtConfig) -> Self {
        let subjects = match config.subject.as_str() {
            "" => vec!["sub".to_owned(), "nameid".to_owned()],
            named => vec![named.to_owned()],
        };
        Self { issuer: config.issuer.clone(), audience: config.audience.clone(), subjects }
    }

    /// What the library checks. Claims that must be present are listed, since it would skip missing ones.
    /// It would also take the time from the machine, so the times are judged below instead.
    pub(super) fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation
    }

    /// The user to whom a token with these claims was issued, if it is valid at this time.
    pub(super) fn user(&self, claims: &Claims, now: DateTime<Utc>) -> Result<UserId, Refused> {
        let now = (now - DateTime::UNIX_EPOCH).as_seconds_f64();
        let exp = seconds(claims, "exp")?.ok_or(Refused::Claim("exp"))?;
        if now >= exp + LEEWAY_SECS {
            return Err(Refused::Claim("exp"));
        }
        if seconds(claims, "nbf")?.is_some_and(|nbf| now < nbf - LEEWAY_SECS) {
            return Err(Refused::Claim("nbf"));
        }
        // The library also accepts a list of issuers, if the expected one is among them.
        if claims.get("iss").and_then(Value::as_str) != Some(&self.issuer) {
            return Err(Refused::Claim("iss"));
        }
        let subject = self.subjects.iter().find_map(|name| claims.get(name));
        let id = subject.and_then(Value::as_str).and_then(|id| id.parse().ok());
        let id = id.filter(|id: &Uuid| !id.is_nil());
        id.map(UserId).ok_or(Refused::Claim("subject"))
    }
}

/// A claim that is a time in seconds since 1970, possibly with a fraction.
fn seconds(claims: &Claims, name: &'static str) -> Result<Option<f64>, Refused> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    value.as_f64().map(Some).ok_or(Refused::Claim(name))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde_json::json;

    use super::*;

    const USER: &str = "11111111-1111-1111-1111-111111111111";
    const NOW: i64 = 1_000_000;

    fn expected(subject: &str) -> Expected {
        Expected::of(&JwtConfig {
            key: None,
            public_key: None,
            jwks_url: None,
            issuer: "shop".to_owned(),
            audience: "orders".to_owned(),
            subject: subject.to_owned(),
        })
    }

    /// The user of a token with these claims and a good `iss`.
    fn user(subject: &str, claims: Value) -> Option<String> {
        let Value::Object(mut claims) = claims else { return None };
        claims.insert("iss".to_owned(), json!("shop"));
        let now = DateTime::UNIX_EPOCH + TimeDelta::seconds(NOW);
        let user = expected(subject).user(&claims, now).ok();
        user.map(|user| user.to_string())
    }

    #[test]
    fn a_token_is_good_until_exp_and_from_nbf_on_with_some_leeway() {
        for (exp, nbf, is_good) in [
            (json!(NOW + 1), json!(NOW), true),
            (json!(NOW - 29), json!(NOW + 30), true),
            (json!(NOW - 30), json!(NOW), false),
            (json!(1_000_000.5), json!(999_999.5), true),
            (json!(NOW + 1), json!(NOW + 31), false),
            (json!(NOW.to_string()), json!(NOW), false),
            (json!(NOW + 1), json!(NOW.to_string()), false),
            (json!(null), json!(NOW), false),
            (json!(NOW + 1), json!(null), false),
            (json!(-1), json!(NOW), false),
        ] {
            let claims = json!({"sub": USER, "exp": exp, "nbf": nbf});
            assert_eq!(user("", claims).is_some(), is_good, "exp {exp}, nbf {nbf}");
        }
        assert_eq!(user("", json!({"sub": USER})), None, "exp is not there");
    }

    #[test]
    fn the_subject_is_the_configured_claim_or_else_sub_or_else_nameid() {
        let other = "22222222-2222-2222-2222-222222222222";
        for (subject, claims, found) in [
            ("", json!({"sub": USER, "nameid": other}), Some(USER)),
            ("", json!({"nameid": other}), Some(other)),
            ("uid", json!({"uid": other, "sub": USER}), Some(other)),
            ("uid", json!({"sub": USER, "nameid": USER}), None),
            ("", json!({"sub": "asha", "nameid": USER}), None),
            ("", json!({"sub": 1}), None),
            ("", json!({"sub": "00000000-0000-0000-0000-000000000000"}), None),
            ("", json!({}), None),
        ] {
            let mut claims = claims;
            claims["exp"] = json!(NOW + 1);
            assert_eq!(user(subject, claims.clone()).as_deref(), found, "{subject} {claims}");
        }
    }
}
