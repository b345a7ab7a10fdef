//! A text with its middle left out.

use crate::outcome::Stream;

/// A text in two pieces, with a gap between them when `cut` is not 0.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) head: String,
    pub(super) tail: String,
    /// Bytes that lay between the two.
    pub(super) cut: u64,
}

impl Text {
    pub(super) fn characters(&self) -> usize {
        let gap = if self.cut > 0 { MOST_NOTE } else { 0 };
        self.head.chars().count() + self.tail.chars().count() + gap
    }

    pub(super) fn first(&mut self) -> &mut String {
        if self.head.is_empty() { &mut self.tail } else { &mut self.head }
    }

    pub(super) fn last(&mut self) -> &mut String {
        if self.tail.is_empty() { &mut self.head } else { &mut self.tail }
    }
}

/// Characters that the line about the cut needs at most.
const MOST_NOTE: usize = 60;

/// How many characters each of two texts gets of `total`: what one does not need, the other may have.
pub(super) fn shares(total: usize, needed: [usize; 2]) -> [usize; 2] {
    let half = total / 2;
    let first = needed[0].min(half.max(total.saturating_sub(needed[1])));
    [first, needed[1].min(total - first)]
}

/// A text within `limit` characters; the middle goes, and a line says how many bytes that were.
pub(super) fn bounded(text: Text, limit: usize, redactions: u32) -> Stream {
    let whole = text.head.chars().count() + text.tail.chars().count();
    if text.cut == 0 && whole <= limit {
        return Stream { text: text.head + &text.tail, cut: 0, redactions };
    }
    let Text { head, tail, cut } = in_two(text);
    let room = limit.saturating_sub(MOST_NOTE);
    let (left, right) = (head.chars().count(), tail.chars().count());
    let keep_right = right.min((room / 2).max(room.saturating_sub(left)));
    let keep_left = left.min(room - keep_right);
    let kept_head = &head[..byte_of(&head, keep_left)];
    let kept_tail = &tail[byte_of(&tail, right - keep_right)..];
    let cut = cut + (head.len() - kept_head.len() + tail.len() - kept_tail.len()) as u64;
    let line_end = if kept_head.is_empty() || kept_head.ends_with('\n') { "" } else { "\n" };
    Stream {
        text: format!("{kept_head}{line_end}[… {cut} bytes left out …]\n{kept_tail}"), cut, redactions
    }
}

fn in_two(mut text: Text) -> Text {
    if text.cut == 0 {
        text.head.push_str(&text.tail);
        let middle = byte_of(&text.head, text.head.chars().count() / 2);
        text.tail = text.head.split_off(middle);
    }
    text
}

fn byte_of(text: &str, character: usize) -> usize {
    text.char_indices().nth(character).map_or(text.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_does_not_need_the_other_gets() {
        assert_eq!(shares(100, [10, 500]), [10, 90]);
        assert_eq!(shares(100, [500, 10]), [90, 10]);
        assert_eq!(shares(100, [500, 500]), [50, 50]);
        assert_eq!(shares(100, [5, 5]), [5, 5]);
    }

    #[test]
    fn the_middle_goes_and_is_counted() {
        let stream = bounded(Text { head: "ä".repeat(500), ..Text::default() }, 100, 0);
        assert_eq!(stream.text, format!("{0}\n[… 920 bytes left out …]\n{0}", "ä".repeat(20)));
        assert_eq!(stream.cut, 920);
        let short = bounded(Text { head: "a\n".into(), tail: "b".into(), cut: 7 }, 100, 0);
        assert_eq!(short.text, "a\n[… 7 bytes left out …]\nb");
    }
}
