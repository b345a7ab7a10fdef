//! From the client: a byte stream into lines, and which lines may pass.

use std::io::BufRead as _;

use bridge_proto::control;
use bridge_proto::frame::MAX_PAYLOAD;
use bridge_proto::peek::{Peek, peek};

use crate::errors::Failure;
use crate::queue::release;

/// How much of the end of an oversized line is kept to look for the `id` there.
const TAIL: usize = 512;

/// One line of the client, without its line ending.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// A line within the limit.
    Whole(&'a [u8]),
    /// A line beyond the limit, thrown away but for its `id` (raw JSON) if one was found.
    TooLong {
        /// The request to answer.
        id: Option<Box<str>>,
    },
}

/// Splits the client's bytes into lines, however they arrive, without ever holding more than one frame's worth.
#[derive(Debug, Default)]
pub(crate) struct LineSplitter {
    partial: Vec<u8>,
    discarding: Option<Discarded>,
}

#[derive(Debug)]
struct Discarded {
    id: Option<Box<str>>,
    tail: Vec<u8>,
}

impl LineSplitter {
    /// Takes what was read and calls `each` for every line that it ends.
    pub(crate) fn feed(&mut self, mut chunk: &[u8], mut each: impl FnMut(Line<'_>)) {
        while !chunk.is_empty() {
            let mut rest = chunk;
            // The standard library's own memchr; reading from a slice cannot fail.
            let length = rest.skip_until(b'\n').unwrap_or(chunk.len());
            let (piece, rest) = chunk.split_at(length);
            match piece.strip_suffix(b"\n") {
                Some(piece) => {
                    self.append(piece, &mut each);
                    self.end(&mut each);
                }
                None => self.keep(piece),
            }
            chunk = rest;
        }
    }

    /// The client closed: what stands without a newline is its last line.
    pub(crate) fn finish(&mut self, mut each: impl FnMut(Line<'_>)) {
        self.end(&mut each);
    }

    /// Takes the last piece of a line; the usual case, a line within one read, is passed on without a copy.
    fn append(&mut self, piece: &[u8], each: &mut impl FnMut(Line<'_>)) {
        if self.partial.is_empty() && self.discarding.is_none() {
            emit(piece, each);
        } else {
            self.keep(piece);
        }
    }

    fn keep(&mut self, piece: &[u8]) {
        if let Some(discarded) = &mut self.discarding {
            discarded.keep(piece);
        } else if self.partial.len() + piece.len() <= MAX_PAYLOAD + 1 {
            // One more than the limit: it may be the carriage return of a CRLF.
            self.partial.extend_from_slice(piece);
        } else {
            self.partial
                .extend_from_slice(&piece[..MAX_PAYLOAD.saturating_sub(self.partial.len()).min(piece.len())]);
            let mut discarded = Discarded { id: peek(&self.partial).id.map(Into::into), tail: Vec::new() };
            discarded.keep(&self.partial);
            discarded.keep(piece);
            self.discarding = Some(discarded);
            self.partial = Vec::new();
        }
    }

    fn end(&mut self, each: &mut impl FnMut(Line<'_>)) {
        if let Some(discarded) = self.discarding.take() {
            let id = discarded.id.or_else(|| id_at_end(&discarded.tail).map(Into::into));
            each(Line::TooLong { id });
        } else if !self.partial.is_empty() {
            emit(&self.partial, each);
            self.partial.clear();
            release(&mut self.partial);
        }
    }
}

impl Discarded {
    fn keep(&mut self, piece: &[u8]) {
        self.tail.extend_from_slice(&piece[piece.len().saturating_sub(TAIL)..]);
        self.tail.drain(..self.tail.len().saturating_sub(TAIL));
    }
}

fn emit(line: &[u8], each: &mut impl FnMut(Line<'_>)) {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.len() > MAX_PAYLOAD {
        each(Line::TooLong { id: find_id(line).map(Into::into) });
    } else if !line.trim_ascii().is_empty() {
        each(Line::Whole(line));
    }
}

/// Why a line does not pass, and the request it would have been.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rejected<'a> {
    pub(crate) failure: Failure<'static>,
    pub(crate) id: Option<&'a str>,
}

/// Decides whether a line is relayed: only whole JSON objects that do not pass themselves off as the bridge's own.
pub(crate) fn inspect(line: &[u8]) -> Result<Peek<'_>, Rejected<'_>> {
    let text = line.trim_ascii_start();
    if text.starts_with(b"[") {
        return Err(Rejected { failure: Failure::Batch, id: None });
    }
    if claims_to_be_control(text) {
        return Err(Rejected { failure: Failure::Forged, id: find_id(line) });
    }
    if std::str::from_utf8(line).is_err() {
        return Err(Rejected { failure: Failure::NotUtf8, id: find_id(line) });
    }
    let seen = peek(line);
    if seen.complete { Ok(seen) } else { Err(Rejected { failure: Failure::NotJson, id: find_id(line) }) }
}

/// Whether the first key is `bridge`, in any spelling of white space. The daemon goes by [`control::PREFIX`] alone;
/// this is wider so that nothing near it gets through.
fn claims_to_be_control(text: &[u8]) -> bool {
    let first_key = text.strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
    text.starts_with(control::PREFIX) || first_key.is_some_and(|key| key.starts_with(br#""bridge""#))
}

/// The `id` of a broken message, from its front or its end.
fn find_id(line: &[u8]) -> Option<&str> {
    peek(line).id.or_else(|| id_at_end(line))
}

/// The `id` among the last keys of a message whose beginning is missing or broken: the SDK behind most clients
/// writes it last. Sound because `"id":` with what follows must read as the rest of one object: inside a string its
/// quotes would be escaped, inside a nested object more than one brace would follow.
fn id_at_end(line: &[u8]) -> Option<&str> {
    const KEY: &[u8] = br#""id":"#;
    let tail = &line[line.len().saturating_sub(TAIL)..];
    let at = tail.windows(KEY.len()).rposition(|window| window == KEY)?;
    let mut object = b"{".to_vec();
    object.extend_from_slice(&tail[at..]);
    let found = peek(&object);
    let id = found.id.filter(|_| found.complete)?;
    let value = tail[at + KEY.len()..].trim_ascii_start();
    std::str::from_utf8(&value[..id.len()]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::KEEP;
    use proptest::prelude::*;

    fn split(chunks: &[&[u8]]) -> (Vec<Vec<u8>>, Vec<Option<String>>) {
        let (mut whole, mut long) = (Vec::new(), Vec::new());
        let mut splitter = LineSplitter::default();
        let mut each = |line: Line<'_>| match line {
            Line::Whole(line) => whole.push(line.to_vec()),
            Line::TooLong { id } => long.push(id.map(String::from)),
        };
        for chunk in chunks {
            splitter.feed(chunk, &mut each);
        }
        splitter.finish(&mut each);
        assert!(splitter.partial.capacity() <= KEEP && splitter.discarding.is_none());
        (whole, long)
    }

    #[test]
    fn line_endings_blank_lines_and_a_last_line_without_newline() {
        let (whole, long) = split(&[b"{\"a\":1}\r\n\n \r\n{\"b\":2}\n{\"c\"", b":3}"]);
        assert_eq!(whole, [&b"{\"a\":1}"[..], b"{\"b\":2}", b"{\"c\":3}"]);
        assert!(long.is_empty());
    }

    #[test]
    fn the_limit_is_exact_and_the_next_line_survives() {
        for (length, fits) in [(MAX_PAYLOAD, true), (MAX_PAYLOAD + 1, false), (3 * MAX_PAYLOAD, false)] {
            for ending in [&b"\n"[..], b"\r\n"] {
                let mut bytes = format!("{{\"id\":7,\"x\":\"{}\"}}", "y".repeat(length - 15)).into_bytes();
                assert_eq!(bytes.len(), length);
                bytes.extend_from_slice(ending);
                bytes.extend_from_slice(b"{}\n");
                for size in [bytes.len(), 65_536, 4_099] {
                    let (whole, long) = split(&bytes.chunks(size).collect::<Vec<_>>());
                    assert_eq!(whole.len(), 1 + usize::from(fits), "{length} {size}");
                    assert_eq!(whole.last().unwrap(), b"{}");
                    assert_eq!(long, vec![Some("7".to_owned()); usize::from(!fits)]);
                }
            }
        }
    }

    #[test]
    fn an_id_at_the_end_of_an_oversized_line_is_found() {
        let body = "y".repeat(2 * MAX_PAYLOAD);
        for (end, id) in [
            (r#""},"jsonrpc":"2.0","id":41}"#, Some("41")),
            (r#""},"id":"s-1","jsonrpc":"2.0"}"#, Some("\"s-1\"")),
            (r#"","id":5}}"#, None),
            (r#" \"id\":5}"}"#, None),
            (r#""}}"#, None),
        ] {
            let line = format!("{{\"method\":\"tools/call\",\"params\":{{\"m\":\"{body}{end}\n");
            let (_, long) = split(&line.as_bytes().chunks(65_536).collect::<Vec<_>>());
            assert_eq!(long, [id.map(str::to_owned)], "{end}");
        }
    }

    #[test]
    fn only_whole_objects_pass() {
        assert!(inspect(br#" {"id":1,"method":"ping"}"#).is_ok());
        for (line, failure, id) in [
            (&b"[{\"id\":1}]"[..], Failure::Batch, None),
            (b"  [", Failure::Batch, None),
            (b"{\"bridge\":{\"delivered\":{\"lease\":1}}}", Failure::Forged, None),
            (b" { \"bridge\" : 1, \"id\":4}", Failure::Forged, Some("4")),
            (b"42", Failure::NotJson, None),
            (b"{\"id\":2,\"method\":\"x\"", Failure::NotJson, Some("2")),
            (b"{\"id\":2} {}", Failure::NotJson, Some("2")),
            (b"{\"method\":oops,\"id\":3}", Failure::NotJson, Some("3")),
            (b"{\"m\":\"\xff\",\"id\":6}", Failure::NotUtf8, Some("6")),
        ] {
            assert_eq!(inspect(line), Err(Rejected { failure, id }), "{}", String::from_utf8_lossy(line));
        }
    }

    proptest! {
        #[test]
        fn chunking_never_matters(
            lines in prop::collection::vec("[ -~é\r]{0,40}", 0..30),
            sizes in prop::collection::vec(1usize..50, 1..20),
        ) {
            let bytes = lines.join("\n").into_bytes();
            let (mut chunks, mut rest, mut turn) = (Vec::new(), &bytes[..], 0);
            while !rest.is_empty() {
                let (chunk, after) = rest.split_at(sizes[turn % sizes.len()].min(rest.len()));
                chunks.push(chunk);
                rest = after;
                turn += 1;
            }
            let expected: Vec<Vec<u8>> = lines
                .iter()
                .map(|line| line.strip_suffix('\r').unwrap_or(line).as_bytes().to_vec())
                .filter(|line| !line.trim_ascii().is_empty())
                .collect();
            prop_assert_eq!(split(&chunks).0, expected);
        }

        #[test]
        fn inspecting_any_bytes_is_safe(line in prop::collection::vec(any::<u8>(), 0..200)) {
            let _verdict = inspect(&line);
        }
    }
}
