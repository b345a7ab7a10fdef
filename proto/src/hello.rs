//! The first frame each way.

use serde::{Deserialize, Serialize};

use crate::PROTOCOL;

/// What the connecting process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A shim: every further frame is one JSON-RPC message or a control object.
    Mcp,
    /// `bridgectl`: every further frame is an admin request.
    Admin,
}

/// First frame from a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientHello {
    /// Protocol number, [`PROTOCOL`].
    pub protocol: u32,
    /// What the client is.
    pub role: Role,
    /// Version of the client's binary, for messages to people.
    pub version: String,
    /// Durable name of the agent behind a shim, if configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Keys of the sessions this shim was bound to before the connection broke, in binding order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resume: Vec<String>,
    /// Whether the shim served a client over an earlier connection already.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reconnect: bool,
}

/// What every first frame says, whatever else later protocol numbers put into it: enough to refuse it in words.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Announcement {
    /// Protocol number.
    pub protocol: u32,
    /// Version of the client's binary.
    #[serde(default)]
    pub version: String,
}

impl ClientHello {
    /// A first hello in `role`.
    #[must_use]
    pub fn new(role: Role, version: &str) -> Self {
        Self {
            protocol: PROTOCOL,
            role,
            version: version.to_owned(),
            agent: None,
            resume: Vec::new(),
            reconnect: false,
        }
    }
}

/// Answer of the daemon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ServerHello {
    /// The connection is open.
    Welcome(Welcome),
    /// The connection is closed after this frame.
    Refused {
        /// Why.
        refused: Refusal,
    },
}

/// What the daemon says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// Protocol number, [`PROTOCOL`].
    pub protocol: u32,
    /// Version of the daemon's binary.
    pub version: String,
    /// Process id of the daemon.
    pub pid: u32,
}

/// A refused hello.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Stable word for programs.
    pub code: RefusalCode,
    /// What happened and what to do next, for people.
    pub message: String,
}

/// Stable words of [`Refusal`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCode {
    /// The protocol numbers differ.
    ProtocolMismatch,
    /// The first frame was no hello.
    BadHello,
    /// The connection cap is reached.
    TooManyConnections,
    /// The daemon is shutting down.
    ShuttingDown,
    /// A word that only a newer daemon knows; its message says what to do all the same.
    #[serde(other)]
    Other,
}

/// Refusal for a client that speaks another protocol number: names both versions and the fix.
#[must_use]
pub fn protocol_mismatch(client: &Announcement, daemon_version: &str) -> Refusal {
    let (older, fix) = if client.protocol < PROTOCOL {
        (
            "client",
            "restart the agent's MCP client, which then starts the bridge-shim that is installed now; if that does not help, \
             reinstall bridge-shim and bridgectl. Nothing is lost: messages wait",
        )
    } else {
        (
            "daemon",
            "restart the daemon (systemctl --user restart bridged, or stop it: the next shim starts it)",
        )
    };
    Refusal {
        code: RefusalCode::ProtocolMismatch,
        message: format!(
            "the client (version {}) speaks bridge protocol {}, the daemon (version {daemon_version}) speaks {PROTOCOL}: \
             the {older} is older; {fix}",
            client.version, client.protocol
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_hellos() {
        let mut hello = ClientHello::new(Role::Mcp, "0.1.0");
        assert_eq!(
            serde_json::to_string(&hello).unwrap(),
            r#"{"protocol":1,"role":"mcp","version":"0.1.0"}"#
        );
        hello.resume.push("k".into());
        hello.reconnect = true;
        hello.agent = Some("backend".into());
        assert_eq!(
            serde_json::to_string(&hello).unwrap(),
            r#"{"protocol":1,"role":"mcp","version":"0.1.0","agent":"backend","resume":["k"],"reconnect":true}"#
        );
        let welcome = ServerHello::Welcome(Welcome { protocol: 1, version: "0.1.0".into(), pid: 7 });
        assert_eq!(serde_json::to_string(&welcome).unwrap(), r#"{"protocol":1,"version":"0.1.0","pid":7}"#);
    }

    #[test]
    fn a_mismatch_names_both_versions_and_the_fix() {
        for (protocol, fix) in
            [(PROTOCOL - 1, "restart the agent's MCP client"), (PROTOCOL + 1, "restart the daemon")]
        {
            let client = Announcement { protocol, version: "0.0.9".into() };
            let text = protocol_mismatch(&client, "0.1.0").message;
            assert!(text.contains("0.0.9") && text.contains("0.1.0") && text.contains(fix), "{text}");
        }
    }

    #[test]
    fn golden_frames_of_other_protocol_numbers_are_understood_far_enough() {
        let announced = |text: &str| serde_json::from_str::<Announcement>(text).unwrap();
        let old = announced(r#"{"protocol":0,"role":"mcp","version":"0.0.9"}"#);
        assert_eq!(old, Announcement { protocol: 0, version: "0.0.9".into() });
        let new = announced(
            r#"{"protocol":9,"version":"9.0.0","role":"watcher","agent":{"name":"x"},"resume":null}"#,
        );
        assert_eq!(new, Announcement { protocol: 9, version: "9.0.0".into() });
        assert_eq!(announced(r#"{"protocol":7}"#), Announcement { protocol: 7, version: String::new() });
        let refusal = r#"{"refused":{"code":"quarantined","message":"do this","until":5}}"#;
        let refused = Refusal { code: RefusalCode::Other, message: "do this".into() };
        assert_eq!(serde_json::from_str::<ServerHello>(refusal).unwrap(), ServerHello::Refused { refused });
        for code in ["protocol_mismatch", "bad_hello", "too_many_connections", "shutting_down"] {
            let known: RefusalCode = serde_json::from_str(&format!("{code:?}")).unwrap();
            assert_eq!(serde_json::to_string(&known).unwrap(), format!("{code:?}"));
        }
    }
}
