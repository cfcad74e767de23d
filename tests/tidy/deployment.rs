//! Files that no compiler checks: the image, the compose files, the scripts.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use order_service::config::{Config, File, Overrides, Sources, Undecided, UserAuth};

use super::source::root;

const SCRIPTS: [&str; 9] = [
    ".ci/run",
    "docker/healthy",
    "scripts/deny",
    "scripts/image",
    "scripts/mutants",
    "scripts/pin",
    "scripts/postgres",
    "scripts/rabbitmq",
    "scripts/test",
];

/// Sources of a COPY that don't exist, or that are not part of the build context.
pub fn missing_copies() -> Vec<String> {
    let ignored = text("docker/Dockerfile.dockerignore");
    let sent: Vec<&str> = ignored.lines().filter_map(|line| line.strip_prefix('!')).collect();
    let mut faults = Vec::new();
    for (number, line) in (1..).zip(text("docker/Dockerfile").lines()) {
        let Some(copied) = line.strip_prefix("COPY ") else { continue };
        let mut words: Vec<&str> = copied.split_whitespace().collect();
        words.pop();
        if copied.starts_with("--from") {
            continue;
        }
        for word in words {
            let is_sent = sent.iter().any(|sent| {
                word == *sent || word.strip_prefix(sent).is_some_and(|rest| rest.starts_with('/'))
            });
            if !root().join(word).exists() || !is_sent {
                faults.push(format!("docker/Dockerfile:{number}: `{word}` is not there to copy"));
            }
        }
    }
    faults
}

/// Reads the environment of the compose file's replicas as the service would read it.
pub fn composed_configuration() {
    let composed = text("docker/compose.yaml");
    let environment = environment(&composed);
    let sources = Sources {
        file: File::IfPresent(PathBuf::from("/none")),
        environment: environment.clone(),
        flags: Overrides::default(),
    };
    let config = Config::from_sources(&sources).expect("the service understands it");
    // Each of our variables has set what it names.
    for (name, value) in &environment {
        let set = match name.as_str() {
            "ServiceUrls__UserService" => config.services.user.url.to_string(),
            "ServiceUrls__ProductService" => config.services.product.url.to_string(),
            "ServiceUrls__PaymentService" => config.services.payment.url.to_string(),
            "ConnectionStrings__DefaultConnection" => config.database.url.reveal().to_owned(),
            "ORDER_SERVICE__OPERATOR__TOKEN" => {
                config.operator.token.as_ref().expect("a token").reveal().to_owned()
            }
            "ORDER_SERVICE__OPERATOR__TOKENS" => {
                assert_eq!(config.operator.tokens.len(), 1);
                value.clone()
            }
            "ORDER_SERVICE__USERS__AUTH" => {
                assert_eq!(config.users.auth, UserAuth::Jwt);
                value.clone()
            }
            "Jwt__Key" => {
                let key = config.users.jwt.key.as_ref().expect("a key");
                String::from_utf8_lossy(key.reveal()).into_owned()
            }
            "Jwt__Issuer" => config.users.jwt.issuer.clone(),
            "Jwt__Audience" => config.users.jwt.audience.clone(),
            "ORDER_SERVICE__SERVICES__PRODUCT__IDEMPOTENT" => {
                config.services.product.idempotent.to_string()
            }
            "ORDER_SERVICE__SERVICES__PAYMENT__IDEMPOTENT" => {
                config.services.payment.idempotent.to_string()
            }
            "ORDER_SERVICE__BROKER__URL" => {
                config.broker.url.as_ref().expect("a URL").reveal().to_string()
            }
            "ORDER_SERVICE__INTAKE__URL" => {
                config.intake.url.as_ref().expect("a URL").reveal().to_string()
            }
            "RUST_LOG" => value.clone(),
            other => panic!("docker/compose.yaml: what does `{other}` set?"),
        };
        assert_eq!(set.trim_end_matches('/'), value.trim_end_matches('/'), "{name}");
    }
    for host in ["order-1", "order-2", "sandbox", "postgres", "rabbitmq"] {
        assert!(composed.contains(&format!("\n  {host}:\n")), "no service is called {host}");
    }
    let proxy = text("docker/haproxy.cfg");
    let port = config.http.listen.port();
    for replica in ["order-1", "order-2"] {
        assert!(proxy.contains(&format!(" {replica}:{port}\n")), "{replica} gets no requests");
    }
    assert!(text("docker/Dockerfile").contains(&format!("EXPOSE {port}\n")));
}

/// The environment that the platform's own compose file gives its order service.
const PLATFORM: [(&str, &str); 5] = [
    ("ASPNETCORE_ENVIRONMENT", "Development"),
    (
        "ConnectionStrings__DefaultConnection",
        "Server=mssql,1433;Database=orderdb;User Id=sa;Password=secret;TrustServerCertificate=True;",
    ),
    ("ServiceUrls__UserService", "http://user-service:80"),
    ("ServiceUrls__ProductService", "http://product-service:80"),
    ("ServiceUrls__PaymentService", "http://payment-service:80"),
];

