//! The five calls, by the same client and the same settings as the service's own
//! (`src/neighbours/http_transport.rs`), with the same headers.

use std::time::Duration;

use order_service::trace::TraceParent;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Fault;

/// The headers of every call.
#[derive(Clone, Copy)]
pub struct Errand<'a> {
    pub order: Uuid,
    pub trace: &'a TraceParent,
}

#[derive(Clone)]
struct Neighbour {
    http: Client,
    /// For effects.
    acting: Client,
    base: String,
}

/// The three neighbours.
#[derive(Clone)]
pub struct Neighbours {
    user: Neighbour,
    product: Neighbour,
    payment: Neighbour,
}

#[derive(Deserialize)]
struct Profile {
    id: Uuid,
}

/// A product's price now, in paise, and its stock.
#[derive(Deserialize)]
pub struct Offer {
    pub price: i64,
    pub stock: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Charge {
    order_id: Uuid,
    user_id: Uuid,
    user_profile_id: Uuid,
    amount: i64,
}

#[derive(Deserialize)]
struct Charged {
    status: String,
}

#[derive(Serialize)]
struct Quantity {
    quantity: i32,
}

#[derive(Deserialize)]
struct Reserved {
    #[serde(rename = "remaining")]
    _remaining: i64,
}

impl Neighbour {
    fn at(base: &str, is_fresh: bool) -> Result<Self, Fault> {
        let client = |idle: usize| {
            Client::builder()
                .timeout(Duration::from_secs(30))
                .connect_timeout(Duration::from_secs(10))
                .redirect(Policy::none())
                .retry(reqwest::retry::never())
                .http1_only()
                .no_proxy()
                .tcp_nodelay(true)
                .pool_max_idle_per_host(idle)
                .pool_idle_timeout(Duration::from_secs(30))
                .build()
        };
        let http = client(512)?;
        let acting = if is_fresh { client(0)? } else { http.clone() };
        Ok(Self { http, acting, base: base.to_owned() })
    }
}

async fn answer<T: DeserializeOwned>(
    request: RequestBuilder,
    errand: Errand<'_>,
    key: String,
) -> Result<T, Fault> {
    let trace = errand.trace.child().to_string();
    let response =
        request.header("idempotency-key", key).header("traceparent", trace).send().await?;
    let status = response.status();
    let body = response.bytes().await?;
    if status != 200 {
        return Err(format!("{status}: {}", String::from_utf8_lossy(&body)).into());
    }
    Ok(serde_json::from_slice(&body)?)
}

impl Neighbours {
    /// With `is_fresh`, each effect has a connection of its own.
    pub fn at(user: &str, product: &str, payment: &str, is_fresh: bool) -> Result<Self, Fault> {
        let at = |base| Neighbour::at(base, is_fresh);
        Ok(Self { user: at(user)?, product: at(product)?, payment: at(payment)? })
    }

    /// The profile with a user's wallet.
    pub async fn profile(&self, errand: Errand<'_>, user: Uuid) -> Result<Uuid, Fault> {
        let Neighbour { http, base, .. } = &self.user;
        let request = http.get(format!("{base}/api/users/by-userid/{user}"));
        let key = format!("{}:fetch_profile", errand.order);
        Ok(answer::<Profile>(request, errand, key).await?.id)
    }

    pub async fn offer(&self, errand: Errand<'_>, line: i32, id: Uuid) -> Result<Offer, Fault> {
        let Neighbour { http, base, .. } = &self.product;
        let request = http.get(format!("{base}/api/products/{id}"));
        answer(request, errand, format!("{}:price_cart:{line}", errand.order)).await
    }

    pub async fn charge(
        &self,
        errand: Errand<'_>,
        user_id: Uuid,
        user_profile_id: Uuid,
        amount: i64,
    ) -> Result<(), Fault> {
        let Neighbour { acting, base, .. } = &self.payment;
        let charge = Charge { order_id: errand.order, user_id, user_profile_id, amount };
        let request = acting.post(format!("{base}/api/payments/process")).json(&charge);
        let key = format!("{}:charge_payment", errand.order);
        let charged: Charged = answer(request, errand, key).await?;
        if charged.status == "Paid" { Ok(()) } else { Err(charged.status.into()) }
    }

    pub async fn reserve(
        &self,
        errand: Errand<'_>,
        line: i32,
        id: Uuid,
        quantity: i32,
    ) -> Result<(), Fault> {
        let Neighbour { acting, base, .. } = &self.product;
        let request =
            acting.post(format!("{base}/api/products/{id}/reserve")).json(&Quantity { quantity });
        let key = format!("{}:reserve_stock:{line}", errand.order);
        let _reserved: Reserved = answer(request, errand, key).await?;
        Ok(())
    }
}
