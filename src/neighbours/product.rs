//! The product service: prices, and reservations of stock.

use reqwest::Method;
use serde_json::json;

use super::http::{Answer, Errand, Http, Request};
use super::read::Found;
use crate::order::{Line, OrderId, Paise, ProductId};
use crate::saga::{Call, Outcome, Report, Step};

/// The product service.
#[derive(Debug)]
pub struct Product(pub(super) Http);

/// What a product costs now, and how much there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Of one piece.
    pub price: Paise,
    /// Pieces.
    pub stock: i64,
}

impl Product {
    /// Price and stock of a product, read on behalf of the first line that names it.
    pub async fn offer(
        &self,
        errand: Errand<'_>,
        saga: OrderId,
        line: u16,
        product: ProductId,
    ) -> (Report, Found<Offer>) {
        let key = format!("{saga}:{}:{line}", Step::PriceCart);
        let path = format!("/api/products/{product}");
        self.0
            .read(errand, (Step::PriceCart, Some(line)), (path, &key), |said| {
                said.not_another("id", product.0)?;
                let price = said.whole("price")?.ok_or("no price in it")?;
                let stock = said.whole("stock")?.ok_or("no stock in it")?;
                if price < 0 || stock < 0 {
                    return Err(format!("price {price} or stock {stock} below 0"));
                }
                Ok(Offer { price: Paise(price), stock })
            })
            .await
    }

    /// Reserves a line.
    pub async fn reserve(&self, errand: Errand<'_>, call: &Call, line: Line) -> Report {
        self.move_stock(errand, call, line, "reserve").await
    }

    /// Gives a line's reservation back.
    pub async fn release(&self, errand: Errand<'_>, call: &Call, line: Line) -> Report {
        self.move_stock(errand, call, line, "release").await
    }

    async fn move_stock(&self, errand: Errand<'_>, call: &Call, line: Line, verb: &str) -> Report {
        let request = Request {
            method: Method::POST,
            path: format!("/api/products/{}/{verb}", line.product_id),
            key: &call.key,
            body: Some(json!({"quantity": line.quantity})),
            fresh_connection: call.intent_first,
        };
        let judge = |answer: &Answer| match answer.status {
            200 => {
                let said = answer.said()?;
                said.not_another("id", line.product_id.0)?;
                said.not_another("productId", line.product_id.0)?;
                said.not_other_than("quantity", &[i64::from(line.quantity)])?;
                said.whole("remaining")?.ok_or("no remaining stock in it")?;
                Ok(Outcome::Done)
            }
            _ if answer.refuses(&[400, 404, 409]) => Ok(Outcome::Refused),
            _unlisted => Ok(Outcome::Unknown),
        };
        self.0.call(errand, call.effect.step, call.effect.line, request, judge).await.into_report()
    }
}
