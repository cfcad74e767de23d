//! Users' tokens: good ones, and forged and odd ones.

use std::time::Duration;

use jsonwebtoken::Algorithm;
use order_service::sandbox::sample::{ASHA, RAVI};
use serde_json::{Value, json};

use super::issuer::*;
use super::{by_hand, history};
use crate::harness::{Answer, Books, World, WorldBuilder};

/// A key that is configured, one of the same sort that isn't, and what of the key everybody knows.
struct Case {
    signer: Signer,
    other: Signer,
    public: &'static str,
}

fn cases() -> [Case; 4] {
    let case = |algorithm, key, other, public| Case {
        signer: Signer::new(algorithm, key),
        other: Signer::new(algorithm, other),
        public,
    };
    [
        case(Algorithm::HS256, SHARED, "another secret of more than 32 bytes", ""),
        case(Algorithm::RS256, RSA, RSA_OTHER, RSA_PUBLIC),
        case(Algorithm::ES256, P256, P256_OTHER, P256_PUBLIC),
        case(Algorithm::EdDSA, ED25519, ED25519_OTHER, ED25519_PUBLIC),
    ]
}

/// A world that takes the tokens of this case.
async fn world_of(case: &Case) -> World {
    let world = World::build(Books::Sqlite);
    let world = match case.signer.algorithm {
        Algorithm::HS256 => with_shared_key(world),
        _public => with_public_key(world, case.public),
    };
    world.start().await
}

#[track_caller]
fn is_refused(answer: &Answer, what: &str) {
    let told = (answer.status, answer.error(), answer.header("www-authenticate"));
    let challenge = Some("Bearer error=\"invalid_token\"");
    assert_eq!(told, (401, "The token is not valid", challenge), "{what}: {answer:?}");
}

#[tokio::test]
async fn a_good_token_of_every_algorithm_is_taken() {
    for case in cases() {
        let world = world_of(&case).await;
        let now = world.clock.now().timestamp();
        let with = |name: &str, value: Value| {
            let mut claims = claims(ASHA, now);
            claims[name] = value;
            case.signer.token(&claims)
        };
        let mut named = case.signer.header();
        named["kid"] = json!("../../any name");
        for (what, token) in [
            ("plain", case.signer.token(&claims(ASHA, now))),
            ("of several audiences", with("aud", json!(["others", AUDIENCE]))),
            ("without nbf", with("nbf", json!(now - 3600))),
            ("with a fraction", with("exp", json!(1.5e10))),
            ("whose id is in capitals", with("sub", json!(ASHA.to_string().to_uppercase()))),
            ("with more claims", with("role", json!({"admin": true}))),
            ("with a name for the key", case.signer.token_with(&named, &claims(ASHA, now))),
        ] {
            let answer = history(&world, &token).await;
            assert_eq!((answer.status, &answer.body), (200, &json!([])), "{what} {answer:?}");
        }
        world.finish().await;
    }
}

#[tokio::test]
async fn no_forged_or_odd_token_is_taken() {
    for case in cases() {
        let world = world_of(&case).await;
        let now = world.clock.now().timestamp();
        let mut tokens = by_another_algorithm(&case, now);
        tokens.extend(by_another_key(&case, now));
        tokens.extend(with_another_signature(&case, now));
        tokens.extend(with_other_claims(&case, now));
        assert!(tokens.len() >= 60, "{}", tokens.len());
        for (what, token) in tokens {
            is_refused(
                &history(&world, &token).await,
                &format!("{:?} {what}", case.signer.algorithm),
            );
        }
        let good = case.signer.token(&claims(ASHA, now));
        assert_eq!(history(&world, &good).await.status, 200);
        world.finish().await;
    }
}

type Tokens = Vec<(String, String)>;

const NAMES: [&str; 17] = [
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256",
    "ES384", "ES512", "EdDSA", "none", "None", "NONE", "",
];

