//! Control objects between shim and daemon: `{"bridge": {...}}` among the JSON-RPC frames.

use serde::{Deserialize, Serialize};

/// First bytes of every control frame. No JSON-RPC message that a client writes is relayed with this prefix:
/// the shim refuses a client's line whose first key is `bridge`.
pub const PREFIX: &[u8] = br#"{"bridge":"#;

/// A control object as it stands on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The control message.
    pub bridge: Control,
}

/// What shim and daemon tell each other beside the relayed messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Control {
    /// Daemon to shim, directly after an answer that carries messages: report back once that answer has been
    /// written to the client.
    Confirm {
        /// Number of the lease, unique within the daemon's life.
        lease: u64,
    },
    /// Shim to daemon: everything before the [`Control::Confirm`] of this lease has been written to the client.
    Delivered {
        /// The lease that was to be confirmed.
        lease: u64,
    },
    /// Daemon to shim: the connection now speaks for a session. Send `resume` in the hello after a reconnect.
    Bound {
        /// Key that only this shim and the daemon hold.
        resume: String,
    },
    /// Daemon to shim: the daemon is shutting down and the socket will close.
    GoingAway,
}

impl Control {
    /// Payload of the frame that carries this control message.
    #[must_use]
    pub fn to_payload(&self) -> Vec<u8> {
        let envelope = Envelope { bridge: self.clone() };
        // Serialising a struct of strings and numbers into memory cannot fail.
        serde_json::to_vec(&envelope).unwrap_or_default()
    }

    /// Whether a payload is a control frame (decided by its first bytes, not by parsing it).
    #[must_use]
    pub fn is_control(payload: &[u8]) -> bool {
        payload.starts_with(PREFIX)
    }

    /// Parses a control frame.
    ///
    /// # Errors
    /// The JSON error when the payload is none.
    pub fn parse(payload: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice::<Envelope>(payload).map(|envelope| envelope.bridge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_controls() {
        for (control, wire) in [
            (Control::Confirm { lease: 9 }, r#"{"bridge":{"confirm":{"lease":9}}}"#),
            (Control::Delivered { lease: 9 }, r#"{"bridge":{"delivered":{"lease":9}}}"#),
            (Control::Bound { resume: "k".into() }, r#"{"bridge":{"bound":{"resume":"k"}}}"#),
            (Control::GoingAway, r#"{"bridge":"going_away"}"#),
        ] {
            assert_eq!(String::from_utf8(control.to_payload()).unwrap(), wire);
            assert!(Control::is_control(wire.as_bytes()));
            assert_eq!(Control::parse(wire.as_bytes()).unwrap(), control);
        }
        assert!(!Control::is_control(br#"{"jsonrpc":"2.0"}"#));
    }
}
