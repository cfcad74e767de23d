//! The values that orders are made of: ids, money, valid carts, and what may become of an order.
//!
//! Pure. A [`Cart`] can only be made from valid values, so nobody has to check it again.

mod address;
mod event;
mod exposure;
mod fact;
mod rupees;
mod status;

use derive_more::{Display, From};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use address::ShippingAddress;
pub use event::EventKind;
pub use exposure::{Certainty, Exposure};
pub use fact::{
    Cancelled, Cancelling, Confirmed, Fact, Item, OfOrder, Rejected, Released, ReturnFact,
    Returned, ReturnedFact, SagaTrouble, ShipmentFact, Shipped, ShippedLine, Tracking,
    TrackingFact, WebhookDisabled, WebhookTest,
};
pub use rupees::rupees;
pub use status::{Move, OrderStatus};

/// The most lines that a cart may have.
pub const MAX_LINES: usize = 100;
/// The highest quantity of one line.
pub const MAX_QUANTITY: u32 = 1_000_000;

/// The id of an order, given at acceptance; the payment service knows the order by it, too.
#[derive(
    Clone, Copy, Debug, Display, From, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct OrderId(pub Uuid);

/// The shop's user, as the authentication service knows them.
#[derive(
    Clone, Copy, Debug, Display, From, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct UserId(pub Uuid);

/// The user service's own id of a user; wallets belong to it.
#[derive(
    Clone, Copy, Debug, Display, From, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct ProfileId(pub Uuid);

/// A product of the product service.
#[derive(
    Clone, Copy, Debug, Display, From, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct ProductId(pub Uuid);

/// An amount of money in paise (₹1 is 100 paise).
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    Display,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
)]
#[serde(transparent)]
pub struct Paise(pub i64);

/// One line of a cart. Two lines may name the same product; they are not merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// The product.
    pub product_id: ProductId,
    /// Pieces, 1 to [`MAX_QUANTITY`].
    pub quantity: u32,
}

/// A line at the price that was charged for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PricedLine {
    /// The product and how many pieces of it.
    pub line: Line,
    /// The price of one piece, in paise.
    pub unit_price: Paise,
}

/// What an effect moves between the customer and the shop. A saga's money and stock are added up from
/// these, whatever kind of saga it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Movement {
    /// Money from the customer's wallet to the shop.
    Charge(Paise),
    /// Money back to the customer's wallet.
    Refund(Paise),
    /// Pieces out of the free stock, for an order.
    Reserve(Line),
    /// Pieces back into the free stock.
    Release(Line),
}

impl Movement {
    /// Whether the customer has less money by it.
    pub fn takes_money(self) -> bool {
        matches!(self, Self::Charge(_))
    }

    /// Whether it takes back what was done before.
    pub fn gives_back(self) -> bool {
        matches!(self, Self::Refund(_) | Self::Release(_))
    }
}

/// What a client asks to buy: a user and 1 to [`MAX_LINES`] lines. Always valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cart {
    user_id: UserId,
    lines: Vec<Line>,
    expected_total: Option<Paise>,
    shipping_address: Option<ShippingAddress>,
}

/// Why something is not a valid cart.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCart {
    /// No lines; web clients know these words.
    #[error("Order must contain items")]
    Empty,
    /// More lines than [`MAX_LINES`].
    #[error("items must not have more than {MAX_LINES} lines")]
    TooManyLines,
    /// The nil UUID names nobody.
    #[error("userId must not be the nil UUID")]
    NilUser,
    /// A quantity is out of range; with the index of its line.
    #[error("items[{0}].quantity must be a whole number from 1 to {MAX_QUANTITY}")]
    Quantity(usize),
}

impl Cart {
    /// Makes a cart, unless something is invalid. There is no other way to make one.
    pub fn new(user_id: UserId, lines: Vec<Line>) -> Result<Self, InvalidCart> {
        if lines.is_empty() {
            return Err(InvalidCart::Empty);
        }
        if user_id.0.is_nil() {
            return Err(InvalidCart::NilUser);
        }
        if lines.len() > MAX_LINES {
            return Err(InvalidCart::TooManyLines);
        }
        let out_of_range = |line: &Line| line.quantity == 0 || line.quantity > MAX_QUANTITY;
        if let Some(at) = lines.iter().position(out_of_range) {
            return Err(InvalidCart::Quantity(at));
        }
        Ok(Self { user_id, lines, expected_total: None, shipping_address: None })
    }

    /// The same cart, for a customer who was shown this total.
    #[must_use]
    pub fn expecting(self, total: Option<Paise>) -> Self {
        Self { expected_total: total, ..self }
    }

    /// The same cart, to be sent to this address.
    #[must_use]
    pub fn sent_to(self, address: Option<ShippingAddress>) -> Self {
        Self { shipping_address: address, ..self }
    }

    /// The user who buys.
    pub fn user_id(&self) -> UserId {
        self.user_id
    }

    /// The lines, in the client's order.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The total that the customer was shown, if the client sent it.
    pub fn expected_total(&self) -> Option<Paise> {
        self.expected_total
    }

    /// Where it is to be sent, if the client said so.
    pub fn shipping_address(&self) -> Option<&ShippingAddress> {
        self.shipping_address.as_ref()
    }
}

/// The total of lines at their unit prices; `None` when a price is negative or the sum does not
/// fit 64 bits: then the neighbour that gave the prices is at fault (promise 9).
pub fn total(lines: &[Line], unit_prices: &[Paise]) -> Option<Paise> {
    lines
        .iter()
        .zip(unit_prices)
        .try_fold(0_i64, |sum, (line, price)| {
            let positive = (price.0 >= 0).then_some(price.0)?;
            sum.checked_add(positive.checked_mul(i64::from(line.quantity))?)
        })
        .map(Paise)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(quantity: u32) -> Line {
        Line { product_id: ProductId(Uuid::from_u128(7)), quantity }
    }

    #[test]
    fn a_total_that_does_not_fit_is_nobodys_money() {
        assert_eq!(total(&[line(2)], &[Paise(i64::MAX)]), None);
        assert_eq!(total(&[line(1), line(1)], &[Paise(i64::MAX), Paise(1)]), None);
        assert_eq!(total(&[line(1)], &[Paise(-1)]), None);
        assert_eq!(total(&[line(2), line(1)], &[Paise(1999), Paise(999)]), Some(Paise(4997)));
    }

    #[test]
    fn a_cart_is_valid_or_does_not_exist() {
        let user = UserId(Uuid::from_u128(1));
        assert_eq!(Cart::new(user, vec![]), Err(InvalidCart::Empty));
        assert_eq!(Cart::new(UserId(Uuid::nil()), vec![line(1)]), Err(InvalidCart::NilUser));
        assert_eq!(Cart::new(user, vec![line(1), line(0)]), Err(InvalidCart::Quantity(1)));
        assert_eq!(Cart::new(user, vec![line(1_000_001)]), Err(InvalidCart::Quantity(0)));
        assert_eq!(Cart::new(user, vec![line(1); 101]), Err(InvalidCart::TooManyLines));
        assert!(Cart::new(user, vec![line(1_000_000); 100]).is_ok());
    }
}
