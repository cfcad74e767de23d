//! A property: what is there afterwards is the file's accepted rows, whatever order they have in it. Which those
//! are, a few plain loops here say anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};

use super::{ITEMS, ORDERS, Place};
use crate::harness::BOTH;

/// `None` where the id can't be read.
#[derive(Clone, Debug)]
struct OrderRow {
    id: Option<u8>,
    /// Whether it is what the lines add up to.
    is_total_right: bool,
    is_time_right: bool,
}

#[derive(Clone, Debug)]
struct ItemRow {
    id: Option<u8>,
    order: Option<u8>,
    quantity: u8,
    price: u16,
}

fn tables() -> impl Strategy<Value = (Vec<OrderRow>, Vec<ItemRow>)> {
    let most = |right: f64| prop::bool::weighted(right);
    let id = |ids: u8| prop::option::weighted(0.95, 1..ids);
    let order = (id(12), most(0.85), most(0.95)).prop_map(|(id, is_total_right, is_time_right)| {
        OrderRow { id, is_total_right, is_time_right }
    });
    let item = (id(60), id(14), 0_u8..20, 0_u16..1_000);
    let item = item.prop_map(|(id, order, quantity, price)| ItemRow { id, order, quantity, price });
    let (orders, items) = (prop::collection::vec(order, 0..14), prop::collection::vec(item, 0..40));
    (orders.prop_shuffle(), items.prop_shuffle())
}

/// The files, and what should be there.
fn written((orders, items): &(Vec<OrderRow>, Vec<ItemRow>)) -> (String, String, Vec<String>) {
    let mut seen = BTreeSet::new();
    let mut lines: BTreeMap<u8, Vec<&ItemRow>> = BTreeMap::new();
    let mut items_file = ITEMS.to_owned();
    for item in items {
        let wide = |id: Option<u8>| id.map_or_else(|| "-".to_owned(), |id| format!("{id:032x}"));
        let (id, order, quantity, price) = (item.id, item.order, item.quantity, item.price);
        let (rupees, paise) = (price / 100, price % 100);
        let ids = [wide(id), wide(order)].join(",");
        writeln!(items_file, "{ids},{:032x},{quantity},{rupees}.{paise:02}", 0xc1).expect("text");
        // A second row of one id is no line; one without an id is one that spoils its order.
        let is_second = order.is_some() && id.is_some_and(|id| !seen.insert(id));
        if let Some(order) = order.filter(|_| !is_second) {
            lines.entry(order).or_default().push(item);
        }
    }
    let (mut orders_file, mut there) = (ORDERS.to_owned(), BTreeMap::new());
    let mut taken = BTreeSet::new();
    for order in orders {
        let of = order.id.and_then(|id| lines.get(&id));
        let sum = |of: &Vec<&ItemRow>| -> u64 {
            of.iter().map(|item| u64::from(item.quantity) * u64::from(item.price)).sum()
        };
        let total = of.map_or(0, sum) + u64::from(!order.is_total_right);
        let time = if order.is_time_right { "2024-05-06 07:08:09" } else { "2024" };
        let id = order.id.map_or_else(|| "?".to_owned(), |id| format!("{id:032X}"));
        let (rupees, paise) = (total / 100, total % 100);
        writeln!(orders_file, "{id},{:032x},{rupees}.{paise:02},{time}", 0xf1).expect("text");
        let Some(id) = order.id.filter(|id| taken.insert(*id)) else { continue };
        let Some(of) = of.filter(|_| order.is_total_right && order.is_time_right) else { continue };
        if of.iter().all(|item| item.quantity > 0 && item.id.is_some()) {
            let line = |item: &&ItemRow| {
                let id = item.id.unwrap_or_default();
                format!("{id:x}: {} of c1 at {}", item.quantity, item.price)
            };
            let told = of.iter().map(line).collect::<Vec<_>>().join(", ");
            let order =
                format!("{id:x} of f1 Delivered {total} 2024-05-06T07:08:09.000000 [{told}]");
            there.insert(id, order);
        }
    }
    (orders_file, items_file, there.into_values().collect())
}

#[tokio::test]
async fn what_is_there_is_the_accepted_rows_whatever_order_they_have() {
    for books in BOTH {
        let mut runner = TestRunner::new(Config::default());
        for _case in 0..8 {
            let tables = tables().new_tree(&mut runner).expect("tables").current();
            let place = Place::new(books).await;
            let (orders, items, expected) = written(&tables);
            place.write(&orders, &items);
            let ran = place.import(&[]);
            assert_eq!(ran.code, Some(0), "{tables:?}: {ran:?}");
            assert_eq!(place.there().await, expected, "{orders}{items}");
            let rows = tables.0.len() + tables.1.len();
            let lines: usize = expected.iter().map(|order| order.matches(" at ").count()).sum();
            assert_eq!(place.rejects().len(), rows - expected.len() - lines, "{orders}{items}");
        }
    }
}
