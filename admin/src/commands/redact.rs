//! `redact`: the bridge's redaction as a filter.

use std::io::{stderr, stdin};
use std::path::Path;

use bridge_redact::cli::{CheckError, Show, run_check, run_jsonl, run_plain};

use super::config::{engine, engine_with, load, read_rules};
use super::count;
use crate::cli::Redact;
use crate::failure::{Done, Failure};
use crate::screen::Screen;
use crate::source::paths;

pub(super) fn run(screen: &mut Screen, arguments: &Redact) -> Result<Done, Failure> {
    match (&arguments.check, &arguments.test) {
        (Some(rules), _) => return check(screen, rules, false),
        (None, Some(rules)) => return check(screen, rules, true),
        (None, None) => {}
    }
    let engine = match &arguments.rules {
        Some(rules) => engine_with(rules)?,
        None => engine(&load(&paths()?.config)?)?,
    };
    let show = if arguments.explain { Show::Hits } else { Show::Text };
    let (input, output) = (stdin().lock(), screen.writer());
    let summary = if arguments.jsonl {
        run_jsonl(&engine, show, input, output, stderr())
    } else {
        run_plain(&engine, show, input, output)
    };
    let summary = summary.map_err(|error| Failure::from_io("redacting standard input", &error))?;
    Ok(if summary.bad_lines == 0 { Done::Well } else { Done::Found })
}

fn check(screen: &mut Screen, path: &Path, examples: bool) -> Result<Done, Failure> {
    let text = read_rules(path)?;
    let checked = run_check(&text, path, examples, screen.writer()).map_err(|error| match error {
        CheckError::Rules(error) => Failure::failed("redaction rules", error),
        CheckError::Write(error) => Failure::from_io("writing the output", &error),
    })?;
    screen.line(&format!("{} is valid: {}", path.display(), count(checked.len() as u64, "rule", "rules")))?;
    Ok(Done::Well)
}
