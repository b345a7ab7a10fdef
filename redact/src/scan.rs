//! One pass over one text.

use std::ops::Range;

use crate::boundary;
use crate::kv::{self, Name, Quote, Value};
use crate::placeholder;
use crate::rules::{Before, Check, Rule, RuleSet};
use crate::runs::Runs;
use crate::shape::Shape;
use crate::words::{Makeup, entropy};

/// How far a user's regex may look.
const REGEX_WINDOW: usize = 1024;
/// How many letters and digits an escape ends in.
const LONGEST_ESCAPE: usize = 5;
/// How near a change must be to matter to a run.
const NEAR: usize = 256;
/// How many bare values are read in one stretch without blanks.
const MOST_BARE: u8 = 200;

/// Something that a rule found.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// The secret.
    pub span: Range<usize>,
    /// Index of the rule.
    pub rule: u16,
    /// Whether the placeholder needs quotes of its own, because a bare number of JSON stood there.
    pub quote: Option<Quote>,
}

/// Whether a match is a piece of something long in base 64 that goes on beyond `/` or `+`.
fn in_blob(bytes: &[u8], first: usize, last: usize) -> bool {
    let base64 = |b: &&u8| b.is_ascii_alphanumeric() || matches!(**b, b'+' | b'/');
    let before = first > 0
        && matches!(bytes[first - 1], b'+' | b'/')
        && bytes[..first].iter().rev().take(40).take_while(base64).count() == 40;
    before
        || matches!(bytes.get(last), Some(b'+' | b'/'))
            && bytes[last..].iter().take(40).take_while(base64).count() == 40
}

/// Whether crosses stand where something was.
fn is_mask(body: &str) -> bool {
    body.contains("xxxxx") || body.contains("XXXXX")
}

/// The state of one pass.
pub(crate) struct Scan<'t> {
    /// The text.
    pub text: &'t str,
    /// The rules.
    pub set: &'t RuleSet,
    /// Measures runs.
    pub runs: Runs<'t>,
    /// What was found so far.
    pub found: Vec<Found>,
    /// How far each rule has decided already.
    decided: Vec<usize>,
    /// The stretch without blanks read last for a bare value, and how often.
    bare: (usize, u8),
    /// How far the words of a seed were read.
    pub words_until: usize,
    /// The command lines read last, and how often.
    pub commands: (usize, u8),
    /// Placeholders that already stand in the text.
    protected: Vec<Range<usize>>,
}

