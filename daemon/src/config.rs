//! `config.toml`: every key optional, unknown keys an error that names the nearest known one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bridge_proto::paths::Paths;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::domain::retention::Retention;
use crate::store::Synchronous;

mod limits;
pub mod reference;
mod yolo;

pub use limits::{LimitsConfig, RateConfig};
pub use yolo::YoloConfig;

/// The whole configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default)]
pub struct Config {
    /// The process. Changes take a restart.
    pub daemon: DaemonConfig,
    /// Log lines.
    pub log: LogConfig,
    /// The MCP side. Changes hold for new connections.
    pub mcp: McpConfig,
    /// Identity.
    pub auth: AuthConfig,
    /// New conversations.
    pub conversation: ConversationConfig,
    /// Calls that are let through: as many at once as a window allows, refilled evenly. Restarting resets nothing.
    pub limits: LimitsConfig,
    /// The database. Changes take a restart.
    pub store: StoreConfig,
    /// What is taken out of everything that is stored: see [redaction.md](redaction.md).
    pub redaction: RedactionConfig,
    /// Commands that people release: see [commands.md](commands.md). Without effect unless the daemon was started with
    /// `YOLO_MODE=1`.
    pub yolo: YoloConfig,
    /// What is removed when: see [reliability.md](reliability.md).
    pub retention: Retention,
    /// The audit trail.
    pub audit: AuditConfig,
}

/// `[daemon]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(default)]
pub struct DaemonConfig {
    /// Connections that may be open at once, 1 to 1,000,000; further ones are refused.
    pub max_connections: usize,
}

/// `[log]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(default)]
pub struct LogConfig {
    /// From which level on lines are written; `debug` and `trace` write one for every call.
    #[schemars(extend("enum" = LEVELS, "x-variable" = crate::log::VARIABLE))]
    pub level: String,
}

/// `[mcp]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(default)]
pub struct McpConfig {
    /// Newest protocol revision offered to clients.
    #[schemars(extend("enum" = REVISIONS))]
    pub highest_revision: String,
    /// Whether clients are told of messages by Claude Code's channel notifications, where they take them: see
    /// [clients.md](clients.md#channels).
    pub claude_channel: bool,
}

/// `[auth]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(default)]
pub struct AuthConfig {
    /// Whether `create_conversation` answers session tokens, as the original interface does. `false` keeps them out of every
    /// agent's context.
    pub expose_tokens: bool,
}

/// `[conversation]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(default)]
pub struct ConversationConfig {
    /// Minutes until a conversation expires, unless its creator asks for another lifetime.
    pub lifetime_minutes: u32,
    /// Longest lifetime a creator may ask for, in minutes.
    pub max_lifetime_minutes: u32,
}

/// `[store]`
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default)]
pub struct StoreConfig {
    /// How strongly an answered send is tied to the disk.
    pub synchronous: Synchronous,
}

/// `[redaction]`
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default)]
pub struct RedactionConfig {
    /// A file of additional rules; they add to the built-in ones and cannot weaken them.
    #[schemars(extend("x-type" = "absolute path"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<PathBuf>,
}

/// `[audit]`
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default)]
pub struct AuditConfig {
    /// Where the head of the trail is noted as it grows; beside the database unless it is placed elsewhere, best where
    /// this user can only add to files.
    #[schemars(extend("x-type" = "absolute path"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anchor_file: Option<PathBuf>,
}

impl AuditConfig {
    /// The file in use.
    #[must_use]
    pub fn anchor_path(&self, paths: &Paths) -> PathBuf {
        self.anchor_file.clone().unwrap_or_else(|| paths.anchors())
    }
}

impl Default for DaemonConfig {
    fn default() -> Self {
        Self { max_connections: 12_000 }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { level: "info".to_owned() }
    }
}

impl Default for McpConfig {
    fn default() -> Self {
        Self { highest_revision: "2026-07-28".to_owned(), claude_channel: false }
    }
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self { expose_tokens: true }
    }
}

impl Default for ConversationConfig {
    fn default() -> Self {
        Self { lifetime_minutes: 180, max_lifetime_minutes: 7 * 24 * 60 }
    }
}

impl ConversationConfig {
    /// Lifetime unless asked otherwise.
    #[must_use]
    pub fn lifetime(&self) -> Duration {
        Duration::from_secs(u64::from(self.lifetime_minutes) * 60)
    }
}

/// Why a configuration cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("reading {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not TOML, or a value has the wrong type.
    #[error("{}: {source}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// It has a key that means nothing.
    #[error("{}: unknown key `{key}`{}", path.display(), hint.as_ref().map(|h| format!("; did you mean `{h}`?")).unwrap_or_default())]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// The nearest known one.
        hint: Option<String>,
    },
    /// A value is out of its range.
    #[error("{}: `{key}` {problem}", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// The file of additional programs and options cannot be used.
    #[error("command policy: {0}")]
    Policy(String),
    /// The file of additional redaction rules cannot be used.
    #[error("redaction rules: {0}")]
    Rules(String),
}

