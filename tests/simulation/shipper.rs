//! Shippers: they ship all of an order or parts of it, at any node, whatever becomes of the order; the same
//! parcel more than once; and remember what they were told.

use std::collections::BTreeMap;

use order_service::fulfilment::{Pieces, Shortage};
use order_service::order::{OrderId, OrderStatus};
use order_service::store::{Error, NewShipment, Shipment, Shipping};

use super::attempt::{Asking, Attempt, Client, Heard};
use super::client::TRACE;
use super::dice::Dice;
use super::run::Run;

/// The carrier's numbers that are used for the parcels of an order.
const NUMBERS: [&str; 3] = ["1", "2", "3"];

/// A parcel that was to leave, once for each request.
#[derive(Debug)]
pub struct Parcel {
    pub order_id: OrderId,
    pub number: &'static str,
    /// What was to be in it; `None` for all that is left.
    pub pieces: Option<Pieces>,
}

/// What left the warehouse, or was to.
#[derive(Debug, Default)]
pub struct Parcels {
    pub asked: Vec<Parcel>,
    /// The shipments that shippers were told of, by order and number.
    pub told: BTreeMap<(OrderId, String), Shipment>,
    /// Those of them that were said to be new.
    news: Vec<(OrderId, String)>,
}

impl Run {
    /// Somebody ships one of the orders.
    pub fn ship_one(&mut self) {
        let orders = self.books.orders();
        if orders.is_empty() {
            return;
        }
        // Those that have not moved yet are the ones that a cancel may take.
        let stand: Vec<_> = orders.iter().filter(|(_, status)| status == "Confirmed").collect();
        let stands = !stand.is_empty() && self.dice.chance(0.5);
        let id = if stands {
            stand[self.dice.below(stand.len())].0
        } else if self.dice.chance(0.2) {
            // A checkout that may have no order, or none yet.
            let Some(id) = self.any_checkout() else { return };
            id
        } else {
            let out: Vec<_> = orders.iter().filter(|(_, status)| status == "Shipped").collect();
            let more = !out.is_empty() && self.dice.chance(0.7);
            let any = &orders[self.dice.below(orders.len())];
            if more { out[self.dice.below(out.len())].0 } else { any.0 }
        };
        let is_race = stands && self.dice.chance(0.3);
        let pieces = pieces_of(&self.books.ordered(id), &mut self.dice);
        let number = self.dice.one_of(&NUMBERS);
        let cancels_first = self.dice.chance(0.5);
        if is_race && cancels_first {
            self.cancel(id);
        }
        self.ship(Parcel { order_id: id, number, pieces });
        if is_race && !cancels_first {
            self.cancel(id);
        }
    }

    fn ship(&mut self, parcel: Parcel) {
        let node = self.dice.below(self.slots.len());
        let Some(up) = self.up_at(node) else { return };
        let order_id = parcel.order_id;
        let new = NewShipment {
            order_id,
            carrier: "post".to_owned(),
            tracking_number: parcel.number.to_owned(),
            tracking_url: None,
            pieces: parcel.pieces.clone(),
            shipped_at: self.clock.now(),
            estimated_delivery: None,
            trace_parent: TRACE.to_owned(),
        };
        let is_decided = self.books.order(order_id).is_some();
        let client = Client::Shipper(self.parcels.asked.len());
        let asking = Asking { client, node, is_other: false, is_decided };
        let shipped = async move { up.store.ship(&new, up.executor.clock(), None).await };
        let attempt = self.ask(asking, async move { Heard::Ship(shipped.await) });
        self.story.count("shipment asked for");
        self.tell(format_args!("somebody ships {parcel:?} at node {node}: {attempt}"));
        self.parcels.asked.push(parcel);
        self.pump(node);
    }