/// Tokens whose header names another algorithm than the key's.
fn by_another_algorithm(case: &Case, now: i64) -> Tokens {
    let (signer, claims) = (&case.signer, claims(ASHA, now));
    let good = json!(signer.algorithm);
    let mut tokens = Vec::new();
    for name in NAMES.into_iter().filter(|name| good != *name) {
        let header = json!({"typ": "JWT", "alg": name});
        tokens.push((format!("named {name}"), signer.token_with(&header, &claims)));
        tokens.push((format!("named {name}, unsigned"), format!("{}.", message(&header, &claims))));
    }
    for header in [
        json!({"typ": "JWT"}),
        json!({"alg": null}),
        json!({"alg": 1}),
        json!({"alg": [good]}),
        json!([]),
        json!("HS256"),
    ] {
        tokens.push((format!("with {header}"), signer.token_with(&header, &claims)));
    }
    // Really signed by another algorithm, with the same key.
    let key = match signer.algorithm {
        Algorithm::HS256 => SHARED,
        Algorithm::RS256 => RSA,
        _ => return tokens,
    };
    let family: &[Algorithm] = match signer.algorithm {
        Algorithm::HS256 => &[Algorithm::HS384, Algorithm::HS512],
        _rsa => &[Algorithm::RS384, Algorithm::RS512, Algorithm::PS256, Algorithm::PS512],
    };
    for other in family {
        let token = Signer::new(*other, key).token(&claims);
        tokens.push((format!("really signed by {other:?}"), token));
    }
    tokens
}

/// Tokens that are signed with another key, or with what everybody knows of the right one.
fn by_another_key(case: &Case, now: i64) -> Tokens {
    let (claims, mut tokens) = (claims(ASHA, now), Vec::new());
    let mut push = |what: &str, token: String| tokens.push((what.to_owned(), token));
    push("signed with another key of its sort", case.other.token(&claims));
    for (what, known) in [
        ("the public key", case.public),
        ("the public key without its last line break", case.public.trim()),
        ("an empty secret", ""),
        ("`secret`", "secret"),
        ("the issuer", ISSUER),
    ] {
        push(&format!("signed with {what}"), Signer::new(Algorithm::HS256, known).token(&claims));
    }
    for (algorithm, key) in [
        (Algorithm::RS256, RSA_OTHER),
        (Algorithm::ES256, P256_OTHER),
        (Algorithm::ES384, P384),
        (Algorithm::EdDSA, ED25519_OTHER),
    ] {
        push(&format!("signed by {algorithm:?}"), Signer::new(algorithm, key).token(&claims));
    }
    let mut header = case.other.header();
    if case.other.algorithm != Algorithm::HS256 {
        header["jwk"] = case.other.published("mine");
        push("with its own key inside", case.other.token_with(&header, &claims));
    }
    for (name, value) in [
        ("kid", json!("../../../dev/null")),
        ("kid", json!("' UNION SELECT 'key")),
        ("kid", json!(["a"])),
        ("jku", json!("https://evil.example/jwks.json")),
        ("x5u", json!("https://evil.example/cert.pem")),
        ("x5c", json!(["MIIB"])),
    ] {
        let mut header = case.other.header();
        header[name] = value;
        push(&format!("with {header}"), case.other.token_with(&header, &claims));
    }
    let mut header = case.signer.header();
    (header["crit"], header["exp"]) = (json!(["exp"]), json!(now + 9));
    push("with what must be understood", case.signer.token_with(&header, &claims));
    tokens
}

/// Tokens whose signature is not that of their content, and what is no token at all.
fn with_another_signature(case: &Case, now: i64) -> Tokens {
    let good = case.signer.token(&claims(ASHA, now));
    let of_ravi = case.signer.token(&claims(RAVI, now));
    let (message, signature) = good.rsplit_once('.').expect("a signature");
    let (header, content) = message.split_once('.').expect("a header");
    let (_, signature_of_ravi) = of_ravi.rsplit_once('.').expect("a signature");
    let changed = if signature.starts_with('A') { 'B' } else { 'A' };
    let (truncated, last) = signature.split_at(signature.len() - 1);
    let zeros = encoded([0; 64]);
    let mut tokens: Tokens = [
        ("without a signature", format!("{message}.")),
        ("without its last part", message.to_owned()),
        ("with a signature cut short", format!("{message}.{truncated}")),
        ("with half a signature", format!("{message}.{}", &signature[..signature.len() / 2])),
        ("with a longer signature", format!("{message}.{signature}AAAA")),
        ("with another signature", format!("{message}.{changed}{}", &signature[1..])),
        ("with a turned signature", format!("{message}.{last}{truncated}")),
        ("with the signature of another", format!("{message}.{signature_of_ravi}")),
        ("with a signature of zeros", format!("{message}.{zeros}")),
        ("with padding", format!("{message}.{signature}=")),
        ("with a part more", format!("{good}.")),
        ("with two parts more", format!("{good}.a.b")),
        ("with a blank inside", format!("{message}. {signature}")),
        ("without a header", format!(".{content}.{signature}")),
        ("without content", format!("{header}..{signature}")),
        ("of dots", "..".to_owned()),
        ("of a word", "token".to_owned()),
        ("of JSON", json!({"sub": ASHA}).to_string()),
    ]
    .into_iter()
    .map(|(what, token)| (what.to_owned(), token))
    .collect();
    let other = encoded(claims(RAVI, now).to_string());
    tokens.push(("with other content".to_owned(), format!("{header}.{other}.{signature}")));
    tokens
}

