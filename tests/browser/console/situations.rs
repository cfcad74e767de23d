//! Situations that a person is called for, in a real browser: what the page says of the customer's money, of
//! the stock, of what is next and of what may be done. `PICTURES=DIRECTORY` keeps a picture of each there, as
//! docs/console has them, and of pages with `STUCK=4000` sagas.

use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use order_service::clock::Clock;
use order_service::sandbox::sample::{ASHA, CUP, MEENA, STICKER, TEA};
use order_service::sandbox::{Config, Idempotency, Sandbox};
use serde_json::{Value, json};

use super::{THEMES, WIDTHS, post, sign_in};
use crate::ONE;
use crate::browser::{Browser, PATIENCE, Services};
use crate::process::Served;

/// What a page has to say.
struct Says {
    name: &'static str,
    id: String,
    headline: &'static [&'static str],
    state: &'static str,
    /// The customer's money and the shop's pieces that are out.
    money: &'static str,
    pieces: &'static str,
    /// Whether it was charged, and refunded.
    charged: [&'static str; 2],
    next: &'static str,
    actions: &'static [&'static str],
}

/// Those who make the situations.
struct Stage<'a> {
    services: &'a Services,
}

impl Stage<'_> {
    async fn fault(&self, fault: Value) {
        post(format!("{}/_sandbox/faults", self.services.payments), &fault).await;
    }

    async fn mend(&self) {
        let url = format!("{}/_sandbox/faults", self.services.payments);
        let cleared = reqwest::Client::new().delete(url).send().await.expect("an answer");
        assert!(cleared.status().is_success());
    }

    /// Equal carts of one customer would be one checkout while it is not at rest.
    async fn order(&self, user: uuid::Uuid, tea: u32) -> String {
        let items = json!([{"productId": TEA, "quantity": tea}, {"productId": CUP, "quantity": 1}]);
        let cart = json!({"userId": user, "items": items});
        let made = post(format!("{}/api/orders/create", self.services.orders), &cart).await;
        made["id"].as_str().expect("an id").to_owned()
    }

    /// The first saga that this filter finds, once there is one.
    async fn first(&self, filter: &str) -> String {
        let url = format!("{}/api/operator/sagas?limit=1&{filter}", self.services.orders);
        let look = async {
            loop {
                let asked = reqwest::Client::new().get(&url).bearer_auth("demo").send().await;
                let page: Value = asked.expect("an answer").json().await.expect("JSON");
                if let Some(id) = page["items"][0]["id"].as_str() {
                    return id.to_owned();
                }
            }
        };
        let found = Clock::system().within(PATIENCE, look).await;
        found.unwrap_or_else(|| panic!("there never is one: {filter}"))
    }

    async fn stuck(&self, order: &str) -> String {
        self.first(&format!("stuck=true&orderId={order}")).await
    }

    async fn until_confirmed(&self, order: &str) {
        self.first(&format!("state=Completed&orderId={order}")).await;
    }

    async fn lost(&self, call: &str) {
        self.fault(json!({"call": call, "fault": "drop_after", "times": 1})).await;
    }

    async fn refused(&self, call: &str) {
        self.fault(json!({"call": call, "fault": "refuse", "times": 1})).await;
    }

    /// The cup is sold out for one order.
    async fn no_cup(&self) {
        let fault = json!({"call": "reserve", "fault": "refuse", "productId": CUP, "times": 1});
        self.fault(fault).await;
    }

    /// Checkouts that go back, and can't.
    async fn going_back(&self) -> [Says; 3] {
        self.no_cup().await;
        self.refused("refund").await;
        let order = self.order(MEENA, 3).await;
        let refund = Says {
            name: "refund-refused",
            id: self.stuck(&order).await,
            headline: &["₹696.50 charged", "refund refused", "nothing is held"],
            state: "Compensating",
            money: "₹696.50",
            pieces: "nothing",
            charged: ["yes", "no"],
            next: "refund_payment was refused: answered 404",
            actions: &["retry", "resolve", "hold"],
        };
        self.mend().await;

        self.no_cup().await;
        self.lost("release").await;
        let order = self.order(ASHA, 4).await;
        let release = Says {
            name: "release-in-doubt",
            id: self.stuck(&order).await,
            headline: &[
                "₹845.50 charged and refunded",
                "release in doubt",
                "at most 4 pieces held",
            ],
            state: "Compensating",
            money: "nothing",
            pieces: "at most 4 pieces",
            charged: ["yes", "yes"],
            next: "release_stock of line 0 may have happened",
            actions: &["resolve", "hold"],
        };
        self.mend().await;

        let order = self.order(ASHA, 5).await;
        self.until_confirmed(&order).await;
        self.refused("release").await;
        let cancel = json!({"reason": "inventory"});
        post(format!("{}/api/orders/{order}/cancel", self.services.orders), &cancel).await;
        let cancelled = Says {
            name: "cancelled-not-released",
            id: self.stuck(&order).await,
            headline: &["₹994.50 given back", "release refused", "5 pieces held"],
            state: "Cancelling",
            money: "nothing",
            pieces: "5 pieces",
            charged: ["yes", "yes"],
            next: "release_stock of line 0 was refused",
            actions: &["retry", "resolve", "hold"],
        };
        self.mend().await;

        [refund, release, cancelled]
    }

    /// Checkouts that go forward, and wait.
    async fn going_forward(&self) -> [Says; 3] {
        self.lost("reserve").await;
        let order = self.order(ASHA, 1).await;
        let reservation = Says {
            name: "reservation-in-doubt",
            id: self.stuck(&order).await,
            headline: &[
                "₹398.50 charged",
                "reservation in doubt",
                "waits for a person",
                "at most 2 pieces held",
            ],
            state: "Paid",
            money: "₹398.50",
            pieces: "at most 1 piece",
            charged: ["yes", "no"],
            next: "reserve_stock of line 0 may have happened",
            actions: &["compensate", "resolve", "hold"],
        };
        self.mend().await;

        self.lost("reserve").await;
        let order = self.order(MEENA, 6).await;
        let held = self.stuck(&order).await;
        let reason = json!({"reason": "the warehouse counts"});
        post(format!("{}/api/operator/sagas/{held}/hold", self.services.orders), &reason).await;
        let held_one = Says {
            name: "held",
            id: held,
            headline: &["₹1,143.50 charged", "reservation in doubt", "held by operator"],
            state: "Paid",
            money: "₹1,143.50",
            pieces: "at most 6 pieces",
            charged: ["yes", "no"],
            next: "nothing is sent until it is released",
            actions: &["resolve", "release"],
        };
        self.mend().await;

        // Last, as it is looked up again once the payment service says how it stands.
        self.fault(json!({"call": "payment_status", "fault": "error_before"})).await;
        self.lost("process").await;
        let order = self.order(MEENA, 2).await;
        let charge = Says {
            name: "charge-in-doubt",
            id: self.stuck(&order).await,
            headline: &["₹547.50 may have been charged", "charge in doubt", "nothing is held"],
            state: "Priced",
            money: "₹547.50 at most",
            pieces: "nothing",
            charged: ["unknown", "no"],
            next: "looks charge_payment up, and sends nothing, at",
            actions: &["retry", "compensate", "resolve", "hold"],
        };
        [reservation, held_one, charge]
    }
}

