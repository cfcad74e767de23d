//! The configuration, layer by layer and rule by rule, with an environment made for each test.

mod access;
mod database;
mod listen;
mod mail;
mod webhooks;

use std::{fs, net::SocketAddr, path::Path, time::Duration};

use order_service::config::{Config, Error, File, Overrides, Sources};
use tempfile::TempDir;

/// Reads `file` as `order-service.toml` below `environment` and `flags`.
fn load(file: &str, environment: &[(&str, &str)], flags: Overrides) -> Result<Config, Error> {
    let directory = TempDir::new().expect("a temporary directory can be made");
    let path = directory.path().join("order-service.toml");
    fs::write(&path, file).expect("a temporary file can be written");
    let environment =
        environment.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    Config::from_sources(&Sources { file: File::Given(path), environment, flags })
}

fn from_file(file: &str) -> Result<Config, Error> {
    load(file, &[], Overrides::default())
}

fn from_environment(environment: &[(&str, &str)]) -> Result<Config, Error> {
    load("", environment, Overrides::default())
}

/// The one line of the refusal, without the directory of the test's file.
fn refusal(read: Result<Config, Error>) -> String {
    let line = read.expect_err("this configuration must be refused").to_string();
    assert!(!line.contains('\n'), "more than one line: {line}");
    match line.split_once(" (in /") {
        Some((before, _)) => format!("{before} (in order-service.toml)"),
        None => line,
    }
}

