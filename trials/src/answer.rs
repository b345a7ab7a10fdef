//! What an agent makes of an answer.

use serde_json::Value;

/// An answer to a tool call.
#[derive(Debug)]
pub(crate) enum Answer {
    /// It went well.
    Done(Value),
    /// It may or may not have taken effect; the same call may be made again.
    Unknown,
    /// It has had no effect for now; the same call may be made again.
    NotNow,
    /// The limit of that window refused it: `minute`, `hour` or `day`.
    Limited(String),
    /// It was refused for another reason.
    Refused(String),
}

impl Answer {
    /// Reads a JSON-RPC answer.
    pub(crate) fn read(message: &Value) -> Self {
        let error = &message["error"];
        if error.is_object() {
            return match error["data"]["reason"].as_str() {
                Some("daemon_restarted") => Self::Unknown,
                Some("daemon_unreachable") => Self::NotNow,
                _ => Self::Refused(error.to_string()),
            };
        }
        let result = &message["result"];
        if result["isError"] != true {
            return Self::Done(result["structuredContent"].clone());
        }
        let text = result["content"][0]["text"].as_str().unwrap_or_default();
        let refusal: Value = serde_json::from_str(text).unwrap_or_default();
        if refusal["limit"].is_object() {
            let window = refusal["limit"]["per"].as_str().unwrap_or_default().to_owned();
            return Self::Limited(window);
        }
        if refusal["retryable"] == true { Self::NotNow } else { Self::Refused(text.to_owned()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn answers_are_told_apart() {
        let tool = |error: bool, text: &Value| {
            json!({"result": {"isError": error, "content": [{"type": "text", "text": text.to_string()}],
                "structuredContent": text}})
        };
        let done = Answer::read(&tool(false, &json!({"message_id": "msg_1"})));
        assert!(matches!(done, Answer::Done(value) if value["message_id"] == "msg_1"));
        let limited = json!({"error": "rate_limited", "limit": {"per": "minute"}, "retry_after_ms": 5});
        let limited = Answer::read(&tool(true, &limited));
        assert!(matches!(limited, Answer::Limited(window) if window == "minute"));
        let full = Answer::read(&tool(true, &json!({"error": "disk_full", "retryable": true})));
        assert!(matches!(full, Answer::NotNow));
        let refused = Answer::read(&tool(true, &json!({"error": "unknown_partner"})));
        assert!(matches!(refused, Answer::Refused(_)));
        for (reason, unknown) in [("daemon_restarted", true), ("daemon_unreachable", false)] {
            let error = Answer::read(&json!({"error": {"data": {"reason": reason, "retryable": true}}}));
            assert_eq!(matches!(error, Answer::Unknown), unknown);
            assert_eq!(matches!(error, Answer::NotNow), !unknown);
        }
    }
}
