//! The lines of an exported conversation: read or refused without a panic, by the number of a line that is there or
//! would have come next. What was read keeps its promises to the store, and nothing short of the whole is accepted.

use std::sync::LazyLock;

use bridge_daemon::domain::archive;
use bridge_daemon::domain::key::Keys;
use bridge_daemon::domain::redaction::Redactor;
use bridge_redact::Engine;

static REDACTOR: LazyLock<Redactor> = LazyLock::new(|| {
    Redactor::new(Engine::builtin().expect("the built-in rules are valid"), Keys::derive(&[7; 32]))
});

/// Checks one input.
pub(crate) fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let lines: Vec<&str> = text.split_terminator('\n').collect();
    let archive = match archive::read(lines.iter().copied()) {
        Ok(archive) => archive,
        Err(error) => return assert!((1..=lines.len() + 1).contains(&error.line), "{error}"),
    };
    assert_eq!(archive.messages.len(), lines.len());
    let numbers: Vec<i64> = archive.messages.iter().flatten().map(|id| id.row()).collect();
    assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
    for whole in 0..lines.len() {
        assert!(archive::read(lines[..whole].iter().copied()).is_err(), "{whole} lines pass for all");
    }
    for line in lines {
        if let Some(clean) = REDACTOR.confirm(Some(archive.id), line, &|_| false) {
            assert_eq!(clean.as_str(), line, "a line is kept as it is or not at all");
        }
    }
}