/// Each key, with a value other than the built-in one as TOML and as text, and how it is then shown.
const KEYS: [(&str, &str, &str, &str); 73] = [
    ("http.listen", "'127.0.0.1:80'", "127.0.0.1:80", "listen: 127.0.0.1:80"),
    (
        "http.cors_origins",
        "['https://a.example', 'http://b.example:81']",
        "https://a.example, http://b.example:81",
        r#"cors_origins: ["https://a.example", "http://b.example:81"]"#,
    ),
    ("http.connections", "9", "9", "connections: 9"),
    ("http.header_timeout", "'7s'", "7s", "header_timeout: 7s"),
    ("http.header_bytes", "9000", "9000", "header_bytes: 9000"),
    ("http.body_timeout", "'7s'", "7s", "body_timeout: 7s"),
    ("http.write_timeout", "'7s'", "7s", "write_timeout: 7s"),
    ("http.idle_timeout", "'7s'", "7s", "idle_timeout: 7s"),
    ("http.streams", "9", "9", " streams: 9"),
    ("http.http2_streams", "9", "9", "http2_streams: 9"),
    ("http.http2_resets", "9", "9", "http2_resets: 9"),
    ("http.http2_ping", "'7s'", "7s", "http2_ping: 7s"),
    ("operator.token", "'12345'", "12345", "token: Some(Token(***))"),
    (
        "operator.tokens",
        "[{name = 'asha', role = 'viewer', sha256 = 'BA7816BF8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'}]",
        r#" [{"name": "asha", "role": "viewer", "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}]"#,
        r#"tokens: [NamedToken { name: "asha", role: Viewer, sha256: TokenDigest(***) }]"#,
    ),
    ("users.jwt.key", "'k'", "k", "key: Some(SharedKey(***))"),
    (
        "users.jwt.public_key",
        concat!("'''", include_str!("../keys/p256.pub.pem"), "'''"),
        include_str!("../keys/p256.pub.pem"),
        "public_key: Some(PublicKey(ES256))",
    ),
    ("users.jwt.jwks_url", "'http://i/jwks.json'", "http://i/jwks.json", "path: \"/jwks.json\""),
    ("users.jwt.issuer", "'i'", "i", "issuer: \"i\""),
    ("users.jwt.audience", "'a'", "a", "audience: \"a\""),
    ("users.jwt.subject", "'uid'", "uid", "subject: \"uid\""),
    ("database.url", "'postgres://u:p@h/d'", "postgres://u:p@h/d", "url: postgres://u:***@h/d"),
    ("database.migrate", "false", "false", "migrate: false"),
    ("database.max_connections", "3", "3", "max_connections: 3"),
    ("services.user.url", "'http://u/x'", "http://u/x", "path: \"/x/\""),
    ("services.user.timeout", "'7s'", "7s", "timeout: 7s"),
    ("services.user.concurrency", "9", "9", "concurrency: 9"),
    ("services.product.url", "'https://p'", "https://p", "scheme: \"https\""),
    ("services.product.timeout", "'7s'", "7s", "timeout: 7s"),
    ("services.product.idempotent", "true", "true", "idempotent: true"),
    ("services.product.key_memory", "'1h'", "1h", "key_memory: 3600s"),
    ("services.product.concurrency", "9", "9", "concurrency: 9"),
    ("services.payment.url", "'http://pay'", "http://pay", "host: Some(Domain(\"pay\"))"),
    ("services.payment.timeout", "'7s'", "7s", "timeout: 7s"),
    ("services.payment.idempotent", "true", "true", "idempotent: true"),
    ("services.payment.key_memory", "'1h'", "1h", "key_memory: 3600s"),
    ("services.payment.concurrency", "9", "9", "concurrency: 9"),
    ("circuit.failures", "5", "5", "failures: 5"),
    ("circuit.pause", "'2s'", "2s", "pause: 2s"),
    ("circuit.retries", "7", "7", "retries: 7"),
    ("checkout.wait", "'0s'", "0s", "wait: 0ns"),
    ("checkout.deadline", "'3m'", "3m", "deadline: 180s"),
    ("checkout.deadline_attended", "'9s'", "9s", "deadline_attended: 9s"),
    ("checkout.undecided", "'error'", "error", "undecided: Error"),
    ("checkout.join_equal", "false", "false", "join_equal: false"),
    ("checkout.backlog", "5", "5", "backlog: 5"),
    ("executor.concurrency", "8", "8", "concurrency: 8"),
    ("executor.lease", "'500ms'", "500ms", "lease: 500ms"),
    ("retry.initial", "'1ms'", "1ms", "initial: 1ms"),
    ("retry.max", "'1s'", "1s", "max: 1s"),
    ("retry.multiplier", "3", "3", "multiplier: 3.0"),
    ("retry.jitter", "0", "0", "jitter: 0.0"),
    ("retry.stuck_after", "'2m'", "2m", "stuck_after: 120s"),
    ("events.source", "'//shop'", "//shop", "source: \"//shop\""),
    ("events.schemas", "'https://a.b/c/'", "https://a.b/c/", "schemas: \"https://a.b/c/\""),
    ("broker.url", "'amqp://u:p@h/v'", "amqp://u:p@h/v", "url: Some(AmqpUrl(***)), exchange"),
    ("broker.exchange", "'shop'", "shop", "exchange: \"shop\""),
    ("intake.url", "'amqps://h'", "amqps://h", "url: Some(AmqpUrl(***)), queue"),
    ("intake.queue", "'carts'", "carts", "queue: \"carts\""),
    ("intake.prefetch", "7", "7", "prefetch: 7"),
    ("mail.url", "'smtp://u:p@h'", "smtp://u:p@h", "url: Some(MailUrl(***))"),
    ("mail.from", "'A <a@b.example>'", "A <a@b.example>", "from: Mailbox { name: Some(\"A\")"),
    ("webhooks.allow_http", "true", "TRUE", "allow_http: true"),
    (
        "webhooks.allow_networks",
        "['10.0.0.0/8', '::1']",
        "10.0.0.0/8, ::1",
        "allow_networks: [10.0.0.0/8, ::1/128]",
    ),
    ("webhooks.schedule", "['1s', '2m']", "1s,2m", "schedule: [1s, 120s]"),
    ("webhooks.timeout", "'7s'", "7s", "timeout: 7s"),
    ("audit.every", "'6h'", "6h", "every: Some(21600s)"),
    ("retention.events", "'30d'", "30d", "events: Some(2592000s)"),
    ("retention.deliveries", "'7d'", "7d", "deliveries: Some(604800s)"),
    ("retention.archive", "'/mnt/archive'", "/mnt/archive", "archive: Some(\"/mnt/archive\")"),
    ("retention.every", "'10s'", "10s", "every: 10s"),
    ("shutdown.grace", "'1s'", "1s", "grace: 1s"),
    // Durations once more, as fractions.
    ("retry.multiplier", "1.5", "1.5", "multiplier: 1.5"),
    ("retry.jitter", "0.25", "0.25", "jitter: 0.25"),
];

