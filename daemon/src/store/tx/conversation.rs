//! Conversations and invites: created, redeemed, removed.

use rusqlite::params;

use super::Tx;
use crate::domain::id::{ConversationId, SessionLabel};
use crate::domain::key::{Digest, Nonce};
use crate::domain::redaction::Clean;
use crate::domain::time::Timestamp;
use crate::store::StoreError;
use crate::store::read::live;

/// A conversation to be created.
#[derive(Debug, Clone)]
pub struct NewConversation {
    /// Its public id.
    pub id: ConversationId,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Its sessions, the creator's first.
    pub sessions: Vec<NewSession>,
}

/// A session of a [`NewConversation`].
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Its label.
    pub label: SessionLabel,
    /// What it is for, in its own words.
    pub role: Clean,
    /// What its token is computed from.
    pub nonce: Nonce,
}

/// What became of an invite code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redemption {
    /// It was valid and is now used up.
    Redeemed {
        /// The conversation it opens.
        conversation: ConversationId,
        /// The session it is for.
        session: SessionLabel,
    },
    /// There is no such code.
    Unknown,
    /// It was redeemed before.
    Used {
        /// The conversation it opened.
        conversation: ConversationId,
    },
    /// It is too old, or its conversation is over.
    Stale {
        /// The conversation it would have opened.
        conversation: ConversationId,
    },
}

impl Tx<'_> {
    /// Creates a conversation with its sessions. Returns its row number.
    ///
    /// # Errors
    /// [`StoreError`] from SQLite.
    pub fn create_conversation(&mut self, new: &NewConversation) -> Result<i64, StoreError> {
        self.connection
            .prepare_cached("INSERT INTO conversation(public_id, created_at, expires_at) VALUES(?1, ?2, ?3)")?
            .execute(params![new.id.to_string(), self.now.millis(), new.expires_at.millis()])?;
        let row = self.connection.last_insert_rowid();
        let mut insert = self
            .connection
            .prepare_cached("INSERT INTO session(conversation, label, role, nonce) VALUES(?1, ?2, ?3, ?4)")?;
        for session in &new.sessions {
            insert.execute(params![row, session.label.to_string(), session.role.as_str(), session.nonce])?;
        }
        Ok(row)
    }

    /// Notes that a session has somebody behind it.
    ///
    /// # Errors
    /// [`StoreError`] from SQLite.
    pub fn mark_joined(&mut self, conversation: i64, session: SessionLabel) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE session SET joined_at = ifnull(joined_at, ?3), last_seen = ?3
                 WHERE conversation = ?1 AND label = ?2",
            )?
            .execute(params![conversation, session.to_string(), self.now.millis()])?;
        Ok(())
    }

    /// Stores an invite by the digest of its code.
    ///
    /// # Errors
    /// [`StoreError`] from SQLite.
    pub fn create_invite(
        &mut self,
        code: &Digest,
        conversation: i64,
        session: SessionLabel,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO invite(code_digest, conversation, label, expires_at) VALUES(?1, ?2, ?3, ?4)",
            )?
            .execute(params![code, conversation, session.to_string(), expires_at.millis()])?;
        Ok(())
    }

    /// Uses an invite up, if it is still good, and notes that its session has somebody behind it.
    ///
    /// # Errors
    /// [`StoreError`] from SQLite or when the row contradicts itself.
    pub fn redeem_invite(&mut self, code: &Digest) -> Result<Redemption, StoreError> {
        let redemption = live::peek_invite(self.connection, code, self.now)?;
        if let Redemption::Redeemed { conversation, session } = &redemption {
            self.connection
                .prepare_cached("UPDATE invite SET used_at = ?2 WHERE code_digest = ?1")?
                .execute(params![code, self.now.millis()])?;
            self.connection
                .prepare_cached(
                    "UPDATE session SET joined_at = ifnull(joined_at, ?3), last_seen = ?3
                     WHERE conversation = (SELECT id FROM conversation WHERE public_id = ?1) AND label = ?2",
                )?
                .execute(params![conversation.to_string(), session.to_string(), self.now.millis()])?;
        }
        Ok(redemption)
    }

    /// Removes a conversation with all its sessions, messages and invites. Its audit rows stay.
    ///
    /// # Errors
    /// [`StoreError`] from SQLite.
    pub fn remove_conversation(&mut self, id: ConversationId) -> Result<bool, StoreError> {
        let id = id.to_string();
        self.hold_message_numbers()?;
        self.connection
            .prepare_cached(
                "DELETE FROM message WHERE id IN (SELECT d.message FROM delivery d
                 JOIN conversation c ON c.id = d.conversation WHERE c.public_id = ?1)",
            )?
            .execute([&id])?;
        let removed = self
            .connection
            .prepare_cached("DELETE FROM conversation WHERE public_id = ?1")?
            .execute([&id])?;
        Ok(removed > 0)
    }
}