impl Config {
    /// Reads the file; a missing one is an empty one.
    ///
    /// # Errors
    /// [`ConfigError`] naming the file and the key.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(&text, path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(ConfigError::Read { path: path.to_owned(), source }),
        }
    }

    /// Parses a configuration that was read from `path`.
    ///
    /// # Errors
    /// [`ConfigError`] naming the file and the key.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let failed = |source| ConfigError::Parse { path: path.to_owned(), source: Box::new(source) };
        let document = toml::Deserializer::parse(text).map_err(failed)?;
        let mut unknown = None;
        let config: Self = serde_ignored::deserialize(document, |key| {
            unknown.get_or_insert_with(|| key.to_string());
        })
        .map_err(failed)?;
        if let Some(key) = unknown {
            let hint = nearest(&key);
            return Err(ConfigError::UnknownKey { path: path.to_owned(), key, hint });
        }
        config.check(path)?;
        Ok(config)
    }

    fn check(&self, path: &Path) -> Result<(), ConfigError> {
        let value = |key, problem: String| Err(ConfigError::Value { path: path.to_owned(), key, problem });
        let revision = &self.mcp.highest_revision;
        if !REVISIONS.contains(&revision.as_str()) {
            return value(
                "mcp.highest_revision",
                format!("is {revision:?}; known revisions: {}", REVISIONS.join(", ")),
            );
        }
        if !LEVELS.contains(&self.log.level.as_str()) {
            return value(
                "log.level",
                format!("is {:?}; known levels: {}", self.log.level, LEVELS.join(", ")),
            );
        }
        let lifetimes = &self.conversation;
        if lifetimes.lifetime_minutes == 0 || lifetimes.lifetime_minutes > lifetimes.max_lifetime_minutes {
            let problem =
                format!("must be between 1 and max_lifetime_minutes ({})", lifetimes.max_lifetime_minutes);
            return value("conversation.lifetime_minutes", problem);
        }
        if !(1..=MAX_CONNECTIONS).contains(&self.daemon.max_connections) {
            return value("daemon.max_connections", format!("must be between 1 and {MAX_CONNECTIONS}"));
        }
        let paths =
            [("redaction.rules", &self.redaction.rules), ("audit.anchor_file", &self.audit.anchor_file)];
        if let Some((key, _)) =
            paths.iter().find(|(_, path)| path.as_ref().is_some_and(|path| path.is_relative()))
        {
            let problem = "must be an absolute path: the daemon may be started from anywhere".to_owned();
            return value(key, problem);
        }
        match self.retention.problem().or_else(|| self.yolo.problem()) {
            Some((key, problem)) => value(key, problem),
            None => Ok(()),
        }
    }
}

/// Connections beyond which the system gives out no descriptors anyway.
const MAX_CONNECTIONS: usize = 1_000_000;
/// Protocol revisions that can be the highest one offered.
const REVISIONS: [&str; 5] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"];
const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];
/// Keys that have no default value and so do not show in a serialised default configuration.
const OPTIONAL_KEYS: [&str; 2] = ["redaction.rules", "audit.anchor_file"];

/// The known key nearest to `key`, if one is near enough to be a typing mistake.
fn nearest(key: &str) -> Option<String> {
    let optional = OPTIONAL_KEYS.iter().chain(&yolo::OPTIONAL_KEYS);
    let mut known: Vec<String> = optional.map(ToString::to_string).collect();
    if let Ok(defaults) = toml::Table::try_from(Config::default()) {
        collect_keys("", &defaults, &mut known);
    }
    let closeness = |candidate: &String| strsim::jaro_winkler(key, candidate);
    known
        .into_iter()
        .max_by(|a, b| closeness(a).total_cmp(&closeness(b)))
        .filter(|best| closeness(best) > 0.75)
}

fn collect_keys(prefix: &str, table: &toml::Table, keys: &mut Vec<String>) {
    for (name, value) in table {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        if let toml::Value::Table(inner) = value {
            collect_keys(&key, inner, keys);
        }
        keys.push(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::bucket::Rates;

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(text, Path::new("config.toml"))
    }

    #[test]
    fn empty_is_the_default() {
        assert_eq!(parse("").unwrap(), Config::default());
        assert_eq!(Config::default().limits.write.rates(), Rates([10, 100, 500]));
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        let error = parse("[conversation]\nlifetime_minuts = 5").unwrap_err().to_string();
        assert_eq!(
            error,
            "config.toml: unknown key `conversation.lifetime_minuts`; did you mean `conversation.lifetime_minutes`?"
        );
        let error = parse("[limit.write]\nper_minute = 5").unwrap_err().to_string();
        assert!(error.contains("did you mean `limits"), "{error}");
    }

    #[test]
    fn a_limit_may_be_given_in_part() {
        let limits = parse("[limits.write]\nper_minute = 5").unwrap().limits;
        assert_eq!(limits.write.rates(), Rates([5, 100, 500]));
        assert_eq!(limits.read, Config::default().limits.read);
        let error = parse("[limits.write]\nper_minut = 5").unwrap_err().to_string();
        assert!(error.contains("did you mean `limits.write.per_minute`"), "{error}");
    }

    #[test]
    fn wrong_values_name_key_and_line() {
        for (text, told) in [
            ("[mcp]\nhighest_revision = \"2031-01-01\"", "2026-07-28"),
            ("[conversation]\nlifetime_minutes = 0", "lifetime_minutes"),
            ("\n[daemon]\nmax_connections = \"x\"", "line 3"),
            ("[retention]\naudit_after = \"1h\"", "`retention.audit_after` must be at least 1d"),
            ("[retention]\nexpired_after = \"soon\"", "30d"),
            ("[audit]\nanchor_file = \"anchors\"", "`audit.anchor_file` must be an absolute path"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