fn variable(key: &str) -> String {
    format!("ORDER_SERVICE__{}", key.replace('.', "__").to_uppercase())
}

#[test]
fn every_key_can_be_set_in_the_file_and_by_its_variable_with_the_same_result() {
    let defaults = format!("{:?}", Config::defaults());
    for (key, toml, text, shown) in KEYS {
        let file = from_file(&format!("{key} = {toml}")).expect(key);
        let environment = from_environment(&[(&variable(key), text)]).expect(key);
        let (file, environment) = (format!("{file:?}"), format!("{environment:?}"));
        assert_eq!(file, environment, "{key}");
        assert!(file.contains(shown), "{key}: {file}");
        assert_ne!(file, defaults, "{key} changed nothing");
    }
}

#[test]
fn the_table_of_keys_above_is_complete() {
    let defaults = include_str!("../../src/config/defaults.toml");
    let written = defaults.lines().filter(|line| {
        line.split_once('=').is_some_and(|(key, _)| !key.contains('#') && !key.contains('['))
    });
    let mut keys = KEYS.map(|(key, ..)| key).to_vec();
    keys.sort_unstable();
    keys.dedup();
    // `users.auth` and `retention.sagas` need others beside them, and have tests of their own.
    assert_eq!(written.count(), keys.len() + 2);
}

#[test]
fn sagas_are_forgotten_only_into_an_archive() {
    let refused = from_file("retention.sagas = '90d'").expect_err("nowhere to archive them");
    assert!(refused.to_string().contains("`retention.archive`"), "{refused}");
    let both = from_file("retention.sagas = '90d'\nretention.archive = '/mnt/archive'");
    assert_eq!(both.expect("both").retention.sagas, Some(Duration::from_hours(90 * 24)));
}

#[test]
fn the_built_in_values_are_as_documented() {
    let config = Config::defaults();
    assert_eq!(config.http.listen.to_string(), "0.0.0.0:5004");
    assert!(config.http.cors_origins.is_empty());
    assert!(config.operator.token.is_none() && config.operator.tokens.is_empty());
    assert_eq!(config.database.url.reveal(), "sqlite://order-service.db");
    assert_eq!(config.services.user.url.as_str(), "http://localhost:5005/");
    assert_eq!(config.services.product.url.as_str(), "http://localhost:5002/");
    assert_eq!(config.services.payment.url.as_str(), "http://localhost:5003/");
    assert!(!config.services.payment.idempotent && !config.services.product.idempotent);
    assert!(!config.services.payment.is_idempotent_set && config.database.migrate);
    assert_eq!(config.checkout.backlog, 1_000_000);
    assert_eq!(config.executor.concurrency, 1024);
    insta::assert_snapshot!(
        format!("{:?} {:?} {:?}", config.checkout, config.retry, config.shutdown),
        @"CheckoutConfig { wait: 25s, deadline: 120s, deadline_attended: 15s, undecided: Accepted, join_equal: true, backlog: 1000000 } RetryConfig { initial: 100ms, max: 30s, multiplier: 2.0, jitter: 0.5, stuck_after: 60s } ShutdownConfig { grace: 35s }"
    );
}

#[test]
fn flags_outrank_the_environment_which_outranks_the_file_which_outranks_the_built_in_values() {
    let file = "[http]\nlisten = '1.1.1.1:1'";
    let environment = [("ORDER_SERVICE__HTTP__LISTEN", "2.2.2.2:2")];
    let listen = Some(SocketAddr::from(([3, 3, 3, 3], 3)));
    let flags = Overrides { listen, ..Overrides::default() };
    let listening = |read: Result<Config, Error>| read.expect("a good address").http.listen.port();
    assert_eq!(listening(from_file("")), 5004);
    assert_eq!(listening(from_file(file)), 1);
    assert_eq!(listening(load(file, &environment, Overrides::default())), 2);
    assert_eq!(listening(load(file, &environment, flags)), 3);
}

