//! Files that are not to be imported: one line that says why, exit code 2, and nothing was touched.

use super::{ITEMS, ORDERS, Place};
use crate::harness::Books;

fn utf_16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[tokio::test]
async fn a_file_that_is_not_one_to_import_is_refused_as_a_whole() {
    let long = format!("{ORDERS}\"{}", "0123456789,\n".repeat(4_000));
    let open = format!("{ORDERS}\"1,2,3\n4,5,6,7\n");
    let wrong: [(Vec<u8>, &str); 10] = [
        (utf_16(&format!("\u{FEFF}{ORDERS}")), "orders: is UTF-16, and has to be UTF-8: export it"),
        (utf_16(ORDERS), "orders: is UTF-16"),
        (b"".to_vec(), "orders: is empty: a header line is missing"),
        (b"1,2,3,4\n5,6,7,8\n".to_vec(), "orders: has no header: its first line must name"),
        (
            b"Id,UserId,Total,CreatedAt\n".to_vec(),
            "orders: has no column TotalAmount; its header is Id,UserId,Total,CreatedAt",
        ),
        (b"Id,UserId,TotalAmount,CreatedAt,id\n".to_vec(), "orders: has two columns Id"),
        (long.into_bytes(), "orders: line 2: a row is longer than 16 KiB: is there a quote"),
        (open.into_bytes(), "orders: line 2: a quote is opened, and never closed"),
        (b"[{\"Id\":1},".to_vec(), "orders: is not one JSON array of objects"),
        (b"[{\"Id\":1}] (1 rows affected)".to_vec(), "orders: is not one JSON array of objects"),
    ];
    for (orders, said) in wrong {
        let place = Place::new(Books::Sqlite).await;
        place.write(orders, ITEMS);
        let ran = place.import(&[]);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stderr.starts_with(said), "{said}: {ran:?}");
        assert_eq!((ran.stderr.lines().count(), ran.stdout.as_str()), (1, ""), "{ran:?}");
    }
}

#[tokio::test]
async fn a_missing_file_and_rejects_that_would_replace_a_file_are_refused() {
    let place = Place::new(Books::Sqlite).await;
    place.write(ORDERS, ITEMS);
    let ran = place.import(&["--rejects", "items"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("the rejects would replace it"), "{ran:?}");
    assert_eq!(std::fs::read_to_string(place.path("items")).expect("the file"), ITEMS);
    std::fs::remove_file(place.path("items")).expect("removing");
    let ran = place.import(&[]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.starts_with("items: cannot be read: "), "{ran:?}");
    assert!(!place.path("books.db").exists());
    for flags in [&["--status", "Pending"][..], &["--orders"], &["--limit", "3"]] {
        assert_eq!(place.import(flags).code, Some(2), "{flags:?}");
    }
}

#[tokio::test]
async fn empty_tables_are_imported() {
    let place = Place::new(Books::Sqlite).await;
    place.write(ORDERS, "[]");
    let ran = place.import(&["--strict"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(place.there().await, Vec::<String>::new());
}
