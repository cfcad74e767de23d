//! Problems with what was here, or elsewhere, before: forgotten events and sagas, and imported orders.

use axum::http::StatusCode;
use chrono::{DateTime, Utc};

use super::Problem;
use crate::order::{OrderId, OrderStatus};
use crate::reversal::IMPORTED;
use crate::web::url;

impl Problem {
    /// 410: events were asked for that are deleted; `first` is the oldest that is left.
    pub(crate) fn events_gone(first: i64) -> Self {
        let mut problem = Self::new(StatusCode::GONE, format!("Events before {first} are gone"));
        problem.body.first = Some(first);
        problem
    }

    /// 409: this can't be done with an order of the old database.
    pub(crate) fn imported(id: OrderId, error: &str, status: OrderStatus) -> Self {
        let problem = Self::new(StatusCode::CONFLICT, error).detail(format!("{error}: {IMPORTED}"));
        problem.of_checkout(id, url::status(id)).order_status(status)
    }

    /// 410: the saga is in this file of the archive, and nowhere else.
    pub(crate) fn saga_forgotten(archived_at: DateTime<Utc>, file: String) -> Self {
        let mut problem = Self::new(StatusCode::GONE, "Saga forgotten")
            .detail(format!("it was archived in {file}; `order-service archive show` prints it"));
        (problem.body.archived_at, problem.body.file) = (Some(archived_at), Some(file));
        problem
    }
}