#[test]
fn our_own_variable_outranks_the_well_known_one_for_the_same_key() {
    let config = from_environment(&[
        ("ORDER_SERVICE__DATABASE__URL", "sqlite://ours.db"),
        ("DATABASE_URL", "sqlite://shared.db"),
        ("order_service__services__User__url", "http://ours"),
        ("ServiceUrls__UserService", "http://users:80"),
    ]);
    let config = config.expect("all four are good");
    assert_eq!(config.database.url.reveal(), "sqlite://ours.db");
    assert_eq!(config.services.user.url.as_str(), "http://ours/");
}

#[test]
fn the_names_of_the_platforms_services_are_understood() {
    let config = from_environment(&[
        ("ServiceUrls__UserService", "http://user-service:80"),
        ("SERVICEURLS__PRODUCTSERVICE", "http://product-service:80"),
        ("ServiceUrls__PaymentService", "http://payment-service:81"),
        ("ConnectionStrings__DefaultConnection", "postgres://db/orders"),
    ]);
    let config = config.expect("all four are good");
    assert_eq!(config.services.user.url.as_str(), "http://user-service/");
    assert_eq!(config.services.product.url.as_str(), "http://product-service/");
    assert_eq!(config.services.payment.url.as_str(), "http://payment-service:81/");
    assert_eq!(config.database.url.reveal(), "postgres://db/orders");
}

const ADO_NET: &str = "Server=sqlserver;Database=orderdb;User=sa;Password=YourPassword123!;";

#[test]
fn a_connection_string_is_refused_with_what_to_write_instead_and_without_its_password() {
    let read = from_environment(&[("ConnectionStrings__DefaultConnection", ADO_NET)]);
    insta::assert_snapshot!(refusal(read), @"configuration: `database.url` must be a URL, not an ADO.NET connection string: write DATABASE_URL=postgres://USER:PASSWORD@HOST:5432/DATABASE, or DATABASE_URL=sqlite://FILE (in ConnectionStrings__DefaultConnection)");
    let read = from_environment(&[("DATABASE_URL", ADO_NET)]);
    assert!(!refusal(read).contains("YourPassword"));
}

#[test]
fn a_connection_string_is_ignored_if_database_url_is_set() {
    let connection = ("ConnectionStrings__DefaultConnection", ADO_NET);
    let config = from_environment(&[connection, ("DATABASE_URL", "sqlite://a.db")]);
    assert_eq!(config.expect("the string is not used").database.url.reveal(), "sqlite://a.db");
    // An unset variable in a compose file becomes an empty value, which names no database.
    let config = from_environment(&[("DATABASE_URL", "")]).expect("empty is unset");
    assert_eq!(config.database.url.reveal(), "sqlite://order-service.db");
}

#[test]
fn a_commands_own_default_address_is_outranked_by_any_configured_one() {
    let default_listen = Some(SocketAddr::from(([127, 0, 0, 1], 5004)));
    let listening = |file, environment: &[(&str, &str)]| {
        let flags = Overrides { default_listen, ..Overrides::default() };
        load(file, environment, flags).expect("a good configuration").http.listen.to_string()
    };
    assert_eq!(listening("", &[]), "127.0.0.1:5004");
    assert_eq!(listening("http.listen = '3.3.3.3:3'", &[]), "3.3.3.3:3");
    assert_eq!(listening("", &[("ORDER_SERVICE__HTTP__LISTEN", "1.1.1.1:1")]), "1.1.1.1:1");
}

