//! What a job may do inside the writer's transaction. All writing SQL lives below this module.

mod archive;
mod audit;
mod command;
mod conversation;
mod delivery;
mod message;
mod retention;
mod session;

use rusqlite::Connection;

use crate::domain::audit::Head;
use crate::domain::key::Keys;
use crate::domain::time::Timestamp;
use crate::store::Prepared;

pub use archive::{ArchivedSession, NewArchive};
pub use command::{NewCommand, Redeemed};
pub use conversation::{NewConversation, NewSession, Redemption};
pub use delivery::{BatchLimits, OfferedMessage};
pub use message::{NewMessage, Sent};
pub use retention::Pruned;
pub use session::SavedSession;

type Hook = Box<dyn FnOnce() + Send>;

/// A job's view of the open transaction.
pub struct Tx<'w> {
    connection: &'w Connection,
    keys: &'w Keys,
    head: &'w mut Head,
    now: Timestamp,
    hooks: Hooks,
    followers: Vec<Prepared>,
}

/// What to do in memory once it is known whether the work is on disk.
#[derive(Default)]
pub(super) struct Hooks {
    commit: Vec<Hook>,
    rollback: Vec<Hook>,
}

impl Hooks {
    pub(super) fn run(self, committed: bool) {
        let due = if committed { self.commit } else { self.rollback };
        due.into_iter().for_each(|hook| hook());
    }
}

impl<'w> Tx<'w> {
    pub(super) fn new(
        connection: &'w Connection,
        keys: &'w Keys,
        head: &'w mut Head,
        now: Timestamp,
    ) -> Self {
        Self { connection, keys, head, now, hooks: Hooks::default(), followers: Vec::new() }
    }

    pub(super) fn into_parts(self) -> (Hooks, Vec<Prepared>) {
        (self.hooks, self.followers)
    }

    /// The time of this batch.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Has `work` done right after this, in the same transaction, so that both share one flush. It stands or falls by
    /// itself, and is done even if this fails.
    pub fn follow(&mut self, work: Prepared) {
        self.followers.push(work);
    }

    /// Runs `hook` on the writer thread once this work is on disk; it must not block.
    pub fn after_commit(&mut self, hook: impl FnOnce() + Send + 'static) {
        self.hooks.commit.push(Box::new(hook));
    }

    /// Runs `hook` on the writer thread if this work does not reach the disk; it must not block.
    pub fn after_rollback(&mut self, hook: impl FnOnce() + Send + 'static) {
        self.hooks.rollback.push(Box::new(hook));
    }
}
