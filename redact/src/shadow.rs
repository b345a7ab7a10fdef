//! Disguised secrets: a shadow of the text with the disguise taken off, and a map back.
//!
//! The shadow is only built of lines that have something to take off: characters of no
//! width, full-width or look-alike letters, percent codes, written-out escapes, entities,
//! string literals that are added up.

mod fold;
mod peel;

use std::ops::Range;

use crate::rules::RuleSet;
use crate::scan::{Found, Scan};

/// Text with its disguise off.
#[derive(Default)]
struct Shadow {
    text: String,
    /// Stretches in order.
    map: Vec<Stretch>,
}

/// A stretch of the shadow and where it stood in the text.
#[derive(Clone, Copy)]
struct Stretch {
    shadow: usize,
    text: usize,
    /// Bytes of the text that were peeled; `None` where shadow and text are equal.
    peeled: Option<usize>,
}

/// Finds what only shows when disguises are taken off.
pub(crate) fn find(set: &RuleSet, text: &str) -> Vec<Found> {
    if !peel::any(text.as_bytes()) {
        return Vec::new();
    }
    let mut shadow = Shadow::default();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let end = start + line.len();
        if peel::any(line.as_bytes()) {
            shadow.add_line(text, start..end);
        }
        start = end;
    }
    if shadow.map.iter().all(|stretch| stretch.peeled.is_none()) {
        return Vec::new();
    }
    let found = Scan::run(set, &shadow.text).found.into_iter();
    found
        .map(|one| Found { span: shadow.back(&one.span), ..one })
        .filter(|one| sound(text, &one.span))
        .collect()
}

fn sound(text: &str, span: &Range<usize>) -> bool {
    text.get(span.clone()).is_some_and(|secret| !secret.is_empty() && !crate::placeholder::mentions(secret))
}

impl Shadow {
    fn add_line(&mut self, text: &str, line: Range<usize>) {
        let mut at = line.start;
        let mut plain = at;
        while let Some(next) = peel::next(text.as_bytes(), at, line.end) {
            at = next;
            let Some(peeled) = peel::at(text, at, line.end) else {
                at += text[at..].chars().next().map_or(1, char::len_utf8);
                continue;
            };
            self.plain(text, plain..at);
            self.map.push(Stretch { shadow: self.text.len(), text: at, peeled: Some(peeled.length) });
            self.text.extend(peeled.bare);
            at += peeled.length;
            plain = at;
        }
        self.plain(text, plain..line.end);
        if !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    fn plain(&mut self, text: &str, span: Range<usize>) {
        if !span.is_empty() {
            self.map.push(Stretch { shadow: self.text.len(), text: span.start, peeled: None });
            self.text.push_str(&text[span]);
        }
    }

    /// Where a span of the shadow stood in the text.
    fn back(&self, span: &Range<usize>) -> Range<usize> {
        let first = self.stretch(span.start);
        let start = first.text + if first.peeled.is_some() { 0 } else { span.start - first.shadow };
        let last = self.stretch(span.end.saturating_sub(1));
        let end = last.text + last.peeled.unwrap_or(span.end - last.shadow);
        start..end
    }

    /// The stretch that the shadow's byte `at` belongs to.
    fn stretch(&self, at: usize) -> Stretch {
        let index = self.map.partition_point(|stretch| stretch.shadow <= at);
        self.map[index.saturating_sub(1)]
    }
}
