//! Finds conversations and connections.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::connection::Connection;
use super::process::{self, Process};
use super::session::LiveConversation;
use crate::domain::id::{ConversationId, SessionLabel};
use crate::domain::key::{Keys, Nonce};
use crate::domain::mailbox::{ConnectionNumber, LeaseNumber};
use crate::domain::time::Timestamp;
use crate::store::read::live::{self, TokenSource};
use crate::store::{Store, StoreError};

/// How long a conversation that is over stays in memory, so that a late call is told "expired" cheaply.
const LINGER_MS: i64 = 60_000;
/// Clients beyond which those that have ended are forgotten.
const CLIENTS_PRUNE_AT: usize = 4_096;
/// First characters of a token that identify it among the live ones; 2⁻⁶⁴ is chance enough.
const FINGERPRINT: usize = 16;

/// All that is in use.
pub struct Registry {
    store: Store,
    conversations: Mutex<HashMap<ConversationId, Arc<LiveConversation>>>,
    connections: Mutex<BTreeMap<ConnectionNumber, Arc<Connection>>>,
    own_tokens: Arc<OwnTokens>,
    clients: Mutex<HashSet<Process>>,
    next_connection: AtomicU64,
    next_lease: AtomicU64,
}

/// The bridge's own session tokens, by their first characters.
#[derive(Debug, Default)]
pub struct OwnTokens {
    fingerprints: Mutex<HashSet<[u8; FINGERPRINT]>>,
}

impl OwnTokens {
    /// Whether 64 hex digits are one of them.
    #[must_use]
    pub fn contains(&self, hex: &str) -> bool {
        hex.as_bytes()
            .first_chunk::<FINGERPRINT>()
            .is_some_and(|start| locked(&self.fingerprints).contains(start))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Registry {
    /// A registry over the store; learns the tokens of all running conversations by heart.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn open(store: Store, keys: &Keys, now: Timestamp) -> Result<Self, StoreError> {
        let sources = live::token_sources(&*store.reader()?, now)?;
        let registry = Self {
            store,
            conversations: Mutex::default(),
            connections: Mutex::default(),
            own_tokens: Arc::default(),
            clients: Mutex::default(),
            next_connection: AtomicU64::new(1),
            next_lease: AtomicU64::new(1),
        };
        for TokenSource { conversation, session, nonce } in sources {
            registry.learn_token(keys, conversation, session, &nonce);
        }
        Ok(registry)
    }

    /// The conversation, from memory or the store.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn conversation(&self, id: ConversationId) -> Result<Option<Arc<LiveConversation>>, StoreError> {
        // Loaded under the lock: two loads of one conversation would count its leases twice.
        let mut conversations = locked(&self.conversations);
        if let Some(known) = conversations.get(&id) {
            return Ok(Some(Arc::clone(known)));
        }
        let Some(record) = live::conversation(&*self.store.reader()?, id)? else { return Ok(None) };
        let loaded = Arc::new(LiveConversation::from_record(id, record));
        conversations.insert(id, Arc::clone(&loaded));
        Ok(Some(loaded))
    }

    /// The conversation, if it is in memory.
    #[must_use]
    pub fn loaded(&self, id: ConversationId) -> Option<Arc<LiveConversation>> {
        locked(&self.conversations).get(&id).cloned()
    }

    /// Drops a conversation that was removed from the store.
    pub fn forget(&self, id: ConversationId) {
        locked(&self.conversations).remove(&id);
    }

    /// Drops conversations that have been over for a while, and returns those in use.
    pub fn sweep(&self, now: Timestamp) -> Vec<Arc<LiveConversation>> {
        let mut conversations = locked(&self.conversations);
        conversations.retain(|_, c| now.millis() < c.expires_at.millis().saturating_add(LINGER_MS));
        conversations.values().cloned().collect()
    }

    /// Remembers a session's token, so that it is recognised in passing text.
    pub fn learn_token(
        &self,
        keys: &Keys,
        conversation: ConversationId,
        session: SessionLabel,
        nonce: &Nonce,
    ) {
        let token = keys.session_token(conversation, session, nonce);
        if let Some(fingerprint) = token.as_bytes().first_chunk::<FINGERPRINT>() {
            locked(&self.own_tokens.fingerprints).insert(*fingerprint);
        }
    }

    /// The tokens of all sessions that ran since the daemon started.
    #[must_use]
    pub fn own_tokens(&self) -> &Arc<OwnTokens> {
        &self.own_tokens
    }

    /// A number for a new connection.
    pub fn connection_number(&self) -> ConnectionNumber {
        self.next_connection.fetch_add(1, Ordering::Relaxed)
    }

    /// A number for a new lease.
    pub fn lease_number(&self) -> LeaseNumber {
        self.next_lease.fetch_add(1, Ordering::Relaxed)
    }

    /// Notes a connection, and for good the client that started its shim: ending the shim makes nobody a human.
    pub fn connected(&self, connection: &Arc<Connection>) {
        if let Some(client) = connection.pid.and_then(process::parent) {
            let mut clients = locked(&self.clients);
            if clients.len() >= CLIENTS_PRUNE_AT {
                clients.retain(|client| process::identify(client.pid) == Some(*client));
            }
            clients.insert(client);
        }
        locked(&self.connections).insert(connection.number, Arc::clone(connection));
    }

    /// Forgets a connection.
    pub fn disconnected(&self, number: ConnectionNumber) {
        locked(&self.connections).remove(&number);
    }

    /// The first of `processes` that is a client whose shim was ever connected.
    #[must_use]
    pub fn find_client(&self, processes: &[Process]) -> Option<Process> {
        let clients = locked(&self.clients);
        processes.iter().find(|process| clients.contains(process)).copied()
    }

    /// Everybody who is connected.
    #[must_use]
    pub fn connections(&self) -> Vec<Arc<Connection>> {
        locked(&self.connections).values().cloned().collect()
    }
}
