//! Which messages are asked for again: the new ones, and those whose way is not over.

use std::collections::BTreeSet;

use bridge_proto::admin::MessageView;

use super::transcript::number;

/// How many messages, counted from the newest, are followed on their way.
const FOLLOWED: usize = 200;

/// What is known of a conversation's messages.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    /// The newest message that was seen.
    newest: i64,
    /// Messages that some recipient has yet to acknowledge.
    open: BTreeSet<i64>,
    /// Where the next look at those begins.
    next: i64,
}

impl Cursor {
    /// Messages behind this one are new.
    pub(super) fn newest(&self) -> i64 {
        self.newest
    }

    /// The range, both ends exclusive, in which states may have changed: a part at a time, round and round, so that
    /// large messages that nobody fetches are not asked for over and over.
    pub(super) fn unsettled(&self) -> Option<(i64, i64)> {
        let start = self.open.range(self.next..).next().or_else(|| self.open.first())?;
        Some((start - 1, self.newest + 1))
    }

    /// Takes note of an answer to either question.
    pub(super) fn saw(&mut self, messages: &[MessageView]) {
        for message in messages {
            let id = number(message);
            self.newest = self.newest.max(id);
            if message.deliveries.iter().any(|delivery| !is_over(&delivery.state)) {
                self.open.insert(id);
            } else {
                self.open.remove(&id);
            }
        }
        while self.open.len() > FOLLOWED {
            self.open.pop_first();
        }
    }

    /// Takes note of an answer to [`Self::unsettled`].
    pub(super) fn looked(&mut self, messages: &[MessageView]) {
        self.saw(messages);
        self.next = messages.last().map_or(0, |last| number(last) + 1);
    }
}

fn is_over(state: &str) -> bool {
    matches!(state, "acknowledged" | "expired")
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::message;
    use super::*;

    fn in_state(id: i64, state: &str) -> MessageView {
        let mut message = message(id, "a", "text");
        message.deliveries[0].state = state.into();
        message
    }

    #[test]
    fn only_what_may_change_is_asked_for_again() {
        let mut cursor = Cursor::default();
        assert_eq!((cursor.newest(), cursor.unsettled()), (0, None));
        cursor.saw(&[in_state(5, "acknowledged"), in_state(7, "stored"), in_state(9, "delivered")]);
        assert_eq!((cursor.newest(), cursor.unsettled()), (9, Some((6, 10))));
        cursor.looked(&[in_state(7, "acknowledged"), in_state(9, "delivered")]);
        assert_eq!(cursor.unsettled(), Some((8, 10)), "the round begins again");
        cursor.looked(&[in_state(9, "expired")]);
        assert_eq!(cursor.unsettled(), None);
    }

    #[test]
    fn short_pages_get_round() {
        let mut cursor = Cursor::default();
        cursor.saw(&(1..=5).map(|id| in_state(id, "stored")).collect::<Vec<_>>());
        let mut asked = Vec::new();
        for _ in 0..3 {
            let (after, _) = cursor.unsettled().unwrap();
            asked.push(after);
            // The daemon cuts the page after two.
            let page: Vec<_> = (after + 1..=5).take(2).map(|id| in_state(id, "stored")).collect();
            cursor.looked(&page);
        }
        assert_eq!(asked, [0, 2, 4]);
        assert_eq!(cursor.unsettled(), Some((0, 6)));
    }

    #[test]
    fn what_is_followed_is_bounded() {
        let mut cursor = Cursor::default();
        cursor.saw(&(1..=1_000).map(|id| in_state(id, "stored")).collect::<Vec<_>>());
        assert_eq!(cursor.unsettled(), Some((800, 1_001)));
    }
}
