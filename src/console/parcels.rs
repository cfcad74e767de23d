//! The parcels of an order, on their way and back.

use chrono::{DateTime, Utc};

use super::piece::{Moment, Said, counted, money};
use crate::store::{Return, Shipment};

pub(super) struct Parcel {
    pub(super) carrier: Said,
    pub(super) number: Said,
    pub(super) state: String,
    pub(super) what: String,
    pub(super) shipped: Moment,
    pub(super) reports: Vec<(Moment, String, Option<Said>)>,
}

pub(super) struct Back {
    pub(super) refunded: String,
    pub(super) what: String,
    pub(super) reason: Option<Said>,
    pub(super) begun: Moment,
    pub(super) done: Option<Moment>,
}

impl Parcel {
    pub(super) fn of(shipment: &Shipment, now: DateTime<Utc>) -> Self {
        let what = shipment.pieces.iter().map(|(line, pieces)| {
            format!("{} of line {line}", counted(pieces.unsigned_abs(), "piece"))
        });
        let report = |event: &crate::fulfilment::CarrierEvent| {
            let more = [&event.location, &event.description];
            let more: Vec<&str> = more.into_iter().flatten().map(String::as_str).collect();
            let more = Some(more.join(", ")).filter(|more| !more.is_empty());
            let status = event.status.to_string().replace('_', " ");
            (Moment::of(event.at, now), status, more.map(|more| Said::of(&more)))
        };
        Self {
            carrier: Said::of(&shipment.carrier),
            number: Said::of(&shipment.tracking_number),
            state: shipment.state.replace('_', " "),
            what: what.collect::<Vec<_>>().join(", "),
            shipped: Moment::of(shipment.shipped_at, now),
            reports: shipment.events.iter().map(report).collect(),
        }
    }
}

impl Back {
    pub(super) fn of(it: &Return, now: DateTime<Utc>) -> Self {
        let what = it.lines.iter().map(|line| {
            format!("{} of line {}", counted(line.of.quantity.into(), "piece"), line.line)
        });
        Self {
            refunded: money(it.refunded.0),
            what: what.collect::<Vec<_>>().join(", "),
            reason: it.reason.as_deref().map(Said::of),
            begun: Moment::of(it.created_at, now),
            done: it.returned_at.map(|at| Moment::of(at, now)),
        }
    }
}
