//! However the same rows are written, the same orders are there.

use serde_json::{Value, json};

use super::Place;
use crate::harness::{BOTH, Books};

const THERE: &str =
    "a1 of f1 Delivered 123456789 2024-05-06T07:08:09.123456 [b1: 1 of c1 at 123456789]";

/// The names and values of a row.
type Row = Vec<(&'static str, Value)>;
/// How a row is written.
type Write = fn(&[(&str, Value)]) -> String;

/// The row of an order and that of its line.
fn rows() -> (Row, Row) {
    let id = |text: &str| json!(format!("000000000000000000000000000000{text}"));
    let number = |text: &str| serde_json::from_str::<Value>(text).expect("a number");
    let order = vec![
        ("Id", id("a1")),
        ("UserId", id("F1")),
        ("TotalAmount", number("1234567.89")),
        ("CreatedAt", json!("2024-05-06T07:08:09.1234567")),
    ];
    let item = vec![
        ("Id", id("b1")),
        ("OrderId", id("A1")),
        ("ProductId", id("c1")),
        ("Quantity", json!(1)),
        ("UnitPrice", json!("1234567.8900")),
    ];
    (order, item)
}

fn separated(by: char, row: &[(&str, Value)]) -> String {
    let line = |cells: Vec<String>| cells.join(&by.to_string());
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let names = row.iter().map(|(name, _)| (*name).to_owned()).collect();
    let cells = row.iter().map(|(_, value)| text(value)).collect();
    format!("{}\n{}\n", line(names), line(cells))
}

fn object(row: &[(&str, Value)]) -> String {
    let members = row.iter().map(|(name, value)| format!("{}:{value}", json!(name.to_lowercase())));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

/// As `sqlcmd` prints a long text: broken wherever it is too long.
fn broken(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(11).map(|some| some.iter().collect::<String>() + "\r\n").collect()
}

#[tokio::test]
async fn csv_and_json_of_every_form_say_the_same() {
    let (order, item) = rows();
    let forms: [(&str, Write); 6] = [
        ("comma", |row| separated(',', row)),
        ("tab", |row| separated('\t', row)),
        ("semicolon", |row| separated(';', row).replace('\n', "\r\n")),
        ("lines", |row| format!("\u{FEFF}{}\r\n\r\n", object(row))),
        ("array", |row| format!("\n[ {} ]\n", object(row))),
        ("broken array", |row| broken(&format!("[{}]", object(row)))),
    ];
    for books in BOTH {
        for (name, form) in forms {
            let place = Place::new(books).await;
            place.write(form(&order), form(&item));
            let ran = place.import(&["--strict"]);
            assert_eq!(ran.code, Some(0), "{books:?} {name}: {ran:?}");
            assert_eq!(place.there().await, [THERE], "{books:?} {name}");
        }
    }
}

#[tokio::test]
async fn a_line_that_is_no_json_is_rejected_and_the_next_one_read() {
    let place = Place::new(Books::Sqlite).await;
    let (order, item) = rows();
    place.write(format!("{{\"Id\":\n{}\n[1]\n{{}}\n", object(&order)), object(&item));
    let ran = place.import(&[]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let rejects = place.rejects();
    assert_eq!(rejects.len(), 3, "{rejects:?}");
    assert!(rejects[0].starts_with("orders:01 is not JSON"), "{rejects:?}");
    assert_eq!(rejects[1], "orders:03 is not a JSON object");
    let missing = "Id is missing; UserId is missing; TotalAmount is missing; CreatedAt is missing";
    assert_eq!(rejects[2], format!("orders:04 {missing}"));
    assert_eq!(place.there().await, [THERE]);
}
