//! The messages of the watched conversation, and the part of them that is in view.

use std::collections::{BTreeMap, HashMap};

use bridge_proto::admin::{ConversationDetail, ConversationSummary, MessageView};

/// Messages that are kept while the newest one is in view; scrolling back asks for older ones again.
const KEPT: usize = 1_000;

/// The number in a message's id, which grows with every message.
pub(super) fn number(message: &MessageView) -> i64 {
    message.id.strip_prefix("msg_").and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

/// Messages, and what is in view.
#[derive(Debug, Default)]
pub(super) struct Transcript {
    /// The conversation, as the daemon described it last.
    pub(super) conversation: Option<ConversationSummary>,
    messages: BTreeMap<i64, MessageView>,
    /// The message at the lower edge and how many of its lines are above it; the newest one's last unless scrolled.
    edge: Option<(i64, usize)>,
    /// There is nothing older.
    whole: bool,
    /// Older messages have been asked for and did not come yet.
    waits: bool,
    heights: HashMap<i64, usize>,
    width: usize,
}

/// The part in view.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// Messages, oldest first.
    pub(super) numbers: Vec<i64>,
    /// Lines of the first one that are above the view.
    pub(super) skip: usize,
    /// Lines below the view.
    pub(super) below: usize,
}

impl Transcript {
    /// Takes in what is new or has changed.
    pub(super) fn merge(&mut self, detail: ConversationDetail) {
        self.conversation = Some(detail.conversation);
        self.insert(detail.messages);
        while self.edge.is_none() && self.messages.len() > KEPT {
            self.messages.pop_first();
            self.whole = false;
        }
    }

    /// Takes in older messages; none means that there are none.
    pub(super) fn merge_older(&mut self, messages: Vec<MessageView>) {
        self.waits = false;
        self.whole |= messages.is_empty();
        self.insert(messages);
    }

    fn insert(&mut self, messages: Vec<MessageView>) {
        for message in messages {
            self.messages.insert(number(&message), message);
        }
    }

    /// A message by its number.
    pub(super) fn get(&self, number: i64) -> Option<&MessageView> {
        self.messages.get(&number)
    }

    /// Number of the oldest message that is known.
    pub(super) fn oldest(&self) -> Option<i64> {
        self.messages.keys().next().copied()
    }

    /// Notes that older messages are being asked for; false if that is of no use.
    pub(super) fn ask_older(&mut self) -> bool {
        let useful = !self.whole && !self.waits && !self.messages.is_empty();
        self.waits |= useful;
        useful
    }

    /// Shows the newest message from now on.
    pub(super) fn follow(&mut self) {
        self.edge = None;
    }

    /// Moves the view by lines, down when positive. True when it stands at the very top.
    pub(super) fn scroll(&mut self, view: &View<'_>, by: isize) -> bool {
        let shown = self.shown(view);
        let total: usize = shown.iter().map(|(_, height)| height).sum();
        let edge = self.edge_line(&shown);
        let top = view.height.min(total);
        let to = edge.saturating_add_signed(by).clamp(top, total);
        self.edge = if to == total { None } else { edge_at(&shown, to) };
        to == top
    }

    /// What is in view.
    pub(super) fn window(&mut self, view: &View<'_>) -> Window {
        let shown = self.shown(view);
        let total: usize = shown.iter().map(|(_, height)| height).sum();
        let edge = self.edge_line(&shown).max(view.height.min(total));
        let first = edge.saturating_sub(view.height);
        let (mut above, mut numbers, mut skip) = (0, Vec::new(), 0);
        for (number, height) in shown {
            let end = above + height;
            if end > first && above < edge {
                if numbers.is_empty() {
                    skip = first.saturating_sub(above);
                }
                numbers.push(number);
            }
            above = end;
        }
        Window { numbers, skip, below: total - edge }
    }

    /// Lines above the lower edge.
    fn edge_line(&self, shown: &[(i64, usize)]) -> usize {
        let total = shown.iter().map(|(_, height)| height).sum();
        let Some((number, lines)) = self.edge else { return total };
        let above: usize = shown.iter().take_while(|(n, _)| *n < number).map(|(_, height)| height).sum();
        let own = shown.iter().find(|(n, _)| *n == number).map_or(0, |(_, height)| lines.min(*height));
        above + own
    }