impl<'t> Scan<'t> {
    /// Runs all rules over `text`.
    pub(crate) fn run(set: &'t RuleSet, text: &'t str) -> Scan<'t> {
        let mut scan = Scan::anchored(set, text);
        crate::detect::unanchored(&mut scan, 0..text.len(), false);
        scan
    }

    /// Runs all rules over `text` once more after the pieces `changed` were written; long
    /// runs far from those are what they were.
    pub(crate) fn run_again(set: &'t RuleSet, text: &'t str, changed: &[Range<usize>]) -> Scan<'t> {
        let mut scan = Scan::anchored(set, text);
        let mut done = 0;
        for piece in changed {
            let start = piece.start.saturating_sub(NEAR).max(done);
            let end = text.len().min(piece.end + NEAR);
            if start < end {
                crate::detect::unanchored(&mut scan, start..end, false);
                done = end;
            }
        }
        scan
    }

    /// Whether `text`, which was encoded in another, has a secret.
    pub(crate) fn run_inner(set: &RuleSet, text: &str) -> bool {
        let mut scan = Scan::anchored(set, text);
        crate::detect::unanchored(&mut scan, 0..text.len(), true);
        !scan.found.is_empty()
    }

    fn anchored(set: &'t RuleSet, text: &'t str) -> Scan<'t> {
        let runs = Runs::new(text.as_bytes(), &set.classes);
        let mut scan = Scan {
            text,
            set,
            runs,
            found: Vec::new(),
            decided: vec![0; set.rules.len()],
            bare: (0, 0),
            words_until: 0,
            commands: (0, 0),
            protected: placeholder::spans(text),
        };
        for hit in set.automaton.find_overlapping_iter(text) {
            for &rule in &set.by_anchor[hit.pattern().as_usize()] {
                let anchor = &set.anchors[hit.pattern().as_usize()];
                scan.verify(rule, anchor, hit.start(), hit.end());
            }
        }
        scan
    }

    /// The text's bytes.
    pub(crate) fn bytes(&self) -> &'t [u8] {
        self.text.as_bytes()
    }

    /// Whether the stretch without blanks that ends at `end` may be read once more. One
    /// made of nothing but names would otherwise be read for each of them.
    pub(crate) fn may_read_bare(&mut self, end: usize) -> bool {
        let times = if self.bare.0 == end { self.bare.1.saturating_add(1) } else { 0 };
        self.bare = (end, times);
        times < MOST_BARE
    }

    /// Tries the rules without anchors at `at`, in a long run.
    pub(crate) fn verify_run(&mut self, at: usize, whole: bool) {
        if self.set.run_rules.may_match(self.bytes(), at, whole) {
            for &rule in &self.set.run_rules.rules {
                self.verify(rule, b"", at, at);
            }
        }
    }

    fn verify(&mut self, index: u16, anchor: &[u8], start: usize, end: usize) {
        let set = self.set;
        let rule = &set.rules[usize::from(index)];
        if !rule.fold && self.bytes()[start..end] != *anchor {
            return;
        }
        match &rule.check {
            // What a rule took or threw away it does not look at again.
            Check::Shape { .. } | Check::Regex { .. } if start < self.decided[usize::from(index)] => {}
            Check::Shape { before, keep, shape } => {
                let matched = self.shape(rule, before.as_ref(), keep.as_ref(), shape, start, end);
                if let Some((span, good)) = matched {
                    self.decided[usize::from(index)] = span.end;
                    if good {
                        self.add(index, span);
                    }
                }
            }
            Check::Regex { regex, group } => {
                if let Some(span) = self.regex(rule, regex, *group, start) {
                    self.decided[usize::from(index)] = span.end;
                    self.add(index, span);
                }
            }
            Check::Name(kind) => kv::check(self, index, *kind, start, end),
            Check::Detect(detector) => detector.check(self, index, start, end),
        }
    }

    fn shape(
        &mut self,
        rule: &Rule,
        before: Option<&Before>,
        keep: Option<&Shape>,
        shape: &Shape,
        start: usize,
        end: usize,
    ) -> Option<(Range<usize>, bool)> {
        let mut first = start;
        if let Some(before) = before {
            first = self.runs.start(before.class, start, before.max + LONGEST_ESCAPE + 1);
            if (1..=LONGEST_ESCAPE).contains(&(start - first).saturating_sub(before.max)) {
                // The last letters of an escape are no part of the token.
                first = (first + 1..=first + LONGEST_ESCAPE).find(|&at| boundary::opens(self.bytes(), at))?;
            }
            if !(before.min..=before.max).contains(&(start - first)) {
                return None;
            }
        }
        if !rule.inside && !boundary::opens(self.bytes(), first) {
            return None;
        }
        let from = match keep {
            Some(keep) => keep.match_at(&mut self.runs, end)?,
            None => end,
        };
        let last = shape.match_at(&mut self.runs, from)?;
        if !boundary::closes(self.bytes(), last) {
            return None;
        }
        if in_blob(self.bytes(), first, last) {
            return None;
        }
        let secret = if rule.keep_anchor || keep.is_some() { from } else { first };
        let makeup = Makeup::of(self.text.get(from..last)?);
        let mask = makeup.len >= 8 && (makeup.distinct < 5 || is_mask(self.text.get(from..last)?));
        let varied =
            before.is_some() || makeup.len < 20 || makeup.changes * 4 >= makeup.len || !makeup.is_wordy();
        let good = !mask && varied && self.plausible(rule, self.text.get(secret..last)?);
        Some((secret..last, good))
    }

    fn plausible(&self, rule: &Rule, secret: &str) -> bool {
        let makeup = Makeup::of(secret);
        makeup.distinct >= rule.distinct
            && (rule.entropy == 0.0 || entropy(secret) >= rule.entropy)
            && makeup.digits >= rule.digits
            && !rule.allow.iter().any(|allowed| secret.contains(allowed.as_str()))
    }

    fn regex(
        &mut self,
        rule: &Rule,
        regex: &regex::Regex,
        group: usize,
        start: usize,
    ) -> Option<Range<usize>> {
        if !rule.inside && !boundary::opens(self.bytes(), start) {
            return None;
        }
        let mut window = self.text.len().min(start + REGEX_WINDOW);
        while !self.text.is_char_boundary(window) {
            window -= 1;
        }
        let captures = regex.captures(self.text.get(start..window)?)?;
        let secret = captures.get(group)?;
        self.runs.count(captures.get(0)?.len());
        self.plausible(rule, secret.as_str()).then(|| start + secret.start()..start + secret.end())
    }

    /// Notes a secret, unless it is a placeholder or not text.
    pub(crate) fn add(&mut self, rule: u16, span: Range<usize>) {
        self.add_quoted(rule, span, None);
    }

    fn add_quoted(&mut self, rule: u16, span: Range<usize>, quote: Option<Quote>) {
        let on_text = self.text.is_char_boundary(span.start) && self.text.is_char_boundary(span.end);
        let next = self.protected.partition_point(|p| p.end <= span.start);
        let touches = self.protected.get(next).is_some_and(|p| p.start < span.end);
        if span.is_empty() || !on_text || touches {
            return;
        }
        self.found.push(Found { span, rule, quote });
    }

    /// Notes the value of a name.
    pub(crate) fn found_value(&mut self, rule: u16, name: &Name, value: &Value) {
        let bytes = self.bytes();
        let number = value.quote.is_none() && bytes[value.span()].iter().all(u8::is_ascii_digit);
        // `"pin": 123456` must become `"pin": "…"`, or the JSON would be broken.
        let quote = kv::Quote::of_name(bytes, name.end).filter(|_| number);
        self.add_quoted(rule, value.span(), quote);
    }
}