/// Merges the override for the platform's compose file with what is there, and reads the result as the
/// service would read it.
pub fn platform_configuration() {
    let composed = text("docker/platform.yaml");
    let mut environment = environment(&composed);
    let names: Vec<String> = environment.iter().map(|(name, _)| name.clone()).collect();
    environment.extend(PLATFORM.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let file = File::IfPresent(PathBuf::from("/none"));
    let read = |environment: Vec<(String, String)>| {
        let flags = Overrides::default();
        Config::from_sources(&Sources { file: file.clone(), environment, flags })
    };
    let config = read(environment.clone()).expect("the service understands it");
    assert_eq!(config.http.listen.to_string(), "0.0.0.0:80");
    assert_eq!(config.http.cors_origins, ["http://localhost:3000"]);
    assert_eq!(config.services.user.url.as_str(), "http://user-service/");
    assert!(!config.services.product.idempotent && !config.services.payment.idempotent);
    assert_eq!(config.checkout.undecided, Undecided::Error);
    let books = config.database.url.reveal();
    assert_eq!(books, "postgres://orders:given@orders-db:5432/orders");
    assert!(config.operator.token.is_some());
    // A name that nobody reads would be misspelt.
    for name in names.iter().filter(|name| !name.starts_with("ORDER_SERVICE__")) {
        assert!(["ASPNETCORE_URLS", "DATABASE_URL"].contains(&name.as_str()), "{name}");
    }
    for service in ["order-service", "orders-db"] {
        assert!(composed.contains(&format!("\n  {service}:\n")), "no service is called {service}");
    }
    let probe = r#"test: ["CMD", "healthy", "80", "/health/ready"]"#;
    assert!(composed.contains(probe), "the image has no curl");
    assert!(composed.contains("build: !reset null"), "theirs would be built");
}

/// The first `environment:` block, with a value for every variable that its user has to set.
fn environment(composed: &str) -> Vec<(String, String)> {
    let depth = |line: &str| line.len() - line.trim_start().len();
    let mut lines = composed.lines().skip_while(|line| line.trim() != "environment:");
    let at = lines.next().map_or(0, depth);
    let block = lines.take_while(|line| depth(line) > at);
    let pairs = block.filter(|line| !line.trim_start().starts_with('#')).map(|line| {
        let (name, value) = line.trim().split_once(": ").expect("NAME: VALUE");
        (name.to_owned(), given(value.trim_matches('"')))
    });
    pairs.collect()
}

/// What the user of a compose file sets these variables to; all others to `given`.
const GIVEN: [(&str, &str); 3] = [
    (
        "OPERATOR_TOKENS",
        r#"[{"name": "asha", "role": "viewer", "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}]"#,
    ),
    ("USERS_AUTH", "jwt"),
    ("JWT_KEY", "0123456789abcdef0123456789abcdef"),
];

/// Replaces `${NAME:?words}` and `${NAME:-default}` by what is given.
fn given(value: &str) -> String {
    match (value.split_once("${"), value.rsplit_once('}')) {
        (Some((before, variable)), Some((_, after))) => {
            let name = variable.split(':').next().unwrap_or_default();
            let given = GIVEN.iter().find(|(known, _)| *known == name);
            format!("{before}{}{after}", given.map_or("given", |(_, given)| given))
        }
        _ => value.to_owned(),
    }
}

/// Scripts that are not executable or can't be parsed.
pub fn broken_scripts() -> Vec<String> {
    let mut faults = Vec::new();
    for script in SCRIPTS {
        let shell = match text(script).lines().next() {
            Some("#!/bin/sh") => "sh",
            Some("#!/bin/bash") => "bash",
            _ => {
                faults.push(format!("{script}:1: names no shell"));
                continue;
            }
        };
        let parsed = Command::new(shell).arg("-n").arg(root().join(script)).status();
        if !parsed.is_ok_and(|status| status.success()) {
            faults.push(format!("{script}: `{shell} -n` does not understand it"));
        }
        if !is_executable(script) {
            faults.push(format!("{script}: can't be executed"));
        }
    }
    faults
}

/// Mutants that docs/PROOF.md does not list with what they break.
pub fn untold_mutants() -> Vec<String> {
    let told = text("docs/PROOF.md");
    let patches = fs::read_dir(root().join("tests/mutants")).expect("the mutants");
    let untold = patches.filter_map(|patch| {
        let name = patch.expect("a patch").file_name().into_string().expect("a plain name");
        let patch = text(&format!("tests/mutants/{name}"));
        let breaks = patch.lines().next()?.trim_start_matches("# ");
        let row = format!("| `{}` | {breaks} |", name.trim_end_matches(".patch"));
        (!told.contains(&row)).then(|| format!("docs/PROOF.md: lacks {row}"))
    });
    untold.collect()
}

#[cfg(unix)]
fn is_executable(path: &str) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = fs::metadata(root().join(path)).expect("it was just read");
    metadata.permissions().mode() & 0o111 == 0o111
}

#[cfg(not(unix))]
fn is_executable(_path: &str) -> bool {
    true
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