#[test]
fn a_list_in_the_environment_is_an_array_or_has_commas() {
    let key = "ORDER_SERVICE__HTTP__CORS_ORIGINS";
    let read = |text| load("", &[(key, text)], Overrides::default());
    let origins = |text| read(text).expect("a list").http.cors_origins.join(" ");
    for two in
        ["https://a.example, http://b.example", r#"["https://a.example","http://b.example"]"#]
    {
        assert_eq!(origins(two), "https://a.example http://b.example");
    }
    assert_eq!(origins("[]"), "");
    let half = refusal(read(r#"["https://a.example""#));
    assert!(half.contains("`http.cors_origins`") && half.contains(key), "{half}");
}

#[test]
fn in_development_the_platforms_web_client_may_call_unless_configured_otherwise() {
    let origins = |file, environment: &[(&str, &str)]| {
        let read = load(file, environment, Overrides::default());
        read.expect("a good configuration").http.cors_origins.join(" ")
    };
    let development = ("ASPNETCORE_ENVIRONMENT", "Development");
    assert_eq!(origins("", &[development]), "http://localhost:3000");
    assert_eq!(
        origins("", &[("aspnetcore_environment", " development ")]),
        "http://localhost:3000"
    );
    assert_eq!(origins("", &[("DOTNET_ENVIRONMENT", "Development")]), "http://localhost:3000");
    for other in ["Production", "Staging", "", "Developments"] {
        assert_eq!(origins("", &[("ASPNETCORE_ENVIRONMENT", other)]), "", "{other}");
    }
    let of_both = [("DOTNET_ENVIRONMENT", "Development"), ("ASPNETCORE_ENVIRONMENT", "Production")];
    assert_eq!(origins("", &of_both), "");
    assert_eq!(origins("http.cors_origins = []", &[development]), "");
    let own = ("ORDER_SERVICE__HTTP__CORS_ORIGINS", "https://shop.example");
    assert_eq!(origins("", &[own, development]), "https://shop.example");
}

#[test]
fn the_platforms_own_environment_and_one_more_variable_are_understood() {
    let platform = [
        ("ASPNETCORE_ENVIRONMENT", "Development"),
        ("ASPNETCORE_URLS", "http://+:80"),
        ("ConnectionStrings__DefaultConnection", ADO_NET),
        ("ServiceUrls__UserService", "http://user-service:80"),
        ("ServiceUrls__ProductService", "http://product-service:80"),
        ("ServiceUrls__PaymentService", "http://payment-service:80"),
        ("DATABASE_URL", "postgres://orders:s3cret@db/orders"),
    ];
    let config = from_environment(&platform).expect("all of it is good");
    assert_eq!(config.http.listen.to_string(), "0.0.0.0:80");
    assert_eq!(config.http.cors_origins, ["http://localhost:3000"]);
    assert_eq!(config.database.url.to_string(), "postgres://orders:***@db/orders");
    assert_eq!(config.services.payment.url.as_str(), "http://payment-service/");
}

#[test]
fn a_password_is_never_printed() {
    for url in [
        "postgres://u:s3cret@h/d",
        "postgresql://u@h/d?password=s3cret",
        "postgres://u:s3cret@h:port/d",
        "postgres://u:s3cret#@h/d",
        "mysql://u:s3cret@h/d",
        "s3cret",
        "Server=tcp://h,1433;Password=s3cret",
        "Host=h;Username=u;Password=s3cret",
    ] {
        let said = match from_environment(&[("DATABASE_URL", url)]) {
            Ok(config) => format!("{config:?} {}", config.database.url),
            Err(error) => format!("{error} {error:?}"),
        };
        assert!(!said.contains("s3cret"), "{said}");
    }
    for file in [
        "operator.token = ['s3cret']",
        "operator = 's3cret'",
        "database = 's3cret'",
        "[operator]\ntoken = 's3cret",
        "operator.token = 's3cret s3cret'",
        "services.user.url = 'http://u:s3cret@h'",
        "services.user.url = 'http://u:s3cret@h:x'",
        "broker.url = 'amqp://u:s3cret@h:x'",
        "broker.url = 'http://u:s3cret@h'",
        "broker = 's3cret'",
        "intake.url = ['s3cret']",
    ] {
        let line = refusal(from_file(file));
        assert!(!line.contains("s3cret"), "{line}");
    }
}

#[test]
fn an_unknown_key_is_refused_by_name() {
    insta::assert_snapshot!(refusal(from_file("[retry]\njiter = 0.1")), @"configuration: unknown key `retry.jiter`; known here: initial, max, multiplier, jitter, stuck_after (in order-service.toml)");
    insta::assert_snapshot!(refusal(from_file("[services.user]\nport = 1")), @"configuration: unknown key `services.user.port`; known here: url, timeout, concurrency (in order-service.toml)");
    insta::assert_snapshot!(refusal(from_file("[htp]\nlisten = 1")), @"configuration: unknown key `htp`; known here: http, operator, users, database, services, circuit, checkout, executor, retry, events, broker, intake, mail, webhooks, audit, retention, shutdown (in order-service.toml)");
    let variable = |name| refusal(from_environment(&[(name, "1")]));
    insta::assert_snapshot!(variable("ORDER_SERVICE__RETRY__JITER"), @"configuration: unknown key `retry.jiter` (in ORDER_SERVICE__RETRY__JITER)");
    insta::assert_snapshot!(variable("ORDER_SERVICE__RETRY"), @"configuration: `retry` is a section, not a key (in ORDER_SERVICE__RETRY)");
}

/// One key a line, each with a value that is not allowed.
const BROKEN: [&str; 46] = [
    "retention.sagas = '90d'",
    "retention.events = '10'",
    "retention.deliveries = 'never'",
    "retention.every = '0s'",
    "http.listen = 'localhost:5004'",
    "http.cors_origins = ['*']",
    "http.cors_origins = ['https://shop.example/']",
    "http.cors_origins = 'https://shop.example'",
    "operator.token = 12345",
    "operator.token = 'two words'",
    "database.url = 'mysql://h/d'",
    "database.url = 'sqlite://'",
    "database.url = 'postgres:///d'",
    "database.migrate = 1",
    "database.max_connections = 0",
    "services.user.url = 'ftp://h'",
    "services.user.url = 'http://h/?a=b'",
    "services.user.url = 'http://u:p@h/'",
    "services.user.timeout = '0s'",
    "services.product.concurrency = 0",
    "services.payment.key_memory = '0s'",
    "checkout.wait = '61s'",
    "checkout.wait = 10",
    "checkout.wait = '10'",
    "checkout.wait = 'soon'",
    "checkout.deadline = '0s'",
    "checkout.deadline = '1000years'",
    "checkout.backlog = 0",
    "checkout.backlog = -1",
    "broker.url = 'http://rabbit'",
    "broker.exchange = ''",
    "broker.exchange = 'amq.topic'",
    "intake.queue = 'orders.dead'",
    "intake.prefetch = 0",
    "executor.concurrency = 0",
    "executor.concurrency = 1.5",
    "executor.lease = '499ms'",
    "retry.initial = '31s'",
    "retry.max = '0s'",
    "retry.multiplier = 0.9",
    "retry.multiplier = inf",
    "retry.jitter = 3",
    "retry.jitter = nan",
    "retry.jitter = 'much'",
    "retry.stuck_after = '0s'",
    "shutdown = 5",
];

#[test]
fn a_value_that_breaks_a_rule_is_refused_with_its_key_and_its_source() {
    let said = BROKEN.map(|line| refusal(from_file(line))).join("\n");
    insta::assert_snapshot!(said.replace(" (in order-service.toml)", ""), @r#"
    configuration: `retention.sagas` needs `retention.archive`: sagas are archived before they are deleted
    configuration: `retention.events` must be a duration such as "90d", or "forever"
    configuration: `retention.deliveries` must be a duration such as "90d", or "forever"
    configuration: `retention.every` must be at least 1ms, not 0s
    configuration: `http.listen` must be an IP address and a port such as 0.0.0.0:5004, not `localhost:5004`
    configuration: `http.cors_origins` must list origins such as https://shop.example, not `*`
    configuration: `http.cors_origins` must list origins as a browser writes them: write `https://shop.example` instead of `https://shop.example/`
    configuration: `http.cors_origins` must be a list, not `https://shop.example`
    configuration: `operator.token` must be text in quotes
    configuration: `operator.token` must be visible ASCII characters without spaces
    configuration: `database.url` must begin with sqlite://, postgres:// or postgresql://
    configuration: `database.url` must name a file, as sqlite://FILE
    configuration: `database.url` must name a host
    configuration: `database.migrate` must be true or false, not 1
    configuration: `database.max_connections` must be between 1 and 10000, not 0
    configuration: `services.user.url` must be a URL such as http://localhost:5005
    configuration: `services.user.url` must not have a query or a fragment
    configuration: `services.user.url` must not hold a user name or a password
    configuration: `services.user.timeout` must be at least 1ms, not 0s
    configuration: `services.product.concurrency` must be between 1 and 1000000, not 0
    configuration: `services.payment.key_memory` must be at least 1ms, not 0s
    configuration: `checkout.wait` must be at most 1m, not 1m 1s
    configuration: `checkout.wait` must be a duration with its unit, not 10: write "10s" for seconds
    configuration: `checkout.wait` must be a duration with its unit, not 10: write "10s" for seconds
    configuration: `checkout.wait` must be a duration such as 30s, not `soon`
    configuration: `checkout.deadline` must be at least 1ms, not 0s
    configuration: `checkout.deadline` must be at most 1year, not 1000years
    configuration: `checkout.backlog` must be between 1 and 1000000000000, not 0
    configuration: `checkout.backlog` must be a whole number, zero or more, not -1
    configuration: `broker.url` must be a URL such as amqp://USER:PASSWORD@HOST:5672/VHOST; in a password, write @ : / ? # and % as %40 %3A %2F %3F %23 %25
    configuration: `broker.exchange` must be a name of 1 to 255 bytes, not beginning with amq.
    configuration: `broker.exchange` must be a name of 1 to 255 bytes, not beginning with amq.
    configuration: `intake.queue` must not be orders.dead, which is for what is no order
    configuration: `intake.prefetch` must be between 1 and 10000, not 0
    configuration: `executor.concurrency` must be between 1 and 1000000, not 0
    configuration: `executor.concurrency` must be a whole number, zero or more, not 1.5
    configuration: `executor.lease` must be at least 500ms, not 499ms
    configuration: `retry.initial` must be at most `retry.max` (30s), not 31s
    configuration: `retry.max` must be at least 1ms, not 0s
    configuration: `retry.multiplier` must be between 1 and 1000, not 0.9
    configuration: `retry.multiplier` must be between 1 and 1000, not inf
    configuration: `retry.jitter` must be between 0 and 1, not 3
    configuration: `retry.jitter` must be between 0 and 1, not NaN
    configuration: `retry.jitter` must be a number, not `much`
    configuration: `retry.stuck_after` must be at least 1ms, not 0s
    configuration: `shutdown` must be a section, not 5
    "#);
    assert_eq!(said.matches("(in order-service.toml)").count(), BROKEN.len(), "{said}");
}

#[test]
fn the_source_of_a_bad_value_is_named_also_when_it_is_a_variable_or_a_flag() {
    let read = from_environment(&[("ORDER_SERVICE__RETRY__JITTER", "3")]);
    insta::assert_snapshot!(refusal(read), @"configuration: `retry.jitter` must be between 0 and 1, not 3 (in ORDER_SERVICE__RETRY__JITTER)");
    let database_url = Some("orders.db".to_owned());
    let read = load("", &[], Overrides { database_url, ..Overrides::default() });
    insta::assert_snapshot!(refusal(read), @"configuration: `database.url` must begin with sqlite://, postgres:// or postgresql:// (in --database-url)");
}

#[test]
fn a_file_that_is_not_toml_is_refused_by_line_without_quoting_it() {
    insta::assert_snapshot!(refusal(from_file("[http]\n\nlisten = s3cret")), @"configuration: line 3 is not TOML: string values must be quoted, expected literal string (in order-service.toml)");
}

#[test]
fn a_file_named_by_a_flag_must_exist_and_the_usual_one_need_not() {
    let missing = Path::new("no-such-directory/order-service.toml").to_owned();
    let read = |file| {
        let (environment, flags) = (Vec::new(), Overrides::default());
        Config::from_sources(&Sources { file, environment, flags })
    };
    assert!(read(File::IfPresent(missing.clone())).is_ok());
    insta::assert_snapshot!(refusal(read(File::Given(missing))), @"configuration: `no-such-directory/order-service.toml` cannot be read: No such file or directory (os error 2)");
}
