//! The product service: prices, and reservations of stock.

use serde_json::json;

use super::endpoint::{CallContext, Endpoint};
use super::read::{Read, ReadResult};
use super::response::Response;
use super::transport::Request;
use crate::order::{Line, Paise, ProductId};
use crate::saga::{Call, Effect, Outcome, Report};

/// The product service.
#[derive(Debug)]
pub struct Product(pub Endpoint);

/// What a product costs now, and how many are in stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The price of one piece; 0 or more.
    pub price: Paise,
    /// Pieces in stock; 0 or more.
    pub stock: i64,
}

impl Product {
    /// Price and stock of a product, read on behalf of this line under this key.
    pub async fn offer(
        &self,
        context: CallContext<'_>,
        effect: Effect,
        key: String,
        product: ProductId,
    ) -> (Report, ReadResult<Offer>) {
        let read = Read { effect, path: format!("/api/products/{product}"), key };
        self.0
            .read(context, read, |fields| {
                fields.check_uuid("id", product.0)?;
                let price = fields.integer("price")?.ok_or("no price in it")?;
                let stock = fields.integer("stock")?.ok_or("no stock in it")?;
                if price < 0 || stock < 0 {
                    return Err(format!("price {price} or stock {stock} below 0"));
                }
                Ok(Offer { price: Paise(price), stock })
            })
            .await
    }

    /// Reserves a line.
    pub async fn reserve(&self, context: CallContext<'_>, call: &Call, line: Line) -> Report {
        self.move_stock(context, call, line, "reserve").await
    }

    /// Releases a line's reservation.
    pub async fn release(&self, context: CallContext<'_>, call: &Call, line: Line) -> Report {
        self.move_stock(context, call, line, "release").await
    }

    async fn move_stock(
        &self,
        context: CallContext<'_>,
        call: &Call,
        line: Line,
        verb: &str,
    ) -> Report {
        let path = format!("/api/products/{}/{verb}", line.product_id);
        let body = json!({"quantity": line.quantity});
        let request = Request::post(path, call, body, context.trace);
        let judge = |response: &Response| match response.status {
            200 => {
                let fields = response.fields()?;
                fields.check_uuid("id", line.product_id.0)?;
                fields.check_uuid("productId", line.product_id.0)?;
                fields.check_integer("quantity", i64::from(line.quantity))?;
                fields.integer("remaining")?.ok_or("no remaining stock in it")?;
                Ok(Outcome::Done)
            }
            _ if response.is_refusal(&[400, 404, 409]) => Ok(Outcome::Refused),
            _unlisted => Ok(Outcome::Unknown),
        };
        self.0.call(context, call.effect, request, judge).await
    }
}
