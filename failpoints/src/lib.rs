//! Places where a build for trials can be killed at a chosen passage, as `kill -9` would at that very instruction.
//!
//! In every other build [`pass`] is empty and no name of a place is in the program; a test looks for them. A build for
//! trials reads `FAILPOINTS` (see the `fail` crate): `writer::after_commit=41*off->return` dies at the 42nd passage.

/// A place in a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Point {
    /// Daemon: a batch is in the transaction, nothing is on disk.
    BeforeCommit,
    /// Daemon: a batch is on disk; the audit seal does not know it and nobody was answered.
    AfterCommit,
    /// Daemon: a batch is on disk and sealed, nobody was answered.
    AfterSeal,
    /// Daemon: a frame has been handed to the kernel for the shim.
    AfterAnswer,
    /// Daemon: the shim's receipt has been read and is not recorded.
    BeforeReceiptRecorded,
    /// Daemon: pages are about to be moved from the log into the database.
    BeforeCheckpoint,
    /// Daemon: they have been moved.
    AfterCheckpoint,
    /// Daemon: the copy that a migration keeps is written, the migration is to come.
    MigrationCopied,
    /// Daemon: everything a migration does is in its transaction, nothing is on disk.
    MigrationBeforeCommit,
    /// Daemon: a migration is on disk, its log not yet moved into the database.
    MigrationAfterCommit,
    /// Daemon: the store is open, nobody is served yet.
    Opened,
    /// Shim: a line of the client has been read and not relayed.
    BeforeRequest,
    /// Shim: bytes have been handed to the kernel for the daemon.
    AfterRequest,
    /// Shim: an answer of the daemon has been read and not written to the client.
    BeforeAnswer,
    /// Shim: a part of an answer has been written to the client.
    WithinAnswer,
    /// Shim: an answer has been written to the client and its receipt has not been given.
    BeforeReceipt,
}

impl Point {
    /// Those that a serving daemon passes again and again.
    pub const SERVING: [Self; 7] = [
        Self::BeforeCommit,
        Self::AfterCommit,
        Self::AfterSeal,
        Self::AfterAnswer,
        Self::BeforeReceiptRecorded,
        Self::BeforeCheckpoint,
        Self::AfterCheckpoint,
    ];
    /// Those that a daemon passes when it migrates the database.
    pub const MIGRATING: [Self; 3] =
        [Self::MigrationCopied, Self::MigrationBeforeCommit, Self::MigrationAfterCommit];
    /// Those of the shim.
    pub const RELAYING: [Self; 5] = [
        Self::BeforeRequest,
        Self::AfterRequest,
        Self::BeforeAnswer,
        Self::WithinAnswer,
        Self::BeforeReceipt,
    ];

    /// Its name in `FAILPOINTS`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BeforeCommit => "writer::before_commit",
            Self::AfterCommit => "writer::after_commit",
            Self::AfterSeal => "writer::after_seal",
            Self::AfterAnswer => "transport::after_answer",
            Self::BeforeReceiptRecorded => "delivery::before_receipt_recorded",
            Self::BeforeCheckpoint => "checkpoint::before",
            Self::AfterCheckpoint => "checkpoint::after",
            Self::MigrationCopied => "migration::copied",
            Self::MigrationBeforeCommit => "migration::before_commit",
            Self::MigrationAfterCommit => "migration::after_commit",
            Self::Opened => "start::opened",
            Self::BeforeRequest => "shim::before_request",
            Self::AfterRequest => "shim::after_request",
            Self::BeforeAnswer => "shim::before_answer",
            Self::WithinAnswer => "shim::within_answer",
            Self::BeforeReceipt => "shim::before_receipt",
        }
    }

    /// What to set `FAILPOINTS` to for a death at passage number `passage`, counted from one.
    #[must_use]
    pub fn armed(self, passage: u32) -> String {
        format!("{}={}*off->return", self.name(), passage.saturating_sub(1))
    }
}

/// Whether this is a build for trials.
pub const ACTIVE: bool = cfg!(feature = "active");

/// Dies here if this place was armed for this passage.
#[cfg(feature = "active")]
pub fn pass(point: Point) {
    fail::fail_point!(point.name(), |_| {
        // Cannot fail for oneself; nothing behind it runs.
        nix::sys::signal::raise(nix::sys::signal::Signal::SIGKILL).ok();
    });
}

/// Nothing: this is no build for trials.
#[cfg(not(feature = "active"))]
#[inline(always)]
pub const fn pass(_: Point) {}

/// Reads `FAILPOINTS`; in force until the value is dropped.
#[cfg(feature = "active")]
#[must_use]
pub fn arm() -> fail::FailScenario<'static> {
    fail::FailScenario::setup()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_armed_place_counts_its_passages() {
        assert_eq!(Point::AfterCommit.armed(1), "writer::after_commit=0*off->return");
        assert_eq!(Point::AfterCommit.armed(42), "writer::after_commit=41*off->return");
    }
}
