//! The variables that tell .NET services where to listen.

use std::net::SocketAddr;

use order_service::config::Overrides;

use super::{from_environment, load, refusal};

fn listening(environment: &[(&str, &str)]) -> String {
    match from_environment(environment) {
        Ok(config) => config.http.listen.to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_addresses_of_dotnet_are_understood_and_the_first_without_tls_counts() {
    for (urls, address) in [
        ("http://+:80", "0.0.0.0:80"),
        ("http://*:8080/", "0.0.0.0:8080"),
        ("HTTP://0.0.0.0:80;https://+:443", "0.0.0.0:80"),
        ("https://+:443; http://+:5000 ;http://+:5001", "0.0.0.0:5000"),
        ("http://localhost:5004", "127.0.0.1:5004"),
        ("http://127.0.0.1:0", "127.0.0.1:0"),
        ("http://[::1]:5004", "[::1]:5004"),
        ("http://[::]", "[::]:80"),
        ("http://+", "0.0.0.0:80"),
        ("http://order-service:5004", "0.0.0.0:5004"),
        (" ; http://+:81;", "0.0.0.0:81"),
    ] {
        assert_eq!(listening(&[("ASPNETCORE_URLS", urls)]), address, "{urls}");
    }
    assert_eq!(listening(&[("ASPNETCORE_HTTP_PORTS", "8080;8081")]), "0.0.0.0:8080");
    assert_eq!(listening(&[("aspnetcore_http_ports", " 80 ")]), "0.0.0.0:80");
    assert_eq!(listening(&[("DOTNET_URLS", "http://+:80")]), "0.0.0.0:80");
    let both = [("ASPNETCORE_HTTP_PORTS", "8080"), ("ASPNETCORE_URLS", "http://+:80")];
    assert_eq!(listening(&both), "0.0.0.0:80");
    let all = [both[0], both[1], ("Kestrel__Endpoints__Http__Url", "http://+:81")];
    assert_eq!(listening(&all), "0.0.0.0:81");
    let empty = [("ASPNETCORE_HTTP_PORTS", "8080"), ("ASPNETCORE_URLS", " ")];
    assert_eq!(listening(&empty), "0.0.0.0:8080");
    assert_eq!(listening(&[("ASPNETCORE_URLS", "")]), "0.0.0.0:5004");
}

#[test]
fn an_address_for_dotnet_that_can_not_be_used_is_refused_with_what_to_write() {
    let said = |name, value| refusal(from_environment(&[(name, value)]));
    insta::assert_snapshot!(said("ASPNETCORE_URLS", "https://+:443"), @"configuration: `http.listen` must have an http address, since TLS ends in front of this service: write http://+:80 for port 80 of every address (in ASPNETCORE_URLS)");
    insta::assert_snapshot!(said("ASPNETCORE_URLS", "http://+:port"), @"configuration: `http.listen` cannot be `http://+:port`: write http://+:80 for port 80 of every address (in ASPNETCORE_URLS)");
    insta::assert_snapshot!(said("ASPNETCORE_URLS", "0.0.0.0:80"), @"configuration: `http.listen` must list URLs, not `0.0.0.0:80`: write http://+:80 for port 80 of every address (in ASPNETCORE_URLS)");
    insta::assert_snapshot!(said("AspNetCore_Http_Ports", "http://+:80"), @"configuration: `http.listen` must be a port such as 8080, not `http://+:80` (in AspNetCore_Http_Ports)");
    for url in
        ["http://+:80/orders", "http://:80", "http://unix:/run/s", "http://+:99999", "http://"]
    {
        let line = said("ASPNETCORE_URLS", url);
        assert!(line.contains("write http://+:80"), "{line}");
    }
}

#[test]
fn an_address_for_dotnet_is_ignored_if_this_service_has_its_own() {
    let shared = ("ASPNETCORE_URLS", "https://+:443");
    assert_eq!(listening(&[shared, ("ORDER_SERVICE__HTTP__LISTEN", "1.1.1.1:1")]), "1.1.1.1:1");
    let listen = Some(SocketAddr::from(([2, 2, 2, 2], 2)));
    let flags = Overrides { listen, ..Overrides::default() };
    assert_eq!(load("", &[shared], flags).expect("a flag").http.listen.port(), 2);
    let file = "http.listen = '3.3.3.3:3'";
    let outranked = load(file, &[("ASPNETCORE_URLS", "http://+:80")], Overrides::default());
    assert_eq!(outranked.expect("both are good").http.listen.port(), 80);
}
