//! What `bridgectl redact` does, without its arguments.

use std::borrow::Cow;
use std::io::{self, Read, Write};
use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::lines::Lines;
use crate::{CheckedRule, Engine, Redacted, RuleError};

/// What a run over many lines came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Lines read.
    pub lines: u64,
    /// Secrets replaced.
    pub hits: u64,
    /// Lines that were no `{"id", "text"}`, and are missing from the output.
    pub bad_lines: u64,
}

/// What to write of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// The redacted text.
    Text,
    /// Which rules found something where; never the value.
    Hits,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    text: &'a RawValue,
}

/// Redacts the `text` of every `{"id", "text"}` line. A bad line is reported on `errors`
/// with its number and does not stop or lose the others.
pub fn run_jsonl(
    engine: &Engine,
    show: Show,
    reader: impl Read,
    writer: impl Write,
    mut errors: impl Write,
) -> io::Result<Summary> {
    let mut out = io::BufWriter::with_capacity(256 * 1024, writer);
    let mut lines = Lines::new(reader);
    let mut summary = Summary::default();
    while let Some(line) = lines.next_line()? {
        summary.lines += 1;
        if line.trim_ascii().is_empty() {
            continue;
        }
        match redact_line(engine, show, line, &mut out)? {
            Ok(hits) => summary.hits += hits,
            Err(problem) => {
                summary.bad_lines += 1;
                writeln!(errors, "line {}: {problem}", summary.lines)?;
            }
        }
    }
    out.flush()?;
    Ok(summary)
}

fn redact_line(
    engine: &Engine,
    show: Show,
    line: &[u8],
    out: &mut impl Write,
) -> io::Result<Result<u64, serde_json::Error>> {
    let line: Line<'_> = match serde_json::from_slice(line) {
        Ok(line) => line,
        Err(problem) => return Ok(Err(problem)),
    };
    let text = match read_text(line.text.get()) {
        Ok(text) => text,
        Err(problem) => return Ok(Err(problem)),
    };
    let redacted = engine.redact(&text);
    out.write_all(b"{\"id\":")?;
    out.write_all(line.id.map_or("null", RawValue::get).as_bytes())?;
    match (show, &redacted.text) {
        (Show::Hits, _) => {
            out.write_all(b",\"hits\":")?;
            write_hits(&redacted, out)?;
        }
        (Show::Text, Cow::Borrowed(_)) => {
            out.write_all(b",\"text\":")?;
            out.write_all(line.text.get().as_bytes())?;
        }
        (Show::Text, Cow::Owned(text)) => {
            out.write_all(b",\"text\":")?;
            serde_json::to_writer(&mut *out, text)?;
        }
    }
    out.write_all(b"}\n")?;
    Ok(Ok(redacted.hits.len() as u64))
}

/// The string that a token of JSON stands for; borrowed when it has no escapes.
fn read_text(token: &str) -> Result<Cow<'_, str>, serde_json::Error> {
    let inner = token.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
    match inner {
        Some(inner) if memchr::memchr(b'\\', inner.as_bytes()).is_none() => Ok(Cow::Borrowed(inner)),
        _ => serde_json::from_str::<String>(token).map(Cow::Owned),
    }
}

fn write_hits(redacted: &Redacted<'_>, out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"[")?;
    for (index, hit) in redacted.hits.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let (start, end) = (hit.span.start, hit.span.end);
        write!(
            out,
            "{comma}{{\"rule\":\"{}\",\"placeholder\":\"{}\",\"span\":[{start},{end}]}}",
            hit.rule, hit.placeholder
        )?;
    }
    out.write_all(b"]")
}

