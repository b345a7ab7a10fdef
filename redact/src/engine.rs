//! The engine: rules compiled once, texts redacted by reference.

use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;

use crate::check::{self, CheckedRule};
use crate::error::RuleError;
use crate::render::{self, Hit, Piece};
use crate::rules::{BUILTIN, Builder, Check, Rule, RuleSet};
use crate::scan::{Found, Scan};

const RULES: &str = include_str!("../rules.toml");
/// A second pass is all that real text needs; more would be work for an attacker to cause.
const MOST_PASSES: usize = 4;
/// How much of the message before counts as context.
const CONTEXT: usize = 512;
/// What a private key leaves behind, and what stood before its lines.
const CUT_KEY: &str = "PRIVATE_KEY_REDACTED";
const KEY_HEADER: &str = "-----BEGIN PRIVATE KEY-----";
/// How much of a message a context may reach into.
const REACH: usize = 4096;

/// Finds secrets. Immutable: share it.
pub struct Engine {
    set: RuleSet,
}

/// A text without its secrets.
#[derive(Debug, Clone)]
pub struct Redacted<'t> {
    /// The text; borrowed when nothing was found.
    pub text: Cow<'t, str>,
    /// What was found, in order.
    pub hits: Vec<Hit>,
    /// What a user's allow list let pass; worth an audit row.
    pub allowed: Vec<Hit>,
}

impl Engine {
    /// The built-in rules.
    pub fn builtin() -> Result<Engine, RuleError> {
        let builder = Engine::builtin_rules()?;
        Ok(Engine { set: builder.build(Path::new(BUILTIN))? })
    }

    /// The built-in rules and those of a user, who can add but not weaken.
    pub fn with_user_rules(toml: &str, origin: &Path) -> Result<Engine, RuleError> {
        Engine::load(toml, origin).map(|(engine, _)| engine)
    }

    pub(crate) fn load(toml: &str, origin: &Path) -> Result<(Engine, Vec<CheckedRule>), RuleError> {
        let mut builder = Engine::builtin_rules()?;
        builder.specs.clear();
        builder.add(toml, origin, true)?;
        let specs = std::mem::take(&mut builder.specs);
        let set = builder.build(origin)?;
        let checked = check::prove(&set, &specs, origin)?;
        Ok((Engine { set }, checked))
    }

    pub(crate) fn builtin_rules() -> Result<Builder, RuleError> {
        let mut builder = Builder::default();
        builder.add(RULES, Path::new(BUILTIN), false)?;
        Ok(builder)
    }

    /// How many rules are loaded.
    pub fn rule_count(&self) -> usize {
        self.set.rules.len()
    }

    /// How many bytes a pass over `text` looks at: what the test of linear time counts.
    #[doc(hidden)]
    pub fn effort(&self, text: &str) -> u64 {
        Scan::run(&self.set, text).runs.steps()
    }

    /// The ids of all rules, and whether each is verified by a shape.
    #[doc(hidden)]
    pub fn rule_ids(&self) -> Vec<(String, bool)> {
        let by_shape = |rule: &Rule| matches!(rule.check, Check::Shape { .. });
        self.set.rules.iter().map(|rule| (rule.id.to_string(), by_shape(rule))).collect()
    }

