//! What ASP.NET accepts is accepted, and nothing is mistaken for something else.

use order_service::sandbox::Reads;
use order_service::sandbox::sample::{ASHA, TEA};
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::{Value, json};

use crate::harness::{Answer, TOKEN, World, all_sagas, cart, line, on_both};

const MARK: &str = "\u{feff}";

async fn post(world: &World, path: &str, headers: &[(&'static str, &str)], body: String) -> Answer {
    let request = world.http.post(world.url(path)).body(body);
    let headers = headers.iter().map(|(name, value)| {
        (name.parse().expect("a name"), HeaderValue::from_str(value).expect("a value"))
    });
    let request = request.headers(headers.collect::<HeaderMap>());
    Answer::of(request.send().await.expect("an answer")).await
}

async fn create_as(world: &World, media_type: &str, body: &str) -> Answer {
    post(world, "/api/orders/create", &[("content-type", media_type)], body.to_owned()).await
}

async fn get(world: &World, path: &str) -> Answer {
    // The client follows no redirections, so that tests see them.
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
    let request = http.expect("a client").get(world.url(path));
    Answer::of(request.bearer_auth(TOKEN).send().await.expect("an answer")).await
}

#[tokio::test]
async fn json_has_many_media_types_and_may_begin_with_a_byte_order_mark() {
    on_both(async |world| {
        let body = cart(ASHA, &[(TEA, 1)]).to_string();
        for media_type in [
            "text/json",
            "TEXT/JSON; Charset=\"UTF-8\"",
            "application/vnd.shop.cart+json;v=1",
            "x-shop/cart+json",
        ] {
            create_as(world, media_type, &body).await.is_created(ASHA, 14_900);
        }
        let marked = format!("{MARK}{body}");
        create_as(world, "application/json", &marked).await.is_created(ASHA, 14_900);
        let twice = create_as(world, "application/json", &format!("{MARK}{marked}")).await;
        assert_eq!(twice.status, 400, "{twice:?}");
    })
    .await;
}

#[tokio::test]
async fn a_body_in_another_encoding_is_refused_and_not_taken_as_it_is() {
    on_both(async |world| {
        let body = cart(ASHA, &[(TEA, 1)]).to_string();
        for coding in ["gzip", "br", "deflate", "zstd", "GZIP", "identity, br", "nonsense"] {
            let headers = [("content-type", "application/json"), ("content-encoding", coding)];
            let answer = post(world, "/api/orders/create", &headers, body.clone()).await;
            answer.is_problem(415, "the body must not be compressed", json!({}));
            assert_eq!(answer.header("accept-encoding"), Some("identity"));
        }
        for charset in ["utf-16", "iso-8859-1", "utf-7"] {
            let media_type = format!("application/json; charset={charset}");
            let answer = create_as(world, &media_type, &body).await;
            answer.is_problem(415, "the charset of the body must be utf-8", json!({}));
        }
        assert!(all_sagas(&world.service.store).await.is_empty());
        assert_eq!(world.sandbox.ledger().totals.reads, Reads::default());
        let headers = [("content-type", "application/json"), ("content-encoding", "identity")];
        let answer = post(world, "/api/orders/create", &headers, body).await;
        answer.is_created(ASHA, 14_900);
    })
    .await;
}

#[tokio::test]
async fn a_whole_number_may_be_a_string_of_digits_and_of_nothing_else() {
    on_both(async |world| {
        let of = |quantity: &str| {
            format!(
                r#"{{"userId":"{ASHA}","items":[{{"productId":"{TEA}","quantity":{quantity}}}]}}"#
            )
        };
        for (quantity, total) in [(r#""2""#, 29_800), (r#""002""#, 29_800), ("2.0", 29_800)] {
            let answer = create_as(world, "application/json", &of(quantity)).await;
            answer.is_created(ASHA, total);
        }
        let error = "items[0].quantity must be a whole number from 1 to 1000000";
        for bad in [
            r#""""#,
            r#"" 1""#,
            r#""1 ""#,
            r#""1.0""#,
            r#""+1""#,
            r#""-1""#,
            r#""1e0""#,
            r#""0x1""#,
            r#""0""#,
            r#""1000001""#,
            r#""٢""#,
            r#""1\u0000""#,
            "1.5",
            "true",
            "[1]",
            "18446744073709551616",
            r#""99999999999999999999999""#,
        ] {
            let answer = create_as(world, "application/json", &of(bad)).await;
            answer.is_problem(400, error, json!({}));
        }
        for unreadable in ["1e999", r#""\ud800""#, "01", "NaN"] {
            let answer = create_as(world, "application/json", &of(unreadable)).await;
            assert_eq!(answer.status, 400, "{unreadable}: {answer:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn if_names_differ_only_in_case_the_last_one_counts() {
    on_both(async |world| {
        let line = line(TEA, 1);
        for body in [
            format!(r#"{{"userId":"x","items":[{line}],"UserId":"{ASHA}"}}"#),
            format!(r#"{{"UserId":"x","items":[{line}],"userId":"{ASHA}"}}"#),
            format!(r#"{{"userId":"{ASHA}","ITEMS":[],"Items":[{line}]}}"#),
        ] {
            create_as(world, "application/json", &body).await.is_created(ASHA, 14_900);
        }
        let last_is_bad = format!(r#"{{"UserId":"{ASHA}","items":[{line}],"userId":"x"}}"#);
        let answer = create_as(world, "application/json", &last_is_bad).await;
        answer.is_problem(400, "userId is not a UUID", json!({}));
    })
    .await;
}

#[tokio::test]
async fn paths_match_without_regard_to_case_and_with_a_slash_at_the_end() {
    on_both(async |world| {
        let body = cart(ASHA, &[(TEA, 1)]).to_string();
        let headers = [("content-type", "application/json")];
        let answer = post(world, "/API/Orders/Create/", &headers, body).await;
        let id = answer.is_created(ASHA, 14_900);
        let (upper, user) = (id.to_string().to_uppercase(), ASHA.to_string().to_uppercase());
        for path in [
            format!("/API/ORDERS/{upper}"),
            format!("/api/Orders/{upper}/Status/"),
            format!("/Api/Orders/User/{user}/?limit=1"),
            format!("/Api/Operator/Sagas/{upper}/"),
            "/api/OPERATOR/sagas/?limit=1".to_owned(),
            "/api/operator/Summary".to_owned(),
            "/Health/Live".to_owned(),
            "/health/READY/".to_owned(),
            "/api/Health/".to_owned(),
            "/METRICS".to_owned(),
            "/OpenAPI.json".to_owned(),
            "/Docs/".to_owned(),
            "/docs/Index.HTML".to_owned(),
            "/%61pi/%4frders/User/%61aaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa".to_owned(),
        ] {
            let answer = get(world, &path).await;
            assert_eq!(answer.status, 200, "{path}: {answer:?}");
        }
        let order = get(world, &format!("/API/ORDERS/{upper}/")).await;
        assert_eq!(order.body["id"], json!(id));
        let listed = get(world, &format!("/Api/Orders/User/{user}/")).await;
        assert_eq!(listed.body, Value::Array(vec![order.body]));
        // A problem names the path as the client wrote it.
        for (path, status) in [("/Nothing/", 404), ("/API/Orders/X/", 400), ("/api//health", 404)] {
            let answer = get(world, path).await;
            assert_eq!((answer.status, &answer.body["instance"]), (status, &json!(path)));
        }
    })
    .await;
}

#[tokio::test]
async fn the_old_address_of_the_documentation_leads_to_it() {
    on_both(async |world| {
        for path in ["/swagger", "/Swagger/", "/swagger/index.html", "/swagger/v1/swagger.json"] {
            let answer = get(world, path).await;
            assert_eq!((answer.status, answer.header("location")), (302, Some("/docs")), "{path}");
        }
        assert_eq!(get(world, "/swaggered").await.status, 404);
        let answer = get(world, "/docs/%FF").await;
        answer.is_problem(404, "Not found", json!({}));
    })
    .await;
}
