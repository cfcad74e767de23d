//! The database's address.

use super::{from_environment, refusal};

#[test]
fn several_hosts_or_a_choice_among_servers_is_refused_with_what_to_use_instead() {
    for url in [
        "postgres://u:s3cret@one:5432,two:5432/d",
        "postgres://u:s3cret@one,two/d",
        "postgres://u:s3cret@one%2Ctwo/d",
        "postgresql://one:5432,two:5432,three:5432/d?sslmode=require",
        "postgres://u@[::1]:5432,[::2]:5432/d",
        "postgres://u:s3cret@one/d?host=one,two",
        "postgres://u:s3cret@one/d?hostaddr=10.0.0.1%2C10.0.0.2&port=5432",
        "postgres://u:s3cret@one/d?port=5432,5433",
        "postgres://u:s3cret@one/d?target_session_attrs=read-write",
        "postgres://u:s3cret@one/d?sslmode=require&target_session_attrs=primary",
        "postgres://u:s3cret@one/d?load_balance_hosts=random",
    ] {
        let line = refusal(from_environment(&[("DATABASE_URL", url)]));
        assert!(line.contains("`database.url` must name one host"), "{url}: {line}");
        assert!(line.contains("the one address that always leads to the primary"), "{line}");
        assert!(!line.contains("s3cret"), "{line}");
    }
}

#[test]
fn a_comma_in_a_password_or_a_name_is_no_list_of_hosts() {
    for url in [
        "postgres://u:a,b@one/d",
        "postgres://u:a,b@one:5432/d,e",
        "postgres://u@one/d?application_name=a,b&password=c,d",
        "postgres://u@one/d?host=/var/run/postgresql",
    ] {
        let config = from_environment(&[("DATABASE_URL", url)]).expect(url);
        assert_eq!(config.database.url.reveal(), url);
        assert!(config.database.url.ignored().is_empty(), "{url}");
    }
    // Where a slash is not written as %2F, the password ends there.
    let line = refusal(from_environment(&[("DATABASE_URL", "postgres://u:a,b/c@one/d")]));
    assert!(line.contains("%2F"), "{line}");
}

#[test]
fn what_the_driver_does_not_know_is_left_out_and_named_without_its_value() {
    let url = "postgres://u:p@one/d?sslmode=require&sslpassword=s3cret&connect_timeout=3";
    let url = from_environment(&[("DATABASE_URL", url)]).expect("it is left out").database.url;
    assert_eq!(url.reveal(), "postgres://u:p@one/d?sslmode=require");
    assert_eq!(url.ignored(), ["sslpassword", "connect_timeout"]);
}
