//! The checkout's steps, by their stored names.

use crate::saga::Step;

/// Reads who pays.
pub const FETCH_PROFILE: Step = Step::named("fetch_profile");
/// Reads what each product costs and whether there is enough of it.
pub const PRICE_CART: Step = Step::named("price_cart");
/// Takes the total from the payer's wallet.
pub const CHARGE_PAYMENT: Step = Step::named("charge_payment");
/// Reserves one line of the cart.
pub const RESERVE_STOCK: Step = Step::named("reserve_stock");
/// Writes the order.
pub const CONFIRM_ORDER: Step = Step::named("confirm_order");
/// Gives the total back.
pub const REFUND_PAYMENT: Step = Step::named("refund_payment");
/// Gives one line's reservation back.
pub const RELEASE_STOCK: Step = Step::named("release_stock");
