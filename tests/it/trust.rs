//! Whose certificate the service takes for its database's.

use std::path::Path;
use std::process::{Command, Output};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use sea_orm::{ConnectionTrait, Database, Statement};
use tempfile::TempDir;

use crate::harness::Postgres;

/// What the certificate names, and where PostgreSQL listens, too.
const NAMED: &str = "127.0.0.1";
/// Leads there, too.
const NOT_NAMED: &str = "localhost";

/// Files with an authority: the one of the server's certificate, and another.
const OURS: &str = "ours.pem";
const OTHER: &str = "other.pem";

/// A PostgreSQL with a certificate by an authority of its own.
struct Trusted {
    _server: Postgres,
    url: String,
    directory: TempDir,
}

impl Trusted {
    async fn start() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let authority = authority(&directory.path().join(OURS));
        drop(self::authority(&directory.path().join(OTHER)));
        let key = KeyPair::generate().expect("a key");
        let certificate = CertificateParams::new([NAMED.to_owned()]).expect("a name");
        let certificate = certificate.signed_by(&key, &authority).expect("a certificate");
        let server = Postgres::start();
        has_certificate(&server, &certificate.pem(), &key.serialize_pem()).await;
        let url = server.database().await;
        Self { _server: server, url, directory }
    }

    /// Migrates the database at this host, with these parameters. The system's authorities are those of a file.
    fn migrate(&self, host: &str, parameters: &str, system: &str) -> Output {
        let url = format!("{}?{parameters}", self.url.replace(NAMED, host));
        Command::new(env!("CARGO_BIN_EXE_order-service"))
            .args(["migrate", "--database-url", &url])
            .current_dir(self.directory.path())
            .env_clear()
            .env("SSL_CERT_FILE", self.directory.path().join(system))
            .output()
            .expect("the binary can be run")
    }

    fn is_trusted(&self, host: &str, parameters: &str, system: &str) {
        let output = self.migrate(host, parameters, system);
        assert_eq!(output.status.code(), Some(0), "{parameters}: {output:?}");
    }

    fn is_not_trusted(&self, host: &str, parameters: &str, system: &str) {
        let output = self.migrate(host, parameters, system);
        assert_eq!(output.status.code(), Some(1), "{parameters}: {output:?}");
        let said = String::from_utf8(output.stderr).expect("text");
        assert!(said.contains("invalid peer certificate"), "{parameters}: {said}");
    }
}

/// A new authority, whose own certificate is written to a file.
fn authority(file: &Path) -> CertifiedIssuer<'static, KeyPair> {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("a key"));
    let authority = authority.expect("an authority");
    std::fs::write(file, authority.pem()).expect("a file");
    authority
}

/// Gives the server its certificate, and waits until it shows it. Its files are written by itself, as it takes no
/// key that others may read.
async fn has_certificate(server: &Postgres, certificate: &str, key: &str) {
    let admin = Database::connect(server.database().await).await.expect("the cluster");
    for (pem, file) in [(certificate, "server.crt"), (key, "server.key")] {
        let lines = format!("SELECT unnest(string_to_array(trim('{pem}', E'\n'), E'\n'))");
        let write = format!("COPY ({lines}) TO PROGRAM 'umask 077; cat > {file}'");
        admin.execute_unprepared(&write).await.expect("a file");
    }
    admin.execute_unprepared("ALTER SYSTEM SET ssl = on").await.expect("a setting");
    admin.execute_unprepared("SELECT pg_reload_conf()").await.expect("a reload");
    loop {
        let shown = Statement::from_string(admin.get_database_backend(), "SHOW ssl");
        let shown = admin.query_one_raw(shown).await.expect("an answer").expect("a row");
        if shown.try_get::<String>("", "ssl").expect("a word") == "on" {
            break;
        }
        tokio::task::yield_now().await;
    }
    admin.close().await.expect("closing");
}

#[tokio::test]
async fn the_database_is_trusted_by_the_systems_authorities_or_by_the_one_that_the_url_names() {
    let trusted = Trusted::start().await;
    // Nobody is asked unless the URL says so.
    trusted.is_trusted(NAMED, "sslmode=require", OTHER);
    // As everywhere else, by whom the system trusts.
    trusted.is_trusted(NAMED, "sslmode=verify-full", OURS);
    trusted.is_not_trusted(NAMED, "sslmode=verify-full", OTHER);
    // Another name is another server, unless only the authority counts.
    trusted.is_not_trusted(NOT_NAMED, "sslmode=verify-full", OURS);
    trusted.is_trusted(NOT_NAMED, "sslmode=verify-ca", OURS);
    trusted.is_not_trusted(NOT_NAMED, "sslmode=verify-ca", OTHER);
    // The URL's own authority, whether or not there are others.
    let file = trusted.directory.path().join(OURS);
    let named = format!("sslmode=verify-full&sslrootcert={}", file.display());
    trusted.is_trusted(NAMED, &named, OTHER);
    trusted.is_not_trusted(NOT_NAMED, &named, OTHER);
    trusted.is_trusted(NOT_NAMED, &named.replace("verify-full", "verify-ca"), OTHER);
}
