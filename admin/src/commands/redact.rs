//! `redact`: the bridge's redaction as a filter.

use std::io::{self, BufRead as _, Read as _, Write as _};
use std::path::Path;

use bridge_redact::{Engine, Hit};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::config::{engine, engine_with, load};
use super::count;
use crate::cli::Redact;
use crate::failure::{Done, Failure};
use crate::screen::Screen;
use crate::source::paths;

/// A line of `--jsonl`; other keys are dropped.
#[derive(Deserialize)]
struct Line<'l> {
    #[serde(borrow, default)]
    id: Option<&'l RawValue>,
    text: String,
}

/// What becomes of it.
#[derive(Serialize)]
#[serde(untagged)]
enum Outcome<'l> {
    Text { id: Option<&'l RawValue>, text: &'l str },
    Hits { id: Option<&'l RawValue>, hits: Vec<HitView> },
}

#[derive(Serialize)]
struct HitView {
    rule: String,
    placeholder: String,
    span: [usize; 2],
}

pub(super) fn run(screen: &mut Screen, arguments: &Redact) -> Result<Done, Failure> {
    if let Some(rules) = arguments.check.as_deref().or(arguments.test.as_deref()) {
        return check(screen, rules);
    }
    let engine = match &arguments.rules {
        Some(rules) => engine_with(rules)?,
        None => engine(&load(&paths()?.config)?)?,
    };
    if arguments.jsonl {
        json_lines(screen, &engine, arguments.explain)
    } else {
        plain(screen, &engine, arguments.explain)
    }
}

fn check(screen: &mut Screen, rules: &Path) -> Result<Done, Failure> {
    let with = engine_with(rules)?.rule_count();
    let own = Engine::builtin().map_err(|error| Failure::failed("redaction rules", error))?.rule_count();
    let added = count(with.saturating_sub(own) as u64, "rule", "rules");
    screen.line(&format!("{} is valid: {added} beside {own} built-in ones", rules.display()))?;
    Ok(Done::Well)
}

/// All of it as one text: a private key spans lines. Bytes that are no UTF-8 pass through.
fn plain(screen: &mut Screen, engine: &Engine, explained: bool) -> Result<Done, Failure> {
    let mut input = Vec::new();
    io::stdin().lock().read_to_end(&mut input).map_err(reading)?;
    let mut offset = 0;
    for chunk in input.utf8_chunks() {
        let redacted = engine.redact(chunk.valid());
        if explained {
            for hit in &redacted.hits {
                screen.line(&explain(&input, offset, hit))?;
            }
        } else {
            screen.bytes(redacted.text.as_bytes())?;
            screen.bytes(chunk.invalid())?;
        }
        offset += chunk.valid().len() + chunk.invalid().len();
    }
    Ok(Done::Well)
}

/// Where which rule found something; never what it found.
fn explain(input: &[u8], offset: usize, hit: &Hit) -> String {
    let (start, end) = (offset + hit.span.start, offset + hit.span.end);
    let before = &input[..start.min(input.len())];
    let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
    let column = 1 + before.iter().rev().take_while(|byte| **byte != b'\n').count();
    format!("{line}:{column}\t{start}..{end}\t{}\t{}", hit.rule, hit.placeholder)
}

/// A line that is not as it should be is named and does not stop the others.
fn json_lines(screen: &mut Screen, engine: &Engine, explained: bool) -> Result<Done, Failure> {
    let mut done = Done::Well;
    for (index, line) in io::stdin().lock().lines().enumerate() {
        let line = line.map_err(reading)?;
        if line.trim().is_empty() {
            continue;
        }
        match serde_json::from_str::<Line<'_>>(&line) {
            Ok(line) => screen.line(&redact_line(engine, &line, explained)?)?,
            Err(error) => {
                done = Done::Found;
                writeln!(io::stderr(), "line {}: {error}", index + 1)
                    .map_err(|error| Failure::from_output(&error))?;
            }
        }
    }
    Ok(done)
}

fn redact_line(engine: &Engine, line: &Line<'_>, explained: bool) -> Result<String, Failure> {
    let redacted = engine.redact(&line.text);
    let view = |hit: &'_ Hit| HitView {
        rule: hit.rule.to_string(),
        placeholder: hit.placeholder.to_string(),
        span: [hit.span.start, hit.span.end],
    };
    let outcome = if explained {
        Outcome::Hits { id: line.id, hits: redacted.hits.iter().map(view).collect() }
    } else {
        Outcome::Text { id: line.id, text: &redacted.text }
    };
    serde_json::to_string(&outcome).map_err(|error| Failure::failed("writing JSON", error))
}

fn reading(error: io::Error) -> Failure {
    Failure::failed("reading standard input", error)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = concat!("kT9vQ2", "xWn4Lr");

    #[test]
    fn lines_keep_their_shape() {
        let engine = Engine::builtin().unwrap();
        let shown = |json: &str, explained| {
            redact_line(&engine, &serde_json::from_str(json).unwrap(), explained).unwrap()
        };
        let line = format!(r#"{{"more":1,"text":"password={SECRET}","id":{{"n":1.50}}}}"#);
        assert_eq!(shown(&line, false), r#"{"id":{"n":1.50},"text":"password=PASSWORD_REDACTED"}"#);
        let hits = shown(&line, true);
        assert!(hits.starts_with(r#"{"id":{"n":1.50},"hits":[{"rule":""#), "{hits}");
        assert!(hits.contains(r#""span":[9,21]"#) && !hits.contains(SECRET), "{hits}");
        assert_eq!(shown(r#"{"text":"a\nb"}"#, false), r#"{"id":null,"text":"a\nb"}"#);
    }

    #[test]
    fn an_explanation_names_the_place_and_not_the_secret() {
        let engine = Engine::builtin().unwrap();
        let text = format!("one\npassword={SECRET}");
        let redacted = engine.redact(&text);
        let said = explain(text.as_bytes(), 0, &redacted.hits[0]);
        assert!(said.starts_with("2:10\t13..25\t") && said.ends_with("PASSWORD_REDACTED"), "{said}");
        assert!(!said.contains(SECRET));
    }
}
