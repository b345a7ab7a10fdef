//! Checks the words of a command against what its program may be given.

use super::kind::Kind;
use super::place::Place;
use super::source::Style;
use super::table::{Many, NUMERIC, Operand, Spec, Value};
use super::words::Word;
use super::{Refusal, characters, glob, rule, value};
use crate::mode::Mode;

/// Allowed arguments, and which specification they came to.
pub(crate) struct Checked {
    pub arguments: Vec<String>,
    /// Variables of the program and its subcommand.
    pub environment: Vec<(String, String)>,
}

/// Checks arguments; `name` is the program's.
///
/// # Errors
/// [`Refusal`] naming the word and what is allowed instead.
pub(crate) fn check(
    spec: &Spec,
    name: &str,
    words: &[Word],
    mode: Mode,
    place: &Place<'_>,
) -> Result<Checked, Refusal> {
    let mut walk = Walk {
        spec,
        label: name.to_owned(),
        mode,
        place,
        slots: Vec::new(),
        operands: Vec::new(),
        dashes: None,
        seen: Vec::new(),
    };
    walk.slots.push(spec.prefix.clone());
    let rest = walk.words(words)?;
    if rest.is_none() {
        walk.finish()?;
    }
    let mut checked = Checked {
        arguments: walk.slots.concat(),
        environment: spec.environment.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
    };
    if let Some((sub, label, rest)) = rest {
        let inner = check(sub, &label, rest, mode, place)?;
        checked.arguments.extend(inner.arguments);
        checked.environment.extend(inner.environment);
    }
    Ok(checked)
}

/// A subcommand, its full name, and its words.
type Subcommand<'a, 'w> = (&'a Spec, String, &'w [Word]);

struct Walk<'a, 'w> {
    spec: &'a Spec,
    /// The program and subcommands so far.
    label: String,
    mode: Mode,
    place: &'a Place<'a>,
    /// What each word became.
    slots: Vec<Vec<String>>,
    /// Operands, by their slots.
    operands: Vec<(usize, &'w Word)>,
    /// How many operands stood before `--`.
    dashes: Option<usize>,
    /// Names of the options met.
    seen: Vec<String>,
}

impl<'a, 'w> Walk<'a, 'w> {
    fn words(&mut self, words: &'w [Word]) -> Result<Option<Subcommand<'a, 'w>>, Refusal> {
        let mut at = 0;
        while let Some(word) = words.get(at) {
            at += 1;
            characters::check_dash(&word.text)?;
            let ended = self.dashes.is_some() || (self.spec.stop && !self.operands.is_empty());
            let bundled = self.spec.bundled && at == 1 && !word.text.starts_with('-');
            if !ended && word.text == "--" {
                self.dashes = Some(self.operands.len());
                self.slots.push(vec![word.text.clone()]);
            } else if !ended && (bundled || (word.text.len() > 1 && word.text.starts_with('-'))) {
                let text = if bundled { format!("-{}", word.text) } else { word.text.clone() };
                if let Some(sub) = self.option(&text, word, words, &mut at)? {
                    return Ok(Some(sub));
                }
            } else if self.operands.is_empty()
                && !ended
                && self.spec.switch.is_none()
                && !self.spec.sub.is_empty()
            {
                match self.spec.sub.get(&word.text) {
                    Some(sub) => return self.enter(sub, &word.text, &words[at..]).map(Some),
                    None if self.spec.operands.is_empty() => return Err(self.no_subcommand(&word.text)),
                    None => self.operand(word),
                }
            } else {
                self.operand(word);
            }
        }
        Ok(None)
    }

    fn operand(&mut self, word: &'w Word) {
        self.operands.push((self.slots.len(), word));
        self.slots.push(Vec::new());
    }

    fn enter(&mut self, sub: &'a Spec, name: &str, rest: &'w [Word]) -> Result<Subcommand<'a, 'w>, Refusal> {
        let label = format!("{} {name}", self.label);
        if sub.mode > self.mode {
            return Err(later_mode(&label, sub.mode));
        }
        self.slots.push(vec![name.to_owned()]);
        Ok((sub, label, rest))
    }

    fn no_subcommand(&self, name: &str) -> Refusal {
        let reason = match self.spec.never.get(name) {
            Some(why) => format!("{} {name} is never allowed here: it {why}", self.label),
            None => {
                let known: Vec<&str> = self.spec.sub.keys().map(String::as_str).collect();
                format!("{} {name} is not allowed; allowed are {}", self.label, known.join(", "))
            }
        };
        Refusal::new(rule::SUBCOMMAND, reason)
    }

