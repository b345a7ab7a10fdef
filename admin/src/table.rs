//! Tables for people: columns without lines, of plain text when nobody watches.

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, Table};

use crate::screen::{Look, Tint};

/// Columns that may be broken over lines on a narrow terminal; an id that is broken cannot be copied.
const WORDY: [&str; 3] = ["ROLE", "NOTE", "CLIENT"];

/// A table under construction.
pub(crate) struct Grid(Table);

/// One cell: its text and what its colour means.
pub(crate) type Piece = (String, Option<Tint>);

/// A cell without colour.
pub(crate) fn plain(text: impl ToString) -> Piece {
    (text.to_string(), None)
}

impl Grid {
    /// A table with headings.
    pub(crate) fn new(look: Look, headings: &[&str]) -> Self {
        let mut grid = Self::bare(look);
        grid.0.set_header(headings.iter().map(|text| cell((*text).to_owned(), Some(Tint::Faint))));
        grid.pad();
        for (index, heading) in headings.iter().enumerate() {
            if let Some(column) = grid.0.column_mut(index)
                && !WORDY.contains(heading)
            {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        grid
    }

    /// Facts, one per line: name and value, never broken.
    pub(crate) fn facts(look: Look) -> Self {
        Self::bare(Look { width: None, ..look })
    }

    fn bare(look: Look) -> Self {
        let mut table = Table::new();
        table.load_style(NOTHING);
        if look.color {
            table.enforce_styling()
        } else {
            table.force_no_tty()
        };
        if let Some(width) = look.width {
            table.set_width(width).set_content_arrangement(ContentArrangement::Dynamic);
        }
        Self(table)
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, pieces: Vec<Piece>) {
        self.0.add_row(pieces.into_iter().map(|(text, tint)| cell(text, tint)));
        self.pad();
    }

    fn pad(&mut self) {
        for column in 0..self.0.column_count() {
            if let Some(column) = self.0.column_mut(column) {
                column.set_padding((0, 2));
            }
        }
    }

    /// The table as lines, each ended.
    pub(crate) fn render(&self) -> String {
        self.0.trim_fmt() + "\n"
    }
}

fn cell(text: String, tint: Option<Tint>) -> Cell {
    let cell = Cell::new(text);
    match tint {
        None => cell,
        Some(Tint::Heading) => cell.add_attribute(Attribute::Bold),
        Some(Tint::Faint) => cell.add_attribute(Attribute::Dim),
        Some(Tint::Good) => cell.fg(Color::DarkGreen),
        Some(Tint::Warning) => cell.fg(Color::DarkYellow),
        Some(Tint::Bad) => cell.fg(Color::DarkRed).add_attribute(Attribute::Bold),
        Some(Tint::First) => cell.fg(Color::DarkCyan),
        Some(Tint::Second) => cell.fg(Color::DarkMagenta),
    }
}
