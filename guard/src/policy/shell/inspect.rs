//! Goes through a line: every command, every substitution, under every value its variables may have.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::commands::{self, Script, Simple};
use super::fields::{self, Field};
use super::lexer::{self, Token};
use super::quoting::literal;
use super::variables::Variables;
use super::{Disasters, targets};
use crate::policy::{Refusal, rule};

/// Lines in lines: `sh -c`, `eval`.
const MAX_LINES: usize = 8;
/// Bytes of lines, lines in lines and strings in code that are read for one command.
const BUDGET: usize = 1 << 20;

/// A redirection of a command.
#[derive(Debug)]
pub(crate) struct Redirect {
    pub operator: &'static str,
    pub target: Vec<Field>,
}

/// Looks for disasters.
pub(crate) struct Inspector<'a> {
    pub disasters: &'a Disasters,
    pub workspace: &'a Path,
    /// Directories the line may be in, the workspace first; nothing for one that the line does not tell.
    pub directories: Vec<Option<PathBuf>>,
    variables: Variables,
    depth: usize,
    /// What is left of [`BUDGET`].
    budget: Rc<Cell<usize>>,
}

pub(crate) fn syntax(what: &str) -> Refusal {
    Refusal::new(rule::SHELL_SYNTAX, format!("the line is not understood: {what}; write it more plainly"))
}

impl<'a> Inspector<'a> {
    pub(crate) fn new(disasters: &'a Disasters, workspace: &'a Path) -> Self {
        let directories = vec![Some(workspace.to_owned())];
        Self {
            disasters,
            workspace,
            directories,
            variables: Variables::new(workspace),
            depth: 0,
            budget: Rc::new(Cell::new(BUDGET)),
        }
    }

    fn inner(&self) -> Inspector<'a> {
        Inspector {
            disasters: self.disasters,
            workspace: self.workspace,
            directories: self.directories.clone(),
            variables: self.variables.clone(),
            depth: self.depth + 1,
            budget: Rc::clone(&self.budget),
        }
    }

    /// Looks at a line that is run by a shell.
    ///
    /// # Errors
    /// [`Refusal`] naming the disaster.
    pub(crate) fn line(&self, line: &str) -> Result<(), Refusal> {
        if self.depth > MAX_LINES {
            return Err(syntax("it is nested too deeply"));
        }
        let Some(left) = self.budget.get().checked_sub(line.len() + 1) else {
            let reason =
                "the command holds too many lines in lines to be looked through; shorten it".to_owned();
            return Err(Refusal::new(rule::SIZE, reason));
        };
        self.budget.set(left);
        let tokens = lexer::tokens(line).map_err(|what| syntax(&what))?;
        self.inner().tokens(&tokens)
    }

    fn tokens(&mut self, tokens: &[Token]) -> Result<(), Refusal> {
        let script = commands::parse(tokens).map_err(|what| syntax(&what))?;
        check_processes(&script)?;
        self.variables.gather(&script);
        for simple in &script.commands {
            self.follow(simple);
        }
        let mut nested = Vec::new();
        commands::substitutions(tokens, &mut nested);
        nested.into_iter().try_for_each(|tokens| self.inner().tokens(tokens))?;
        script.commands.iter().try_for_each(|simple| self.simple(simple))
    }

    fn simple(&self, simple: &Simple<'_>) -> Result<(), Refusal> {
        let targets = simple.redirects.iter().map(|(_, target)| *target);
        for values in self.variables.choices(simple.words.iter().copied().chain(targets)) {
            let words: Vec<Field> =
                simple.words.iter().flat_map(|word| fields::expand(word, &values)).collect();
            let redirects: Vec<Redirect> = simple
                .redirects
                .iter()
                .map(|(operator, target)| Redirect { operator, target: fields::expand(target, &values) })
                .collect();
            for redirect in &redirects {
                self.check_redirect(redirect)?;
            }
            self.command(&words, &redirects)?;
        }
        Ok(())
    }

    /// Remembers where `cd` leads.
    fn follow(&mut self, simple: &Simple<'_>) {
        let name = simple.words.first().and_then(|word| literal(word)).unwrap_or_default();
        if name != "cd" && name != "pushd" {
            return;
        }
        let here = self.directories.last().cloned().flatten();
        for values in self.variables.choices(simple.words.iter().copied()) {
            let words: Vec<Field> =
                simple.words.iter().flat_map(|word| fields::expand(word, &values)).collect();
            let target = words[1..].iter().find(|field| !field.text.starts_with('-'));
            let target = target.map_or(fields::HOME, |field| field.text.as_str());
            let known = !target.contains(fields::UNKNOWN) && words.iter().all(|word| word.text != "-");
            let path = here.as_ref().filter(|_| known).map(|here| targets::normalize(here, target));
            self.directories.push(path);
        }
    }
}

/// Refuses processes without end.
fn check_processes(script: &Script<'_>) -> Result<(), Refusal> {
    let bomb = |what: &str| {
        Err(Refusal::new(rule::FORK_BOMB, format!("{what}: it would start processes without end")))
    };
    if script.endless {
        return bomb("a loop without end starts commands in the background; add a `wait` or an end");
    }
    let mut calls: Vec<&str> = Vec::new();
    for simple in &script.commands {
        let name = simple.words.first().and_then(|word| literal(word)).unwrap_or_default();
        if let Some(function) = simple.inside.iter().find(|function| **function == name) {
            if simple.beside || calls.contains(&function.as_str()) {
                return bomb(&format!(
                    "the function {function} calls itself more than once or beside itself"
                ));
            }
            calls.push(function);
        }
    }
    Ok(())
}