    /// What a shipper is told is true by then, and never turns.
    pub fn hear_shipper(&mut self, at: usize, by: &Attempt, answer: &Result<Shipping, Error>) {
        self.tell(format_args!("shipper {at} hears {answer:?}"));
        self.story.count(match answer {
            Ok(Shipping::Shipped(_)) => "shipped",
            Ok(Shipping::Repeats(_)) => "shipped before",
            Ok(Shipping::NoOrder) => "told of no order to ship",
            Ok(Shipping::NotAllowed(_)) => "told too late to ship",
            Ok(Shipping::Imported(_)) => "told of an imported order",
            Ok(Shipping::Short(Shortage::Nothing, _)) => "told of nothing left to ship",
            Ok(Shipping::Short(Shortage::TooMany(_), _)) => "told of too little left to ship",
            Ok(Shipping::Short(Shortage::NoSuchLine(_), _)) => "told of no such line to ship",
            Err(_) => "shipping unavailable",
        });
        let Parcel { order_id, number, ref pieces } = self.parcels.asked[at];
        let key = (order_id, number.to_owned());
        let status = self.books.order(order_id).map(|order| order.status);
        let is_out = matches!(status.as_deref(), Some("Shipped" | "Delivered"));
        let left = || {
            let (ordered, shipped) = (self.books.ordered(order_id), self.books.shipped(order_id));
            let of = |line, ordered| ordered - shipped.get(&line).copied().unwrap_or_default();
            let left = ordered.into_iter().map(|(line, ordered)| (line, of(line, ordered)));
            left.collect::<Pieces>()
        };
        let is_known = self.parcels.told.contains_key(&key);
        let is_true = match answer {
            Ok(Shipping::Shipped(shipment) | Shipping::Repeats(shipment)) => {
                let is_new = matches!(answer, Ok(Shipping::Shipped(_)));
                let is_asked = !is_new || pieces.as_ref().is_none_or(|it| *it == shipment.pieces);
                let is_twice = is_new && self.parcels.news.contains(&key);
                self.parcels.news.extend(is_new.then(|| key.clone()));
                let first = self.parcels.told.entry(key).or_insert_with(|| (**shipment).clone());
                is_out && is_asked && !is_twice && is_same(first, shipment)
            }
            Ok(Shipping::NoOrder) => !by.is_decided && !is_known,
            Ok(Shipping::NotAllowed(OrderStatus::Cancelling | OrderStatus::Cancelled)) => {
                status.is_some() && !is_out
            }
            Ok(Shipping::NotAllowed(_) | Shipping::Imported(_)) => false,
            // What has left stays so: what was too much then is too much now.
            Ok(Shipping::Short(Shortage::Nothing, _)) => {
                is_out && left().values().all(|left| *left == 0)
            }
            Ok(Shipping::Short(Shortage::TooMany(line), _)) => {
                let asked = pieces.as_ref().and_then(|pieces| pieces.get(line));
                asked.is_some_and(|asked| Some(asked) > left().get(line))
            }
            Ok(Shipping::Short(Shortage::NoSuchLine(line), _)) => !left().contains_key(line),
            Err(_) => true,
        };
        if !is_true {
            let parcel = &self.parcels.asked[at];
            self.faults.push(format!("who ships {parcel:?} was told {answer:?} of {status:?}"));
        }
    }

    /// The id of a checkout, if there is one.
    pub fn any_checkout(&mut self) -> Option<OrderId> {
        let known: Vec<_> = self.purchases.iter().filter_map(|purchase| purchase.id).collect();
        (!known.is_empty()).then(|| known[self.dice.below(known.len())])
    }
}

/// The same shipment, whatever its carrier has reported meanwhile.
pub fn is_same(one: &Shipment, other: &Shipment) -> bool {
    let name = |it: &Shipment| (it.id, it.order_id, it.carrier.clone(), it.tracking_number.clone());
    name(one) == name(other) && (&one.pieces, one.shipped_at) == (&other.pieces, other.shipped_at)
}

/// Some of these pieces, now and then too many or of a line that does not exist; or `None`, for all.
fn pieces_of(ordered: &Pieces, dice: &mut Dice) -> Option<Pieces> {
    if ordered.is_empty() || dice.chance(0.3) {
        return None;
    }
    let lines: Vec<u16> = ordered.keys().copied().collect();
    let mut some = Pieces::new();
    for line in &lines {
        if some.is_empty() || dice.chance(0.5) {
            let most = u64::try_from(ordered[line]).unwrap_or(1);
            let more = u64::from(dice.chance(0.1));
            let quantity = dice.between(1, most + more);
            some.insert(*line, i64::try_from(quantity).unwrap_or(1));
        }
    }
    if dice.chance(0.03) {
        some.insert(lines[lines.len() - 1] + 1, 1);
    }
    Some(some)
}
