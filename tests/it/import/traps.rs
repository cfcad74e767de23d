//! Every way in which a row can be wrong, in one pair of files: what can be imported is, and the rest is
//! rejected with why.

use super::{Place, table_row};
use crate::harness::BOTH;

/// With a byte order mark, CRLF, the columns in another order and case, one more, and a line end in quotes.
const ORDERS: &str = "\u{FEFF}userid,ID,TotalAmount,\"createdAt\",Note\r
{0000000A-0000-0000-0000-0000000000F1},{00000000-0000-0000-0000-0000000000A1},30.0000,2024-01-31 23:59:59.9999999,\"two\r
lines, \"\"quoted\"\"\"\r
0000000a-0000-0000-0000-0000000000f1,000000000000000000000000000000a2,5.5,2024-03-01T02:00:00+05:30,\r
0000000a-0000-0000-0000-0000000000f1,000000000000000000000000000000A1,30,2024-01-31,again\r
0000000a-0000-0000-0000-0000000000f1,000000000000000000000000000000a3,1.00,2024-02-01T00:00:00,no lines\r
0000000a-0000-0000-0000-0000000000f1,000000000000000000000000000000a4,9.99,2024-02-01T00:00:00,too little\r
0000000a-0000-0000-0000-0000000000f1,000000000000000000000000000000a5,-1.00,2024-02-01T00:00:00,\r
0000000a-0000-0000-0000-0000000000f1,17,1.00,2024-02-01T00:00:00,\r
NULL,000000000000000000000000000000a6,1.00,2024-02-30T00:00:00,\r
0000000a-0000-0000-0000-0000000000f1,000000000000000000000000000000a7,0.125,2024-02-01T00:00:00,\r
0000000a-0000-0000-0000-0000000000f1,000000000000000000000000000000a8,2.00,2024-02-01T00:00:00,\r
0000000a-0000-0000-0000-0000000000f1,000000000000000000000000000000a9\r
0000000a-0000-0000-0000-0000000000f1,000000000000000000000000000000aa,0,0001-01-01 00:00:00 +00:00,free\r
";

const ITEMS: &str = "Id,OrderId,ProductId,Quantity,UnitPrice
000000000000000000000000000000b1,000000000000000000000000000000a1,000000000000000000000000000000c1,2,10.00
000000000000000000000000000000b2,{000000000000000000000000000000A2},000000000000000000000000000000c1,1,5.50
000000000000000000000000000000b3,000000000000000000000000000000a4,000000000000000000000000000000c1,1,10
000000000000000000000000000000b4,000000000000000000000000000000a5,000000000000000000000000000000c1,1,1.00
000000000000000000000000000000b5,000000000000000000000000000000a6,000000000000000000000000000000c1,1,1.00
000000000000000000000000000000b6,000000000000000000000000000000a7,000000000000000000000000000000c1,1,0.125
000000000000000000000000000000b7,000000000000000000000000000000a8,000000000000000000000000000000c1,0,1.00
000000000000000000000000000000b8,000000000000000000000000000000a8,000000000000000000000000000000c1,1,2.00
000000000000000000000000000000b9,000000000000000000000000000000ff,000000000000000000000000000000c1,1,1.00
000000000000000000000000000000ba,NULL,000000000000000000000000000000c1,1,1.00
000000000000000000000000000000b2,000000000000000000000000000000a1,000000000000000000000000000000c1,1,5.50
000000000000000000000000000000bb,000000000000000000000000000000aa,000000000000000000000000000000c2,7,0.00
000000000000000000000000000000bc,000000000000000000000000000000a1,000000000000000000000000000000c2,1,10
000000000000000000000000000000bd,000000000000000000000000000000a9,000000000000000000000000000000c2,1,10
";

