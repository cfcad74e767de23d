//! What a new demo starts with: three orders that are worth a look, made by a first run of the service.

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use super::Error;
use super::serve::Running;
use crate::clock::Clock;
use crate::config::Config;
use crate::sandbox::sample::{ASHA, CUP, KETTLE, MEENA, TEA};
use crate::sandbox::{Call, Fault, FaultKind, Sandbox};

/// How long a scene may take to come about. Without it, the demo starts all the same.
const PATIENCE: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// An order to look at.
pub(super) struct Scene {
    /// The order's id, which is its checkout's.
    pub id: Uuid,
    /// How it stands.
    pub what: &'static str,
}

/// Makes the scenes, by a service on a free port which is stopped again.
///
/// # Errors
/// Where the service can't start, or does not answer as it should.
pub(super) async fn make(config: &Config, sandbox: &Sandbox) -> Result<Vec<Scene>, Error> {
    let mut config = config.clone();
    config.http.listen.set_port(0);
    // As the platform's own one: it is not asked again about a reservation whose answer was lost.
    config.services.product.idempotent = false;
    let (clock, grace) = (Clock::system(), config.shutdown.grace);
    let token = config.operator.token.as_ref().map_or("", |token| token.reveal()).to_owned();
    let running = Running::start(config, clock.clone()).await?;
    let stage = Stage {
        http: reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?,
        base: format!("http://{}/api", running.address),
        token,
        clock,
    };
    let made = stage.all(sandbox).await;
    running.stop(grace).await;
    made
}

struct Stage {
    http: reqwest::Client,
    base: String,
    token: String,
    clock: Clock,
}

impl Stage {
    async fn all(&self, sandbox: &Sandbox) -> Result<Vec<Scene>, Error> {
        let on_its_way = self.on_its_way().await?;
        let in_doubt = self.in_doubt(sandbox).await?;
        let refund_fails = self.refund_fails(sandbox).await?;
        Ok(vec![
            Scene { id: on_its_way, what: "on its way to Asha" },
            Scene { id: in_doubt, what: "in doubt: was the cup reserved? A person has to say" },
            Scene { id: refund_fails, what: "Meena's money is out: her refund fails" },
        ])
    }

    /// An order that is shipped, and seen by the carrier.
    async fn on_its_way(&self) -> Result<Uuid, Error> {
        let items = json!([{"productId": TEA, "quantity": 2}, {"productId": CUP, "quantity": 1}]);
        let id = self.order(ASHA, &items).await?;
        self.until(id, |saga| saga["state"] == "Completed").await?;
        let parcel = json!({"carrier": "post", "trackingNumber": "P0001"});
        let shipment = self.post(&format!("/orders/{id}/shipments"), &parcel).await?;
        let shipment = shipment["id"].as_str().unwrap_or_default();
        let seen = json!({
            "status": "in_transit",
            "at": self.clock.now(),
            "location": "Nagpur",
            "description": "Arrived at the sorting centre",
        });
        self.post(&format!("/shipments/{shipment}/events"), &seen).await?;
        Ok(id)
    }

    /// A checkout whose reservation was made, and its answer lost.
    async fn in_doubt(&self, sandbox: &Sandbox) -> Result<Uuid, Error> {
        let lost = Fault::once(Call::Reserve, FaultKind::DropAfter);
        sandbox.inject(Fault { product_id: Some(CUP), ..lost })?;
        let id = self.order(MEENA, &json!([{"productId": CUP, "quantity": 1}])).await?;
        self.until(id, |saga| !saga["stuck"].is_null()).await?;
        Ok(id)
    }

    /// A checkout that is refused after the charge, and whose refund fails for as long as the faults stand.
    async fn refund_fails(&self, sandbox: &Sandbox) -> Result<Uuid, Error> {
        let refused = Fault::once(Call::Reserve, FaultKind::Refuse);
        sandbox.inject(Fault { product_id: Some(KETTLE), ..refused })?;
        let failing = Fault::on(Call::Refund, FaultKind::ErrorBefore);
        sandbox.inject(Fault { user_id: Some(MEENA), ..failing })?;
        let items =
            json!([{"productId": TEA, "quantity": 1}, {"productId": KETTLE, "quantity": 1}]);
        let id = self.order(MEENA, &items).await?;
        self.until(id, |saga| saga["attempts"].as_u64() > Some(1)).await?;
        Ok(id)
    }

    async fn order(&self, user: Uuid, items: &Value) -> Result<Uuid, Error> {
        let accepted =
            self.post("/orders/create", &json!({"userId": user, "items": items})).await?;
        Ok(serde_json::from_value(accepted["id"].clone()).unwrap_or_default())
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value, Error> {
        let asked = self.http.post(format!("{}{path}", self.base)).json(body);
        self.answer(asked.header("Prefer", "respond-async")).await
    }

    /// Looks at the saga until it is as wanted, or for long enough.
    async fn until(&self, id: Uuid, wanted: impl Fn(&Value) -> bool) -> Result<(), Error> {
        let url = format!("{}/operator/sagas/{id}", self.base);
        let looks = async {
            while !wanted(&self.answer(self.http.get(&url)).await?) {
                self.clock.sleep(LOOK_AGAIN).await;
            }
            Ok(())
        };
        self.clock.within(PATIENCE, looks).await.unwrap_or(Ok(()))
    }

    async fn answer(&self, asked: reqwest::RequestBuilder) -> Result<Value, Error> {
        let answer = asked.bearer_auth(&self.token).send().await?.error_for_status()?;
        Ok(answer.json().await?)
    }
}
