//! Traffic over time, as bars.

use bridge_proto::admin::MessageView;

/// Bars that fit beside each other on a phone.
const BARS: usize = 40;

/// The messages of an equal part of the time.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Bar {
    /// How many messages each session sent, by the order of the sessions.
    pub(super) sent: Vec<usize>,
    /// Whether a secret was replaced in one of them.
    pub(super) redacted: bool,
}

/// Cuts the time from the first to the last message into equal parts.
pub(super) fn bars(messages: &[MessageView], sessions: &[&str]) -> Vec<Bar> {
    let times: Vec<i64> = messages.iter().filter_map(|message| millis(&message.sent_at)).collect();
    let (Some(first), Some(last)) = (times.iter().min().copied(), times.iter().max().copied()) else {
        return Vec::new();
    };
    let mut bars = vec![Bar { sent: vec![0; sessions.len()], redacted: false }; BARS];
    for message in messages {
        let Some(time) = millis(&message.sent_at) else { continue };
        let part = i128::from(time - first) * BARS as i128 / (i128::from(last - first) + 1);
        let Some(bar) = usize::try_from(part).ok().and_then(|at| bars.get_mut(at)) else { continue };
        bar.redacted |= message.redactions > 0;
        let sender = sessions.iter().position(|session| *session == message.from);
        if let Some(sent) = sender.and_then(|sender| bar.sent.get_mut(sender)) {
            *sent += 1;
        }
    }
    bars
}

fn millis(time: &str) -> Option<i64> {
    time.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(from: &str, minute: u32, redactions: u32) -> MessageView {
        serde_json::from_value(serde_json::json!({
            "id": "msg_1", "from": from, "sent_at": format!("2026-11-21T05:{minute:02}:00.000Z"),
            "action_type": "info", "message": "", "files_involved": [], "redactions": redactions, "deliveries": [],
        }))
        .unwrap()
    }

    #[test]
    fn every_message_is_in_one_bar() {
        assert_eq!(bars(&[], &["a", "b"]), []);
        let one = bars(&[message("b", 1, 0)], &["a", "b"]);
        assert_eq!(one[0], Bar { sent: vec![0, 1], redacted: false });
        assert_eq!(one[1..].iter().flat_map(|bar| &bar.sent).sum::<usize>(), 0);
        let messages: Vec<_> = (0..59).map(|minute| message("a", minute, u32::from(minute == 58))).collect();
        let many = bars(&messages, &["a", "b"]);
        assert_eq!(many.iter().flat_map(|bar| &bar.sent).sum::<usize>(), 59);
        assert!(many.iter().position(|bar| bar.redacted) == Some(BARS - 1));
    }
}
