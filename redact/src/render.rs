//! From what was found to the text that leaves.

use std::ops::Range;
use std::sync::Arc;

use crate::kv::Quote;
use crate::placeholder;
use crate::rules::RuleSet;
use crate::scan::Found;

/// One redacted secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Id of the rule that named it.
    pub rule: Arc<str>,
    /// The placeholder, without a suffix.
    pub placeholder: Arc<str>,
    /// Bytes in the input.
    pub span: Range<usize>,
}

/// Joins what overlaps; the rule of the highest rank names the whole.
pub(crate) fn merge(set: &RuleSet, mut found: Vec<Found>) -> Vec<Found> {
    let rank = |found: &Found| (set.rules[usize::from(found.rule)].rank, found.span.len());
    found.sort_by_key(|f| (f.span.start, std::cmp::Reverse(f.span.end)));
    let mut merged: Vec<Found> = Vec::with_capacity(found.len());
    for next in found {
        match merged.last_mut() {
            Some(last) if next.span.start < last.span.end => {
                let end = last.span.end.max(next.span.end);
                if rank(&next).0 > rank(last).0 {
                    last.rule = next.rule;
                }
                last.span.end = end;
            }
            _ => merged.push(next),
        }
    }
    merged
}

/// Writes `text` with placeholders in place of `found`, which is sorted and disjoint.
pub(crate) fn write(
    set: &RuleSet,
    text: &str,
    found: &[Found],
    namer: &dyn Fn(&str) -> Option<String>,
) -> (String, Vec<Piece>) {
    let mut out = String::with_capacity(text.len() + found.len() * 8);
    let mut pieces = Vec::with_capacity(found.len());
    let mut at = 0;
    for one in found {
        out.push_str(&text[at..one.span.start]);
        let start = out.len();
        let rule = &set.rules[usize::from(one.rule)];
        let suffix = namer(&text[one.span.clone()]);
        let name = placeholder::with_suffix(&rule.placeholder, suffix.as_deref());
        push_quoted(&mut out, &name, one.quote.as_ref());
        pieces.push(Piece { input: one.span.clone(), output: start..out.len(), rule: one.rule });
        at = one.span.end;
    }
    out.push_str(&text[at..]);
    (out, pieces)
}

fn push_quoted(out: &mut String, name: &str, quote: Option<&Quote>) {
    let quote = quote.map(|quote| "\\".repeat(quote.depth) + "\"").unwrap_or_default();
    out.push_str(&quote);
    out.push_str(name);
    out.push_str(&quote);
}

/// A placeholder in the output and what it replaced.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    /// Bytes of the input.
    pub input: Range<usize>,
    /// Bytes of the output.
    pub output: Range<usize>,
    /// Index of the rule.
    pub rule: u16,
}

/// Joins the pieces of one pass and of the next, which read the output of the first.
pub(crate) fn compose(first: Vec<Piece>, later: Vec<Piece>) -> Vec<Piece> {
    if first.is_empty() {
        return later;
    }
    let forward = |at: usize| -> usize {
        let before = later.iter().take_while(|piece| piece.input.end <= at);
        let (grown, gone) = before.fold((0, 0), |sum, p| (sum.0 + p.output.len(), sum.1 + p.input.len()));
        at + grown - gone
    };
    let moved = first.iter().map(|piece| Piece {
        output: forward(piece.output.start)..forward(piece.output.end),
        ..piece.clone()
    });
    let traced = later.iter().map(|piece| Piece {
        input: back(&first, piece.input.start)..back(&first, piece.input.end),
        ..piece.clone()
    });
    let mut all: Vec<Piece> = moved.chain(traced).collect();
    all.sort_by_key(|piece| piece.input.start);
    all
}

/// Translates a position of the output, outside of every piece, to the input.
fn back(pieces: &[Piece], at: usize) -> usize {
    let index = pieces.partition_point(|piece| piece.output.end <= at);
    match index.checked_sub(1).map(|i| &pieces[i]) {
        Some(piece) => piece.input.end + (at - piece.output.end),
        None => at,
    }
}
