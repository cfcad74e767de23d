//! The binary from the outside: its help, its exit codes, and the one line that it prints when it fails.

use std::{
    fs,
    process::{Command, Output, Stdio},
};

use order_service::saga::Catalogue;
use tempfile::TempDir;

/// Runs the binary in a directory of its own that holds `file` as `order-service.toml`, with an
/// empty environment.
fn run(file: Option<&str>, arguments: &[&str]) -> Output {
    let directory = TempDir::new().expect("a temporary directory can be made");
    if let Some(text) = file {
        fs::write(directory.path().join("order-service.toml"), text)
            .expect("a temporary file can be written");
    }
    Command::new(env!("CARGO_BIN_EXE_order-service"))
        .args(arguments)
        .current_dir(directory.path())
        .env_clear()
        .output()
        .expect("the binary can be run")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("the binary prints UTF-8")
}

#[test]
fn help_names_every_command_and_exits_with_0() {
    let output = run(None, &["--help"]);
    assert_eq!(output.status.code(), Some(0));
    let help = text(&output.stdout);
    for command in [
        "serve", "demo", "sandbox", "migrate", "sagas", "bulk", "trail", "orders", "webhooks",
        "check", "audit", "openapi",
    ] {
        assert!(help.contains(&format!("\n  {command} ")), "{command} is missing in:\n{help}");
    }
    for command in [
        &["serve"][..],
        &["sandbox"],
        &["sagas"],
        &["sagas", "list"],
        &["bulk"],
        &["bulk", "prepare"],
        &["bulk", "show"],
        &["trail"],
        &["orders"],
        &["events", "tail"],
        &["webhooks"],
        &["webhooks", "add"],
        &["check"],
        &["audit"],
    ] {
        let output = run(None, &[command, &["--help"]].concat());
        assert_eq!(output.status.code(), Some(0), "{command:?}");
    }
}

#[test]
fn help_names_every_state_and_every_step_that_can_be_resolved() {
    let kinds = [order_service::checkout::DEFINITIONS, order_service::reversal::DEFINITIONS];
    let list = text(&run(None, &["sagas", "list", "--help"]).stdout);
    let resolve = text(&run(None, &["sagas", "resolve", "--help"]).stdout);
    let words = |help: &str| -> Vec<String> {
        let is_inside = |one: char| one.is_ascii_alphanumeric() || one == '_';
        help.split(|one| !is_inside(one)).map(str::to_owned).collect()
    };
    for catalogue in kinds.map(Catalogue::of) {
        for state in catalogue.states() {
            assert!(
                words(&list).iter().any(|word| word == state),
                "{state} is missing in:\n{list}"
            );
        }
        for (step, _) in catalogue.effect_steps() {
            let is_named = words(&resolve).iter().any(|word| word == step.word());
            assert!(is_named, "{step} is missing in:\n{resolve}");
        }
    }
}

#[test]
fn wrong_usage_exits_with_2() {
    for arguments in [
        &["launch"][..],
        &[],
        &["serve", "--listen", "here"],
        &["sagas", "retry", "some-id"],
        &["sagas", "list", "--older-than", "10"],
        &["bulk", "prepare", "retry", "--stuck"],
        &["bulk", "prepare", "resolve", "--reason", "x"],
        &["orders", "cancel", "some-id"],
        &["orders", "cancel", "some-id", "--reason", "boredom"],
        &["sandbox", "--not-idempotent", "bank"],
        &["audit", "--rate", "0"],
        &["audit", "--since", "yesterday"],
        &["check", "now"],
    ] {
        let output = run(None, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_bad_configuration_exits_with_2_and_one_line_that_names_the_key() {
    for command in
        [&["serve"][..], &["migrate"], &["demo"], &["sagas", "list"], &["check"], &["audit"]]
    {
        let output = run(Some("[retry]\njitter = 3\n"), command);
        assert_eq!(output.status.code(), Some(2), "{command:?}");
        assert_eq!(
            text(&output.stderr),
            "configuration: `retry.jitter` must be between 0 and 1, not 3 (in order-service.toml)\n",
            "{command:?}"
        );
    }
    let output = run(None, &["serve", "--config", "elsewhere.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).starts_with("configuration: `elsewhere.toml` cannot be read"));
}

#[test]
fn an_operator_is_told_at_which_address_the_service_was_looked_for() {
    // Nothing can listen on port 0, so this connection is refused on every machine.
    let output = run(None, &["sagas", "list", "--url", "http://127.0.0.1:0"]);
    assert_eq!(output.status.code(), Some(1));
    let line = text(&output.stderr);
    assert!(line.starts_with("cannot reach the order service at http://127.0.0.1:0/ ("), "{line}");
    assert_eq!(line.lines().count(), 1, "{line}");
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let (reader, writer) = std::io::pipe().expect("a pipe can be made");
    drop(reader);
    let output = Command::new(env!("CARGO_BIN_EXE_order-service"))
        .arg("openapi")
        .env_clear()
        .stdout(Stdio::from(writer))
        .output()
        .expect("the binary can be run");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stderr), "");
}
