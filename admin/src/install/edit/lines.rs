//! Line ends: an edited text gets those of the original back.

use similar::{ChangeTag, TextDiff};

/// The edited text with each unchanged line as it is in the original, byte for byte, and with new lines ending as most
/// lines of the original do.
pub(super) fn restore_ends(original: &str, edited: &str) -> String {
    if !original.contains("\r\n") {
        return edited.to_owned();
    }
    let crlf = original.matches("\r\n").count();
    let end = if 2 * crlf >= original.matches('\n').count() { "\r\n" } else { "\n" };
    let unified = original.replace("\r\n", "\n");
    let mut originals = original.split_inclusive('\n');
    let mut restored = String::with_capacity(edited.len() + crlf);
    for change in TextDiff::from_lines(unified.as_str(), edited).iter_all_changes() {
        match change.tag() {
            ChangeTag::Equal => restored.push_str(originals.next().unwrap_or_default()),
            ChangeTag::Delete => drop(originals.next()),
            ChangeTag::Insert => match change.value().strip_suffix('\n') {
                Some(line) => {
                    restored.push_str(line);
                    restored.push_str(end);
                }
                None => restored.push_str(change.value()),
            },
        }
    }
    restored
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unchanged_lines_keep_their_ends() {
        assert_eq!(restore_ends("a\nb\n", "a\nx\nb\n"), "a\nx\nb\n");
        assert_eq!(restore_ends("a\r\nb\r\n", "a\nx\nb\n"), "a\r\nx\r\nb\r\n");
        assert_eq!(restore_ends("a\r\nb\nc\nd\n", "a\nx\nb\nc\nd\n"), "a\r\nx\nb\nc\nd\n");
        assert_eq!(restore_ends("a\r\nb", "a\nb\nc"), "a\r\nb\r\nc");
        assert_eq!(restore_ends("a\r\nb\r\n", "a\n"), "a\r\n");
    }
}
