//! `redact`: the bridge's redaction as a filter.

use std::io::{self, BufRead, Read as _};
use std::path::Path;

use bridge_redact::{Engine, Hit};
use serde_json::Value;

use super::config::{engine, engine_with, load};
use super::count;
use crate::cli::Redact;
use crate::failure::{Done, Failure};
use crate::screen::Screen;
use crate::source::paths;

pub(super) fn run(screen: &mut Screen, arguments: &Redact) -> Result<Done, Failure> {
    if let Some(rules) = &arguments.check {
        return check(screen, rules);
    }
    let engine = match &arguments.test {
        Some(rules) => engine_with(rules)?,
        None => engine(&load(&paths()?.config)?)?,
    };
    let mut input = io::stdin().lock();
    if arguments.jsonl {
        json_lines(screen, &engine, &mut input, arguments.explain)?;
    } else {
        // As a whole: a private key spans lines.
        let mut bytes = Vec::new();
        input.read_to_end(&mut bytes).map_err(|error| Failure::failed("reading standard input", error))?;
        let text = String::from_utf8_lossy(&bytes);
        let redacted = engine.redact(&text);
        screen.print(&redacted.text)?;
        if arguments.explain {
            screen.flush()?;
            explain(screen, &text, 1, &redacted.hits);
        }
    }
    Ok(Done::Well)
}

fn check(screen: &mut Screen, rules: &Path) -> Result<Done, Failure> {
    let with = engine_with(rules)?.rule_count();
    let own = Engine::builtin().map_err(|error| Failure::failed("redaction rules", error))?.rule_count();
    let added = count(with.saturating_sub(own) as u64, "rule", "rules");
    screen.line(&format!("{} is valid: {added} beside {own} built-in ones", rules.display()))?;
    Ok(Done::Well)
}

fn json_lines(
    screen: &mut Screen,
    engine: &Engine,
    input: &mut impl BufRead,
    explained: bool,
) -> Result<(), Failure> {
    for (index, line) in input.lines().enumerate() {
        let line = line.map_err(|error| Failure::failed("reading standard input", error))?;
        let number = index + 1;
        let redacted = engine.redact(&line);
        let was_json = line.trim().is_empty() || serde_json::from_str::<Value>(&line).is_ok();
        if !was_json {
            screen.note(&format!("line {number} is no JSON; it was treated as text"));
        } else if !line.trim().is_empty() && serde_json::from_str::<Value>(&redacted.text).is_err() {
            let text =
                format!("line {number} would not stay JSON; nothing of it is printed. Please report this");
            return Err(Failure::Failed(text));
        }
        screen.line(&redacted.text)?;
        // A log that is followed must not wait in a buffer.
        screen.flush()?;
        if explained {
            explain(screen, &line, number, &redacted.hits);
        }
    }
    Ok(())
}

/// Says where which rule replaced what; never what stood there.
fn explain(screen: &Screen, text: &str, first_line: usize, hits: &[Hit]) {
    for hit in hits {
        let before = &text.as_bytes()[..hit.span.start.min(text.len())];
        let line = first_line + before.iter().filter(|byte| **byte == b'\n').count();
        let column = 1 + before.iter().rev().take_while(|byte| **byte != b'\n').count();
        let length = hit.span.len();
        screen.note(&format!("{line}:{column}: {} ({length} bytes) by rule {}", hit.placeholder, hit.rule));
    }
}
