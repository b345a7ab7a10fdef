//! `import`: a conversation from elsewhere is kept as one that is over.
//!
//! Its lines come in pieces that fit into frames, and are stored as they are in one transaction. Nothing is taken on
//! trust: the lines must be a whole export, and no text in them may hold a secret that the bridge would have taken out.

use std::sync::Arc;

use bridge_proto::admin::archive::{ImportReport, ImportStep};
use bridge_proto::admin::{AdminError, AdminErrorCode, Response, SessionView};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{failure, human};
use crate::bridge::Bridge;
use crate::clock;
use crate::domain::archive;
use crate::domain::id::{ConversationId, SessionLabel};
use crate::domain::key::hex;
use crate::domain::time::Timestamp;
use crate::store::{ArchivedSession, NewArchive, NewSession};

/// Bytes of a file that can be imported: what is held in memory and written in one transaction.
const MAX_BYTES: usize = 64 << 20;

/// The lines that a connection has sent so far.
#[derive(Default)]
pub(super) struct Upload {
    lines: Vec<String>,
    bytes: usize,
}

impl Upload {
    /// Takes lines, or stores what was taken.
    pub(super) async fn step(
        &mut self,
        bridge: &Arc<Bridge>,
        step: ImportStep,
    ) -> Result<Response, AdminError> {
        match step {
            ImportStep::Lines(lines) => {
                self.bytes += lines.iter().map(|line| line.len() + 1).sum::<usize>();
                if self.bytes > MAX_BYTES {
                    *self = Self::default();
                    return Err(bad(format!("an import may hold {} MiB at most", MAX_BYTES >> 20)));
                }
                self.lines.extend(lines);
                let report =
                    ImportReport { conversation_id: None, lines: self.lines.len() as u64, messages: 0 };
                Ok(Response::Import(report))
            }
            ImportStep::Finish => store(bridge, std::mem::take(self)).await,
        }
    }
}

async fn store(bridge: &Arc<Bridge>, upload: Upload) -> Result<Response, AdminError> {
    let (weight, checking) = (upload.bytes, Arc::clone(bridge));
    // Every text goes through the redactor: not on the thread that serves everybody.
    let checked = tokio::task::spawn_blocking(move || check(&checking, &upload.lines)).await;
    let (new, details) =
        checked.unwrap_or_else(|error| Err(failure(AdminErrorCode::Store, error.to_string())))?;
    let (id, lines) = (new.id, new.lines.len());
    let messages = new.lines.iter().filter(|(message, _)| message.is_some()).count();
    let stored = bridge
        .store
        .commit(weight, move |tx| {
            let stored = tx.store_archive(&new)?;
            if stored {
                tx.append_audit(human::entry(tx.now(), "import", Some(new.id), &details))?;
            }
            Ok(stored)
        })
        .await;
    if !stored.map_err(|error| failure(AdminErrorCode::Store, error.to_string()))? {
        return Err(bad(format!("there is a conversation {id} already; nothing was imported")));
    }
    Ok(Response::Import(ImportReport {
        conversation_id: Some(id.to_string()),
        lines: lines as u64,
        messages: messages as u64,
    }))
}

/// Checks every line and puts together what is stored, and the particulars that go on record.
fn check(bridge: &Bridge, lines: &[String]) -> Result<(NewArchive, Value), AdminError> {
    let archive = archive::read(lines.iter().map(String::as_str)).map_err(|error| bad(error.to_string()))?;
    let details = json!({"lines": lines.len(), "sha256": digest(lines)});
    let id = archive.id;
    let sessions = archive.conversation.sessions.iter().map(|view| session(bridge, id, view));
    let sessions = sessions.collect::<Result<_, _>>()?;
    let clean = lines.iter().zip(archive.messages).enumerate().map(|(index, (line, message))| {
        let clean = bridge.confirm(id, line).ok_or_else(|| {
            bad(format!(
                "line {}: it holds a secret that the bridge takes out of messages; nothing was imported",
                index + 1
            ))
        })?;
        Ok((message, clean))
    });
    let new = NewArchive {
        id,
        created_at: archive.created_at,
        expires_at: archive.expires_at,
        sessions,
        lines: clean.collect::<Result<_, AdminError>>()?,
    };
    Ok((new, details))
}

fn session(bridge: &Bridge, id: ConversationId, view: &SessionView) -> Result<ArchivedSession, AdminError> {
    let random = clock::random()
        .map_err(|error| failure(AdminErrorCode::Store, format!("drawing random bytes: {error}")))?;
    let label = SessionLabel::parse(&view.session_id).map_err(|error| bad(error.to_string()))?;
    let time = |text: &Option<String>| text.as_deref().and_then(Timestamp::parse);
    Ok(ArchivedSession {
        session: NewSession { label, role: bridge.clean(Some(id), &view.role), nonce: random },
        joined_at: time(&view.joined_at),
        last_seen: time(&view.last_seen),
    })
}

/// SHA-256 of the file.
fn digest(lines: &[String]) -> String {
    let mut digest = Sha256::new();
    for line in lines {
        digest.update(line.as_bytes());
        digest.update(b"\n");
    }
    hex(&digest.finalize())
}

fn bad(message: String) -> AdminError {
    failure(AdminErrorCode::BadRequest, message)
}
