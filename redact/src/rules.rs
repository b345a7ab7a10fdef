//! Compiled rules.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use crate::detect::Detector;
use crate::error::{Problem, RuleError};
use crate::kv::NameKind;
use crate::runs::{ByteClass, ClassSet};
use crate::shape::Shape;
use crate::spec::{BeforeSpec, RuleFile, RuleSpec, Words};
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

/// Where the built-in rules say they come from.
pub(crate) const BUILTIN: &str = "rules.toml";
/// Least bytes of a user rule's anchor.
const MIN_ANCHOR: usize = 3;
/// Bytes a compiled user regex may take.
const REGEX_LIMIT: usize = 256 * 1024;

/// How a rule verifies what follows an anchor.
#[derive(Debug)]
pub(crate) enum Check {
    /// Byte classes.
    Shape { before: Option<Before>, keep: Option<Shape>, shape: Shape },
    /// A user's regex, anchored.
    Regex { regex: regex::Regex, group: usize },
    /// The key/value judge.
    Name(NameKind),
    /// Built-in code.
    Detect(Detector),
}

/// A compiled [`BeforeSpec`].
#[derive(Debug)]
pub(crate) struct Before {
    pub class: crate::runs::ClassId,
    pub min: usize,
    pub max: usize,
}

/// A compiled rule.
#[derive(Debug)]
pub(crate) struct Rule {
    pub id: Arc<str>,
    pub placeholder: Arc<str>,
    pub rank: u8,
    pub fold: bool,
    pub keep_anchor: bool,
    pub inside: bool,
    pub distinct: usize,
    pub entropy: f32,
    pub digits: usize,
    pub allow: Vec<String>,
    pub check: Check,
    anchors: Vec<String>,
}

/// Everything one pass needs.
pub(crate) struct RuleSet {
    pub rules: Vec<Rule>,
    pub classes: ClassSet,
    pub common: crate::detect::Common,
    pub ids: crate::detect::Ids,
    pub allowed: Vec<String>,
    pub words: Words,
    pub automaton: AhoCorasick,
    /// Anchor → rules.
    pub by_anchor: Vec<Vec<u16>>,
    /// Rules that are tried where long runs begin.
    pub run_rules: RunRules,
    /// Anchor → its bytes as written.
    pub anchors: Vec<Box<[u8]>>,
}

/// Rules without anchors.
#[derive(Debug, Default)]
pub(crate) struct RunRules {
    /// Their indices.
    pub rules: Vec<u16>,
    /// Bytes that one of them may begin with.
    first: ByteClass,
    /// Bytes that one of them wants before the run.
    before: ByteClass,
}

impl RunRules {
    fn of(rules: &[Rule], classes: &ClassSet) -> RunRules {
        let mut found = RunRules::default();
        for (index, rule) in rules.iter().enumerate().filter(|(_, rule)| rule.anchors.is_empty()) {
            let Check::Shape { before, shape, .. } = &rule.check else { continue };
            found.rules.push(u16::try_from(index).unwrap_or(u16::MAX));
            match before {
                Some(before) => found.before.add(classes.get(before.class)),
                None => found.first.add(&shape.first(classes)),
            }
        }
        found
    }

    /// Whether one of them may match at `at`; what it wants before stands before whole runs only.
    pub(crate) fn may_match(&self, bytes: &[u8], at: usize, whole: bool) -> bool {
        let before = whole && at > 0 && self.before.has(bytes[at - 1]);
        before || bytes.get(at).is_some_and(|byte| self.first.has(*byte))
    }
}

/// Collects rules from files.
#[derive(Default)]
pub(crate) struct Builder {
    rules: Vec<Rule>,
    classes: ClassSet,
    allowed: Vec<String>,
    words: Words,
    /// Each rule's specification and line, for checks.
    pub specs: Vec<(RuleSpec, usize)>,
}

