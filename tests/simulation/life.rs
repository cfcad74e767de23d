//! The end of a run, for each order: its status, its shipments, its returns and its events agree with each
//! other, and with what shippers, carriers and returners were told (promises 55 to 58).

use std::collections::BTreeMap;

use order_service::fulfilment::Pieces;
use order_service::order::OrderId;
use order_service::store::{Found, Order, Return, Shipment, StoredEvent};

use super::carrier::{Report, arrival_of, identity_of, state_of};
use super::run::Run;
use super::shipper::is_same;

/// What an order's sagas leave behind at rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It stands.
    Kept,
    /// It stood, and was given back.
    Cancelled,
    /// It was cancelled before it stood.
    CancelledInFlight,
    /// It came to nothing by itself.
    Rejected,
}

impl Run {
    /// Notes a fault for everything that does not agree, and says what came back.
    pub fn audit_life(&mut self, found: &Found, outcome: Outcome) -> Vec<Return> {
        let id = found.order_id;
        let (shipments, returns) = (self.books.shipments_of(id), self.books.returns_of(id));
        let mut wrong = self.wrong_shipments(id, &shipments);
        wrong.extend(self.wrong_returns(id, &returns));
        let order = self.books.order(id);
        if let Some(order) = &order {
            wrong.extend(wrong_pieces(order, &shipments, &returns));
            wrong.extend(wrong_status(order, &shipments));
            self.count_life(order, &shipments, &returns);
        }
        let is_delivered = order.is_some_and(|order| order.status == "Delivered");
        let events = self.books.events_of(id);
        let of_order = events.iter().filter(|event| event.kind.starts_with("order."));
        let mut told: Vec<_> = of_order.map(fact_of).collect();
        let mut facts = facts(outcome, is_delivered, &shipments, &returns);
        // A cancel that is asked for before the order is written is told before it, too.
        told.sort_unstable();
        facts.sort_unstable();
        if told != facts {
            wrong.push(format!("its events tell {told:?} of {facts:?}"));
        }
        let versions = events.iter().map(|event| event.version);
        if !versions.eq(1..=i32::try_from(events.len()).unwrap_or(0)) {
            wrong.push(format!("the versions of {events:?}"));
        }
        wrong.extend(wrong_moves(&events));
        self.faults.extend(wrong.into_iter().map(|wrong| format!("order {id}: {wrong}")));
        returns
    }

    /// What was shipped was asked for, and what was told of it stays.
    fn wrong_shipments(&self, id: OrderId, shipments: &[Shipment]) -> Vec<String> {
        let mut wrong = Vec::new();
        for shipment in shipments {
            let number = &shipment.tracking_number;
            let is_it = |other: &Shipment| other.tracking_number == *number;
            let is_asked = self.parcels.asked.iter().any(|parcel| {
                let pieces = parcel.pieces.as_ref();
                (parcel.order_id, parcel.number) == (id, number.as_str())
                    && pieces.is_none_or(|pieces| *pieces == shipment.pieces)
            });
            if !is_asked || shipments.iter().filter(|other| is_it(other)).count() > 1 {
                wrong.push(format!("{shipment:?} was not asked for, or is there twice"));
            }
            wrong.extend(self.wrong_set(shipment));
        }
        let told = self.parcels.told.iter().filter(|((order, _), _)| *order == id);
        let lost = told.filter(|(_, told)| !shipments.iter().any(|it| is_same(it, told)));
        wrong.extend(lost.map(|(_, told)| format!("{told:?} is lost")));
        wrong
    }

    /// A shipment's reports are those that carriers sent; those that were answered are all there.
    fn wrong_set(&self, shipment: &Shipment) -> Option<String> {
        let messages = || self.messages.sent.iter().filter(|it| it.shipment == shipment.id);
        let taken = messages().filter(|message| message.is_taken);
        let of = |identity| {
            let all = messages().flat_map(|message| &message.reports);
            all.filter(move |report| report.identity() == identity)
        };
        let set = &shipment.events;
        let kept = |report: &Report| {
            let same = set.iter().find(|event| identity_of(event) == report.identity());
            same.is_some_and(|kept| (kept.at, kept.location.clone()) >= report.content())
        };
        let is_whole = taken.flat_map(|message| &message.reports).all(kept);
        let is_sent = set.iter().all(|event| {
            let content = (event.at, event.location.clone());
            of(identity_of(event)).any(|report| report.content() == content)
        });
        let is_pure =
            shipment.state == state_of(set).to_string() && shipment.delivered_at == arrival_of(set);
        let wrong = || format!("{shipment:?} is not what its carrier reported");
        (!is_whole || !is_sent || !is_pure).then(wrong)
    }

    /// Each return was asked for, once for its key, and is done; what was told of one stays.
    fn wrong_returns(&self, id: OrderId, returns: &[Return]) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut keys = Vec::new();
        for returned in returns {
            let key = self.books.request_key(returned.id).unwrap_or_default();
            let mut asked = self.returns.iter().filter(|it| format!("{id}:{}", it.key) == key);
            let is_asked = asked.any(|goods| {
                goods.order_id == id
                    && goods.id.is_none_or(|(told, _)| told == returned.id)
                    && self.is_asked(goods, returned)
            });
            if !is_asked || keys.contains(&key) || returned.returned_at.is_none() {
                wrong.push(format!("{returned:?} by {key} was not asked for, or is not done"));
            }
            keys.push(key);
        }
        let told = self.returns.iter().filter(|it| it.order_id == id).filter_map(|it| it.id);
        let lost = told.filter(|(told, _)| !returns.iter().any(|it| it.id == *told));
        wrong.extend(lost.map(|(told, _)| format!("the return {told} is lost")));
        wrong
    }

    fn count_life(&mut self, order: &Order, shipments: &[Shipment], returns: &[Return]) {
        let said = [
            (order.status == "Shipped", "left on its way"),
            (order.status == "Delivered", "delivered"),
            (order.status == "Delivered" && shipments.len() > 1, "delivered in parts"),
            (returns.len() > 1, "returned in parts"),
            (returns.iter().any(|it| !it.restock), "returned and not restocked"),
        ];
        for (_, what) in said.into_iter().filter(|(is_so, _)| *is_so) {
            self.story.count(what);
        }
    }
}

