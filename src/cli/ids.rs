//! Reads orders' ids from any text file: an export, an access log, a list.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use uuid::Uuid;

use super::Error;
use crate::order::OrderId;

/// The first id of each line; `-` is standard input.
pub(super) fn read(file: &Path) -> Result<BTreeSet<OrderId>, Error> {
    let unreadable =
        |error: io::Error| Error::Usage(format!("{} can't be read: {error}", file.display()));
    let mut ids = BTreeSet::new();
    let lines: Box<dyn BufRead> = if file == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(file).map_err(unreadable)?))
    };
    for (line, at) in lines.split(b'\n').zip(1_u64..) {
        let line = line.map_err(unreadable)?;
        let line = String::from_utf8_lossy(&line);
        match first_id(&line) {
            Some(id) => drop(ids.insert(OrderId(id))),
            // The first line may be a heading.
            None if at == 1 || is_remark(&line) => {}
            None => {
                let error = format!("{}: there is no id in line {at}", file.display());
                return Err(Error::Usage(error));
            }
        }
    }
    Ok(ids)
}

fn first_id(line: &str) -> Option<Uuid> {
    let words = line.split(|letter: char| !letter.is_ascii_hexdigit() && letter != '-');
    // A UUID has hyphens. Without them, it might be a trace's id.
    words.filter(|word| word.len() == 36).find_map(|word| Uuid::try_parse(word).ok())
}

fn is_remark(line: &str) -> bool {
    line.trim().is_empty() || line.trim_start().starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_found_in_lists_exports_and_access_logs() {
        let id = "0198f0c2-7a51-7c3e-9d7e-2f6d1c0b5a44";
        for line in [
            id.to_owned(),
            format!("\u{feff}{id}\r"),
            format!("\"{}\",Paid,7b1c9a52-5c0f-4f1b-8a43-0a4f6d2c9e11", id.to_uppercase()),
            format!("{{{id}}};12"),
            format!(
                "POST /api/orders/create 201 4bf92f3577b34da6a3ce929d0e0e4736 /api/orders/{id}"
            ),
        ] {
            assert_eq!(first_id(&line).map(|id| id.to_string()).as_deref(), Some(id), "{line}");
        }
        for line in ["", "orderId,status", "4bf92f3577b34da6a3ce929d0e0e4736"] {
            assert_eq!(first_id(line), None, "{line}");
        }
    }
}
