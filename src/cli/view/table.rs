//! Tables, for a terminal and for a pipe.

use comfy_table::{Cell, CellAlignment, ColumnConstraint, ContentArrangement, presets};

use crate::cli::out::TableStyle;
use crate::text::one_line;

/// A table whose cells are single lines of plain text, so that nothing that others wrote breaks its rows.
pub(super) struct Table(comfy_table::Table);

impl Table {
    /// One more row.
    pub(super) fn add_row<const N: usize>(&mut self, cells: [String; N]) {
        self.0.add_row(cells.map(|cell| one_line(&cell)));
    }

    /// The table as text, without spaces at the ends of lines.
    pub(super) fn trim_fmt(&self) -> String {
        self.0.trim_fmt()
    }
}

/// An empty table with `headers`. The columns named in `numbers` are aligned to the right.
pub(super) fn table(style: TableStyle, headers: &[&str], numbers: &[&str]) -> Table {
    let mut table = comfy_table::Table::new();
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
    Table(table)
}
