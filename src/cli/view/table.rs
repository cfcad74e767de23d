//! Tables, for a terminal and for a pipe.

use comfy_table::{Cell, CellAlignment, ColumnConstraint, ContentArrangement, Table, presets};

use crate::cli::out::TableStyle;

/// An empty table with `headers`. The columns named in `numbers` are aligned to the right.
pub(super) fn table(style: TableStyle, headers: &[&str], numbers: &[&str]) -> Table {
    let mut table = Table::new();
    match style {
        TableStyle::Terminal => table
            .load_style(presets::UTF8_HORIZONTAL_ONLY)
            .set_content_arrangement(ContentArrangement::Dynamic),
        TableStyle::Plain => {
            table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled)
        }
    };
    table.set_header(headers.iter().map(Cell::new));
    for (header, column) in headers.iter().zip(table.column_iter_mut()) {
        if style == TableStyle::Plain {
            // No padding on the left, so that `cut` and `awk` find the first cell at the start of the line.
            column.set_padding((0, 2));
        }
        if style == TableStyle::Terminal && Some(header) == headers.first() {
            // An id that is broken over two lines can't be copied.
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
        if numbers.contains(header) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}
