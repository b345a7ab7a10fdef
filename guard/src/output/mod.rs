//! What a command wrote, made fit to be read by people and agents: plain text, without secrets, short enough to send.

mod bounded;
mod invisible;
mod plain;
mod redacted;

use crate::outcome::Stream;
use crate::sandbox::Captured;

pub use plain::plain;

use bounded::{Text, bounded, shares};
use redacted::redact_together;

/// Takes the secrets out of a text and counts them. Taking them out twice must be as good as once.
pub type Redact<'r> = &'r dyn Fn(&str) -> (String, u32);

/// The fewest characters that [`streams`] can keep to: what it says about a cut needs room.
pub const LEAST_CHARACTERS: usize = 200;

/// How much is given up on each side of a cut, unless a line ends earlier: a secret that straddles the cut is longer
/// than that only when it has lines of its own.
const EDGE: usize = 8 * 1024;

/// Both outputs of a command, with at most `characters` characters in total (at least [`LEAST_CHARACTERS`]).
///
/// The order matters. Escapes go first, since they can split a secret. Then secrets are replaced, in each piece and
/// across every border that a reader could glue together again. Only then the middle is left out, so that no half of a
/// secret survives at that cut; what borders on the cut made while the command ran is dropped before.
#[must_use]
pub fn streams(
    stdout: &Captured,
    stderr: &Captured,
    characters: usize,
    redact: Redact<'_>,
) -> (Stream, Stream) {
    let ([out, err], [out_secrets, err_secrets]) = redact_together([text(stdout), text(stderr)], redact);
    let [out_share, err_share] =
        shares(characters.max(LEAST_CHARACTERS), [out.characters(), err.characters()]);
    (bounded(out, out_share, out_secrets), bounded(err, err_share, err_secrets))
}

/// The plain text of an output, without what borders on its cut.
fn text(captured: &Captured) -> Text {
    if captured.cut == 0 {
        let whole = [captured.head.as_slice(), &captured.tail].concat();
        return Text { head: plain(&whole), tail: String::new(), cut: 0 };
    }
    let (head, tail) = (before_cut(&captured.head), after_cut(&captured.tail));
    let dropped = captured.head.len() - head.len() + captured.tail.len() - tail.len();
    let tail = plain(tail);
    let whole_lines = without_end_of_key(&tail);
    let cut = captured.cut + (dropped + tail.len() - whole_lines.len()) as u64;
    Text { head: plain(head), tail: whole_lines.to_owned(), cut }
}

fn before_cut(head: &[u8]) -> &[u8] {
    let edge = head.len().saturating_sub(EDGE);
    let end = head[edge..].iter().rposition(|&byte| byte == b'\n').map_or(edge, |at| edge + at + 1);
    let end = head[..end].iter().rposition(|&byte| byte < 0x80).map_or(0, |at| at + 1);
    &head[..end]
}

fn after_cut(tail: &[u8]) -> &[u8] {
    let edge = tail.len().min(EDGE);
    let start = tail[..edge].iter().position(|&byte| byte == b'\n').map_or(edge, |at| at + 1);
    let start = tail[start..]
        .iter()
        .position(|&byte| !(0x80..0xc0).contains(&byte))
        .map_or(tail.len(), |at| start + at);
    &tail[start..]
}

/// A key in PEM armour has lines, so that its end may stand behind a cut without its beginning (RFC 7468).
fn without_end_of_key(tail: &str) -> &str {
    let Some(end) = tail.find("-----END ") else { return tail };
    if tail.find("-----BEGIN ").is_some_and(|begin| begin < end) {
        return tail;
    }
    tail[end..].find('\n').map_or("", |line| &tail[end + line + 1..])
}
