//! Tables for people: columns without lines, of plain text when nobody watches.

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, Table, Width};

use crate::screen::{Look, Tint};

/// Columns that may be broken over lines on a narrow terminal; an id that is broken cannot be copied.
const WORDY: [&str; 3] = ["ROLE", "NOTE", "CLIENT"];

/// Columns of the terminal that a broken column keeps.
const READABLE: u16 = 12;
/// A terminal with fewer columns is narrow.
const NARROW: u16 = 100;

/// A table under construction.
pub(crate) struct Grid {
    table: Table,
    gap: u16,
}

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
        grid.table.set_header(headings.iter().map(|text| cell((*text).to_owned(), Some(Tint::Faint))));
        grid.pad();
        for (index, heading) in headings.iter().enumerate() {
            if let Some(column) = grid.table.column_mut(index) {
                column.set_constraint(if WORDY.contains(heading) {
                    ColumnConstraint::LowerBoundary(Width::Fixed(READABLE))
                } else {
                    ColumnConstraint::ContentWidth
                });
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
        // Every column counts on a narrow terminal.
        let gap = if look.width.is_some_and(|width| width < NARROW) { 1 } else { 2 };
        Self { table, gap }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, pieces: Vec<Piece>) {
        self.table.add_row(pieces.into_iter().map(|(text, tint)| cell(text, tint)));
        self.pad();
    }

    fn pad(&mut self) {
        for column in 0..self.table.column_count() {
            if let Some(column) = self.table.column_mut(column) {
                column.set_padding((0, self.gap));
            }
        }
    }

    /// The table as lines, each ended.
    pub(crate) fn render(&self) -> String {
        self.table.trim_fmt() + "\n"
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
