//! Commands: proposed, decided, redeemed once, ended. And what a person lets a conversation propose.

use rusqlite::{OptionalExtension as _, params};

use super::Tx;
use crate::domain::command::{APPROVAL_LIFETIME, CommandId, CommandState, Grant, PROPOSAL_LIFETIME};
use crate::domain::id::SessionLabel;
use crate::domain::key::Digest;
use crate::domain::redaction::Clean;
use crate::domain::time::Timestamp;
use crate::store::StoreError;
use crate::store::read::commands;

/// A command that an agent proposes.
#[derive(Debug, Clone)]
pub struct NewCommand {
    /// Its id.
    pub id: CommandId,
    /// Row number of its conversation.
    pub conversation: i64,
    /// Who proposes it.
    pub requester: SessionLabel,
    /// Exactly what would run, as JSON.
    pub plan: String,
    /// The digest of that.
    pub plan_digest: Digest,
}

/// What became of an attempt to use an approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redeemed {
    /// It was good and is now used up: this command runs.
    Now(CommandId),
    /// There is none for exactly this command of this requester.
    Unknown,
    /// It was used before.
    Used,
    /// It is too old, or was taken back.
    Stale,
}

impl Tx<'_> {
    /// Notes what an agent asks a person to enable; an earlier request of the conversation is replaced.
    ///
    /// # Errors
    /// [`StoreError`] from SQLite.
    pub fn request_mode(
        &mut self,
        conversation: i64,
        requester: SessionLabel,
        asked: &Grant,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO mode_request(conversation, requester, mode, workspace, timeout_ms, container, asked_at)
                 VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                conversation,
                requester.to_string(),
                asked.mode.as_str(),
                asked.workspace,
                asked.timeout_ms,
                asked.container,
                self.now.millis()
            ])?;
        Ok(())
    }

    /// Enables a mode for a conversation, in place of any other. What was proposed under the other one lapses.
    ///
    /// # Errors
    /// [`StoreError`] from SQLite.
    pub fn enable_mode(&mut self, conversation: i64, grant: &Grant) -> Result<(), StoreError> {
        self.disable_mode(conversation)?;
        self.connection
            .prepare_cached(
                "INSERT INTO command_mode(conversation, mode, workspace, timeout_ms, container, network, enabled_at)
                 VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                conversation,
                grant.mode.as_str(),
                grant.workspace,
                grant.timeout_ms,
                grant.container,
                grant.network,
                self.now.millis()
            ])?;
        Ok(())
    }

    /// Takes a conversation's mode away. What was proposed or approved under it lapses. Answers whether there was one.
    ///
    /// # Errors
    /// [`StoreError`] from SQLite.
    pub fn disable_mode(&mut self, conversation: i64) -> Result<bool, StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE command SET state = 'lapsed'
                 WHERE conversation = ?1 AND state IN ('pending', 'approved')",
            )?
            .execute([conversation])?;
        self.connection
            .prepare_cached("DELETE FROM mode_request WHERE conversation = ?1")?
            .execute([conversation])?;
        let removed = self
            .connection
            .prepare_cached("DELETE FROM command_mode WHERE conversation = ?1")?
            .execute([conversation])?;
        Ok(removed > 0)
    }

    /// Files a proposal, unless the same command of the same requester waits or is approved already. Answers the id and
    /// state of whichever is there, or `None` when `most` others wait.
    ///
    /// # Errors
    /// [`StoreError`] from SQLite.
    pub fn propose_command(
        &mut self,
        new: &NewCommand,
        most: u32,
    ) -> Result<Option<(CommandId, CommandState)>, StoreError> {
        let same = commands::open_like(
            self.connection,
            new.conversation,
            new.requester,
            &new.plan_digest,
            self.now,
        )?;
        if let Some(same) = same {
            return Ok(Some(same));
        }
        if commands::count_pending(self.connection, new.conversation, self.now)? >= most {
            return Ok(None);
        }
        self.connection
            .prepare_cached(
                "INSERT INTO command(id, conversation, requester, plan, plan_digest, state, good_until, asked_at)
                 VALUES(?1, ?2, ?3, ?4, ?5, 'pending', ?6, ?7)",
            )?
            .execute(params![
                new.id.to_string(),
                new.conversation,
                new.requester.to_string(),
                new.plan,
                new.plan_digest,
                self.now.after(PROPOSAL_LIFETIME).millis(),
                self.now.millis()
            ])?;
        Ok(Some((new.id, CommandState::Pending)))
    }

    /// Approves a waiting command that still is exactly `plan`. Answers until when, or `None` when there is no such.
    ///
    /// # Errors
    /// [`StoreError`] from SQLite.
    pub fn approve_command(
        &mut self,
        id: CommandId,
        plan: &Digest,
        token: &Digest,
    ) -> Result<Option<Timestamp>, StoreError> {
        let until = self.now.after(APPROVAL_LIFETIME);
        let changed = self
            .connection
            .prepare_cached(
                "UPDATE command SET state = 'approved', decided_at = ?4, good_until = ?5, token_digest = ?3
                 WHERE id = ?1 AND plan_digest = ?2 AND state = 'pending' AND good_until > ?4",
            )?
            .execute(params![id.to_string(), plan, token, self.now.millis(), until.millis()])?;
        Ok((changed == 1).then_some(until))
    }

    /// Denies a command that waits or is approved and not yet run. Answers whether there is such.
    ///
    /// # Errors
    /// [`StoreError`] from SQLite.
    pub fn deny_command(&mut self, id: CommandId) -> Result<bool, StoreError> {
        let changed = self
            .connection
            .prepare_cached(
                "UPDATE command SET state = 'denied', decided_at = ?2
                 WHERE id = ?1 AND state IN ('pending', 'approved') AND good_until > ?2",
            )?
            .execute(params![id.to_string(), self.now.millis()])?;
        Ok(changed == 1)
    }

    /// Uses an approval up, in one update: by its token, or for the requester who waits for it.
    ///
    /// # Errors
    /// [`StoreError`] from SQLite.
    pub fn redeem_approval(
        &mut self,
        conversation: i64,
        requester: SessionLabel,
        plan: &Digest,
        token: Option<&Digest>,
    ) -> Result<Redeemed, StoreError> {
        let redeemed: Option<String> = self
            .connection
            .prepare_cached(
                "UPDATE command SET state = 'running', started_at = ?5
                 WHERE id = (SELECT id FROM command
                   WHERE conversation = ?1 AND requester = ?2 AND plan_digest = ?3 AND state = 'approved'
                   AND good_until > ?5 AND (?4 IS NULL OR token_digest = ?4) ORDER BY decided_at LIMIT 1)
                 RETURNING id",
            )?
            .query_row(params![conversation, requester.to_string(), plan, token, self.now.millis()], |row| {
                row.get(0)
            })
            .optional()?;
        if let Some(id) = redeemed.as_deref().and_then(CommandId::parse) {
            return Ok(Redeemed::Now(id));
        }
        let Some(token) = token else { return Ok(Redeemed::Unknown) };
        let state = commands::state_by_token(self.connection, token)?;
        Ok(match state {
            None => Redeemed::Unknown,
            Some((state, until)) => match state.at(until, self.now) {
                CommandState::Lapsed | CommandState::Denied => Redeemed::Stale,
                CommandState::Running | CommandState::Ended | CommandState::Lost => Redeemed::Used,
                CommandState::Pending | CommandState::Approved => Redeemed::Unknown,
            },
        })
    }

    /// Notes how a running command ended.
    ///
    /// # Errors
    /// [`StoreError`] from SQLite.
    pub fn end_command(
        &mut self,
        id: CommandId,
        state: CommandState,
        outcome: &Clean,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE command SET state = ?2, ended_at = ?3, outcome = ?4 WHERE id = ?1 AND state = 'running'",
            )?
            .execute(params![id.to_string(), state.word(), self.now.millis(), outcome.as_str()])?;
        Ok(())
    }

    /// Notes that commands which ran when the daemon ended are lost. Answers which, with their conversations.
    ///
    /// # Errors
    /// [`StoreError`] from SQLite.
    pub fn lose_running_commands(&mut self) -> Result<Vec<(String, String)>, StoreError> {
        let lost = self
            .connection
            .prepare(
                "UPDATE command SET state = 'lost', ended_at = ?1 WHERE state = 'running'
                 RETURNING id, (SELECT public_id FROM conversation c WHERE c.id = conversation)",
            )?
            .query_map([self.now.millis()], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        Ok(lost)
    }

    /// Lets everything lapse that nobody decided or used in time. Answers how many did.
    ///
    /// # Errors
    /// [`StoreError`] from SQLite.
    pub fn clean_up_commands(&mut self) -> Result<usize, StoreError> {
        let lapsed = self
            .connection
            .prepare(
                "UPDATE command SET state = 'lapsed'
                 WHERE state IN ('pending', 'approved') AND good_until <= ?1",
            )?
            .execute([self.now.millis()])?;
        Ok(lapsed)
    }
}
