//! How tables look on a terminal and in a pipe.

use comfy_table::{Cell, CellAlignment, ColumnConstraint, ContentArrangement, Table, presets};

use crate::cli::out::Look;

/// An empty table with `headers`; the columns named in `numbers` stand to the right.
pub(super) fn table(look: Look, headers: &[&str], numbers: &[&str]) -> Table {
    let mut table = Table::new();
    match look {
        Look::Terminal => table
            .load_style(presets::UTF8_HORIZONTAL_ONLY)
            .set_content_arrangement(ContentArrangement::Dynamic),
        Look::Plain => {
            table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled)
        }
    };
    table.set_header(headers.iter().map(Cell::new));
    for (header, column) in headers.iter().zip(table.column_iter_mut()) {
        if look == Look::Plain {
            // A row begins with its first cell, so that `cut` and `awk` need no care.
            column.set_padding((0, 2));
        }
        if look == Look::Terminal && Some(header) == headers.first() {
            // An id broken over two lines can't be copied.
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
        if numbers.contains(header) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}