fn sum<'a>(all: impl IntoIterator<Item = (&'a u16, i64)>) -> Pieces {
    let mut sum = Pieces::new();
    for (line, quantity) in all {
        *sum.entry(*line).or_default() += quantity;
    }
    sum
}

fn pieces_of<'a>(shipments: impl IntoIterator<Item = &'a Shipment>) -> Pieces {
    sum(shipments.into_iter().flat_map(|it| it.pieces.iter().map(|(line, count)| (line, *count))))
}

fn ordered(order: &Order) -> Pieces {
    (0..).zip(&order.items).map(|(line, item)| (line, i64::from(item.quantity))).collect()
}

/// No more left than was ordered, and no more came back than had left.
fn wrong_pieces(order: &Order, shipments: &[Shipment], returns: &[Return]) -> Option<String> {
    let is_within = |less: &Pieces, more: &Pieces| {
        less.iter().all(|(line, count)| count <= more.get(line).unwrap_or(&0))
    };
    let shipped = pieces_of(shipments);
    let back = returns.iter().flat_map(|it| &it.lines);
    let back = sum(back.map(|it| (&it.line, i64::from(it.of.quantity))));
    let is_right = is_within(&shipped, &ordered(order)) && is_within(&back, &shipped);
    (!is_right).then(|| format!("{back:?} came back of {shipped:?} of {order:?}"))
}

/// An order is shipped with its first shipment, and delivered once all of it has arrived; each with its time.
fn wrong_status(order: &Order, shipments: &[Shipment]) -> Option<String> {
    let arrived = pieces_of(shipments.iter().filter(|it| it.delivered_at.is_some()));
    let is_delivered = !shipments.is_empty() && arrived == ordered(order);
    let status = match (shipments.is_empty(), is_delivered) {
        (true, _) => &["Confirmed", "Cancelled"][..],
        (false, false) => &["Shipped"],
        (false, true) => &["Delivered"],
    };
    let is_right = status.contains(&order.status.as_str())
        && order.shipped_at.is_some() != shipments.is_empty()
        && order.delivered_at.is_some() == is_delivered
        && order.cancelled_at.is_some() == (order.status == "Cancelled");
    (!is_right).then(|| format!("{order:?} with {shipments:?}"))
}

/// Everything that is true of an order, as an event tells it.
fn facts(
    outcome: Outcome,
    is_delivered: bool,
    shipments: &[Shipment],
    returns: &[Return],
) -> Vec<String> {
    let life: &[&str] = match outcome {
        Outcome::Kept => &["order.confirmed"],
        Outcome::Cancelled => &["order.confirmed", "order.cancelling", "order.cancelled"],
        Outcome::CancelledInFlight => &["order.cancelling", "order.cancelled"],
        Outcome::Rejected => &["order.rejected"],
    };
    let mut facts: Vec<_> = life.iter().map(|kind| format!("{kind} ")).collect();
    facts.extend(is_delivered.then(|| "order.delivered ".to_owned()));
    for shipment in shipments {
        let id = shipment.id;
        facts.push(format!("order.shipped {id}"));
        let reports = shipment.events.iter();
        facts.extend(reports.map(|event| format!("order.tracking {id} {}", event.shown_id())));
    }
    facts.extend(returns.iter().map(|returned| format!("order.returned {}", returned.id)));
    facts
}

/// What an event tells, without what only describes it.
fn fact_of(event: &StoredEvent) -> String {
    let (kind, data) = (event.kind.as_str(), &event.data);
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let of = match kind {
        "order.shipped" => text(&data["shipment"]["id"]),
        "order.tracking" => {
            format!("{} {}", text(&data["shipmentId"]), text(&data["trackingEvent"]["id"]))
        }
        "order.returned" => text(&data["return"]["id"]),
        _of_the_order => String::new(),
    };
    format!("{kind} {of}")
}

/// The statuses that the events tell follow each other as an order may move, and each move is told by the
/// event that is for it.
fn wrong_moves(events: &[StoredEvent]) -> Option<String> {
    let moves: BTreeMap<_, _> = [
        (("Pending", "Confirmed"), "order.confirmed"),
        (("Pending", "Rejected"), "order.rejected"),
        (("Pending", "Cancelling"), "order.cancelling"),
        (("Confirmed", "Cancelling"), "order.cancelling"),
        (("Cancelling", "Cancelled"), "order.cancelled"),
        (("Confirmed", "Shipped"), "order.shipped"),
        (("Shipped", "Delivered"), "order.delivered"),
    ]
    .into();
    let stays = ["order.shipped", "order.tracking", "order.returned", "saga.stuck", "saga.unstuck"];
    let mut before = "Pending";
    for event in events {
        let (kind, status) = (event.kind.as_str(), event.status.as_deref().unwrap_or_default());
        let is_told = if before == status {
            // An order whose cancel was told before it was written is born in cancellation.
            stays.contains(&kind) || (kind, status) == ("order.confirmed", "Cancelling")
        } else {
            moves.get(&(before, status)) == Some(&kind)
        };
        if !is_told {
            return Some(format!("{kind} moves it from {before} to {status}: {events:?}"));
        }
        before = status;
    }
    None
}