/// Well signed tokens whose claims are not what they must be.
fn with_other_claims(case: &Case, now: i64) -> Tokens {
    let (signer, mut tokens) = (&case.signer, Vec::new());
    for name in ["sub", "iss", "aud", "exp"] {
        let mut claims = claims(ASHA, now);
        claims.as_object_mut().expect("an object").remove(name);
        tokens.push((format!("without {name}"), signer.token(&claims)));
    }
    for (name, value) in [
        ("exp", json!(now - 61)),
        ("exp", json!(now - 86_400)),
        ("exp", json!(0)),
        ("exp", json!(-now)),
        ("exp", json!(null)),
        ("exp", json!((now + 3600).to_string())),
        ("exp", json!([now + 3600])),
        ("nbf", json!(now + 120)),
        ("nbf", json!(now.to_string())),
        ("iss", json!(null)),
        ("iss", json!("")),
        ("iss", json!("https://issuer.example/")),
        ("iss", json!("HTTPS://issuer.example")),
        ("iss", json!([ISSUER])),
        ("iss", json!(["https://evil.example", ISSUER])),
        ("aud", json!(null)),
        ("aud", json!("")),
        ("aud", json!("order")),
        ("aud", json!("Orders")),
        ("aud", json!([])),
        ("aud", json!(["others"])),
        ("aud", json!({"orders": true})),
        ("sub", json!(null)),
        ("sub", json!("")),
        ("sub", json!("asha")),
        ("sub", json!(1)),
        ("sub", json!([ASHA])),
        ("sub", json!("00000000-0000-0000-0000-000000000000")),
        ("sub", json!(format!("{ASHA}0"))),
    ] {
        let mut claims = claims(ASHA, now);
        claims[name] = value;
        tokens.push((format!("with {name} {}", claims[name]), signer.token(&claims)));
    }
    let header = encoded(signer.header().to_string());
    let twice = claims(ASHA, now).to_string().replacen('{', "{\"exp\":1,", 1);
    for claims in [&twice, "[]", "null", "{}", "{", "token", ""] {
        let token = signer.signed(&format!("{header}.{}", encoded(claims)));
        tokens.push((format!("of {claims}"), token));
    }
    tokens
}

#[tokio::test]
async fn the_users_id_may_be_in_another_claim() {
    let user_id = |world: WorldBuilder| {
        with_shared_key(world).set(|config| config.users.jwt.subject = "uid".to_owned())
    };
    let world = user_id(World::build(Books::Sqlite)).start().await;
    let now = world.clock.now().timestamp();
    let mut claims = claims(RAVI, now);
    is_refused(&history(&world, &shared().token(&claims)).await, "without uid");
    claims["uid"] = json!(ASHA);
    assert_eq!(history(&world, &shared().token(&claims)).await.status, 200);
    world.finish().await;
}

#[tokio::test]
async fn a_token_begins_and_ends_by_the_clock_of_the_service() {
    let world = by_hand(with_shared_key(World::build(Books::Sqlite)).start().await).await;
    let now = world.clock.now().timestamp();
    let mut claims = claims(ASHA, now);
    (claims["nbf"], claims["exp"]) = (json!(now + 100), json!(now + 200));
    let token = shared().token(&claims);
    // With half a minute for clocks that differ.
    for (wait, status) in [(60, 401), (15, 200), (150, 200), (10, 401), (100_000, 401)] {
        world.clock.advance(Duration::from_secs(wait));
        assert_eq!(history(&world, &token).await.status, status, "{wait} s later");
    }
    world.stop().await;
}
