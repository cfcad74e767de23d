//! The mail server and the sender of mail.

use super::{from_file, refusal};

#[test]
fn a_server_or_a_sender_that_is_none_is_refused_without_being_repeated() {
    for (line, problem) in [
        ("mail.url = 'http://u:s3cret@h'", "`mail.url` must begin with smtp:// or smtps://"),
        ("mail.url = 's3cret'", "`mail.url` is not a URL"),
        ("mail.url = 'smtp://u:s3cret@h/x'", "`mail.url` must end with the host and its port"),
        ("mail.url = 'smtp://u@h'", "`mail.url` must have a user name and a password, or neither"),
        ("mail.url = ['s3cret']", "`mail.url` must be text in quotes"),
        ("mail = 's3cret'", "`mail` must be a section"),
        ("mail.from = 'nobody'", "`mail.from` must be an address such as"),
        ("mail.from = \"A <a@h>\\r\\nBcc: b@h\"", "`mail.from` must be an address such as"),
    ] {
        let said = refusal(from_file(line));
        assert!(said.starts_with(&format!("configuration: {problem}")), "{said}");
        assert!(!said.contains("s3cret"), "{said}");
    }
    assert!(from_file("").expect("the defaults").mail.url.is_none());
}
