//! `bridgectl yolo`: what people decide about commands.

use serde::{Deserialize, Serialize};

/// A question about commands, or a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "yolo", rename_all = "snake_case")]
pub enum YoloRequest {
    /// What waits, what is enabled, and (with `all`) what was.
    List {
        /// Decided and ended commands too.
        #[serde(default)]
        all: bool,
    },
    /// Show what a decision would mean, and give out a code for it.
    Prepare(Decision),
    /// Decide.
    Decide {
        /// What.
        decision: Decision,
        /// What was typed.
        proof: Proof,
    },
    /// Refuse a command, or take its approval back.
    Deny {
        /// Its id.
        command: String,
    },
    /// Let a conversation propose no more commands.
    Disable {
        /// Its id.
        conversation: String,
    },
    /// Let everything lapse that is too old.
    Cleanup,
    /// Put a workspace back as a snapshot has it.
    Restore {
        /// The snapshot.
        snapshot: String,
        /// Only these paths, relative to the workspace; all when empty.
        #[serde(default)]
        paths: Vec<String>,
        /// Whether files go that were created since.
        #[serde(default)]
        exact: bool,
    },
    /// Whether a person asks, for commands of `bridgectl` that need no daemon.
    Vouch {
        /// The command.
        command: String,
    },
}

/// What needs a phrase and a code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Let a conversation propose commands.
    Enable {
        /// Its id.
        conversation: String,
        /// `safe`, `restricted` or `yolo`; as the agent asked unless given.
        #[serde(default)]
        mode: Option<String>,
        /// The directory; as the agent asked unless given.
        #[serde(default)]
        workspace: Option<String>,
        /// Seconds a command may run; as the agent asked unless given.
        #[serde(default)]
        timeout: Option<u32>,
        /// Whether commands run in a container; as the agent asked unless given.
        #[serde(default)]
        container: Option<bool>,
        /// Whether commands may use the network.
        #[serde(default)]
        network: bool,
    },
    /// Release one command.
    Approve {
        /// Its id.
        command: String,
    },
}

/// What a person typed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The phrase, where it was asked for.
    #[serde(default)]
    pub phrase: Option<String>,
    /// The code.
    pub code: String,
    /// The passphrase, where one is configured.
    #[serde(default)]
    pub passphrase: Option<String>,
}

impl std::fmt::Debug for Proof {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Proof").finish_non_exhaustive()
    }
}

/// The answer to a [`YoloRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum YoloResponse {
    /// To [`YoloRequest::List`].
    List(YoloList),
    /// To [`YoloRequest::Prepare`].
    Prepared(Box<Prepared>),
    /// A conversation may propose commands now.
    Enabled(GrantView),
    /// A command is released.
    Approved(Approval),
    /// It is as was asked.
    Done,
    /// To [`YoloRequest::Restore`].
    Restored(RestoreReport),
    /// To [`YoloRequest::Cleanup`].
    Cleaned {
        /// Proposals and approvals that lapsed.
        lapsed: u64,
    },
}

/// What was put back. Paths are relative to the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreReport {
    /// The snapshot that was taken before: restoring it undoes this.
    pub undo: String,
    /// What is as it was again.
    pub restored: Vec<String>,
    /// What was created since and is gone.
    pub deleted: Vec<String>,
    /// What was left alone, and why.
    pub skipped: Vec<(String, String)>,
}

/// What waits for a person, and what is enabled.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct YoloList {
    /// Whether the daemon was started with `YOLO_MODE=1`.
    pub gate_open: bool,
    /// What holds commands here, or why nothing does.
    pub sandbox: String,
    /// Whether something does.
    #[serde(default)]
    pub held: bool,
    /// Modes that agents ask for.
    pub mode_requests: Vec<GrantView>,
    /// Modes that are enabled.
    pub modes: Vec<GrantView>,
    /// Commands, oldest first.
    pub commands: Vec<CommandView>,
}

