//! What a simple command must not be.

use super::fields::Field;
use super::inspect::{Inspector, Redirect};
use super::quoting::is_name;
use crate::policy::{Refusal, rule};

/// Programs that only look at what they name, or only say it.
const HARMLESS: [&str; 14] = [
    "ls", "file", "stat", "echo", "printf", "grep", "rg", "test", "[", "basename", "dirname", "which",
    "type", "whereis",
];
/// Programs that delete or destroy what they name.
const DELETING: [&str; 6] = ["rm", "rmdir", "unlink", "shred", "truncate", "srm"];
/// Programs that change what they name, recursively if told so.
const CHANGING: [&str; 6] = ["chmod", "chown", "chgrp", "chattr", "setfacl", "chcon"];

/// A field that is `NAME=value`.
pub(crate) fn is_assignment(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, _)| is_name(name.strip_suffix('+').unwrap_or(name)))
}

/// The last component of a program's path, in lower case: some file systems know no other.
pub(crate) fn base_name(text: &str) -> String {
    text.rsplit('/').next().unwrap_or_default().to_ascii_lowercase()
}

/// The name of an interpreter without its version.
pub(crate) fn unversioned(name: &str) -> &str {
    name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-')
}

impl Inspector<'_> {
    /// Looks at a simple command.
    ///
    /// # Errors
    /// [`Refusal`] naming the disaster.
    pub(crate) fn command(&self, fields: &[Field], redirects: &[Redirect]) -> Result<(), Refusal> {
        let start = fields.iter().position(|field| !is_assignment(&field.text)).unwrap_or(fields.len());
        let Some((first, arguments)) = fields[start..].split_first() else { return Ok(()) };
        if first.text.starts_with('-') {
            // Options of the reserved word `time`.
            return self.command(arguments, redirects);
        }
        let bracket = first.text == "[" || first.text == "{}";
        if first.is_unknown() || (first.active && !bracket) {
            let reason =
                "the line does not tell which program runs at one place; write its name out".to_owned();
            return Err(Refusal::new(rule::UNSEEN_CODE, reason));
        }
        let name = base_name(&first.text);
        self.check_name(&name)?;
        if !HARMLESS.contains(&name.as_str()) {
            self.check_arguments(&name, arguments)?;
        }
        self.check_files(&name, arguments)?;
        self.check_machine(&name, arguments)?;
        self.launches(&name, arguments, redirects)
    }

    /// Refuses programs by name.
    pub(crate) fn check_name(&self, name: &str) -> Result<(), Refusal> {
        let Some(rule) = self.disasters.rule(name) else { return Ok(()) };
        let what = match rule {
            rule::PRIVILEGE => "gives the rights of another user",
            rule::DEVICE => "writes to disks",
            _ => "changes the machine itself",
        };
        Err(Refusal::new(rule, format!("{name} {what}, which no mode allows; do without it")))
    }

    fn check_arguments(&self, name: &str, arguments: &[Field]) -> Result<(), Refusal> {
        for field in arguments {
            self.check_device(&field.text, field.active, name == "dd" && field.text.starts_with("of="))?;
            let in_system = ["/bin/", "/sbin/"].iter().any(|directory| field.text.contains(directory));
            if field.text.starts_with('/') && in_system && !field.text.contains(' ') {
                self.check_name(&base_name(&field.text))?;
            }
        }
        Ok(())
    }

    /// Refuses to delete or change what is not the workspace's.
    fn check_files(&self, name: &str, arguments: &[Field]) -> Result<(), Refusal> {
        if DELETING.contains(&name) {
            let recursive = name == "rm" && has_recursive(arguments, 'r');
            if arguments.iter().any(|field| field.text.starts_with("--no-p")) {
                let reason = "--no-preserve-root is for deleting everything; leave it out".to_owned();
                return Err(Refusal::new(rule::DESTRUCTION, reason));
            }
            return operands(arguments).try_for_each(|field| self.check_target(field, recursive));
        }
        if CHANGING.contains(&name) && has_recursive(arguments, 'R') {
            return operands(arguments).skip(1).try_for_each(|field| self.check_walk(field));
        }
        match name {
            "mv" => {
                let operands: Vec<&Field> = operands(arguments).collect();
                let sources = operands.len().saturating_sub(1);
                operands[..sources].iter().try_for_each(|field| self.check_target(field, false))
            }
            "rsync" if arguments.iter().any(|field| field.text.starts_with("--del")) => {
                operands(arguments).last().map_or(Ok(()), |field| self.check_walk(field))
            }
            "find" | "fd" | "fdfind" => self.check_find(arguments),
            _ => Ok(()),
        }
    }

    fn check_find(&self, arguments: &[Field]) -> Result<(), Refusal> {
        let is_action = |field: &Field| {
            matches!(
                field.text.as_str(),
                "-exec" | "-execdir" | "-ok" | "-okdir" | "-x" | "-X" | "--exec" | "--exec-batch"
            )
        };
        let deletes = arguments.iter().any(|field| field.text == "-delete");
        let mut dangerous = deletes;
        let mut rest = arguments;
        while let Some(at) = rest.iter().position(is_action) {
            let action = &rest[at + 1..];
            let end = action
                .iter()
                .position(|field| field.text == ";" || field.text == "+")
                .unwrap_or(action.len());
            let command = &action[..end];
            let name = command.first().map(|field| base_name(&field.text)).unwrap_or_default();
            dangerous |=
                DELETING.contains(&name.as_str()) || CHANGING.contains(&name.as_str()) || name == "mv";
            self.command(command, &[])?;
            rest = &action[end..];
        }
        if !dangerous {
            return Ok(());
        }
        let options = |field: &&Field| {
            matches!(field.text.as_str(), "-H" | "-L" | "-P") || field.text.starts_with("-O")
        };
        let starts =
            arguments.iter().skip_while(options).take_while(|field| !field.text.starts_with(['-', '(', '!']));
        let mut starts = starts.peekable();
        if starts.peek().is_none() {
            return self.check_walk(&Field::literal("."));
        }
        starts.try_for_each(|field| self.check_walk(field))
    }

    /// Refuses what ends the machine or everything on it.
    fn check_machine(&self, name: &str, arguments: &[Field]) -> Result<(), Refusal> {
        let says = |words: &[&str]| arguments.iter().any(|field| words.contains(&field.text.as_str()));
        let level = |field: &Field| matches!(field.text.as_str(), "0" | "1" | "6" | "s" | "S" | "u" | "q");
        let everything = match name {
            "systemctl" | "loginctl" => says(&[
                "poweroff",
                "reboot",
                "halt",
                "kexec",
                "suspend",
                "hibernate",
                "isolate",
                "emergency",
                "rescue",
                "soft-reboot",
                "default",
                "stop",
                "disable",
                "mask",
                "kill",
                "terminate-user",
                "exit",
            ]),
            "init" | "telinit" => arguments.iter().any(level),
            "kill" => {
                let behind = arguments.iter().position(|field| field.text == "--").map_or(1, |at| at + 1);
                arguments.iter().skip(behind).any(|field| field.text == "-1")
            }
            "hash" => arguments.iter().any(|field| self.check_name(&base_name(&field.text)).is_err()),
            _ => false,
        };
        if everything {
            let reason = format!(
                "{name} here ends or changes the machine itself, which no mode allows; do without it"
            );
            return Err(Refusal::new(rule::SYSTEM, reason));
        }
        Ok(())
    }
}

fn has_recursive(arguments: &[Field], letter: char) -> bool {
    let options = arguments.iter().take_while(|field| field.text != "--");
    options.map(|field| field.text.as_str()).any(|text| {
        let cluster = text.starts_with('-') && !text.starts_with("--");
        text.starts_with("--r")
            || (cluster && (text.contains(letter) || (letter == 'r' && text.contains('R'))))
    })
}

/// What is not an option.
fn operands(arguments: &[Field]) -> impl Iterator<Item = &Field> {
    let end = arguments.iter().position(|field| field.text == "--").unwrap_or(arguments.len());
    let before = arguments[..end].iter().filter(|field| !field.text.starts_with('-'));
    before.chain(arguments.iter().skip(end + 1))
}
