//! Names that head a column, in Markdown tables and comma-separated values.

use std::ops::Range;

use super::extent::Value;
use super::link::{Link, Style};
use super::name::Name;
use crate::scan::Scan;

/// Rows that are read below a heading.
const MOST_ROWS: usize = 32;
/// A longer line is no row.
const LONGEST_ROW: usize = 1024;

/// The values below `name`, when it heads a column.
pub(super) fn find(scan: &mut Scan<'_>, name: &Name) -> Vec<(Link, Value)> {
    let bytes = scan.bytes();
    let Some((mark, heading)) = heading(bytes, name) else { return Vec::new() };
    let Some(column) = cells(bytes, &heading, mark).iter().position(|cell| cell.contains(&name.word)) else {
        return Vec::new();
    };
    let columns = cells(bytes, &heading, mark).len();
    let mut found = Vec::new();
    let mut row = next_line(bytes, heading.end);
    if mark == b'|' {
        let Some(rule) = row.filter(|row| is_rule(&bytes[row.clone()])) else { return found };
        row = next_line(bytes, rule.end);
    }
    for _ in 0..MOST_ROWS {
        let Some(line) = row.filter(|row| row.len() <= LONGEST_ROW && !row.is_empty()) else { break };
        let row_cells = cells(bytes, &line, mark);
        if row_cells.len() != columns {
            break;
        }
        scan.runs.count(line.len());
        let cell = row_cells[column].clone();
        if let Some(value) = Value::trimmed(scan, cell.start, cell.end) {
            let link = Link { style: Style::Cell, at: value.start, spaced: false, query: false };
            found.push((link, value));
        }
        row = next_line(bytes, line.end);
    }
    found
}

/// The line `name` stands on and what separates its cells, if the name is a whole cell.
fn heading(bytes: &[u8], name: &Name) -> Option<(u8, Range<usize>)> {
    let blank = |b: &u8| b" \t*`\"".contains(b);
    let after = name.end + bytes[name.end..].iter().take(40).take_while(|b| blank(b)).count();
    let mark = match bytes.get(after) {
        Some(mark @ (b'|' | b',')) => *mark,
        Some(b'\n' | b'\r') => b',',
        _ => return None,
    };
    let start = bytes[..name.start].iter().rev().take(LONGEST_ROW).take_while(|b| **b != b'\n').count();
    let start = name.start - start;
    let line = start..start + memchr::memchr(b'\n', &bytes[start..])?;
    let head = &bytes[start..name.start];
    let prose = head.iter().rev().find(|b| !(blank(b) || b.is_ascii_alphanumeric() || b"_-".contains(b)));
    let starts_cell = prose.is_none_or(|b| *b == mark);
    let row = &bytes[line.clone()];
    // Source code has commas at the ends of its lines, and brackets in them.
    let plain = row[0].is_ascii_alphabetic()
        && row.trim_ascii_end().iter().all(|b| b.is_ascii_alphanumeric() || b"_- ,\"".contains(b));
    let several = memchr::memchr(mark, row).is_some()
        && (mark == b'|' || plain && !row.trim_ascii_end().ends_with(b","));
    (starts_cell && several && line.len() <= LONGEST_ROW).then_some((mark, line))
}

fn next_line(bytes: &[u8], end: usize) -> Option<Range<usize>> {
    let start = end + 1;
    let rest = bytes.get(start..)?;
    let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    Some(start..start + length)
}

/// `|---|:--:|`
fn is_rule(line: &[u8]) -> bool {
    line.contains(&b'-') && line.iter().all(|b| b"|-: \t\r+".contains(b))
}

fn cells(bytes: &[u8], line: &Range<usize>, mark: u8) -> Vec<Range<usize>> {
    let mut start = line.start;
    let marks = memchr::memchr_iter(mark, &bytes[line.clone()]).map(|at| line.start + at);
    let cells = marks.chain([line.end]).map(|end| {
        let cell = trim(bytes, start..end);
        start = end + 1;
        cell
    });
    cells.collect()
}

fn trim(bytes: &[u8], cell: Range<usize>) -> Range<usize> {
    let inner = &bytes[cell.clone()];
    let before = inner.len() - inner.trim_ascii_start().len();
    let after = inner.len() - inner.trim_ascii_end().len();
    if before == inner.len() { cell } else { cell.start + before..cell.end - after }
}
