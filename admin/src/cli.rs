//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

mod backup;
mod install;
mod yolo;

pub(crate) use backup::{Backup, Db, Restore};
pub(crate) use install::{Install, Uninstall};
pub(crate) use yolo::{Enable, Pending, RestoreSnapshot, Snapshots, Try, Yolo};

use crate::failure::EXIT_CODES;
use crate::screen::ColorChoice;

/// Looks after the bridge between LLM agents: who talks, what was said, what was refused.
#[derive(Debug, Parser)]
#[command(name = "bridgectl", version, after_help = EXIT_CODES, max_term_width = 100, propagate_version = true)]
pub(crate) struct Cli {
    /// When to use colours (NO_COLOR is honoured)
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub(crate) color: ColorChoice,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show how the daemon is and which agents are connected
    ///
    /// Ends with 3 when the daemon is not running.
    Status(Json),
    /// List conversations, newest first
    List(List),
    /// Show a conversation with its messages
    Show(Show),
    /// Watch conversations, messages, limits and commands live, and act on them
    ///
    /// Full screen, by keyboard; `?` shows the keys. Waits for the daemon while it is down.
    Watch(Watch),
    /// Show the session tokens of a conversation (for people only; goes on record)
    Tokens(Conversation),
    /// Make a new one-time invite for a session of a conversation (for people only; goes on record)
    Invite(Invite),
    /// Bring two agents together: make a conversation and a sentence for each one's prompt (for people only; goes on
    /// record)
    Pair(Pair),
    /// Say something to the agents of a conversation (for people only; goes on record)
    ///
    /// They see it from \"human\", a name that no agent can take.
    Say(Say),
    /// Show the audit trail, or prove it whole
    Audit(Audit),
    /// Remove expired conversations; their audit rows stay
    Cleanup(Cleanup),
    /// Add the bridge to the configuration of MCP clients
    ///
    /// Shows every change before it is made, keeps a backup, and changes nothing the second time. On a terminal,
    /// without --client and --all, lists the clients that were found and asks.
    Install(Install),
    /// Take the bridge out of the configuration of MCP clients again
    ///
    /// Puts back what was there before install, byte for byte, or takes out only its entry where others have changed
    /// the file since. Without --client: from all clients, and the service too.
    Uninstall(Uninstall),
    /// Copy everything into one verified file: database, master key, audit seal (for people only; goes on record)
    ///
    /// Works while the daemon runs, and without it. Unless it is encrypted, whoever can read the file can read every
    /// message and speak for every session.
    Backup(Backup),
    /// Put a backup in the place of the state directory, which is kept under another name
    ///
    /// The daemon must not run. Nothing is touched before the backup is proven whole.
    Restore(Restore),
    /// Look after the database
    #[command(subcommand)]
    Db(Db),
    /// Make the daemon read its configuration and redaction rules again
    Reload,
    /// Wait until a message waits for a session
    ///
    /// Prints how many; ends with 1 when none came in time.
    Wait(Wait),
    /// Tell an agent's client that messages wait, as one of its hooks
    ///
    /// Reads the hook's JSON on standard input and answers in the client's own form. Silent when nothing is new and when the
    /// daemon is down.
    Hook(Hook),
    /// Write everything about one conversation for a reviewer, or to be imported elsewhere
    ///
    /// Sessions, messages with their delivery states, redactions, commands, audit rows and the verdict on the audit trail.
    Export(Export),
    /// Keep an exported conversation here as one that is over (for people only; goes on record)
    ///
    /// Takes the file as it is or not at all. `list --all`, `show` and `export` know it then; exported again it is the
    /// same file. `cleanup` removes it as any other expired conversation.
    Import(Import),
    /// Count conversations, messages, redactions, refusals and commands
    Stats(Json),
    /// Print the same counts and the daemon's state in Prometheus' text format
    Metrics,
    /// Look for everything that keeps the bridge from working, and say how to mend it
    ///
    /// Ends with 1 when something is wrong.
    Doctor(Doctor),
    /// Decide about commands that agents propose
    #[command(subcommand)]
    Yolo(Yolo),
    /// Replace secrets in standard input, as the bridge does in messages
    Redact(Redact),
    /// Check or show the configuration
    #[command(subcommand)]
    Config(Config),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write all pages into a directory
    Man {
        /// Directory for one page per command
        #[arg(value_hint = ValueHint::DirPath)]
        directory: Option<PathBuf>,
    },
    /// Show the whole bridge at work in a private place, with two scripted agents
    ///
    /// Starts a daemon and two bridge-shims in a temporary directory, kills the daemon in between, checks every
    /// promise on the way, and leaves nothing behind.
    Demo(Demo),
}

