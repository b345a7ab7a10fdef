//! Notes where the audit trail stands outside the database: in a file and, where there is one, in the journal.

pub mod file;
mod journal;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::bridge::Bridge;
use crate::domain::anchor::Anchor;
use crate::store::StoreError;

/// How often the head is noted while nobody decides anything.
const INTERVAL: Duration = Duration::from_secs(3_600);

/// Where the journal of the system takes entries from everybody.
const JOURNAL: &str = "/run/systemd/journal/socket";

/// Why the head was not noted.
#[derive(Debug, thiserror::Error)]
enum AnchorError {
    #[error("reading where the trail stands: {0}")]
    Store(#[from] StoreError),
    #[error("writing {}: {source}", path.display())]
    Write { path: PathBuf, source: std::io::Error },
    #[error("the writing itself failed: {0}")]
    Task(#[from] tokio::task::JoinError),
}

/// Notes the head now and every hour, for ever.
pub async fn keep(bridge: Arc<Bridge>) {
    let mut timer = tokio::time::interval(INTERVAL);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        timer.tick().await;
        cast(&bridge).await;
    }
}

/// Notes the head: whatever was committed before is covered by it. A failure is logged: what it would prove is done.
pub async fn cast(bridge: &Bridge) {
    if let Err(error) = try_cast(bridge).await {
        tracing::error!(%error, "the head of the audit trail could not be noted outside the database");
    }
}

async fn try_cast(bridge: &Bridge) -> Result<(), AnchorError> {
    let anchor = bridge.store.commit(0, |tx| Ok(Anchor { at: tx.now(), head: tx.head() })).await?;
    if anchor.head.seq == 0 {
        return Ok(());
    }
    let path = bridge.tuning().config.audit.anchor_path(&bridge.paths);
    let written = tokio::task::spawn_blocking(move || {
        journal::send(JOURNAL.as_ref(), &anchor);
        file::append(&path, &anchor).map_err(|source| AnchorError::Write { path, source })
    });
    written.await?
}
