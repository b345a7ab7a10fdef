//! Commands that run other commands, lines or code.

use super::disasters::{base_name, is_assignment, unversioned};
use super::fields::{Field, UNKNOWN};
use super::inspect::{Inspector, Redirect};
use super::{Wrapper, inline};
use crate::policy::{Refusal, rule};

/// Names of files that are another name of standard input.
const STDIN: [&str; 4] = ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"];
/// Programs whose code is an argument and that need no input.
const AWKS: [&str; 4] = ["awk", "gawk", "mawk", "nawk"];

fn unseen(what: &str) -> Refusal {
    Refusal::new(
        rule::UNSEEN_CODE,
        format!("{what}, so a person cannot see what would run; write it out in the line"),
    )
}

impl Inspector<'_> {
    /// Follows a command into what it runs.
    pub(crate) fn launches(
        &self,
        name: &str,
        arguments: &[Field],
        redirects: &[Redirect],
    ) -> Result<(), Refusal> {
        let plain = unversioned(name);
        let lists = |list: &str| list.split_whitespace().any(|known| known == name || known == plain);
        if lists(&self.disasters.shells) {
            return self.shell(name, arguments, redirects);
        }
        if AWKS.contains(&name) {
            return arguments.iter().try_for_each(|field| self.inline(&field.text, true));
        }
        if lists(&self.disasters.interpreters) {
            return self.interpreter(name, arguments, redirects);
        }
        if name == "script" || name == "flock" {
            let code = arguments.iter().position(|field| field.text == "-c" || field.text == "--command");
            if let Some(code) = code.and_then(|at| arguments.get(at + 1)) {
                return self.code(code);
            }
        }
        if let Some(wrapper) = self.disasters.wrappers.get(name) {
            return self.wrapped(name, wrapper, arguments);
        }
        match name {
            "eval" => self.joined(arguments.iter().skip_while(|field| field.text == "--")),
            "watch" => self.joined(
                arguments
                    .iter()
                    .skip_while(|field| field.text.starts_with('-') || field.text.parse::<f64>().is_ok()),
            ),
            "source" | "." => self.sourced(arguments),
            "trap" => arguments.first().map_or(Ok(()), |field| self.code(field)),
            "alias" => {
                let values = arguments.iter().filter_map(|field| field.text.split_once('='));
                values.into_iter().try_for_each(|(_, value)| self.code(&Field::literal(value)))
            }
            "git" => self.git(arguments),
            "command" => self.lookup_or_run(arguments),
            _ => arguments.iter().try_for_each(|field| self.option_code(&field.text)),
        }
    }

    /// Code that a shell runs.
    fn code(&self, field: &Field) -> Result<(), Refusal> {
        if field.is_unknown() {
            return Err(unseen("part of the code comes from a variable or substitution"));
        }
        self.line(&field.text)
    }

    fn joined<'f>(&self, fields: impl Iterator<Item = &'f Field>) -> Result<(), Refusal> {
        let texts: Vec<&str> = fields.map(|field| field.text.as_str()).collect();
        self.code(&Field::literal(&texts.join(" ")))
    }

    fn lookup_or_run(&self, arguments: &[Field]) -> Result<(), Refusal> {
        match arguments.first() {
            Some(field) if field.text.starts_with('-') && field.text.contains(['v', 'V']) => Ok(()),
            _ => self.command(arguments, &[]),
        }
    }

    fn sourced(&self, arguments: &[Field]) -> Result<(), Refusal> {
        match arguments.iter().find(|field| !field.text.starts_with("--")) {
            Some(field) if field.process || field.is_unknown() || is_stdin(&field.text) => {
                Err(unseen("the file to be run is not told by the line"))
            }
            _ => Ok(()),
        }
    }

    fn shell(&self, name: &str, arguments: &[Field], redirects: &[Redirect]) -> Result<(), Refusal> {
        let (mut has_code, mut from_input) = (false, false);
        let mut at = 0;
        while let Some(field) = arguments.get(at) {
            let text = field.text.as_str();
            if matches!(text, "--version" | "--help") {
                return Ok(());
            }
            if text == "--" || !text.starts_with(['-', '+']) || text == "-" {
                at += usize::from(text == "--");
                break;
            }
            if !text.starts_with("--") {
                has_code |= text.contains('c') && text.starts_with('-');
                from_input |= text.contains('s');
            }
            let takes_value = (!text.starts_with("--") && text.ends_with(['o', 'O']))
                || matches!(text, "--rcfile" | "--init-file");
            at += 1 + usize::from(takes_value);
        }
        match arguments.get(at) {
            Some(code) if has_code => self.code(code),
            Some(script) if !from_input && !script.process && !is_stdin(&script.text) => {
                if script.is_unknown() && script.text.starts_with(UNKNOWN) {
                    return Err(unseen("the script to be run is not told by the line"));
                }
                Ok(())
            }
            _ => self.input(name, redirects, &|text| self.line(text)),
        }
    }

    /// Code that is read from standard input.
    fn input(
        &self,
        name: &str,
        redirects: &[Redirect],
        look: &dyn Fn(&str) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let from = redirects.iter().rev().find(|redirect| redirect.operator.starts_with('<'));
        let Some(redirect) = from else {
            return Err(unseen(&format!("{name} would run what it is given as input")));
        };
        let text: Vec<&str> = redirect.target.iter().map(|field| field.text.as_str()).collect();
        let text = text.join(" ");
        let process = redirect.target.iter().any(|field| field.process);
        if process || text.contains(UNKNOWN) || (!redirect.operator.starts_with("<<") && is_stdin(&text)) {
            return Err(unseen(&format!("{name} would run input that the line does not tell")));
        }
        if redirect.operator.starts_with("<<") { look(&text) } else { Ok(()) }
    }

    fn interpreter(&self, name: &str, arguments: &[Field], redirects: &[Redirect]) -> Result<(), Refusal> {
        let mut has_code = false;
        let mut operand = None;
        for field in arguments {
            let text = field.text.as_str();
            if !text.starts_with('-') || text == "-" {
                operand = Some(field);
                break;
            }
            let cluster =
                !text.starts_with("--") && text.contains(['c', 'e', 'E', 'r', 'p', 'm', 'V', 'v', 'h']);
            let long = ["--eval", "--print", "--version", "--help", "--test", "--check"]
                .iter()
                .any(|known| text.starts_with(known));
            if cluster || long {
                has_code = true;
                break;
            }
        }
        if has_code {
            if arguments.iter().any(|field| field.text == UNKNOWN.to_string()) && operand.is_none() {
                let first = arguments.iter().find(|field| !field.text.starts_with('-'));
                if first.is_some_and(|field| field.text == UNKNOWN.to_string()) {
                    return Err(unseen("the code comes from a variable or substitution"));
                }
            }
            return arguments.iter().try_for_each(|field| self.inline(&field.text, false));
        }
        match operand {
            Some(field) if !is_stdin(&field.text) && !field.process => {
                if field.text.starts_with(UNKNOWN) {
                    return Err(unseen("the script to be run is not told by the line"));
                }
                Ok(())
            }
            _ => self.input(name, redirects, &|text| self.inline(text, false)),
        }
    }

    fn wrapped(&self, name: &str, wrapper: &Wrapper, arguments: &[Field]) -> Result<(), Refusal> {
        let takes = |option: &str| wrapper.values.split_whitespace().any(|known| known == option);
        let mut at = 0;
        let mut placeholder = None;
        while let Some(field) = arguments.get(at) {
            let text = field.text.as_str();
            let splits = text.starts_with("--split") || (!text.starts_with("--") && text.contains('S'));
            if name == "env" && text.starts_with('-') && splits {
                let attached = text.split_once(['S', '=']).map_or("", |(_, value)| value);
                let behind = arguments[at + 1..].iter().map(|field| field.text.as_str());
                let words: Vec<&str> = std::iter::once(attached).chain(behind).collect();
                return self.code(&Field::literal(&words.join(" ")));
            }
            if text == "--" {
                at += 1;
                break;
            }
            if !text.starts_with('-') {
                break;
            }
            if let Some(mark) = replaced(name, text) {
                let next = arguments.get(at + 1).map_or("{}", |field| field.text.as_str());
                placeholder = Some(if mark.is_empty() { next.to_owned() } else { mark.to_owned() });
            }
            let last = text.chars().next_back().map(|letter| format!("-{letter}")).unwrap_or_default();
            let separate =
                takes(text) || (!text.starts_with("--") && takes(&last) && is_cluster(text, &takes));
            at += 1 + usize::from(separate);
        }
        let behind = arguments.get(at..).unwrap_or_default().iter();
        let mut rest: Vec<Field> =
            behind.skip_while(|field| is_assignment(&field.text)).skip(wrapper.skip).cloned().collect();
        if name == "xargs" || name == "parallel" {
            if rest.is_empty() {
                return Ok(());
            }
            if let Some(mark) = &placeholder {
                let unknown = UNKNOWN.to_string();
                rest.iter_mut().for_each(|field| field.text = field.text.replace(mark, &unknown));
            }
            rest.push(Field::literal(&UNKNOWN.to_string()));
        }
        self.command(&rest, &[])
    }

    /// Code that Git is given to run.
    fn git(&self, arguments: &[Field]) -> Result<(), Refusal> {
        for (at, field) in arguments.iter().enumerate() {
            let text = field.text.as_str();
            let value = text.split_once('=').map_or(text, |(_, value)| value);
            if let Some(code) = value.strip_prefix('!') {
                self.code(&Field::literal(code))?;
            }
            if let Some(code) = text.strip_prefix("--exec=") {
                self.code(&Field::literal(code))?;
            }
            let behind = &arguments[at + 1..];
            match text {
                "--exec" | "-x" if arguments[..at].iter().any(|field| field.text == "rebase") => {
                    behind.first().map_or(Ok(()), |field| self.code(field))?;
                }
                "foreach" => self.joined(behind.iter().filter(|field| !field.text.starts_with("--")))?,
                "run" if at > 0 && arguments[at - 1].text == "bisect" => self.command(behind, &[])?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Options of other programs that are known to hold commands, as `tar` has them.
    fn option_code(&self, text: &str) -> Result<(), Refusal> {
        let known = ["exec=", "--to-command=", "--use-compress-program=", "--rsh=", "--pre="];
        let code = known.iter().find_map(|option| text.split_once(option)).map(|(_, code)| code);
        code.map_or(Ok(()), |code| self.code(&Field::literal(code)))
    }

    /// Looks at code in another language.
    fn inline(&self, code: &str, is_awk: bool) -> Result<(), Refusal> {
        inline::check(self, code, is_awk)
    }
}

fn is_stdin(text: &str) -> bool {
    STDIN.contains(&text)
        || text.starts_with("/dev/fd/")
        || text.starts_with("/proc/self/fd/")
        || base_name(text) == "stdin"
}

/// What `xargs` replaces by its input: the mark behind the option, or nothing when it is the next word.
fn replaced<'t>(name: &str, text: &'t str) -> Option<&'t str> {
    match name {
        "parallel" => Some("{}"),
        "xargs" => {
            let long = text.strip_prefix("--replace").map(|rest| rest.strip_prefix('=').unwrap_or("{}"));
            let old = text.strip_prefix("-i").map(|rest| if rest.is_empty() { "{}" } else { rest });
            text.split_once('I').filter(|_| !text.starts_with("--")).map(|(_, mark)| mark).or(long).or(old)
        }
        _ => None,
    }
}

/// Whether only the last letter of a cluster takes a value.
fn is_cluster(text: &str, takes: &dyn Fn(&str) -> bool) -> bool {
    let letters: Vec<char> = text.chars().skip(1).collect();
    let (_, before) = letters.split_last().unwrap_or((&' ', &[]));
    !before.iter().any(|letter| takes(&format!("-{letter}")))
}
