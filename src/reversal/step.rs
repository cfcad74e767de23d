//! The names of the steps.

use crate::saga::Step;

/// Gives the money back.
pub const REFUND_PAYMENT: Step = Step::named("refund_payment");
/// Gives the goods of a line back.
pub const RELEASE_STOCK: Step = Step::named("release_stock");
/// Writes down that the order is cancelled.
pub const RECORD_CANCELLATION: Step = Step::named("record_cancellation");
/// Writes down what was returned.
pub const RECORD_RETURN: Step = Step::named("record_return");
