//! `bridgectl yolo …`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use super::Json;

/// What about commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Yolo {
    /// Let the agents of a conversation propose commands (asks for a phrase and a code)
    Enable(Enable),
    /// Let the agents of a conversation propose no more commands; what waits lapses
    Disable {
        /// Id of the conversation
        #[arg(value_name = "CONV")]
        conversation: String,
    },
    /// Show what waits for you: modes asked for, commands proposed, approvals not yet used
    Pending(Pending),
    /// Release one command, once, for five minutes (asks for a code; the first time for a phrase)
    Approve {
        /// Id of the command
        #[arg(value_name = "CMD")]
        command: String,
        #[command(flatten)]
        format: Json,
    },
    /// Refuse a command, or take its approval back before it has run
    Deny {
        /// Id of the command
        #[arg(value_name = "CMD")]
        command: String,
    },
    /// Show approvals that can still be used (never the tokens themselves)
    Tokens(Json),
    /// Let everything lapse that is too old
    Cleanup(Json),
    /// Show the snapshots that were taken before commands that might write
    Snapshots(Snapshots),
    /// Show what has changed in a workspace since a snapshot
    Diff {
        /// Id of the snapshot
        #[arg(value_name = "SNAPSHOT")]
        snapshot: String,
    },
    /// Put a workspace back as a snapshot has it
    ///
    /// Takes another snapshot first, so that it can be undone. Files that were created since stay, unless --exact.
    Restore(RestoreSnapshot),
    /// Make a passphrase hash for the configuration, so that every decision asks for it
    Passphrase,
    /// Run a command of your own under the policy and the sandbox, without a daemon
    Try(Try),
}

#[derive(Debug, Args)]
pub(crate) struct Enable {
    /// Id of the conversation
    #[arg(value_name = "CONV")]
    pub(crate) conversation: String,
    /// safe: look only; restricted: everyday developer programs; yolo: a shell line [default: as asked]
    #[arg(long, value_name = "MODE")]
    pub(crate) mode: Option<String>,
    /// The directory that commands run in and may write [default: as asked]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) workspace: Option<PathBuf>,
    /// Seconds a command may run, up to 600 [default: as asked]
    #[arg(long, value_name = "S")]
    pub(crate) timeout: Option<u32>,
    /// Run commands in a container [default: as asked]
    #[arg(long, value_name = "BOOL")]
    pub(crate) container: Option<bool>,
    /// Let commands use the network
    #[arg(long)]
    pub(crate) network: bool,
    #[command(flatten)]
    pub(crate) format: Json,
}

#[derive(Debug, Args)]
pub(crate) struct Pending {
    /// Decided and ended commands too
    #[arg(long, short)]
    pub(crate) all: bool,
    /// Go on showing what is proposed as it comes
    #[arg(long, short, conflicts_with = "all")]
    pub(crate) follow: bool,
    #[command(flatten)]
    pub(crate) format: Json,
}

#[derive(Debug, Args)]
pub(crate) struct Snapshots {
    /// Only of this directory
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) workspace: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) format: Json,
}

#[derive(Debug, Args)]
pub(crate) struct RestoreSnapshot {
    /// Id of the snapshot
    #[arg(value_name = "SNAPSHOT")]
    pub(crate) snapshot: String,
    /// Only these, relative to the workspace, and what is below them
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<String>,
    /// Remove files that were created since
    #[arg(long)]
    pub(crate) exact: bool,
    #[command(flatten)]
    pub(crate) format: Json,
}

#[derive(Debug, Args)]
pub(crate) struct Try {
    /// safe, restricted or yolo
    #[arg(long, value_name = "MODE", required_unless_present = "json")]
    pub(crate) mode: Option<String>,
    /// The directory it runs in
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, required_unless_present = "json")]
    pub(crate) workspace: Option<PathBuf>,
    /// Seconds until it is killed
    #[arg(long, value_name = "S", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) timeout: u64,
    /// Read {"mode", "command", "workspace", "timeout_ms"} and print the outcome as JSON
    #[arg(long, conflicts_with_all = ["mode", "workspace", "command"])]
    pub(crate) json: bool,
    /// The command: one argument is a line, several are its words
    #[arg(value_name = "COMMAND", required_unless_present = "json", last = true)]
    pub(crate) command: Vec<String>,
}