    /// An option word, and its value when that is the next word.
    fn option(
        &mut self,
        text: &str,
        word: &'w Word,
        words: &'w [Word],
        at: &mut usize,
    ) -> Result<Option<Subcommand<'a, 'w>>, Refusal> {
        let (name, attached) = match text.split_once('=') {
            Some((name, attached)) => (name, Some(attached)),
            None => (text, None),
        };
        if text.starts_with("--") || self.spec.style == Style::Whole {
            characters::check_ascii(name, "the option")?;
            if self.is_attached(name) {
                let (name, attached) = text.split_at(2);
                return self.named(name, Some(attached), text, word, words, at);
            }
            return self.named(name, attached, text, word, words, at);
        }
        if text[1..].bytes().all(|b| b.is_ascii_digit()) && self.spec.options.contains_key(NUMERIC) {
            self.lookup(NUMERIC)?;
            self.slots.push(vec![text.to_owned()]);
            return Ok(None);
        }
        self.cluster(text, word, words, at)
    }

    fn named(
        &mut self,
        name: &str,
        attached: Option<&str>,
        text: &str,
        word: &'w Word,
        words: &'w [Word],
        at: &mut usize,
    ) -> Result<Option<Subcommand<'a, 'w>>, Refusal> {
        match (self.lookup(name)?, attached) {
            (Value::None, None) | (Value::Optional(_), None) => self.slots.push(vec![text.to_owned()]),
            (Value::None, Some(_)) => {
                let reason = format!("the option {name} of {} takes no value; leave it out", self.label);
                return Err(Refusal::new(rule::VALUE, reason));
            }
            (Value::Required(kind) | Value::Optional(kind), Some(attached)) => {
                self.value(kind, name, attached, word)?;
                self.slots.push(vec![text.to_owned()]);
            }
            (Value::Required(kind), None) => {
                self.slots.push(vec![text.to_owned()]);
                return self.next_value(kind, name, words, at);
            }
        }
        Ok(None)
    }

    /// Whether a whole word is a letter and its value, as `-Iinclude`.
    fn is_attached(&self, name: &str) -> bool {
        let known = |name: &str| self.spec.never.contains_key(name) || self.spec.options.contains_key(name);
        let letter = name.get(..2).filter(|letter| name.len() > 2 && *letter != "--");
        let takes = |letter: &str| match self.spec.options.get(letter) {
            Some(option) => option.value != Value::None,
            None => self.spec.never.contains_key(letter),
        };
        !known(name) && letter.is_some_and(takes)
    }

    /// Short options in one word.
    fn cluster(
        &mut self,
        text: &str,
        word: &'w Word,
        words: &'w [Word],
        at: &mut usize,
    ) -> Result<Option<Subcommand<'a, 'w>>, Refusal> {
        for (offset, letter) in text[1..].char_indices() {
            let name = format!("-{letter}");
            characters::check_ascii(&name, "the option")?;
            let attached = &text[1 + offset + letter.len_utf8()..];
            match self.lookup(&name)? {
                Value::None => {}
                Value::Optional(_) if attached.is_empty() => {}
                Value::Required(_) if !attached.is_empty() && !word.text.starts_with('-') => {
                    let reason = format!("write {name} last in {:?}, its value behind it", word.text);
                    return Err(Refusal::new(rule::VALUE, reason));
                }
                Value::Required(kind) if attached.is_empty() => {
                    self.slots.push(vec![text.to_owned()]);
                    return self.next_value(kind, &name, words, at);
                }
                Value::Required(_) if self.spec.switch.as_ref() == Some(&name) => {
                    let reason = format!("write the value of {name} as a word of its own");
                    return Err(Refusal::new(rule::VALUE, reason));
                }
                Value::Required(kind) | Value::Optional(kind) => {
                    self.value(kind, &name, attached, word)?;
                    break;
                }
            }
        }
        self.slots.push(vec![text.to_owned()]);
        Ok(None)
    }

    fn next_value(
        &mut self,
        kind: &Kind,
        name: &str,
        words: &'w [Word],
        at: &mut usize,
    ) -> Result<Option<Subcommand<'a, 'w>>, Refusal> {
        let Some(word) = words.get(*at) else {
            let reason = format!("the option {name} of {} needs a value ({kind})", self.label);
            return Err(Refusal::new(rule::VALUE, reason));
        };
        *at += 1;
        if self.spec.switch.as_deref() == Some(name) {
            let label = format!("{} {name}", self.label);
            let Some(sub) = self.spec.sub.get(&word.text) else {
                let known: Vec<&str> = self.spec.sub.keys().map(String::as_str).collect();
                let reason =
                    format!("{label} {} is not allowed; allowed are {}", word.text, known.join(", "));
                return Err(Refusal::new(rule::SUBCOMMAND, reason));
            };
            return self.enter(sub, &word.text, &words[*at..]).map(Some);
        }
        self.value(kind, name, &word.text, word)?;
        self.slots.push(vec![word.text.clone()]);
        Ok(None)
    }

    fn value(&self, kind: &Kind, name: &str, text: &str, word: &Word) -> Result<(), Refusal> {
        if word.pattern.is_some() && kind.expands() {
            let reason =
                format!("a pattern as the value of {name} is not expanded; name one file, or quote it");
            return Err(Refusal::new(rule::GLOB, reason));
        }
        value::check(kind, text, &format!("the value of {name}"), self.place)
    }

