//! Plain tables: columns as wide as their widest cell, two blanks between.

use anstyle::Style;

use super::PLAIN;

/// A cell with its colour.
pub(crate) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), style: Style::new() }
    }

    pub(crate) fn styled(text: impl Into<String>, style: Style) -> Self {
        Self { text: text.into(), style }
    }
}

/// Prints a table with a heading.
pub(crate) fn print(heading: &[&str], rows: &[Vec<Cell>]) {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.text.chars().count());
        cells.chain(heading.get(column).map(|text| text.chars().count())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heading.len()).map(width).collect();
    let heading = heading.iter().map(|text| Cell::styled(text.to_uppercase(), super::FAINT)).collect();
    for row in std::iter::once(&heading).chain(rows) {
        say!("{}", line(row, &widths));
    }
}

fn line(row: &[Cell], widths: &[usize]) -> String {
    let mut line = String::new();
    for (index, (cell, width)) in row.iter().zip(widths).enumerate() {
        let last = index + 1 == row.len();
        let blanks = if last { 0 } else { width - cell.text.chars().count() + 2 };
        line.push_str(&format!("{}{}{}{}", cell.style, cell.text, PLAIN, " ".repeat(blanks)));
    }
    line
}