impl Builder {
    /// Adds the rules of one file. Rules of a user have less freedom than built-in ones.
    pub(crate) fn add(&mut self, source: &str, origin: &Path, user: bool) -> Result<(), RuleError> {
        let error = |line, rule: Option<&str>, problem| RuleError {
            origin: origin.to_owned(),
            line,
            rule: rule.map(str::to_owned),
            problem,
        };
        let file: RuleFile = toml::from_str(source).map_err(|e| {
            let line = line_of(source, e.span().map_or(0, |span| span.start));
            error(line, None, Problem::Syntax(e.message().to_owned()))
        })?;
        match file.words {
            Some(_) if user => return Err(error(1, None, Problem::Reserved("words"))),
            Some(words) => self.words = words,
            None => {}
        }
        for spec in file.rule {
            let line = line_of(source, spec.span().start);
            let spec = spec.into_inner();
            let rule = self.compile(&spec, user).map_err(|p| error(line, Some(&spec.id), p))?;
            self.rules.push(rule);
            self.specs.push((spec, line));
        }
        for allow in file.allow {
            let line = line_of(source, allow.span().start);
            if allow.get_ref().value.len() < 6 {
                return Err(error(line, None, Problem::ShortAllowed));
            }
            self.allowed.push(allow.into_inner().value);
        }
        Ok(())
    }

    fn compile(&mut self, spec: &RuleSpec, user: bool) -> Result<Rule, Problem> {
        check_names(spec)?;
        if self.rules.iter().any(|rule| *rule.id == *spec.id) {
            return Err(Problem::DuplicateId);
        }
        if user {
            check_user(spec)?;
        }
        let mut anchors = spec.anchors.clone();
        let check = self.check(spec, &mut anchors)?;
        let unanchored = spec.run || matches!(spec.detector, Some(Detector::None));
        if anchors.is_empty() != unanchored {
            return Err(Problem::NoAnchor);
        }
        if let Some(short) = anchors.iter().find(|a| user && a.len() < MIN_ANCHOR) {
            return Err(Problem::ShortAnchor(short.clone()));
        }
        let (rank, distinct) = match check {
            Check::Shape { .. } => (30, 7),
            Check::Regex { .. } => (35, 0),
            Check::Name(_) => (5, 0),
            Check::Detect(_) => (20, 0),
        };
        Ok(Rule {
            id: spec.id.as_str().into(),
            placeholder: spec.placeholder.as_str().into(),
            rank: spec.rank.unwrap_or(rank),
            fold: spec.fold || matches!(check, Check::Name(_) | Check::Detect(_)),
            keep_anchor: spec.keep_anchor,
            inside: spec.inside,
            distinct: spec.distinct.unwrap_or(distinct),
            entropy: spec.entropy.unwrap_or(0.0),
            digits: spec.digits,
            allow: spec.allow.clone(),
            check,
            anchors,
        })
    }

    fn check(&mut self, spec: &RuleSpec, anchors: &mut Vec<String>) -> Result<Check, Problem> {
        match (&spec.shape, &spec.regex, spec.name, spec.detector) {
            (Some(shape), None, None, None) => Ok(Check::Shape {
                before: spec.before.as_ref().map(|b| self.before(b)).transpose()?,
                keep: spec.keep.as_deref().map(|s| Shape::parse(s, &mut self.classes)).transpose()?,
                shape: Shape::parse(shape, &mut self.classes)?,
            }),
            (None, Some(source), None, None) => {
                let regex = compile_regex(source, spec.group)?;
                if anchors.is_empty() {
                    anchors.extend(literal_prefix(source));
                }
                Ok(Check::Regex { regex, group: spec.group })
            }
            (None, None, Some(kind), None) => Ok(Check::Name(kind)),
            (None, None, None, Some(detector)) => Ok(Check::Detect(detector)),
            _ => Err(Problem::OneMatcher),
        }
    }

    fn before(&mut self, spec: &BeforeSpec) -> Result<Before, Problem> {
        let shape = Shape::parse(&spec.class, &mut self.classes)?;
        let class = shape.single_class().ok_or(Problem::OneMatcher)?;
        Ok(Before { class, min: spec.min, max: spec.max })
    }

