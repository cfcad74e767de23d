//! What the log says: at start which neighbours are taken to keep keys, and why a checkout waits.

use order_service::sandbox::{Call, Fault, FaultKind};
use serde_json::{Value, json};

use crate::harness::Served;

#[tokio::test]
async fn the_log_says_which_neighbours_keep_keys_and_why_a_checkout_waits() {
    let served = Served::start(&[("ORDER_SERVICE__SERVICES__PAYMENT__IDEMPOTENT", "true")]).await;
    let of = |neighbour: &'static str| {
        move |line: &Value| line["neighbour"] == neighbour && !line["idempotent"].is_null()
    };
    let told = served.line(of("payment")).await;
    assert_eq!((&told["level"], &told["idempotent"]), (&json!("INFO"), &json!(true)));
    let nobody_said = served.line(of("product")).await;
    assert_eq!(
        (&nobody_said["level"], &nobody_said["idempotent"]),
        (&json!("WARN"), &json!(false))
    );
    let words = nobody_said["message"].as_str().expect("a sentence");
    assert!(words.contains("services.product.idempotent"), "{words}");

    served.sandbox.inject(Fault::once(Call::Process, FaultKind::ErrorBefore)).expect("a fault");
    served.create().await;
    let waits = served.line(|line| line["message"] == "waits").await;
    for (field, value) in [
        ("why", "a call failed"),
        ("step", "charge_payment"),
        ("neighbour", "payment"),
        ("outcome", "unknown"),
    ] {
        assert_eq!(waits[field], json!(value), "{field} of {waits}");
    }
    let error = waits["error"].as_str().expect("a sentence");
    assert!(error.contains("500"), "{error}");
    served.terminate().await;
}