    /// Redacts `text`; equal secrets and different ones look alike.
    pub fn redact<'t>(&self, text: &'t str) -> Redacted<'t> {
        self.redact_named(text, &|_| None)
    }

    /// Redacts `text`; `namer` gives each secret a short suffix that keeps different ones apart.
    pub fn redact_named<'t>(&self, text: &'t str, namer: &dyn Fn(&str) -> Option<String>) -> Redacted<'t> {
        self.finish(text, Vec::new(), namer)
    }

    /// Redacts `text` knowing how the same sender's previous message ended.
    pub fn redact_after<'t>(
        &self,
        before: &str,
        text: &'t str,
        namer: &dyn Fn(&str) -> Option<String>,
    ) -> Redacted<'t> {
        let split = self.split_secrets(before, text);
        self.finish(text, split, namer)
    }

    /// Redacts until nothing is found any more, so that redacting twice equals once.
    fn finish<'t>(
        &self,
        text: &'t str,
        known: Vec<Found>,
        namer: &dyn Fn(&str) -> Option<String>,
    ) -> Redacted<'t> {
        let (mut found, allowed) = self.split_allowed(text, self.find(text));
        found.extend(known);
        if found.is_empty() {
            return Redacted { text: Cow::Borrowed(text), hits: Vec::new(), allowed };
        }
        let mut pieces: Vec<Piece> = Vec::new();
        let mut out = text.to_owned();
        for _ in 0..MOST_PASSES {
            let merged = crate::json::fit(&out, render::merge(&self.set, found));
            let (next, new) = render::write(&self.set, &out, &merged, namer);
            let changed: Vec<Range<usize>> = new.iter().map(|piece| piece.output.clone()).collect();
            pieces = render::compose(pieces, new);
            out = next;
            let mut again = Scan::run_again(&self.set, &out, &changed).found;
            again.extend(crate::shadow::find(&self.set, &out));
            found = self.split_allowed(&out, again).0;
            if found.is_empty() {
                break;
            }
        }
        let hits = pieces.iter().map(|piece| self.hit(piece.rule, &piece.input)).collect();
        Redacted { text: Cow::Owned(out), hits, allowed }
    }

    fn find(&self, text: &str) -> Vec<Found> {
        let mut found = Scan::run(&self.set, text).found;
        found.extend(crate::shadow::find(&self.set, text));
        found
    }

    /// Takes out what the user's allow list names.
    fn split_allowed(&self, text: &str, found: Vec<Found>) -> (Vec<Found>, Vec<Hit>) {
        if self.set.allowed.is_empty() {
            return (found, Vec::new());
        }
        let listed = |found: &Found| self.set.allowed.iter().any(|value| *value == text[found.span.clone()]);
        let (allowed, kept): (Vec<Found>, Vec<Found>) = found.into_iter().partition(listed);
        (kept, allowed.iter().map(|found| self.hit(found.rule, &found.span)).collect())
    }

    fn hit(&self, rule: u16, span: &Range<usize>) -> Hit {
        let rule = &self.set.rules[usize::from(rule)];
        Hit { rule: rule.id.clone(), placeholder: rule.placeholder.clone(), span: span.clone() }
    }

    /// Secrets that begin in `before` and end in `text`.
    fn split_secrets(&self, before: &str, text: &str) -> Vec<Found> {
        let tail = before[before.ceil_char_boundary(before.len().saturating_sub(CONTEXT))..].trim_end();
        let head = &text[..text.floor_char_boundary(REACH)];
        let mut found = Vec::new();
        // Of a key that was cut off only the placeholder is left; its lines go on here.
        let cut_key =
            tail.ends_with(CUT_KEY) || tail.rsplit_once('_').is_some_and(|(key, _)| key.ends_with(CUT_KEY));
        for (tail, joint) in [(tail, ""), (tail, " "), (if cut_key { KEY_HEADER } else { "" }, "\n")] {
            let joined = [tail, joint, head].concat();
            let seam = tail.len() + joint.len();
            for one in self.find(&joined) {
                // What lies within one of the messages is judged without the other.
                let crosses = one.span.start < seam || self.is_named(one.rule);
                if !tail.is_empty() && crosses && one.span.end > seam {
                    let span = one.span.start.saturating_sub(seam)..one.span.end - seam;
                    found.push(Found { span, quote: None, ..one });
                }
            }
        }
        found
    }

    fn is_named(&self, rule: u16) -> bool {
        matches!(self.set.rules[usize::from(rule)].check, Check::Name(_))
    }
}
