//! Keys that the issuer publishes: fetched, kept, and fetched again.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get as route;
use jsonwebtoken::Algorithm;
use order_service::sandbox::sample::ASHA;
use serde_json::{Value, json};

use super::issuer::*;
use super::{by_hand, history};
use crate::harness::{Answer, Books, World};

/// The issuer's server. What it answers can be changed; `None` is a failure.
#[derive(Clone, Default)]
struct Issuer {
    answers: Arc<Mutex<Option<Value>>>,
    asked: Arc<AtomicUsize>,
}

impl Issuer {
    async fn start(keys: &[Value]) -> (Self, String) {
        let issuer = Self::default();
        issuer.publish(keys);
        let of = issuer.clone();
        let answer = async move || {
            of.asked.fetch_add(1, Ordering::SeqCst);
            let body = of.answers.lock().expect("unharmed").clone();
            body.map(|body| body.to_string()).ok_or(StatusCode::INTERNAL_SERVER_ERROR)
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/jwks.json", listener.local_addr().expect("an address"));
        let router = Router::new().route("/jwks.json", route(answer));
        tokio::spawn(async move { axum::serve(listener, router).await });
        (issuer, url)
    }

    fn publish(&self, keys: &[Value]) {
        *self.answers.lock().expect("unharmed") = Some(json!({"keys": keys}));
    }

    fn answer(&self, body: Option<Value>) {
        *self.answers.lock().expect("unharmed") = body;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// A world that takes what this issuer signs, on a clock that is moved by hand.
async fn world_of(url: &str) -> World {
    let url = url.parse().expect("a URL");
    let world = with_tokens(World::build(Books::Sqlite), |users| users.jwt.jwks_url = Some(url));
    by_hand(world.start().await).await
}

fn rsa() -> Signer {
    Signer::new(Algorithm::RS256, RSA)
}

fn p256() -> Signer {
    Signer::new(Algorithm::ES256, P256)
}

fn ed25519() -> Signer {
    Signer::new(Algorithm::EdDSA, ED25519)
}

/// GETs with a token that names its key.
async fn ask_named(world: &World, signer: &Signer, kid: Option<&str>) -> Answer {
    let mut header = signer.header();
    if let Some(kid) = kid {
        header["kid"] = json!(kid);
    }
    let token = signer.token_with(&header, &claims(ASHA, world.clock.now().timestamp()));
    history(world, &token).await
}

async fn status(world: &World, signer: &Signer, kid: &str) -> u16 {
    ask_named(world, signer, Some(kid)).await.status
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test]
async fn a_token_is_verified_with_the_key_that_it_names_and_that_keys_algorithm() {
    let with = |mut key: Value, name: &str, value: Value| {
        key[name] = value;
        key
    };
    let p384 = Signer::new(Algorithm::ES384, P384);
    let shared = Signer::new(Algorithm::HS256, SHARED);
    let keys = [
        json!("no key"),
        json!({"kty": "RSA", "kid": "incomplete"}),
        rsa().published("rsa"),
        p256().published("ec"),
        ed25519().published("ed"),
        p384.published("p384"),
        shared.published("oct"),
        shared.published("both"),
        rsa().published("both"),
        with(rsa().published("encrypts"), "use", json!("enc")),
        with(rsa().published("signs"), "key_ops", json!(["sign"])),
        with(rsa().published("pss"), "alg", json!("PS256")),
    ];
    let (issuer, url) = Issuer::start(&keys).await;
    let world = world_of(&url).await;
    for (signer, kid, expected) in [
        (rsa(), "rsa", 200),
        (p256(), "ec", 200),
        (ed25519(), "ed", 200),
        (rsa(), "both", 200),
        (rsa(), "ec", 401),
        (p256(), "rsa", 401),
        (Signer::new(Algorithm::RS256, RSA_OTHER), "rsa", 401),
        (Signer::new(Algorithm::RS512, RSA), "rsa", 401),
        (Signer::new(Algorithm::PS256, RSA), "rsa", 401),
        (Signer::new(Algorithm::HS256, RSA_PUBLIC), "rsa", 401),
        (p384, "p384", 401),
        (shared.clone(), "oct", 401),
        (shared, "both", 401),
        (rsa(), "encrypts", 401),
        (rsa(), "signs", 401),
        (rsa(), "pss", 401),
        (Signer::new(Algorithm::PS256, RSA), "pss", 401),
        (rsa(), "", 401),
        (rsa(), "RSA", 401),
        (rsa(), "../rsa", 401),
    ] {
        assert_eq!(status(&world, &signer, kid).await, expected, "{:?} {kid}", signer.algorithm);
    }
    assert_eq!(ask_named(&world, &p256(), None).await.status, 200, "one of them fits");
    let other = Signer::new(Algorithm::ES256, P256_OTHER);
    assert_eq!(ask_named(&world, &other, None).await.status, 401, "none fits");
    assert_eq!(issuer.asked(), 1, "all within 30 s");
    world.stop().await;
}

#[tokio::test]
async fn a_new_key_is_fetched_when_it_is_first_named_and_at_most_every_30_s() {
    let (issuer, url) = Issuer::start(&[rsa().published("a")]).await;
    let world = world_of(&url).await;
    assert_eq!(issuer.asked(), 0, "nobody has asked yet");
    assert_eq!(status(&world, &rsa(), "a").await, 200);
    issuer.publish(&[rsa().published("a"), p256().published("b")]);
    for (wait, kid, expected, asked) in [
        (0, "b", 401, 1),
        (29, "b", 401, 1),
        (1, "b", 200, 2),
        (0, "c", 401, 2),
        (29, "c", 401, 2),
        (1, "c", 401, 3),
        (29, "d", 401, 3),
        (1, "d", 401, 4),
        (0, "b", 200, 4),
    ] {
        world.clock.advance(seconds(wait));
        assert_eq!(status(&world, &p256(), kid).await, expected, "{kid}");
        assert_eq!(issuer.asked(), asked, "{kid}");
    }
    world.stop().await;
}

#[tokio::test]
async fn a_key_that_is_no_longer_published_is_good_for_10_minutes_at_most() {
    let (issuer, url) = Issuer::start(&[rsa().published("a")]).await;
    let world = world_of(&url).await;
    assert_eq!(status(&world, &rsa(), "a").await, 200);
    issuer.publish(&[p256().published("b")]);
    world.clock.advance(seconds(599));
    assert_eq!((status(&world, &rsa(), "a").await, issuer.asked()), (200, 1));
    world.clock.advance(seconds(1));
    assert_eq!((status(&world, &rsa(), "a").await, issuer.asked()), (401, 2));
    assert_eq!((status(&world, &p256(), "b").await, issuer.asked()), (200, 2));
    world.stop().await;
}

#[tokio::test]
async fn where_the_issuer_can_not_be_asked_a_known_key_stays_good_and_an_unknown_one_is_no_fault() {
    let (issuer, url) = Issuer::start(&[rsa().published("a")]).await;
    let world = world_of(&url).await;
    for failure in [None, Some(json!("no keys")), Some(json!({"keys": 1})), Some(json!([]))] {
        issuer.answer(failure);
        let asked = issuer.asked();
        let answer = ask_named(&world, &p256(), Some("b")).await;
        answer.is_problem(503, "The keys of users' tokens are unavailable", json!({}));
        assert_eq!((answer.header("retry-after"), issuer.asked()), (Some("31"), asked + 1));
        world.clock.advance(seconds(20));
        let answer = ask_named(&world, &p256(), Some("b")).await;
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("11")));
        assert_eq!(issuer.asked(), asked + 1, "the last try was 20 s ago, though it failed");
        world.clock.advance(seconds(10));
    }
    // A token that no key can be for is refused without asking.
    let asked = issuer.asked();
    assert_eq!(status(&world, &Signer::new(Algorithm::HS256, SHARED), "b").await, 401);
    assert_eq!(status(&world, &Signer::new(Algorithm::RS384, RSA), "b").await, 401);
    assert_eq!(issuer.asked(), asked);
    issuer.publish(&[rsa().published("a")]);
    assert_eq!(status(&world, &rsa(), "a").await, 200);
    // And once it is known it stays good, however long the issuer is away.
    issuer.answer(None);
    world.clock.advance(Duration::from_hours(3));
    assert_eq!(status(&world, &rsa(), "a").await, 200);
    assert_eq!(status(&world, &p256(), "b").await, 503);
    world.stop().await;
}

#[tokio::test]
async fn many_that_need_one_new_key_fetch_it_once() {
    let (issuer, url) = Issuer::start(&[rsa().published("a")]).await;
    let world = world_of(&url).await;
    let (signer, world_ref) = (rsa(), &world);
    let all = (0..50).map(|_| status(world_ref, &signer, "a"));
    let all = futures::future::join_all(all).await;
    assert_eq!((all, issuer.asked()), (vec![200; 50], 1));
    world.stop().await;
}
