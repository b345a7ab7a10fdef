//! What every operation works with.

use std::sync::{Arc, PoisonError, RwLock};

use bridge_guard::Guard;
use bridge_proto::paths::Paths;
use bridge_redact::Engine;

use crate::config::{Config, ConfigError};
use crate::domain::id::ConversationId;
use crate::domain::key::Keys;
use crate::domain::redaction::{Clean, Redactor};
use crate::domain::time::Timestamp;
use crate::exec;
use crate::live::{Commands, PeerLimits, Registry};
use crate::log;
use crate::store::Store;

/// The daemon's shared parts.
pub struct Bridge {
    /// The database.
    pub store: Store,
    /// Keys of this installation.
    pub keys: Keys,
    /// Conversations and connections in use.
    pub registry: Registry,
    /// Limits on conversations created, per process.
    pub creations: PeerLimits,
    /// Limits on failed proofs of identity, per process.
    pub failures: PeerLimits,
    /// How many refusals of a process go on record one by one.
    pub refusals: PeerLimits,
    /// Where everything is.
    pub paths: Paths,
    /// When the daemon started.
    pub started_at: Timestamp,
    /// Commands that people release; absent unless the daemon was started with `YOLO_MODE=1`.
    pub commands: Option<Commands>,
    tuning: RwLock<Arc<Tuning>>,
}

/// What a reload exchanges as a whole.
pub struct Tuning {
    /// The configuration.
    pub config: Config,
    /// The redaction rules.
    pub redactor: Arc<Redactor>,
    /// Judges and runs commands, where that is enabled.
    pub guard: Option<Arc<Guard>>,
}

/// Whether a daemon with this value of `YOLO_MODE` in its own environment lets agents propose commands.
#[must_use]
pub fn yolo_gate(value: Option<&std::ffi::OsStr>) -> bool {
    value.is_some_and(|value| value == "1")
}

impl Tuning {
    /// Reads configuration and rules.
    ///
    /// # Errors
    /// [`ConfigError`] naming the file.
    pub fn load(paths: &Paths, keys: &Keys, yolo: bool) -> Result<Self, ConfigError> {
        let config = Config::load(&paths.config)?;
        let engine = match &config.redaction.rules {
            None => Engine::builtin(),
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|source| ConfigError::Read { path: path.clone(), source })?;
                Engine::with_user_rules(&text, path)
            }
        };
        let engine = engine.map_err(|error| ConfigError::Rules(error.to_string()))?;
        let guard = if yolo { Some(Arc::new(exec::guard(&config.yolo, paths)?)) } else { None };
        Ok(Self { config, redactor: Arc::new(Redactor::new(engine, keys.clone())), guard })
    }
}

impl Bridge {
    /// Puts the parts together.
    #[must_use]
    pub fn new(
        store: Store,
        keys: Keys,
        registry: Registry,
        paths: Paths,
        tuning: Tuning,
        now: Timestamp,
    ) -> Self {
        Self {
            store,
            keys,
            registry,
            creations: PeerLimits::default(),
            failures: PeerLimits::default(),
            refusals: PeerLimits::default(),
            paths,
            started_at: now,
            commands: tuning.guard.is_some().then(Commands::default),
            tuning: RwLock::new(Arc::new(tuning)),
        }
    }

    /// Configuration and rules in force.
    #[must_use]
    pub fn tuning(&self) -> Arc<Tuning> {
        Arc::clone(&self.tuning.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads configuration and rules again and puts them in force, or leaves everything as it was.
    ///
    /// # Errors
    /// [`ConfigError`] naming the file.
    pub fn reload(&self) -> Result<Arc<Tuning>, ConfigError> {
        let tuning = Arc::new(Tuning::load(&self.paths, &self.keys, self.commands.is_some())?);
        *self.tuning.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&tuning);
        self.tune_log();
        tracing::info!(rules = tuning.redactor.rule_count(), "configuration and rules were read again");
        Ok(tuning)
    }

    /// Sends log lines through the rules in force, at the level in force.
    pub fn tune_log(&self) {
        let (tuning, tokens) = (self.tuning(), Arc::clone(self.registry.own_tokens()));
        let redactor = Arc::clone(&tuning.redactor);
        let clean = move |line: &str| redactor.clean(None, line, &|hex| tokens.contains(hex)).to_string();
        log::apply(&tuning.config.log.level, Arc::new(clean));
    }

    /// Takes every secret out of a text, the bridge's own tokens included.
    #[must_use]
    pub fn clean(&self, conversation: Option<ConversationId>, text: &str) -> Clean {
        self.tuning().redactor.clean(conversation, text, &|hex| self.registry.own_tokens().contains(hex))
    }

    /// A line of JSON as it stands, if no text in it holds a secret.
    #[must_use]
    pub fn confirm(&self, conversation: ConversationId, line: &str) -> Option<Clean> {
        let own = |hex: &str| self.registry.own_tokens().contains(hex);
        self.tuning().redactor.confirm(Some(conversation), line, &own)
    }
}
