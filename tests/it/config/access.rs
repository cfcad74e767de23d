//! The keys that decide who is let in.

use order_service::config::UserAuth;

use super::{from_environment, from_file, refusal};

#[test]
fn a_token_of_digits_stays_text_and_an_empty_one_is_none() {
    let token = |text| {
        let config = from_environment(&[("ORDER_SERVICE__OPERATOR__TOKEN", text)]);
        config.expect("a good token").operator.token.map(|token| token.reveal().to_owned())
    };
    assert_eq!(token("0012345").as_deref(), Some("0012345"));
    assert_eq!(token("true").as_deref(), Some("true"));
    assert_eq!(token("secret\n").as_deref(), Some("secret"));
    assert_eq!(token(""), None);
    assert_eq!(token("  "), None);
    let config = from_file("[operator]\ntoken = ''").expect("an empty token is none");
    assert!(config.operator.token.is_none());
}

/// One entry of `operator.tokens`.
fn named_token(name: &str, role: &str, sha256: &str) -> String {
    format!(r#"{{"name": "{name}", "role": "{role}", "sha256": "{sha256}"}}"#)
}

#[test]
fn an_operators_token_that_is_not_right_is_refused_by_its_key_and_not_shown() {
    let (one, two) = ("1".repeat(64), "2".repeat(64));
    let said = |entries: &[String]| {
        let array = format!("[{}]", entries.join(","));
        let line = refusal(from_environment(&[("ORDER_SERVICE__OPERATOR__TOKENS", &array)]));
        assert!(!line.contains("s3cret"), "{line}");
        line.replace(" (in ORDER_SERVICE__OPERATOR__TOKENS)", "")
    };
    let asha = named_token("asha", "viewer", &one);
    let lines = [
        said(&[named_token("asha", "viewer", "s3cret")]),
        said(&[named_token("asha", "viewer", &"1".repeat(63))]),
        said(&[named_token("asha", "viewer", &"1".repeat(66))]),
        said(&[named_token("asha", "root", &one)]),
        said(&[named_token(" ", "viewer", &one)]),
        said(&[asha.clone(), named_token("asha", "admin", &two)]),
        said(&[asha.clone(), named_token("ravi", "admin", &one)]),
        said(&[r#"{"name": "asha", "role": "viewer"}"#.to_owned()]),
        said(&[r#"{"name": "asha", "token": "s3cret"}"#.to_owned()]),
        said(&["s3cret".to_owned()]),
        said(&[r#""s3cret""#.to_owned()]),
    ];
    insta::assert_snapshot!(lines.join("\n"), @"
    configuration: `operator.tokens.0.sha256` must be the SHA-256 of a token: 64 hexadecimal digits
    configuration: `operator.tokens.0.sha256` must be the SHA-256 of a token: 64 hexadecimal digits
    configuration: `operator.tokens.0.sha256` must be the SHA-256 of a token: 64 hexadecimal digits
    configuration: `operator.tokens.0.role` must be one of viewer, operator, fulfilment, admin
    configuration: `operator.tokens.0.name` must be a name of 1 to 100 characters
    configuration: `operator.tokens` has `asha` twice
    configuration: `operator.tokens` has the same token for `asha` and `ravi`
    configuration: `operator.tokens.0.sha256` is missing
    configuration: unknown key `operator.tokens.0.token`; known here: name, role, sha256
    configuration: `operator.tokens` must be a list
    configuration: `operator.tokens.0` must be a section
    ");
}

/// A file with `users.auth` on, and these lines of `[users.jwt]`.
fn with_jwt(lines: &[&str]) -> String {
    format!("[users]\nauth = 'jwt'\n[users.jwt]\n{}", lines.join("\n"))
}

const ISSUER: &str = "issuer = 'i'";
const AUDIENCE: &str = "audience = 'a'";
const KEY: &str = "key = '0123456789abcdef0123456789abcdef'";
const JWKS: &str = "jwks_url = 'https://i/jwks.json'";

fn public_key(pem: &str) -> String {
    format!("public_key = '''{pem}'''")
}

#[test]
fn users_tokens_need_one_source_of_keys_an_issuer_and_an_audience() {
    for source in [KEY, JWKS, &public_key(include_str!("../../keys/rsa.pub.pem"))] {
        let config = from_file(&with_jwt(&[source, ISSUER, AUDIENCE])).expect("all that is needed");
        assert_eq!(config.users.auth, UserAuth::Jwt);
    }
    let lines = [
        &[ISSUER, AUDIENCE][..],
        &[KEY, JWKS, ISSUER, AUDIENCE],
        &[KEY, AUDIENCE],
        &[JWKS, ISSUER],
        &["key = '0123456789abcdef0123456789abcde'", ISSUER, AUDIENCE],
    ];
    let said = lines.map(|lines| refusal(from_file(&with_jwt(lines)))).join("\n");
    insta::assert_snapshot!(said.replace(" (in order-service.toml)", ""), @"
    configuration: `users.jwt.key` must be set where `users.auth` is `jwt`, or else `users.jwt.public_key` or `users.jwt.jwks_url` (in the built-in defaults)
    configuration: `users.jwt.jwks_url` must not be set beside `users.jwt.key`
    configuration: `users.jwt.issuer` must be set where `users.auth` is `jwt` (in the built-in defaults)
    configuration: `users.jwt.audience` must be set where `users.auth` is `jwt` (in the built-in defaults)
    configuration: `users.jwt.key` must be at least 32 bytes long
    ");
    insta::assert_snapshot!(refusal(from_file("users.auth = 'on'")), @"configuration: `users.auth` must be one of off, jwt (in order-service.toml)");
    insta::assert_snapshot!(refusal(from_file("users.jwt.jwks_url = 'https://u:s3cret@i/'")), @"configuration: `users.jwt.jwks_url` must be a URL such as https://issuer.example/jwks.json, without user name and password (in order-service.toml)");
}

#[test]
fn a_public_key_is_of_a_sort_that_is_known_and_is_long_enough() {
    for (pem, shown) in [
        (include_str!("../../keys/rsa.pub.pem"), "PublicKey(RS256)"),
        (include_str!("../../keys/rsa.pkcs1.pem"), "PublicKey(RS256)"),
        (include_str!("../../keys/p256.pub.pem"), "PublicKey(ES256)"),
        (include_str!("../../keys/ed25519.pub.pem"), "PublicKey(EdDSA)"),
    ] {
        let one_line = pem.trim().replace('\n', "\\n");
        for text in [pem, &pem.replace('\n', "\r\n"), &one_line] {
            let read = from_environment(&[("ORDER_SERVICE__USERS__JWT__PUBLIC_KEY", text)]);
            let read = read.expect("a public key").users.jwt.public_key;
            assert_eq!(format!("{:?}", read.expect("one")), shown, "{text}");
        }
    }
    for pem in [
        include_str!("../../keys/rsa1024.pub.pem"),
        include_str!("../../keys/p384.pub.pem"),
        include_str!("../../keys/secp256k1.pub.pem"),
        include_str!("../../keys/rsa.pem"),
        include_str!("../../keys/p256.pem"),
        "s3cret",
        "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----",
    ] {
        let line = refusal(from_file(&format!("[users.jwt]\n{}", public_key(pem))));
        assert_eq!(
            line,
            "configuration: `users.jwt.public_key` must be a public key in PEM: RSA with at least \
             2048 bits, P-256 or Ed25519 (in order-service.toml)"
        );
    }
}

#[test]
fn the_platforms_names_set_the_keys_and_make_no_token_necessary() {
    let platform =
        [("Jwt__Key", "short"), ("JWT__ISSUER", "UserService"), ("Jwt__Audience", "Platform")];
    let config = from_environment(&platform).expect("nothing is asked for");
    assert_eq!(config.users.auth, UserAuth::Off);
    assert_eq!(config.users.jwt.issuer, "UserService");
    assert_eq!(config.users.jwt.audience, "Platform");
    let on = ("ORDER_SERVICE__USERS__AUTH", "jwt");
    let short = [platform[0], platform[1], platform[2], on];
    insta::assert_snapshot!(refusal(from_environment(&short)), @"configuration: `users.jwt.key` must be at least 32 bytes long (in Jwt__Key)");
    let long = ("Jwt__Key", "0123456789abcdef0123456789abcdef");
    let config = from_environment(&[long, platform[1], platform[2], on]).expect("a good key");
    assert_eq!(config.users.auth, UserAuth::Jwt);
    assert_eq!(config.users.jwt.key.expect("a key").reveal(), long.1.as_bytes());
}
