//! `import`: an exported conversation is kept here as one that is over.

use std::path::Path;

use bridge_daemon::domain::archive;
use bridge_proto::admin::archive::{ImportReport, ImportStep};
use bridge_proto::admin::{Request, Response};

use super::count;
use crate::cli::Import;
use crate::client::Client;
use crate::failure::{Done, Failure};
use crate::screen::Screen;
use crate::source::{daemon, unexpected};
use crate::text::{safe_json_line, safe_text};

/// Bytes of lines in one request, well below the frame's cap with every quote in them escaped.
const PIECE: usize = 300_000;

pub(super) fn run(screen: &mut Screen, arguments: &Import) -> Result<Done, Failure> {
    let text = std::fs::read_to_string(&arguments.file)
        .map_err(|error| Failure::failed(arguments.file.display(), error))?;
    let lines = check(&arguments.file, &text)?;
    let mut daemon = daemon()?;
    for piece in pieces(&lines) {
        send(&mut daemon, ImportStep::Lines(piece))?;
    }
    let report = send(&mut daemon, ImportStep::Finish)?;
    if arguments.format.json {
        screen.json(&report)?;
        return Ok(Done::Well);
    }
    let id = report.conversation_id.unwrap_or_default();
    screen.line(&format!(
        "{} with {}; `bridgectl show {}` shows it",
        safe_text(&id),
        count(report.messages, "message", "messages"),
        safe_text(&id)
    ))?;
    Ok(Done::Well)
}

fn send(daemon: &mut Client, step: ImportStep) -> Result<ImportReport, Failure> {
    match daemon.ask(&Request::Import { step })? {
        Response::Import(report) => Ok(report),
        other => Err(unexpected(&other)),
    }
}

/// The lines of a file that is a whole export. Exported again they are the same bytes, so they must not hold anything
/// that an export would write differently.
fn check<'t>(path: &Path, text: &'t str) -> Result<Vec<&'t str>, Failure> {
    let bad = |line: usize, problem: &str| {
        Failure::Failed(format!("{}, line {line}: {problem}; nothing was imported", path.display()))
    };
    let lines: Vec<&str> = text.split_terminator('\n').collect();
    archive::read(lines.iter().copied())
        .map_err(|error| bad(error.line, &safe_text(&error.problem.to_string())))?;
    if !text.ends_with('\n') {
        return Err(bad(lines.len(), "the line has no end"));
    }
    match lines.iter().position(|line| safe_json_line(line) != **line) {
        Some(at) => Err(bad(at + 1, "it holds characters that an export spells out")),
        None => Ok(lines),
    }
}

/// The lines in pieces of a size that can be sent.
fn pieces(lines: &[&str]) -> Vec<Vec<String>> {
    let (mut pieces, mut bytes) = (Vec::new(), usize::MAX);
    for line in lines {
        bytes = bytes.saturating_add(line.len());
        if bytes > PIECE {
            pieces.push(Vec::new());
            bytes = line.len();
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push((*line).to_owned());
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_hold_every_line_once_and_are_small() {
        let long = "x".repeat(PIECE - 10);
        let pieces = pieces(&["a", "b", &long, "c", &long]);
        let lengths: Vec<_> = pieces.iter().map(Vec::len).collect();
        assert_eq!(lengths, [4, 1]);
        assert!(super::pieces(&[]).is_empty());
    }

    #[test]
    fn a_broken_file_is_refused_by_line() {
        let refusal = |text: &str| check(Path::new("f"), text).unwrap_err().to_string();
        assert!(refusal("").contains("line 1"), "{}", refusal(""));
        assert!(refusal("{}\n").contains("line 1: no record"), "{}", refusal("{}\n"));
    }
}
