//! A second run: what is there is compared, and never changed.

use super::{ITEMS, ORDERS, Place, table_row};
use crate::harness::BOTH;

fn order(id: &str, total: &str) -> String {
    format!(
        "000000000000000000000000000000{id},000000000000000000000000000000f1,{total},2024-01-02T03:04:05\n"
    )
}

fn item(id: &str, order: &str, quantity: i32, price: &str) -> String {
    let wide = |id: &str| format!("000000000000000000000000000000{id}");
    format!("{},{},{},{quantity},{price}\n", wide(id), wide(order), wide("c1"))
}

fn first() -> (String, String) {
    let orders = [ORDERS, &order("a1", "30"), &order("a2", "5.00")].concat();
    let lines = [item("b1", "a1", 1, "10"), item("b2", "a1", 1, "20"), item("b3", "a2", 5, "1.00")];
    (orders, [ITEMS, &lines.concat()].concat())
}

#[tokio::test]
async fn twice_is_once_and_what_is_new_in_the_second_file_is_added() {
    for books in BOTH {
        let place = Place::new(books).await;
        let (orders, items) = first();
        place.write(&orders, &items);
        assert_eq!(place.import(&["--strict"]).code, Some(0));
        let before = place.there().await;
        let ran = place.import(&["--strict"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.stdout.contains("imported 0 orders with 0 lines, out of 5 rows"), "{ran:?}");
        assert_eq!(place.there().await, before);
        // Only what came since, as on the day of the move.
        place.write(
            [ORDERS, &order("a3", "1")].concat(),
            [ITEMS, &item("b4", "a3", 1, "1")].concat(),
        );
        let ran = place.import(&["--strict"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let after = place.there().await;
        assert_eq!((&after[..2], after.len()), (&before[..], 3));
    }
}

#[tokio::test]
async fn a_row_that_differs_is_told_and_left_alone() {
    let (orders, items) = first();
    let changed = [
        // Another user.
        (orders.replacen("f1,30", "f2,30", 1), items.clone(), "UserId is"),
        (orders.replace("04:05", "04:06"), items.clone(), "CreatedAt is"),
        (orders.replace(",5.00,", ",-5.00,"), items.clone(), "TotalAmount is negative"),
        // Adds up, and differs.
        (orders.clone(), items.replace(",5,1.00", ",1,5.00"), "Quantity is 5 there"),
        (orders.clone(), items.replace(",1,20", ",1,21"), "UnitPrice in paise is 2000 there"),
        (
            orders.clone(),
            items.replace(&item("b2", "a1", 1, "20"), ""),
            "1 of its lines are there and not in the items' file",
        ),
    ];
    for books in BOTH {
        let place = Place::new(books).await;
        place.write(&orders, &items);
        assert_eq!(place.import(&[]).code, Some(0));
        let before = place.there().await;
        for (orders, items, how) in &changed {
            place.write(orders, items);
            let ran = place.import(&[]);
            assert_eq!(ran.code, Some(1), "{how}: {ran:?}");
            assert!(ran.stdout.contains("differs from what is there: "), "{ran:?}");
            assert!(ran.stdout.contains(how), "{how}: {ran:?}");
            assert!(place.rejects().iter().any(|it| it.contains(how)), "{how}");
            assert_eq!(place.there().await, before, "{how}");
        }
    }
}

#[tokio::test]
async fn a_line_more_of_an_order_that_is_there_is_rejected() {
    for books in BOTH {
        let place = Place::new(books).await;
        let (orders, items) = first();
        place.write(&orders, &items);
        assert_eq!(place.import(&[]).code, Some(0));
        let before = place.there().await;
        place.write(&orders, items + &item("b9", "a1", 1, "5"));
        let ran = place.import(&[]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert_eq!(place.rejects(), ["items:05 its order was imported before, without this line"]);
        assert_eq!(table_row(&ran, "all", "lines"), ["4", "1", "3", "3", "yes"]);
        assert_eq!(place.there().await, before);
        assert_eq!(place.import(&["--strict"]).code, Some(1));
    }
}

#[tokio::test]
async fn an_order_whose_line_has_the_id_of_one_that_is_there_is_rejected() {
    for books in BOTH {
        let place = Place::new(books).await;
        let (orders, items) = first();
        place.write(&orders, &items);
        assert_eq!(place.import(&[]).code, Some(0));
        let before = place.there().await;
        place.write(
            [ORDERS, &order("a7", "1")].concat(),
            [ITEMS, &item("b1", "a7", 1, "1")].concat(),
        );
        let ran = place.import(&[]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let why = "the Id of its line, line 2 of the items, is that of another line";
        assert_eq!(place.rejects()[1], format!("orders:02 {why}"));
        assert_eq!(place.there().await, before);
    }
}
