//! How the check of an archive reads.

use super::table::table;
use crate::cli::out::TableStyle;
use crate::retention::{Condition, Verified};

/// A row for each file, and what it comes to.
pub(in crate::cli) fn verified(files: &[Verified], style: TableStyle) -> String {
    if files.is_empty() {
        return "the archive is empty".to_owned();
    }
    let numbers = ["SAGAS", "ENTRIES", "BYTES"];
    let mut drawn = table(style, &["FILE", "SAGAS", "ENTRIES", "BYTES", "IS"], &numbers);
    for file in files {
        let behind = match file.never_promised {
            0 => String::new(),
            bytes => format!("; {bytes} bytes behind were never promised"),
        };
        let is = match &file.condition {
            Condition::Good => format!("as promised{behind}"),
            Condition::Bad(why) => format!("NOT AS PROMISED: {why}{behind}"),
        };
        drawn.add_row([
            file.file.clone(),
            file.sagas.to_string(),
            file.entries.to_string(),
            file.bytes.to_string(),
            is,
        ]);
    }
    let bad = files.iter().filter(|file| file.condition != Condition::Good).count();
    let sagas: u64 = files.iter().map(|file| file.sagas).sum();
    let (all, plural) = (files.len(), if files.len() == 1 { "" } else { "s" });
    let comes_to = match bad {
        0 => format!("{all} file{plural} with {sagas} sagas, all as promised"),
        bad => format!("{bad} of {all} file{plural} not as promised"),
    };
    format!("{}\n\n{comes_to}", drawn.trim_fmt())
}
