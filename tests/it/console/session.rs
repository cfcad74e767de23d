//! Signing in and out, and how a session ends (promise 66).

use chrono::TimeDelta;
use order_service::app::Running;
use order_service::config::{Role, Token};
use order_service::sandbox::sample::{ASHA, TEA};

use super::{Browser, ROLES, named, with_roles};
use crate::harness::{BOTH, Books, TOKEN, World, cart, on_both, on_both_with};

#[tokio::test]
async fn whoever_has_no_session_is_sent_to_sign_in_and_then_to_where_they_wanted() {
    on_both(async |world| {
        let mut browser = Browser::new(world);
        let page = browser.get("/console/sagas?stuck=true&sort=age").await;
        assert_eq!(page.status, 303);
        let sign_in = page.header("location").expect("where to").to_owned();
        assert_eq!(sign_in, "/console/sign-in?next=%2Fconsole%2Fsagas%3Fstuck%3Dtrue%26sort%3Dage");
        let page = browser.get(&sign_in).await;
        assert_eq!(page.status, 200);
        assert!(page.tag("token").contains("type=\"password\""));
        assert!(page.tag("sign-in").starts_with("<button"));
        let next = page.hidden("<form", "next").replace("&#38;", "&");
        assert_eq!(next, "/console/sagas?stuck=true&sort=age");
        let wrong = browser.post("/console/sign-in", &[("token", "x"), ("next", &next)]).await;
        assert_eq!(
            (wrong.status, wrong.text("error")),
            (401, "The operator token is wrong".into())
        );
        assert_eq!(wrong.header("set-cookie"), None);
        assert_eq!(wrong.hidden("<form", "next").replace("&#38;", "&"), next, "it is kept");
        let right = browser.post("/console/sign-in", &[("token", TOKEN), ("next", &next)]).await;
        assert_eq!((right.status, right.header("location")), (303, Some(next.as_str())));
        let cookie = right.header("set-cookie").expect("a cookie");
        for part in ["HttpOnly", "SameSite=Strict", "Path=/console", "Max-Age=43200"] {
            assert!(cookie.contains(part), "{part}: {cookie}");
        }
        assert!(!cookie.contains("Secure"), "{cookie}");
        browser.keep_cookie(&right);
        assert_eq!(browser.get(&next).await.status, 200);
        // A link from elsewhere comes without the cookie: the page tries once more, from here.
        let there = |site: &str| {
            let request = world.http.get(world.url(&sign_in)).header("sec-fetch-site", site);
            async { request.send().await.expect("an answer").text().await.expect("a page") }
        };
        assert!(there("cross-site").await.contains("http-equiv=\"refresh\""));
        assert!(!there("same-origin").await.contains("http-equiv"));
        let elsewhere = [("token", TOKEN), ("next", "//evil.example")];
        let page = browser.post("/console/sign-in", &elsewhere).await;
        assert_eq!(page.header("location"), Some("/console"));
    })
    .await;
}

#[tokio::test]
async fn a_cookie_goes_over_https_only_if_it_came_so() {
    on_both(async |world| {
        let browser = Browser::new(world);
        for (name, value) in [("x-forwarded-proto", "https"), ("forwarded", "proto=https")] {
            let headers = [("sec-fetch-site", "same-origin"), (name, value)];
            let page = browser.post_with("/console/sign-in", &[("token", TOKEN)], &headers).await;
            assert!(page.header("set-cookie").is_some_and(|cookie| cookie.ends_with("; Secure")));
        }
    })
    .await;
}

#[tokio::test]
async fn signing_out_ends_the_session_and_the_bearer_token_opens_nothing_here() {
    on_both(async |world| {
        let browser = Browser::signed_in(world, TOKEN).await;
        let page = browser.get("/console").await;
        assert!(page.tag("sign-out").starts_with("<button"));
        let answer = browser.post("/console/sign-out", &[]).await;
        assert_eq!((answer.status, answer.header("location")), (303, Some("/console/sign-in")));
        assert!(answer.header("set-cookie").is_some_and(|cookie| cookie.contains("Max-Age=0")));
        // Whoever has kept the cookie has nothing.
        assert_eq!(browser.get("/console").await.status, 303);
        let request = world.http.get(world.url("/console/sagas/x")).bearer_auth(TOKEN);
        let page = Browser::new(world).send(request).await;
        assert!(page.html.contains("Sign in"), "{page:?}");
        let asked = world.http.get(world.url("/api/operator/summary"));
        let asked = asked.header("cookie", browser.cookie.as_deref().expect("a cookie"));
        assert_eq!(asked.send().await.expect("an answer").status(), 401, "nor the cookie there");
    })
    .await;
}

