//! What the customer and the shop are out of by a saga.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::order::{Exposure, ProductId};
use crate::saga::Instance;
use crate::store::Found;

/// What is out, at most: money is the customer's, stock the shop's.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AtRisk)]
pub(crate) struct AtRiskView {
    /// In paise.
    pub(crate) money: i64,
    /// `true`: less may be out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(default = false)]
    pub(crate) unknown: bool,
    /// Lines of one product are added up.
    pub(crate) stock: Vec<StockAtRisk>,
}

/// Pieces of a product that are out, at most.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StockAtRisk {
    pub(crate) product_id: Uuid,
    pub(crate) quantity: u64,
    /// `true`: fewer may be out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(default = false)]
    pub(crate) unknown: bool,
}

/// What is out by a saga as its log knows it, or, where that can't be read, by all that it is about.
pub(super) fn at_risk(saga: Option<&Instance>, found: &Found) -> AtRiskView {
    match saga {
        Some(saga) => saga.exposure().into(),
        None if found.is_at_rest() => Exposure::default().into(),
        None => {
            let lines = found.known.as_ref().map_or(&[][..], |known| known.facts.lines());
            Exposure::unreadable(found.amount, lines).into()
        }
    }
}

impl From<Exposure> for AtRiskView {
    fn from(out: Exposure) -> Self {
        let stock = |(ProductId(product_id), (quantity, unknown))| StockAtRisk {
            product_id,
            quantity,
            unknown,
        };
        Self {
            money: out.money.0,
            unknown: out.is_money_unknown,
            stock: out.stock.into_iter().map(stock).collect(),
        }
    }
}