    fn lookup(&mut self, name: &str) -> Result<&'a Value, Refusal> {
        if let Some(why) = self.spec.never.get(name) {
            let reason = format!("the option {name} of {} is never allowed here: it {why}", self.label);
            return Err(Refusal::new(rule::FORBIDDEN_OPTION, reason));
        }
        match self.spec.options.get(name) {
            Some(option) if option.mode > self.mode => {
                Err(later_mode(&format!("the option {name} of {}", self.label), option.mode))
            }
            Some(option) => {
                self.seen.push(name.to_owned());
                Ok(&option.value)
            }
            None => {
                let allowed = self.spec.options.iter().filter(|(_, option)| option.mode <= self.mode);
                let mut names: Vec<&str> = allowed.map(|(name, _)| name.as_str()).collect();
                if names.is_empty() {
                    names.push("none");
                }
                let hint = if name.starts_with("--") { " (written in full)" } else { "" };
                let reason = format!(
                    "the option {name} of {} is not allowed; allowed{hint}: {}",
                    self.label,
                    names.join(" ")
                );
                Err(Refusal::new(rule::OPTION, reason))
            }
        }
    }

    fn saw(&self, names: &[String]) -> bool {
        self.seen.iter().any(|name| names.contains(name))
    }

    /// Checks the operands, and expands those that are patterns.
    fn finish(&mut self) -> Result<(), Refusal> {
        if !self.spec.needs.is_empty() && !self.saw(&self.spec.needs) {
            let reason =
                format!("{} needs {}: {}", self.label, self.spec.needs.join(" or "), self.spec.needs_reason);
            return Err(Refusal::new(rule::OPERANDS, reason));
        }
        let mut before = self.spec.operands.as_slice();
        if self.saw(&self.spec.unless) {
            before = before.get(1..).unwrap_or_default();
        }
        let split = match self.dashes {
            Some(split) if !self.spec.after.is_empty() => split,
            _ => self.operands.len(),
        };
        let operands = std::mem::take(&mut self.operands);
        let (first, second) = operands.split_at(split);
        self.assign(before, first, 0)?;
        if !second.is_empty() {
            self.assign(&self.spec.after, second, split)?;
        }
        Ok(())
    }

    fn assign(
        &mut self,
        expected: &[Operand],
        found: &[(usize, &Word)],
        first: usize,
    ) -> Result<(), Refusal> {
        let writes = self.saw(&self.spec.writes_with);
        let Some(kinds) = kinds(expected, found.len()) else {
            let expected: Vec<String> = expected.iter().map(Operand::to_string).collect();
            let expected = if expected.is_empty() { "none".to_owned() } else { expected.join(" ") };
            let reason = format!("{} was given {} operands; expected: {expected}", self.label, found.len());
            return Err(Refusal::new(rule::OPERANDS, reason));
        };
        for (number, ((slot, word), (kind, single))) in found.iter().zip(kinds).enumerate() {
            let kind = if writes && *kind == Kind::Path { &Kind::Write } else { kind };
            let texts = match &word.pattern {
                Some(pattern) if kind.expands() => glob::expand(pattern, &self.place.workspace)?,
                _ => vec![word.text.clone()],
            };
            if single && texts.len() > 1 {
                let reason =
                    format!("the pattern {:?} names {} files where one is expected", word.text, texts.len());
                return Err(Refusal::new(rule::GLOB, reason));
            }
            // Behind `--` a dash is no option any more.
            let ended = self.dashes.is_some_and(|dashes| first + number >= dashes) && kind.expands();
            for text in &texts {
                let named = if ended && text.starts_with('-') { format!("./{text}") } else { text.clone() };
                value::check(kind, &named, &format!("an operand of {}", self.label), self.place)?;
            }
            self.slots[*slot] = texts;
        }
        Ok(())
    }
}

fn later_mode(what: &str, mode: Mode) -> Refusal {
    Refusal::new(
        rule::MODE,
        format!("{what} is allowed in mode {mode} only; propose the command in that mode"),
    )
}

/// The kind of each of `count` operands and whether it stands for one only, or nothing when the number is wrong.
fn kinds(expected: &[Operand], count: usize) -> Option<Vec<(&Kind, bool)>> {
    let least = expected.iter().filter(|operand| matches!(operand.many, Many::One | Many::Some)).count();
    if count < least {
        return None;
    }
    let Some(repeated) = expected.iter().position(|operand| matches!(operand.many, Many::Some | Many::Any))
    else {
        return (count <= expected.len())
            .then(|| expected[..count].iter().map(|operand| (&operand.kind, true)).collect());
    };
    let tail = expected.len() - repeated - 1;
    let kind = |at: usize| {
        if at < repeated {
            (&expected[at].kind, true)
        } else if at >= count - tail {
            (&expected[expected.len() - (count - at)].kind, true)
        } else {
            (&expected[repeated].kind, false)
        }
    };
    Some((0..count).map(kind).collect())
}
