//! An import that is killed half way is begun anew, and ends as if it had not died.

use std::fmt::Write as _;
use std::process::Stdio;

use entity::{order_items, orders};
use sea_orm::{DatabaseConnection, EntityTrait, PaginatorTrait};

use super::{ITEMS, ORDERS, Place, table_row};
use crate::harness::BOTH;

/// More than a few batches of them.
const COUNT: u128 = 12_000;

fn files() -> (String, String) {
    let (mut orders, mut items) = (ORDERS.to_owned(), ITEMS.to_owned());
    // Neighbours in the file are far apart by their ids.
    let scattered = (0..COUNT).map(|at| (at * 7_919) % COUNT);
    for at in scattered {
        let id = 0x1000_0000 + at;
        writeln!(orders, "{id:032x},{:032x},3.00,2023-04-05 06:07:08", 0xf1).expect("a text");
    }
    for line in 0..2 {
        for at in 0..COUNT {
            let (id, order) = (0x2000_0000 + at * 2 + line, 0x1000_0000 + at);
            writeln!(items, "{id:032x},{order:032x},{:032x},1,1.50", 0xc1).expect("a text");
        }
    }
    (orders, items)
}

/// How many orders there are, and how many lines; none while there are no tables.
async fn count(books: &DatabaseConnection) -> (u64, u64) {
    let orders = orders::Entity::find().count(books).await.unwrap_or(0);
    (orders, order_items::Entity::find().count(books).await.unwrap_or(0))
}

#[tokio::test]
async fn an_import_that_was_killed_goes_on_and_ends_as_if_it_had_not() {
    let (orders, items) = files();
    let all = (u64::try_from(COUNT).expect("few"), u64::try_from(2 * COUNT).expect("few"));
    for books in BOTH {
        let place = Place::new(books).await;
        place.write(&orders, &items);
        let mut command = place.command(&[]);
        let mut child = command.stdout(Stdio::null()).spawn().expect("the binary");
        let file = place.path("books.db");
        while place.url.starts_with("sqlite:") && !file.exists() {
            tokio::task::yield_now().await;
        }
        let there = place.books().await;
        while count(&there).await.0 == 0 {
            assert_eq!(child.try_wait().expect("our child"), None, "it ended early");
        }
        child.kill().expect("our child");
        child.wait().expect("our child");
        let half = count(&there).await;
        there.close().await.expect("closing");
        assert!(0 < half.0 && half.0 < all.0, "{half:?}: not half way");
        // An order is there with all its lines or not at all.
        assert_eq!(half.1, 2 * half.0);
        let ran = place.import(&["--strict"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let told = |of: u64| [of, 0, of, of].map(|it| it.to_string());
        assert_eq!(table_row(&ran, "2023-04", "orders")[..4], told(all.0));
        assert_eq!(table_row(&ran, "2023-04", "lines")[..4], told(all.1));
        let there = place.books().await;
        assert_eq!(count(&there).await, all);
        there.close().await.expect("closing");
        // Nothing is left beside the files.
        let left: Vec<_> = std::fs::read_dir(place.path("."))
            .expect("the directory")
            .map(|entry| entry.expect("a file").file_name().into_string().expect("a name"))
            .filter(|name| !name.starts_with("books.db"))
            .collect();
        assert_eq!(left.len(), 3, "{left:?}");
    }
}
