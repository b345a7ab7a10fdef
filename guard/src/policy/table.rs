//! The policy as it is applied.

use std::collections::BTreeMap;
use std::fmt;

use super::kind::Kind;
use super::source::{CommandSource, Style};
use crate::mode::Mode;

/// What an option takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    None,
    Required(Kind),
    /// Only attached: `--color=auto`, `-U3`.
    Optional(Kind),
}

/// An option that is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OptionSpec {
    /// From this mode on.
    pub mode: Mode,
    pub value: Value,
}

/// How many of an operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Many {
    One,
    Maybe,
    Some,
    Any,
}

/// An operand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Operand {
    pub kind: Kind,
    pub many: Many,
}

impl fmt::Display for Operand {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let many = match self.many {
            Many::One => "",
            Many::Maybe => "?",
            Many::Some => "+",
            Many::Any => "*",
        };
        write!(formatter, "{}{many}", self.kind)
    }
}

/// A program or subcommand.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    pub mode: Mode,
    pub style: Style,
    pub options: BTreeMap<String, OptionSpec>,
    pub never: BTreeMap<String, String>,
    pub operands: Vec<Operand>,
    pub after: Vec<Operand>,
    pub unless: Vec<String>,
    pub writes_with: Vec<String>,
    pub needs: Vec<String>,
    pub needs_reason: String,
    pub stop: bool,
    pub bundled: bool,
    pub switch: Option<String>,
    pub prefix: Vec<String>,
    pub environment: BTreeMap<String, String>,
    pub sub: BTreeMap<String, Spec>,
}

/// The number as an option: `head -5`.
pub(crate) const NUMERIC: &str = "-NUM";

/// What the compiler of specifications looks names up in.
pub(crate) struct Library<'a> {
    pub sets: &'a BTreeMap<String, String>,
    pub programs: &'a BTreeMap<String, CommandSource>,
}

impl Library<'_> {
    /// Compiles a program or subcommand that is in `inherited` mode unless it says otherwise.
    ///
    /// # Errors
    /// A sentence about what is wrong.
    pub(crate) fn compile(&self, source: &CommandSource, inherited: Option<Mode>) -> Result<Spec, String> {
        if let Some(name) = &source.like {
            let other = self.program(name).ok_or_else(|| format!("like = {name:?} names no program"))?;
            let alone =
                CommandSource { like: source.like.clone(), mode: source.mode, ..CommandSource::default() };
            if other.like.is_some() || *source != alone {
                return Err(format!("like = {name:?} stands alone and names a program that is written out"));
            }
            return self.compile(other, inherited);
        }
        let mode = source.mode.or(inherited).ok_or("mode is missing: safe or restricted")?;
        if mode == Mode::Yolo {
            return Err("mode = \"yolo\" has no list of programs; use safe or restricted".to_owned());
        }
        let mut options = BTreeMap::new();
        self.add_options(&source.options, mode, &mut options)?;
        self.add_options(&source.restricted, mode.max(Mode::Restricted), &mut options)?;
        if let Some(both) = source.never.keys().find(|name| options.contains_key(*name)) {
            return Err(format!("{both} is both allowed and never allowed"));
        }
        let mut sub = BTreeMap::new();
        for (names, command) in &source.sub {
            let spec = self.compile(command, Some(mode)).map_err(|error| format!("{names}: {error}"))?;
            for name in names.split_whitespace() {
                if sub.insert(name.to_owned(), spec.clone()).is_some() {
                    return Err(format!("the subcommand {name} is there twice"));
                }
            }
        }
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        Ok(Spec {
            mode,
            style: source.style,
            options,
            never: source.never.clone(),
            operands: parse_operands(&source.operands)?,
            after: parse_operands(&source.after)?,
            unless: words(&source.unless),
            writes_with: words(&source.writes_with),
            needs: words(&source.needs),
            needs_reason: source.needs_reason.clone(),
            stop: source.stop,
            bundled: source.bundled,
            switch: source.switch.clone(),
            prefix: source.prefix.clone(),
            environment: source.environment.clone(),
            sub,
        })
    }

    fn program(&self, name: &str) -> Option<&CommandSource> {
        self.programs
            .iter()
            .find(|(names, _)| names.split_whitespace().any(|known| known == name))
            .map(|(_, source)| source)
    }

    /// Reads a list of options.
    ///
    /// # Errors
    /// A sentence about what is wrong.
    pub(crate) fn add_options(
        &self,
        list: &str,
        mode: Mode,
        options: &mut BTreeMap<String, OptionSpec>,
    ) -> Result<(), String> {
        for word in list.split_whitespace() {
            if let Some(set) = word.strip_prefix('@') {
                let list = self.sets.get(set).ok_or_else(|| format!("there is no set {set:?}"))?;
                self.add_options(list, mode, options)?;
                continue;
            }
            let (name, value) = parse_option(word)?;
            if options.insert(name.to_owned(), OptionSpec { mode, value }).is_some() {
                return Err(format!("the option {name} is there twice"));
            }
        }
        Ok(())
    }
}