/// Output for programs.
#[derive(Debug, Args)]
pub(crate) struct Json {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Expired conversations too
    #[arg(long, short)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) format: Json,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    /// Id of the conversation
    #[arg(value_name = "CONV")]
    pub(crate) conversation: String,
    /// Show that many of the newest messages
    #[arg(long, short = 'n', value_name = "N", default_value_t = 20)]
    pub(crate) messages: u32,
    /// Show every message
    #[arg(long, short, conflicts_with = "messages")]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) format: Json,
}

#[derive(Debug, Args)]
pub(crate) struct Watch {
    /// Id of the conversation to begin with [default: the newest]
    #[arg(value_name = "CONV")]
    pub(crate) conversation: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Invite {
    /// Id of the conversation
    #[arg(value_name = "CONV")]
    pub(crate) conversation: String,
    /// The session it is for: a, whose client was restarted, say, or b
    #[arg(long, value_name = "LABEL", default_value = "b")]
    pub(crate) session: String,
    #[command(flatten)]
    pub(crate) format: Json,
}

#[derive(Debug, Args)]
pub(crate) struct Wait {
    /// Id of the conversation
    #[arg(value_name = "CONV")]
    pub(crate) conversation: String,
    /// Label of the session, a or b
    #[arg(value_name = "LABEL")]
    pub(crate) session: String,
    /// Seconds to wait
    #[arg(long, value_name = "S", default_value_t = 300, value_parser = clap::value_parser!(u32).range(0..=3_600))]
    pub(crate) timeout: u32,
    #[command(flatten)]
    pub(crate) format: Json,
}

#[derive(Debug, Args)]
pub(crate) struct Pair {
    /// What the first agent does, e.g. "backend developer"
    #[arg(value_name = "ROLE")]
    pub(crate) first: String,
    /// What the second agent does
    #[arg(value_name = "ROLE")]
    pub(crate) second: String,
    /// Minutes until the conversation expires, if not as configured
    #[arg(long, value_name = "N")]
    pub(crate) lifetime_minutes: Option<u32>,
    #[command(flatten)]
    pub(crate) format: Json,
}

#[derive(Debug, Args)]
pub(crate) struct Say {
    /// Id of the conversation
    #[arg(value_name = "CONV")]
    pub(crate) conversation: String,
    /// What to say
    #[arg(value_name = "TEXT")]
    pub(crate) message: String,
    /// Only to this session, a or b
    #[arg(long, value_name = "LABEL")]
    pub(crate) to: Option<String>,
    #[command(flatten)]
    pub(crate) format: Json,
}

/// Clients that have hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum HookClient {
    /// Claude Code: for its hooks UserPromptSubmit, PostToolUse and Stop
    ClaudeCode,
}