/// What a conversation may propose, or asks to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantView {
    /// The conversation.
    pub conversation_id: String,
    /// The session that asked, where it was one.
    pub requester: Option<String>,
    /// `safe`, `restricted` or `yolo`.
    pub mode: String,
    /// The directory.
    pub workspace: String,
    /// Seconds a command may run.
    pub timeout: u32,
    /// Whether commands run in a container.
    pub container: bool,
    /// Whether commands may use the network.
    pub network: bool,
}

/// A proposed command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandView {
    /// Its id.
    pub command_id: String,
    /// The conversation.
    pub conversation_id: String,
    /// The session that proposes it.
    pub requester: String,
    /// What that session is for.
    pub role: String,
    /// Where it is: `pending`, `approved`, `denied`, `running`, `ended`, `lapsed` or `lost`.
    pub state: String,
    /// The command, in a shell's spelling with every unusual character spelled out.
    pub command: String,
    /// Its words.
    pub argv: Vec<String>,
    /// The program.
    pub program: String,
    /// The directory.
    pub workspace: String,
    /// How much it may do.
    pub mode: String,
    /// What holds it.
    pub sandbox: String,
    /// Whether it may use the network.
    pub network: bool,
    /// Directories outside the workspace that it may read.
    pub toolchains: Vec<String>,
    /// Its variables, by name.
    pub environment: Vec<String>,
    /// Seconds it may run.
    pub timeout: u64,
    /// Digest of all that, which the approval is bound to.
    pub digest: String,
    /// When it was proposed.
    pub asked_at: String,
    /// Until when it waits, or its approval is good.
    pub good_until: String,
    /// How it ended, as JSON.
    pub outcome: Option<serde_json::Value>,
}

/// Some of the commands of one conversation.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CommandsPage {
    /// What the conversation may propose.
    pub mode: Option<GrantView>,
    /// Its commands, oldest first.
    pub commands: Vec<CommandView>,
}

/// What a decision would mean, and what to type for it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prepared {
    /// What would be enabled.
    pub grant: Option<GrantView>,
    /// What would be released.
    pub command: Option<CommandView>,
    /// The code to retype.
    pub code: String,
    /// The phrase to type, where this terminal has not seen it yet.
    pub phrase: Option<String>,
    /// Whether the passphrase is asked for.
    pub passphrase: bool,
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Prepared").field("command", &self.command).finish_non_exhaustive()
    }
}

/// A released command. Never log one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The command.
    pub command_id: String,
    /// What releases it once, for the session that proposed it.
    pub approval_token: String,
    /// Until when.
    pub good_until: String,
    /// Head of the audit trail, to be noted elsewhere.
    pub audit_head: String,
}

impl std::fmt::Debug for Approval {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Approval").field("command_id", &self.command_id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_requests() {
        for (request, wire) in [
            (YoloRequest::List { all: false }, r#"{"yolo":"list","all":false}"#),
            (
                YoloRequest::Prepare(Decision::Approve { command: "cmd_00000000".into() }),
                r#"{"yolo":"prepare","approve":{"command":"cmd_00000000"}}"#,
            ),
            (YoloRequest::Cleanup, r#"{"yolo":"cleanup"}"#),
        ] {
            assert_eq!(serde_json::to_string(&request).unwrap(), wire);
            assert_eq!(serde_json::from_str::<YoloRequest>(wire).unwrap(), request);
        }
    }

    #[test]
    fn what_was_typed_is_not_in_debug_output() {
        let proof =
            Proof { phrase: Some("hidden".into()), code: "hidden".into(), passphrase: Some("hidden".into()) };
        let approval = Approval {
            command_id: "c".into(),
            approval_token: "hidden".into(),
            good_until: "t".into(),
            audit_head: "h".into(),
        };
        assert!(!format!("{proof:?}{approval:?}").contains("hidden"));
    }
}
