//! The neighbours' rules: what a service decides about an effect.

use super::{
    effect::{Effect, Payment, Units},
    world::World,
};

/// What a service decides about an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// To act; `left` is the stock or balance after that.
    Act { left: i64 },
    /// To refuse; `left` is the stock or balance, if that is the reason.
    Refuse { status: u16, left: Option<i64> },
}

/// What the service decides. Changes nothing.
pub(super) fn decide(world: &World, effect: &Effect) -> Decision {
    match effect {
        Effect::Process(payment) => move_money(world, payment, i64::checked_sub),
        Effect::Refund(payment) => move_money(world, payment, i64::checked_add),
        Effect::Reserve(units) => move_stock(world, units, i64::checked_sub),
        Effect::Release(units) => move_stock(world, units, i64::checked_add),
    }
}

/// The current stock or balance that an effect is about.
pub(super) fn current(world: &World, effect: &Effect) -> Option<i64> {
    match effect {
        Effect::Process(payment) | Effect::Refund(payment) => world.wallet(payment.user_profile_id),
        Effect::Reserve(units) | Effect::Release(units) => {
            world.product(units.product_id).map(|product| product.stock)
        }
    }
}

fn move_money(world: &World, payment: &Payment, change: Change) -> Decision {
    change_by(world.wallet(payment.user_profile_id), payment.amount, change)
}

fn move_stock(world: &World, units: &Units, change: Change) -> Decision {
    change_by(world.product(units.product_id).map(|product| product.stock), units.quantity, change)
}

type Change = fn(i64, i64) -> Option<i64>;

fn change_by(current: Option<i64>, by: i64, change: Change) -> Decision {
    let refuse = |status, left| Decision::Refuse { status, left };
    if by <= 0 {
        return refuse(400, None);
    }
    let Some(current) = current else { return refuse(404, None) };
    match change(current, by) {
        // Taking must not leave less than zero. Putting back may, if there was even less before.
        Some(left) if left >= 0 || left > current => Decision::Act { left },
        Some(_) => refuse(409, Some(current)),
        None => refuse(400, None),
    }
}
