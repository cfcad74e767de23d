//! The binary from the outside: its help, its exit codes, and the one line that it prints when it fails.

mod service;

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
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
        "check", "audit", "import", "openapi",
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
        &["import"],
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

/// As the first process of a container, a program hears only the signals that it waits for.
#[test]
fn a_command_that_waits_ends_at_sigterm_and_at_ctrl_c_with_a_line() {
    for signal in ["TERM", "INT"] {
        for command in ["check", "audit", "migrate"] {
            let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
            let address = silent.local_addr().expect("its address");
            let waits = Command::new(env!("CARGO_BIN_EXE_order-service"))
                .args([command, "--database-url", &format!("postgres://u@{address}/d")])
                .env_clear()
                .stderr(Stdio::piped())
                .stdout(Stdio::null())
                .spawn()
                .expect("the binary can be run");
            // From here on it waits for an answer.
            let _connection = silent.accept().expect("it connects");
            let pid = waits.id().to_string();
            let sent = Command::new("kill").args([&format!("-{signal}"), &pid]).status();
            assert!(sent.expect("kill").success());
            let output = waits.wait_with_output().expect("it ends");
            assert_eq!(output.status.code(), Some(1), "{command} at {signal}");
            assert_eq!(text(&output.stderr), "stopped before it was done; it can be run again\n");
        }
    }
}

/// Some platforms run an image as a user to whom its working directory is closed.
#[test]
fn a_file_that_may_not_be_looked_for_is_as_one_that_is_not_there() {
    let directory = TempDir::new().expect("a temporary directory");
    fs::write(directory.path().join("order-service.toml"), "").expect("a file");
    let ran = |modes: &str| {
        let is_root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
        let somebody = "setpriv --reuid 65534 --regid 65534 --clear-groups";
        let (binary, somebody) =
            (env!("CARGO_BIN_EXE_order-service"), if is_root { somebody } else { "" });
        let script = format!(
            "cd {} && {modes} && exec {somebody} {binary} check --database-url sqlite:///none/books.db",
            directory.path().display()
        );
        let output = Command::new("sh").args(["-c", &script]).output().expect("a shell");
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o700)).expect("ours");
        output
    };
    let closed = ran("chmod 0 .");
    let said = text(&closed.stderr);
    assert_eq!(closed.status.code(), Some(1), "{said}");
    assert!(said.contains("there is no file /none/books.db"), "{said}");
    let unreadable = ran("chmod 755 . && chmod 0 order-service.toml");
    let said = text(&unreadable.stderr);
    assert_eq!(unreadable.status.code(), Some(2), "{said}");
    assert!(said.contains("`order-service.toml` cannot be read"), "{said}");
}