const REJECTS: [&str; 19] = [
    "items:04 its order, line 7 of the orders, is rejected",
    "items:05 its order, line 8 of the orders, is rejected",
    "items:06 its order, line 10 of the orders, is rejected",
    "items:07 UnitPrice is not a whole number of paise",
    "items:08 Quantity is not a whole number from 1 to 2147483647",
    "items:09 its order, line 12 of the orders, is rejected",
    "items:10 there is no order with its OrderId in the orders' file",
    "items:11 OrderId is missing",
    "items:12 has the Id of line 3",
    "items:15 there is no order with its OrderId in the orders' file",
    "orders:05 has the Id of line 2",
    "orders:06 has no lines",
    "orders:07 TotalAmount is 999 paise, but its lines add up to 1000",
    "orders:08 TotalAmount is negative",
    "orders:09 Id is not a GUID",
    "orders:10 UserId is missing; CreatedAt is not a time",
    "orders:11 TotalAmount is not a whole number of paise",
    "orders:12 its line, line 8 of the items, can't be imported: \
     Quantity is not a whole number from 1 to 2147483647",
    "orders:13 has 2 fields, and the header 5",
];

const THERE: [&str; 3] = [
    "a1 of a0000000000000000000000f1 Delivered 3000 2024-01-31T23:59:59.999999 \
     [b1: 2 of c1 at 1000, bc: 1 of c2 at 1000]",
    "a2 of a0000000000000000000000f1 Delivered 550 2024-02-29T20:30:00.000000 [b2: 1 of c1 at 550]",
    "aa of a0000000000000000000000f1 Delivered 0 0001-01-01T00:00:00.000000 [bb: 7 of c2 at 0]",
];

#[tokio::test]
async fn what_can_be_imported_is_and_the_rest_is_rejected_with_why() {
    for books in BOTH {
        let place = Place::new(books).await;
        place.write(ORDERS, ITEMS);
        let ran = place.import(&[]);
        assert_eq!(place.rejects(), REJECTS, "{books:?}: {ran:?}");
        assert_eq!(place.there().await, THERE, "{books:?}");
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
        assert_eq!(table_row(&ran, "2024-01", "orders"), ["1", "0", "1", "1", "yes"]);
        assert_eq!(table_row(&ran, "2024-01", "lines"), ["2", "0", "2", "2", "yes"]);
        assert_eq!(table_row(&ran, "2024-02", "paise"), ["1849", "1299", "550", "550", "yes"]);
        assert_eq!(table_row(&ran, "0001-01", "orders"), ["1", "0", "1", "1", "yes"]);
        assert_eq!(table_row(&ran, "all", "orders"), ["12", "9", "3", "3", "yes"]);
        assert_eq!(table_row(&ran, "all", "lines"), ["14", "10", "4", "4", "yes"]);
        // The row is as it was, for whoever sets it right and imports it once more.
        let rejected = place.rejected();
        let of_line =
            |line| rejected.iter().find(|it| it["line"] == line && it["file"] == "orders");
        let row = &of_line(8).expect("rejected")["row"];
        assert_eq!((&row["TotalAmount"], &row["Note"]), (&"-1.00".into(), &"".into()), "{row}");
        assert_eq!(of_line(9).expect("rejected")["id"], "17");
        let id = "00000000-0000-0000-0000-0000000000a5";
        assert_eq!(of_line(8).expect("rejected")["id"], id);
        assert_eq!(place.import(&["--strict"]).code, Some(1));
        assert_eq!(place.there().await, THERE, "{books:?}");
    }
}

#[tokio::test]
async fn a_dry_run_says_the_same_and_writes_nothing() {
    for books in BOTH {
        let place = Place::new(books).await;
        place.write(ORDERS, ITEMS);
        let ran = place.import(&["--dry-run"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert_eq!(table_row(&ran, "all", "orders"), ["12", "9", "3", "0", "NO"]);
        assert_eq!(place.rejects(), REJECTS, "{books:?}");
        assert!(!place.path("books.db").exists());
        assert_eq!(place.import(&["--dry-run", "--strict"]).code, Some(1));
        assert_eq!(place.import(&[]).code, Some(0));
        // Now there is something to compare with.
        let ran = place.import(&["--dry-run", "--rejects", "elsewhere"]);
        assert_eq!(table_row(&ran, "all", "orders"), ["12", "9", "3", "3", "yes"]);
        assert_eq!(super::read_rejects(&place.path("elsewhere")).len(), REJECTS.len());
        assert_eq!(place.import(&["--dry-run", "--status", "Shipped"]).code, Some(1));
    }
}