    /// Numbers and heights of the messages that pass the filter.
    fn shown(&mut self, view: &View<'_>) -> Vec<(i64, usize)> {
        if self.width != view.width {
            self.width = view.width;
            self.heights.clear();
        }
        let (messages, heights) = (&self.messages, &mut self.heights);
        let passing = messages.iter().filter(|(_, message)| (view.passes)(message));
        passing
            .map(|(number, message)| {
                (*number, *heights.entry(*number).or_insert_with(|| (view.measure)(message, view.width)))
            })
            .collect()
    }
}

/// How a transcript is looked at.
pub(super) struct View<'v> {
    /// Columns.
    pub(super) width: usize,
    /// Lines.
    pub(super) height: usize,
    /// Which messages are shown.
    pub(super) passes: &'v dyn Fn(&MessageView) -> bool,
    /// Lines that a message takes at a width.
    pub(super) measure: fn(&MessageView, usize) -> usize,
}

fn edge_at(shown: &[(i64, usize)], line: usize) -> Option<(i64, usize)> {
    let mut above = 0;
    for (number, height) in shown {
        if line <= above + height {
            return Some((*number, line - above));
        }
        above += height;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{conversation, message};
    use super::*;

    /// As many lines as its text has digits.
    fn measure(message: &MessageView, _width: usize) -> usize {
        message.message.len()
    }

    fn view(height: usize) -> View<'static> {
        View { width: 10, height, passes: &|_| true, measure }
    }

    fn detail(messages: Vec<MessageView>) -> ConversationDetail {
        ConversationDetail { conversation: conversation(1), messages }
    }

    /// Three messages of 2, 3 and 4 lines.
    fn transcript() -> Transcript {
        let mut transcript = Transcript::default();
        transcript.merge(detail(vec![
            message(1, "a", "xx"),
            message(2, "b", "xxx"),
            message(4, "a", "xxxx"),
        ]));
        transcript
    }

    fn window(transcript: &mut Transcript, height: usize) -> (Vec<i64>, usize, usize) {
        let window = transcript.window(&view(height));
        (window.numbers, window.skip, window.below)
    }

    #[test]
    fn the_newest_is_in_view_and_what_is_above_it() {
        let mut transcript = transcript();
        assert_eq!(window(&mut transcript, 5), (vec![2, 4], 2, 0));
        assert_eq!(window(&mut transcript, 3), (vec![4], 1, 0));
        assert_eq!(window(&mut transcript, 50), (vec![1, 2, 4], 0, 0));
        transcript.merge(detail(vec![message(5, "b", "x")]));
        assert_eq!(window(&mut transcript, 5), (vec![4, 5], 0, 0));
    }

    #[test]
    fn a_scrolled_view_stays_where_it_is_while_messages_come() {
        let mut transcript = transcript();
        assert!(!transcript.scroll(&view(5), -2));
        assert_eq!(window(&mut transcript, 5), (vec![2, 4], 0, 2));
        transcript.merge(detail(vec![message(5, "b", "xxx")]));
        assert_eq!(window(&mut transcript, 5), (vec![2, 4], 0, 5));
        assert!(transcript.scroll(&view(5), -9), "the top");
        assert_eq!(window(&mut transcript, 5), (vec![1, 2], 0, 7));
        transcript.merge_older(vec![message(0, "a", "xxxx")]);
        assert_eq!(window(&mut transcript, 5), (vec![1, 2], 0, 7), "older ones do not move it");
        transcript.scroll(&view(5), 99);
        assert_eq!(transcript.edge, None);
    }

    #[test]
    fn older_messages_are_asked_for_once_at_a_time_and_until_there_are_none() {
        let mut transcript = transcript();
        assert!(transcript.ask_older() && !transcript.ask_older());
        transcript.merge_older(vec![message(0, "a", "x")]);
        assert!(transcript.ask_older());
        transcript.merge_older(Vec::new());
        assert!(!transcript.ask_older());
    }

    #[test]
    fn what_the_filter_hides_takes_no_lines() {
        let mut transcript = transcript();
        let only_b = View { passes: &|message| message.from == "b", ..view(5) };
        let window = transcript.window(&only_b);
        assert_eq!((window.numbers, window.skip, window.below), (vec![2], 0, 0));
        // An edge in a hidden message.
        transcript.scroll(&view(5), -2);
        assert_eq!(transcript.window(&only_b).numbers, [2]);
    }

    #[test]
    fn memory_is_bounded_while_the_end_is_followed() {
        let mut transcript = Transcript::default();
        transcript.merge(detail((1..=1_500).map(|id| message(id, "a", "x")).collect()));
        assert_eq!(transcript.oldest(), Some(501));
        assert!(transcript.ask_older());
    }
}