fn parse_option(word: &str) -> Result<(&str, Value), String> {
    if !word.starts_with('-') || word == "--" {
        return Err(format!("{word:?} is no option; it begins with a dash"));
    }
    if let Some((name, kind)) = word.strip_suffix(']').and_then(|rest| rest.split_once("[=")) {
        return Ok((name, Value::Optional(Kind::parse(kind)?)));
    }
    match word.split_once('=') {
        Some((name, kind)) => Ok((name, Value::Required(Kind::parse(kind)?))),
        None => Ok((word, Value::None)),
    }
}

fn parse_operands(list: &str) -> Result<Vec<Operand>, String> {
    let parse = |word: &str| {
        let (name, many) = match word.as_bytes().last() {
            Some(b'?') => (&word[..word.len() - 1], Many::Maybe),
            Some(b'+') => (&word[..word.len() - 1], Many::Some),
            Some(b'*') => (&word[..word.len() - 1], Many::Any),
            _ => (word, Many::One),
        };
        Ok(Operand { kind: Kind::parse(name)?, many })
    };
    let operands: Vec<Operand> = list.split_whitespace().map(parse).collect::<Result<_, String>>()?;
    let repeated = operands.iter().filter(|operand| matches!(operand.many, Many::Some | Many::Any)).count();
    let optional = operands.iter().filter(|operand| operand.many == Many::Maybe).count();
    if repeated > 1 || (repeated == 1 && optional > 0) {
        return Err(format!(
            "the operands {list:?} cannot be told apart; one may repeat, and then none is optional"
        ));
    }
    Ok(operands)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compile(text: &str) -> Result<Spec, String> {
        let source: CommandSource = toml::from_str(text).unwrap();
        let sets = BTreeMap::from([("common".to_owned(), "-v --verbose".to_owned())]);
        Library { sets: &sets, programs: &BTreeMap::new() }.compile(&source, None)
    }

    #[test]
    fn lists_are_read() {
        let spec = compile("mode='safe'\noptions='@common -n=number --color[={a,b}]'\nrestricted='-o=write'")
            .unwrap();
        assert_eq!(spec.options["-n"].value, Value::Required(Kind::Number));
        assert_eq!(
            spec.options["--color"].value,
            Value::Optional(Kind::Choice(vec!["a".into(), "b".into()]))
        );
        assert_eq!((spec.options["-v"].mode, spec.options["-o"].mode), (Mode::Safe, Mode::Restricted));
    }

    #[test]
    fn mistakes_are_named() {
        for (text, part) in [
            ("options='-a'", "mode"),
            ("mode='yolo'", "yolo"),
            ("mode='safe'\noptions='-a -a'", "twice"),
            ("mode='safe'\noptions='a'", "dash"),
            ("mode='safe'\noptions='-a=what'", "what"),
            ("mode='safe'\noptions='@what'", "what"),
            ("mode='safe'\noperands='path* text*'", "told apart"),
            ("mode='safe'\noptions='-a'\nnever={'-a'='bad'}", "never"),
            ("mode='safe'\nlike='ls'", "ls"),
        ] {
            let error = compile(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
