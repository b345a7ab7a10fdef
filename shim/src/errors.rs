//! Answers that the shim gives itself: JSON-RPC errors that say what to do next.

use std::borrow::Cow;
use std::path::Path;

use bridge_proto::frame::MAX_PAYLOAD;

/// Why a message of the client is answered by the shim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure<'a> {
    /// The line exceeds the frame limit.
    TooLong,
    /// The line is no JSON object.
    NotJson,
    /// The line is no UTF-8.
    NotUtf8,
    /// A JSON array: batches left the protocol with revision 2025-06-18.
    Batch,
    /// The line looks like a control frame.
    Forged,
    /// The daemon refused the connection.
    Refused(&'a str),
    /// The connection broke while the call was under way.
    Restarted,
    /// No daemon could be reached in time.
    Unreachable {
        /// Where it should be.
        socket: &'a Path,
        /// Its log.
        log: &'a Path,
        /// What went wrong last.
        problem: &'a str,
    },
}

impl Failure<'_> {
    fn code(self) -> i32 {
        match self {
            Self::NotJson | Self::NotUtf8 => -32700,
            Self::TooLong | Self::Batch | Self::Forged => -32600,
            Self::Refused(_) => -32000,
            Self::Restarted => -32001,
            Self::Unreachable { .. } => -32002,
        }
    }

    /// A stable word for programs.
    fn reason(self) -> &'static str {
        match self {
            Self::NotJson | Self::NotUtf8 => "parse_error",
            Self::TooLong => "too_large",
            Self::Batch => "batch",
            Self::Forged => "reserved_key",
            Self::Refused(_) => "refused",
            Self::Restarted => "daemon_restarted",
            Self::Unreachable { .. } => "daemon_unreachable",
        }
    }

    fn retryable(self) -> bool {
        matches!(self, Self::Restarted | Self::Unreachable { .. })
    }

    /// The message for people and agents.
    pub(crate) fn message(self) -> Cow<'static, str> {
        match self {
            Self::TooLong => format!(
                "the request is larger than {MAX_PAYLOAD} bytes (1 MiB) and was not sent; \
                 shorten it, or put the text into a file and name the file"
            )
            .into(),
            Self::NotJson => {
                "the line is not one complete JSON object and was not sent; send one JSON-RPC message per line".into()
            }
            Self::NotUtf8 => "the line is not valid UTF-8 and was not sent; encode it as UTF-8".into(),
            Self::Batch => {
                "JSON-RPC batches are not supported (MCP dropped them in 2025-06-18); send one message per line".into()
            }
            Self::Forged => {
                "the key \"bridge\" is reserved for the bridge itself; the message was not sent".into()
            }
            Self::Refused(message) => format!("the bridge daemon refused the connection: {message}").into(),
            Self::Restarted => "the bridge daemon restarted while this call was under way; it may or may not have \
                taken effect. Call again (send_to_partner: use the same idempotency_key; messages that were not \
                acknowledged come again)"
                .into(),
            Self::Unreachable { socket, log, problem } => format!(
                "bridged is not reachable at {} ({problem}). Start it with `bridged --detach` or \
                 `systemctl --user start bridged`, see its log {}, then call again; this call was not executed",
                socket.display(),
                log.display()
            )
            .into(),
        }
    }

    /// The whole line, without its newline. `id` is raw JSON.
    pub(crate) fn answer(self, id: Option<&str>) -> String {
        format!(
            r#"{{"jsonrpc":"2.0","id":{},"error":{{"code":{},"message":{},"data":{{"retryable":{},"reason":"{}"}}}}}}"#,
            id.unwrap_or("null"),
            self.code(),
            quoted(&self.message()),
            self.retryable(),
            self.reason()
        )
    }
}

/// A JSON string.
fn quoted(text: &str) -> String {
    // Serialising a string into memory cannot fail.
    serde_json::to_string(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_json_that_names_cause_and_next_step() {
        let unreachable = Failure::Unreachable {
            socket: Path::new("/run/\"x\"/b.sock"),
            log: Path::new("/s/bridged.log"),
            problem: "line\nbreak",
        };
        for (failure, code, words) in [
            (Failure::TooLong, -32600, ["1048576", "shorten"]),
            (Failure::NotJson, -32700, ["JSON", "one JSON-RPC message per line"]),
            (Failure::NotUtf8, -32700, ["UTF-8", "encode"]),
            (Failure::Batch, -32600, ["batches", "one message per line"]),
            (Failure::Forged, -32600, ["bridge", "reserved"]),
            (Failure::Refused("use 2"), -32000, ["refused", "use 2"]),
            (Failure::Restarted, -32001, ["restarted", "Call again"]),
            (unreachable, -32002, ["/s/bridged.log", "bridged --detach"]),
        ] {
            let line = failure.answer(Some("\"a\""));
            assert!(!line.contains('\n'));
            let value: serde_json::Value = serde_json::from_str(&line).unwrap();
            assert_eq!(value["jsonrpc"], "2.0");
            assert_eq!(value["id"], "a");
            assert_eq!(value["error"]["code"], code);
            let message = value["error"]["message"].as_str().unwrap();
            assert!(words.iter().all(|word| message.contains(word)), "{message}");
        }
        let lost: serde_json::Value = serde_json::from_str(&Failure::Restarted.answer(None)).unwrap();
        assert_eq!(lost["id"], serde_json::Value::Null);
        assert_eq!(
            lost["error"]["data"],
            serde_json::json!({"retryable": true, "reason": "daemon_restarted"})
        );
    }
}
