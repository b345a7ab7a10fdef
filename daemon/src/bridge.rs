//! What every operation works with.

use std::sync::{Arc, PoisonError, RwLock};

use bridge_proto::paths::Paths;

use crate::config::Config;
use crate::domain::id::ConversationId;
use crate::domain::key::Keys;
use crate::domain::redaction::{Clean, Redactor};
use crate::domain::time::Timestamp;
use crate::live::{PeerLimits, Registry};
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
    /// Where everything is.
    pub paths: Paths,
    /// When the daemon started.
    pub started_at: Timestamp,
    tuning: RwLock<Arc<Tuning>>,
}

/// What a reload exchanges as a whole.
pub struct Tuning {
    /// The configuration.
    pub config: Config,
    /// The redaction rules.
    pub redactor: Arc<Redactor>,
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
            paths,
            started_at: now,
            tuning: RwLock::new(Arc::new(tuning)),
        }
    }

    /// Configuration and rules in force.
    #[must_use]
    pub fn tuning(&self) -> Arc<Tuning> {
        Arc::clone(&self.tuning.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts other configuration and rules in force.
    pub fn retune(&self, tuning: Tuning) {
        *self.tuning.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(tuning);
    }

    /// Takes every secret out of a text, the bridge's own tokens included.
    #[must_use]
    pub fn clean(&self, conversation: Option<ConversationId>, text: &str) -> Clean {
        self.tuning().redactor.clean(conversation, text, &|hex| self.registry.is_own_token(hex))
    }
}
