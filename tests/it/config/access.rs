//! The keys that decide who is let in.

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