#[derive(Debug, Args)]
pub(crate) struct Hook {
    /// The client whose hook this is
    #[arg(value_enum)]
    pub(crate) client: HookClient,
    /// The agent of that name, instead of the one of the client that runs the hook
    #[arg(long, value_name = "NAME")]
    pub(crate) agent: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Conversation {
    /// Id of the conversation
    #[arg(value_name = "CONV")]
    pub(crate) conversation: String,
    #[command(flatten)]
    pub(crate) format: Json,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Audit {
    #[command(subcommand)]
    pub(crate) command: Option<AuditCommand>,
    /// Only this conversation; a number alone is the LIMIT
    #[arg(value_name = "CONV")]
    pub(crate) conversation: Option<String>,
    /// Show that many of the newest rows [default: 50]
    pub(crate) limit: Option<u32>,
    /// Go on printing rows as they come
    #[arg(long, short)]
    pub(crate) follow: bool,
    /// Only rows since then: 10m, 2h, 3d ago, or 2026-11-21T06:00:00Z
    #[arg(long, value_name = "WHEN")]
    pub(crate) since: Option<String>,
    /// Only this action, such as send_to_partner
    #[arg(long, value_name = "NAME")]
    pub(crate) action: Option<String>,
    /// Only this outcome: ok, wrong_token, rate_limited, ..., or denied for all but ok
    #[arg(long, value_name = "NAME")]
    pub(crate) outcome: Option<String>,
    /// Print one JSON object per line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Prove the trail whole: no row changed, removed, added or reordered
    ///
    /// Ends with 1 when it is not. Whoever holds the key can forge a trail; a head noted elsewhere and given as
    /// anchor is what makes it evidence.
    Verify {
        /// A head that an earlier verify or status printed and you noted elsewhere, or a file of them
        ///
        /// Alone it means the file in which the daemon notes the head at every approval and every hour; - reads anchors
        /// from standard input: `journalctl -t bridged-audit -o cat | bridgectl audit verify --anchor -`
        #[arg(long, value_name = "HASH|FILE", num_args = 0..=1)]
        anchor: Option<Option<String>>,
        #[command(flatten)]
        format: Json,
    },
    /// Write the whole trail as one JSON object per line
    Export {
        /// Write into this new file instead of standard output
        #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
        output: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Cleanup {
    /// Only say which conversations would go
    #[arg(long, short = 'n')]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) format: Json,
}

/// How an export is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One JSON object per line, for programs and for import
    Jsonl,
    /// Markdown
    Md,
    /// One page that needs nothing else and no network
    Html,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Id of the conversation
    #[arg(value_name = "CONV")]
    pub(crate) conversation: String,
    /// What to write
    #[arg(long, short, value_enum, value_name = "FORMAT", default_value = "jsonl")]
    pub(crate) format: Format,
    /// Write into this new file instead of standard output
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// A file that `export --format jsonl` wrote
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) format: Json,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Mend what can be mended safely: modes, missing directories, what a dead daemon left behind
    #[arg(long)]
    pub(crate) fix: bool,
    #[command(flatten)]
    pub(crate) format: Json,
}

#[derive(Debug, Args)]
pub(crate) struct Redact {
    /// Read lines {"id": ..., "text": "..."} and write them with the text redacted
    #[arg(long)]
    pub(crate) jsonl: bool,
    /// Write which rule found something where, instead of the text
    #[arg(long)]
    pub(crate) explain: bool,
    /// Use the built-in rules and this file instead of the configured one
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) rules: Option<PathBuf>,
    /// Only check a file of additional rules
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["jsonl", "explain", "rules"])]
    pub(crate) check: Option<PathBuf>,
    /// Check a file of additional rules and say which of its examples were tried
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["jsonl", "explain", "rules", "check"])]
    pub(crate) test: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Check a configuration and the rules it names
    Check {
        /// The file [default: the one in use]
        #[arg(value_hint = ValueHint::FilePath)]
        file: Option<PathBuf>,
    },
    /// Print the configuration in effect, defaults included, as TOML
    Show,
    /// Print where the configuration file is looked for
    Path,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Do not pause for the reader
    #[arg(long)]
    pub(crate) fast: bool,
    /// Print only a summary of the checks, as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn audit_takes_the_originals_arguments_and_subcommands() {
        let audit = |args: &[&str]| match Cli::try_parse_from([&["bridgectl", "audit"], args].concat())
            .unwrap()
            .command
        {
            Command::Audit(audit) => audit,
            other => panic!("{other:?}"),
        };
        let both = audit(&["conv_a1b2c3d4e5f60718", "100"]);
        assert_eq!((both.conversation.as_deref(), both.limit), (Some("conv_a1b2c3d4e5f60718"), Some(100)));
        assert_eq!(audit(&["100"]).conversation.as_deref(), Some("100"));
        assert!(matches!(audit(&["verify"]).command, Some(AuditCommand::Verify { anchor: None, .. })));
        assert!(audit(&["-f", "--since", "2h"]).follow);
    }
}