    /// Builds the automaton over all anchors.
    pub(crate) fn build(mut self, origin: &Path) -> Result<RuleSet, RuleError> {
        let mut anchors: Vec<Box<[u8]>> = Vec::new();
        let mut by_anchor: Vec<Vec<u16>> = Vec::new();
        let mut known = HashMap::<&[u8], usize>::new();
        for (index, rule) in self.rules.iter().enumerate() {
            for anchor in &rule.anchors {
                let slot = *known.entry(anchor.as_bytes()).or_insert_with(|| {
                    anchors.push(anchor.as_bytes().into());
                    by_anchor.push(Vec::new());
                    anchors.len() - 1
                });
                by_anchor[slot].push(u16::try_from(index).unwrap_or(u16::MAX));
            }
        }
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .build(&anchors)
            .map_err(|e| RuleError {
                origin: origin.to_owned(),
                line: 1,
                rule: None,
                problem: Problem::Anchors(e.to_string()),
            })?;
        let common = crate::detect::Common::new(&mut self.classes);
        let id = |name: &str| {
            let index = self.rules.iter().position(|rule| &*rule.id == name).unwrap_or(0);
            u16::try_from(index).unwrap_or(0)
        };
        let ids = crate::detect::Ids {
            random: id("random-token"),
            discord: id("discord-bot-token"),
            encoded: id("encoded-secret"),
        };
        let run_rules = RunRules::of(&self.rules, &self.classes);
        let Builder { rules, classes, allowed, words, .. } = self;
        Ok(RuleSet { rules, classes, common, ids, allowed, words, automaton, by_anchor, run_rules, anchors })
    }
}

fn check_names(spec: &RuleSpec) -> Result<(), Problem> {
    let id_ok = (2..=64).contains(&spec.id.len())
        && spec.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !id_ok {
        return Err(Problem::BadId);
    }
    let placeholder_ok = spec.placeholder.len() <= 64
        && spec.placeholder.ends_with("_REDACTED")
        && spec.placeholder.as_bytes()[0].is_ascii_uppercase()
        && spec.placeholder.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    if placeholder_ok { Ok(()) } else { Err(Problem::BadPlaceholder) }
}

fn check_user(spec: &RuleSpec) -> Result<(), Problem> {
    if spec.detector.is_some() {
        return Err(Problem::Reserved("detector"));
    }
    if spec.run {
        return Err(Problem::Reserved("run"));
    }
    if spec.rank.is_some() {
        return Err(Problem::Reserved("rank"));
    }
    if spec.examples.is_empty() || spec.counter_examples.is_empty() {
        return Err(Problem::NoExamples);
    }
    Ok(())
}

fn compile_regex(source: &str, group: usize) -> Result<regex::Regex, Problem> {
    let build = |pattern: &str| {
        let built = regex::RegexBuilder::new(pattern).size_limit(REGEX_LIMIT).build();
        built.map_err(|e| Problem::Regex(Box::new(e)))
    };
    // By itself first: `a)|(b` would close the group that anchors it and match anywhere.
    build(source)?;
    // A comment of `(?x)` at the end of a regex that is whole by itself would swallow the parenthesis.
    let regex = build(&format!("^(?:{source})")).or_else(|_| build(&format!("^(?:{source}\n)")))?;
    if regex.is_match("") {
        return Err(Problem::EmptyMatch);
    }
    if group >= regex.captures_len() {
        return Err(Problem::NoGroup(group));
    }
    Ok(regex)
}

/// The literal characters a regex begins with.
fn literal_prefix(source: &str) -> Option<String> {
    let literal: String = source
        .chars()
        .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ' ' | ':' | '/'))
        .collect();
    let next = source[literal.len()..].chars().next();
    let mut literal = literal;
    if matches!(next, Some('?' | '*' | '{' | '+')) {
        literal.pop();
    }
    // With a top-level alternative the prefix would hold for its first branch only.
    (literal.len() >= MIN_ANCHOR && !source.contains('|')).then_some(literal)
}

fn line_of(source: &str, offset: usize) -> usize {
    source.bytes().take(offset).filter(|&b| b == b'\n').count() + 1
}
