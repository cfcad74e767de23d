//! The neighbours' own rules: what they would decide about an effect.

use super::{
    effect::{Effect, Payment, Units},
    world::World,
};

/// What a service decides about an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It happens; `left` is the stock or the wallet after it.
    Act { left: i64 },
    /// It doesn't; `left` is the stock or the wallet as it is, where that is the reason.
    Refuse { status: u16, left: Option<i64> },
}

/// What the service decides. Changes nothing.
pub(super) fn judge(world: &World, effect: &Effect) -> Verdict {
    match effect {
        Effect::Process(payment) => move_money(world, payment, i64::checked_sub),
        Effect::Refund(payment) => move_money(world, payment, i64::checked_add),
        Effect::Reserve(units) => move_stock(world, units, i64::checked_sub),
        Effect::Release(units) => move_stock(world, units, i64::checked_add),
    }
}

/// The stock or the wallet that an effect is about.
pub(super) fn holding(world: &World, effect: &Effect) -> Option<i64> {
    match effect {
        Effect::Process(payment) | Effect::Refund(payment) => world.wallet(payment.user_profile_id),
        Effect::Reserve(units) | Effect::Release(units) => {
            world.product(units.product_id).map(|product| product.stock)
        }
    }
}

fn move_money(world: &World, payment: &Payment, change: Change) -> Verdict {
    decide(world.wallet(payment.user_profile_id), payment.amount, change)
}

fn move_stock(world: &World, units: &Units, change: Change) -> Verdict {
    decide(world.product(units.product_id).map(|product| product.stock), units.quantity, change)
}

type Change = fn(i64, i64) -> Option<i64>;

fn decide(holding: Option<i64>, by: i64, change: Change) -> Verdict {
    let refuse = |status, left| Verdict::Refuse { status, left };
    if by <= 0 {
        return refuse(400, None);
    }
    let Some(held) = holding else { return refuse(404, None) };
    match change(held, by) {
        // Only taking can end below zero by itself; putting back into a debt may still be one.
        Some(left) if left >= 0 || left > held => Verdict::Act { left },
        Some(_) => refuse(409, Some(held)),
        None => refuse(400, None),
    }
}