/// Redacts plain text. Bytes that are not UTF-8 pass through and separate texts.
pub fn run_plain(
    engine: &Engine,
    show: Show,
    mut reader: impl Read,
    mut writer: impl Write,
) -> io::Result<Summary> {
    let mut input = Vec::new();
    reader.read_to_end(&mut input)?;
    let mut summary = Summary::default();
    let mut offset = 0;
    for chunk in input.utf8_chunks() {
        let redacted = engine.redact(chunk.valid());
        summary.hits += redacted.hits.len() as u64;
        match show {
            Show::Text => {
                writer.write_all(redacted.text.as_bytes())?;
                writer.write_all(chunk.invalid())?;
            }
            Show::Hits => explain(&input, offset, &redacted, &mut writer)?,
        }
        offset += chunk.valid().len() + chunk.invalid().len();
    }
    summary.lines = memchr::memchr_iter(b'\n', &input).count() as u64;
    writer.flush()?;
    Ok(summary)
}

/// One line for each hit: where, which rule, what stands there now.
fn explain(input: &[u8], offset: usize, redacted: &Redacted<'_>, out: &mut impl Write) -> io::Result<()> {
    for hit in &redacted.hits {
        let (start, end) = (offset + hit.span.start, offset + hit.span.end);
        let line = memchr::memchr_iter(b'\n', &input[..start]).count() + 1;
        let column = start - memchr::memrchr(b'\n', &input[..start]).map_or(0, |i| i + 1) + 1;
        writeln!(out, "{line}:{column}\t{start}..{end}\t{}\t{}", hit.rule, hit.placeholder)?;
    }
    Ok(())
}

/// Checks a rule file and reports each rule; with `examples`, what was tried as well.
pub fn run_check(
    toml: &str,
    origin: &Path,
    examples: bool,
    mut writer: impl Write,
) -> Result<Vec<CheckedRule>, CheckError> {
    let checked = Engine::check_user_rules(toml, origin)?;
    for rule in &checked {
        writeln!(writer, "ok\t{}\t{}\t{}:{}", rule.id, rule.placeholder, origin.display(), rule.line)?;
        if examples {
            writeln!(
                writer,
                "\t{} examples found, {} counter-examples left alone",
                rule.examples, rule.counter_examples
            )?;
        }
    }
    Ok(checked)
}

/// Why a rule file could not be checked, or the report not written.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The rules are wrong.
    #[error(transparent)]
    Rules(#[from] RuleError),
    /// The report could not be written.
    #[error("cannot write the report: {0}")]
    Write(#[from] io::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jsonl(input: &str) -> (String, String, Summary) {
        let engine = Engine::builtin().unwrap();
        let (mut out, mut errors) = (Vec::new(), Vec::new());
        let summary = run_jsonl(&engine, Show::Text, input.as_bytes(), &mut out, &mut errors).unwrap();
        (String::from_utf8(out).unwrap(), String::from_utf8(errors).unwrap(), summary)
    }

    #[test]
    fn lines_keep_their_shape() {
        let (out, errors, summary) = jsonl(
            "{\"id\":7,\"text\":\"a\\nb\",\"more\":1}\n{\"text\":\"password: tr1ck-Y!x9\",\"id\":\"x\"}\n",
        );
        assert_eq!(
            out,
            "{\"id\":7,\"text\":\"a\\nb\"}\n{\"id\":\"x\",\"text\":\"password: PASSWORD_REDACTED\"}\n"
        );
        assert_eq!((errors.as_str(), summary.hits), ("", 1));
    }

    #[test]
    fn a_bad_line_is_named_and_loses_nothing_else() {
        let (out, errors, summary) =
            jsonl("{\"id\":1,\"text\":\"a\"}\nnot json\n\n{\"id\":2,\"text\":5}\n{\"id\":3,\"text\":\"c\"}");
        assert_eq!(out, "{\"id\":1,\"text\":\"a\"}\n{\"id\":3,\"text\":\"c\"}\n");
        assert!(errors.starts_with("line 2: ") && errors.contains("line 4: "), "{errors}");
        assert_eq!((summary.lines, summary.bad_lines), (5, 2));
    }

    #[test]
    fn plain_text_keeps_foreign_bytes() {
        let engine = Engine::builtin().unwrap();
        let mut out = Vec::new();
        run_plain(&engine, Show::Text, &b"caf\xe9 ok"[..], &mut out).unwrap();
        assert_eq!(out, b"caf\xe9 ok");
    }
}