#[tokio::test]
async fn without_a_configured_token_the_desk_is_closed_and_says_so() {
    on_both_with(
        |world| world.set(|config| config.operator.token = None),
        async |world| {
            let browser = Browser::new(world);
            for page in [
                browser.get("/console").await,
                browser.get("/console/sign-in").await,
                browser.post("/console/sign-in", &[("token", "")]).await,
            ] {
                assert_eq!(page.status, 403);
                assert_eq!(page.text("error"), "No operator token is configured");
            }
        },
    )
    .await;
}

#[tokio::test]
async fn a_session_lasts_over_a_restart_and_ends_with_its_token_or_its_role() {
    for books in BOTH {
        let world = with_roles(World::build(books)).start().await;
        let cookies = async |world: &World| {
            let mut cookies = Vec::new();
            for token in ["token-of-viewer", "token-of-operator", TOKEN] {
                cookies.push(Browser::signed_in(world, token).await.cookie);
            }
            cookies
        };
        let cookies = cookies(&world).await;
        let statuses = async |world: &World| {
            let mut statuses = Vec::new();
            for cookie in &cookies {
                let mut browser = Browser::new(world);
                browser.cookie.clone_from(cookie);
                statuses.push(browser.get("/console").await.status);
            }
            statuses
        };
        assert_eq!(statuses(&world).await, [200; 3]);
        let mut world = world.restart().await;
        assert_eq!(statuses(&world).await, [200; 3], "the same on another replica");
        // The viewer's token is another person's role now, and the shared one has changed.
        world.config.operator.tokens[0].role = Role::Operator;
        world.config.operator.token = Token::parse("another").expect("a token");
        let mut world = world.restart().await;
        assert_eq!(statuses(&world).await, [303, 200, 303]);
        world.config.operator.tokens = vec![named(ROLES[0])];
        world.config.operator.token = Token::parse(TOKEN).expect("a token");
        let world = world.restart().await;
        assert_eq!(statuses(&world).await, [200, 303, 200]);
        world.finish().await;
    }
}

#[tokio::test]
async fn a_session_ends_by_itself_after_twelve_hours_and_is_forgotten_then() {
    let world = super::patient(World::build(Books::Sqlite)).start().await;
    let browser = Browser::signed_in(&world, TOKEN).await;
    let id = super::failing_charge(&world, "k").await;
    world.clock.set_machine_time_by(TimeDelta::minutes(12 * 60 - 1));
    assert_eq!(browser.get("/console").await.status, 200);
    world.clock.set_machine_time_by(TimeDelta::minutes(2));
    let page = browser.get("/console").await;
    assert_eq!(
        (page.status, page.header("location")),
        (303, Some("/console/sign-in?next=%2Fconsole"))
    );
    // A form that comes too late leads back to itself.
    let retry = format!("/console/sagas/{id}/retry");
    let page = browser.post(&retry, &[("reason", "x"), ("version", "1")]).await;
    let next = page.header("location").expect("where to").to_owned();
    assert_eq!(
        (page.status, next),
        (303, format!("/console/sign-in?next={}", retry.replace('/', "%2F")))
    );
    let again = Browser::signed_in(&world, TOKEN).await;
    assert_eq!(again.get(&retry).await.status, 200);
    world.until(async || world.inspect(id).await["next"].is_null()).await;
    world.finish().await;
}

#[tokio::test]
async fn a_session_is_good_on_every_replica_and_ends_on_all_of_them() {
    let world = World::build(Books::Postgres).start().await;
    let other = Running::start(world.config.clone(), world.clock.clone()).await;
    let other = other.expect("a replica");
    let browser = Browser::signed_in(&world, TOKEN).await;
    let there = |path: &str| format!("http://{}{path}", other.address);
    let page = browser.send(world.http.get(there("/console"))).await;
    assert_eq!(page.status, 200);
    let out = world.http.post(there("/console/sign-out")).header("sec-fetch-site", "same-origin");
    assert!(browser.send(out).await.tag("sign-in").starts_with("<button"));
    assert_eq!(browser.get("/console").await.status, 303);
    other.stop(world.config.shutdown.grace).await;
    world.finish().await;
}

