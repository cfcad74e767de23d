//! Whether the sagas of an order may be forgotten. Pure.

use chrono::{DateTime, Utc};

use crate::order::OrderStatus;
use crate::saga::{End, Progress};
use crate::store::OrderSagas;

/// Whether the sagas of an order may be forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All of them.
    Over,
    /// In a moment: something about them is still being written down.
    InAMoment,
    /// Not now, and no look before something about the order changes or gets old enough is of use.
    NotNow,
}

/// Sagas are over once each is at rest and the order is final, and the last of this was by `cutoff`. One that
/// is stuck or in doubt is not at rest, and one that this binary can't read is not known to be.
pub fn verdict(order: &OrderSagas, cutoff: DateTime<Utc>) -> Verdict {
    let is_at_rest = |progress: Option<Progress>| progress.is_some_and(Progress::is_rest);
    let all_rest = order.sagas.iter().all(|saga| is_at_rest(saga.progress) && !saga.is_in_flight);
    let last = order.sagas.iter().map(|saga| saga.updated_at);
    let last = last.chain(order.order.as_ref().map(|row| row.updated_at)).max();
    if !all_rest || !is_final(order) || last.is_none_or(|last| last > cutoff) {
        return Verdict::NotNow;
    }
    if order.is_unsettled { Verdict::InAMoment } else { Verdict::Over }
}

/// Whether nothing can become of the order any more but what has become of it.
fn is_final(order: &OrderSagas) -> bool {
    match &order.order {
        Some(row) => row.status.parse().is_ok_and(OrderStatus::is_final),
        // It never became an order, as each of its sagas says.
        None => order.sagas.iter().all(|saga| match saga.progress {
            Some(Progress::Rest(End::Compensated | End::Rejected)) => true,
            Some(
                Progress::Rest(End::Completed) | Progress::Forward { .. } | Progress::Backward,
            )
            | None => false,
        }),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use uuid::Uuid;

    use super::*;
    use crate::order::OrderId;
    use crate::saga::SagaId;
    use crate::store::{ArchivedSaga, OrderRow};

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    fn saga(progress: Progress, minute: i64) -> ArchivedSaga {
        ArchivedSaga {
            id: SagaId(Uuid::from_u128(1)),
            state: String::new(),
            progress: Some(progress),
            is_in_flight: false,
            updated_at: at(minute),
            payer: None,
            entries: 0,
            line: String::new(),
        }
    }

    fn order(status: Option<OrderStatus>, sagas: Vec<ArchivedSaga>) -> OrderSagas {
        let row = |status: OrderStatus| OrderRow {
            status: status.to_string(),
            updated_at: at(5),
            has_payer: true,
        };
        let order_id = OrderId(Uuid::from_u128(1));
        OrderSagas { order_id, order: status.map(row), sagas, is_unsettled: false }
    }

    const COMPLETED: Progress = Progress::Rest(End::Completed);

    #[test]
    fn only_sagas_at_rest_of_an_order_that_is_final_are_over() {
        let is_over = |status| {
            let sagas = vec![saga(COMPLETED, 1)];
            verdict(&order(Some(status), sagas), at(9)) == Verdict::Over
        };
        assert!(is_over(OrderStatus::Delivered) && is_over(OrderStatus::Cancelled));
        assert!(!is_over(OrderStatus::Confirmed) && !is_over(OrderStatus::Shipped));
        assert!(!is_over(OrderStatus::Cancelling));
        let of = |sagas| verdict(&order(Some(OrderStatus::Delivered), sagas), at(9));
        // A return that is under way keeps the checkout, too.
        let returning = saga(Progress::Forward { done: 0 }, 1);
        assert_eq!(of(vec![saga(COMPLETED, 1), returning]), Verdict::NotNow);
        let unreadable = ArchivedSaga { progress: None, ..saga(COMPLETED, 1) };
        assert_eq!(of(vec![unreadable]), Verdict::NotNow);
        let stuck = ArchivedSaga { is_in_flight: true, ..saga(COMPLETED, 1) };
        assert_eq!(of(vec![stuck]), Verdict::NotNow);
    }

    #[test]
    fn without_an_order_only_what_came_to_nothing_is_over() {
        let of = |progress| verdict(&order(None, vec![saga(progress, 1)]), at(9));
        assert_eq!(of(Progress::Rest(End::Rejected)), Verdict::Over);
        assert_eq!(of(Progress::Rest(End::Compensated)), Verdict::Over);
        assert_eq!(of(Progress::Backward), Verdict::NotNow);
        // Its order is missing: nothing of it may be lost.
        assert_eq!(of(COMPLETED), Verdict::NotNow);
    }

    #[test]
    fn the_last_of_all_that_happened_has_to_be_old_enough() {
        let of = |minute, cutoff| {
            let sagas = vec![saga(COMPLETED, 1), saga(COMPLETED, minute)];
            verdict(&order(Some(OrderStatus::Delivered), sagas), at(cutoff))
        };
        assert_eq!(of(7, 6), Verdict::NotNow);
        assert_eq!(of(7, 7), Verdict::Over);
        // The order arrived at minute 5.
        assert_eq!(of(2, 4), Verdict::NotNow);
        assert_eq!(of(2, 5), Verdict::Over);
        let unsettled = OrderSagas {
            is_unsettled: true,
            ..order(Some(OrderStatus::Delivered), vec![saga(COMPLETED, 1)])
        };
        assert_eq!(verdict(&unsettled, at(9)), Verdict::InAMoment);
    }
}