/// The text, or the value, of the first element of this name; `null` where there is none.
async fn read(browser: &Browser, name: &str) -> String {
    let script =
        format!("return document.querySelector('[data-testid={name}]')?.textContent.trim()");
    browser.script(&script).await.as_str().unwrap_or("-").to_owned()
}

async fn value(browser: &Browser, name: &str) -> String {
    let script = format!("return document.querySelector('[data-testid={name}]')?.dataset.value");
    browser.script(&script).await.as_str().unwrap_or_default().to_owned()
}

/// Keeps a picture, where they are wanted.
pub async fn picture(browser: &Browser, name: &str) {
    let Ok(directory) = std::env::var("PICTURES") else { return };
    let shot = browser.picture().await;
    let bytes = BASE64_STANDARD.decode(shot).expect("base64");
    let path = PathBuf::from(directory).join(format!("{name}.webp"));
    std::fs::write(&path, bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// The actions that the page offers, in their order.
async fn offered(browser: &Browser) -> Value {
    let script = "return [...document.querySelectorAll('summary[data-testid^=action-]')]\
                  .map((it) => it.dataset.testid.slice('action-'.length))";
    browser.script(script).await
}

impl Says {
    async fn is_on(&self, browser: &Browser) {
        let (name, id) = (self.name, &self.id);
        let headline = read(browser, "saga-headline").await;
        for words in self.headline {
            assert!(headline.contains(words), "{name}: {headline}");
        }
        assert_eq!(read(browser, "saga-state").await, self.state, "{name}");
        assert_eq!(read(browser, "atrisk-money").await, self.money, "{name}");
        let pieces = read(browser, "atrisk-stock").await;
        assert!(pieces.starts_with(self.pieces), "{name}: {pieces}");
        let charged =
            [value(browser, "effect-charged").await, value(browser, "effect-refunded").await];
        assert_eq!(charged, self.charged, "{name}");
        let next = read(browser, "next").await;
        assert!(next.contains(self.next), "{name}: {next}");
        assert_eq!(read(browser, "owner").await, "driven by nobody now", "{name}");
        assert!(read(browser, "told").await.ends_with("is accepted 202"), "{name} {id}");
        assert_eq!(offered(browser).await, json!(self.actions), "{name}");
    }
}

/// A service among neighbours that keep no keys, and somebody at its console.
async fn signed_in() -> (Sandbox, Served, Browser) {
    let neighbours = Config { idempotent: Idempotency::REPEATING, ..Config::on_free_ports() };
    let sandbox = Sandbox::start(neighbours).await.expect("a sandbox");
    let served = Served::start(&sandbox).await;
    let browser = Browser::start().await;
    sign_in(&browser, &served.services).await;
    (sandbox, served, browser)
}

#[tokio::test]
async fn each_situation_is_told_on_its_page() {
    let _one = ONE.lock().await;
    let (_sandbox, served, browser) = signed_in().await;
    let services = &served.services;
    browser.emulate("light", 1100).await;
    let stage = Stage { services };
    let back = stage.going_back().await;
    for says in back.into_iter().chain(stage.going_forward().await) {
        browser.go(&format!("{}/console/sagas/{}", services.orders, says.id)).await;
        picture(&browser, says.name).await;
        says.is_on(&browser).await;
    }
    browser.is_clean(&services.orders).await;
    browser.quit().await;
}

#[tokio::test]
async fn many_stuck_sagas_are_one_group_on_a_page_that_stays_short() {
    let _one = ONE.lock().await;
    let (_sandbox, served, browser) = signed_in().await;
    let services = &served.services;
    let stuck: u32 = std::env::var("STUCK").map_or(40, |count| count.parse().expect("a number"));
    let stage = Stage { services };
    // What is charged is given back, so that nobody's money runs out.
    stage.fault(json!({"call": "reserve", "fault": "refuse", "productId": CUP})).await;
    stage.fault(json!({"call": "release", "fault": "refuse"})).await;
    let items = json!([{"productId": STICKER, "quantity": 1}, {"productId": CUP, "quantity": 1}]);
    let cart = json!({"userId": ASHA, "items": items});
    let http = reqwest::Client::new();
    for number in 0..stuck {
        let asked = http.post(format!("{}/api/orders/create", services.orders)).json(&cart);
        let asked = asked.header("idempotency-key", format!("key-{number}"));
        let answer = asked.send().await.expect("an answer");
        assert_eq!(answer.status(), 409, "it is refused, and then not given back");
    }
    let counted = "return (document.querySelector('[data-testid=group-row]')?.textContent ?? '')";
    browser.go(&format!("{}/console", services.orders)).await;
    browser.until(&format!("{counted}.replaceAll(',', '').includes('{stuck}')")).await;
    let groups = "return document.querySelectorAll('[data-testid=group-row]').length";
    assert_eq!(browser.script(groups).await, 1, "one cause, one group");
    for theme in THEMES {
        for width in WIDTHS {
            browser.emulate(theme, width).await;
            for (name, path) in [("overview", ""), ("list", "/sagas?stuck=true&sort=money")] {
                browser.go(&format!("{}/console{path}", services.orders)).await;
                picture(&browser, &format!("{name}-{stuck}-{theme}-{width}")).await;
            }
        }
    }
    let rows = "return document.querySelectorAll('[data-testid=saga-row]').length";
    assert!(browser.script(rows).await.as_u64() <= Some(50), "a page is a page");
    browser.is_clean(&services.orders).await;
    browser.quit().await;
}