#[tokio::test]
async fn a_form_of_another_site_is_refused_before_anything_else() {
    on_both(async |world| {
        let browser = Browser::signed_in(world, TOKEN).await;
        let own = format!("http://{}", world.service.address);
        let id = world.clock.fresh_id();
        for path in [
            "/console/sign-in",
            "/console/sign-out",
            &format!("/console/sagas/{id}/retry"),
            "/console/webhooks",
            "/console/x",
        ] {
            for headers in [
                &[("sec-fetch-site", "cross-site")][..],
                &[("sec-fetch-site", "same-site")],
                &[("sec-fetch-site", "none"), ("origin", &own)],
                &[("origin", "https://evil.example")],
                &[("origin", "null")],
                &[],
            ] {
                let page = browser.post_with(path, &[("token", TOKEN)], headers).await;
                assert_eq!(page.status, 403, "{path} {headers:?}");
                assert_eq!(page.header("set-cookie"), None);
            }
        }
        assert_eq!(browser.get("/console").await.status, 200, "still signed in");
        let origin = [("origin", own.as_str())];
        let page = browser.post_with("/console/sign-in", &[("token", TOKEN)], &origin).await;
        assert_eq!(page.status, 303);
    })
    .await;
}

#[tokio::test]
async fn each_role_sees_its_pages_and_acts_where_it_may() {
    on_both_with(with_roles, async |world| {
        let id = super::failing_charge(world, "k").await;
        let pages = [
            "/console".to_owned(),
            "/console/sagas".to_owned(),
            format!("/console/sagas/{id}"),
            format!("/console/sagas/{id}/retry"),
            "/console/webhooks".to_owned(),
        ];
        let posts = [
            format!("/console/sagas/{id}/hold"),
            "/console/webhooks".to_owned(),
            format!("/console/webhooks/{id}/test"),
        ];
        for role in ROLES {
            let browser = Browser::signed_in(world, &format!("token-of-{role}")).await;
            for path in &pages {
                let page = browser.get(path).await;
                let expected = if role == Role::Fulfilment { 403 } else { 200 };
                assert_eq!(page.status, expected, "{role} {path}");
                if expected == 403 {
                    assert_eq!(page.text("error"), format!("Not allowed for role {role}"));
                }
            }
            let page = browser.get(&format!("/console/orders/{id}")).await;
            assert_eq!(page.status, 200, "{role}");
            assert_eq!(page.html.contains("/console/sagas/"), role != Role::Fulfilment, "{role}");
            let found = browser.get(&format!("/console/find?q={id}")).await;
            let own = if role == Role::Fulfilment { "orders" } else { "sagas" };
            assert_eq!(found.header("location"), Some(format!("/console/{own}/{id}").as_str()));
            let page = browser.get(&format!("/console/sagas/{id}")).await;
            let acts = matches!(role, Role::Operator | Role::Admin);
            assert_eq!(!page.tags("action-retry").is_empty(), acts, "{role}");
            let mut statuses = Vec::new();
            for path in &posts {
                statuses.push(browser.post(path, &[]).await.status);
            }
            let expected = match role {
                Role::Viewer | Role::Fulfilment => [403, 403, 403],
                Role::Operator => [400, 403, 403],
                Role::Admin => [400, 400, 404],
            };
            assert_eq!(statuses, expected, "{role}");
        }
        world.sandbox.clear_faults();
        let body = serde_json::json!({"reason": "well again"});
        assert_eq!(world.intervene(&format!("/sagas/{id}/retry"), &body).await.status, 200);
        world.until(async || world.inspect(id).await["next"].is_null()).await;
    })
    .await;
}

#[tokio::test]
async fn whoever_sees_orders_only_begins_where_one_is_found() {
    on_both_with(with_roles, async |world| {
        let id = world.create(&cart(ASHA, &[(TEA, 1)])).await.is_created(ASHA, 14_900);
        for (role, begins) in [(Role::Fulfilment, "/console/find"), (Role::Viewer, "/console")] {
            let token = format!("token-of-{role}");
            for form in
                [&[("token", token.as_str())][..], &[("token", &token), ("next", "/console")]]
            {
                let page = Browser::new(world).post("/console/sign-in", form).await;
                assert_eq!((page.status, page.header("location")), (303, Some(begins)), "{role}");
            }
            let browser = Browser::signed_in(world, &token).await;
            let page = browser.get(begins).await;
            assert_eq!(page.status, 200, "{role}");
            assert!(page.html.contains(&format!("class=\"home\" href=\"{begins}\"")), "{page:?}");
        }
        let browser = Browser::signed_in(world, "token-of-fulfilment").await;
        assert!(browser.get("/console/find?q=+").await.tag("find").starts_with("<input"));
        let found = browser.get(&format!("/console/find?q={id}")).await;
        assert_eq!(found.header("location"), Some(format!("/console/orders/{id}").as_str()));
    })
    .await;
}
