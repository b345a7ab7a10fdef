//! `cleanup`: expired conversations go, their audit rows stay.

use bridge_proto::admin::{AdminError, AdminErrorCode, CleanupReport, Response};
use serde_json::json;

use super::{failure, human};
use crate::bridge::Bridge;
use crate::clock;
use crate::store::read::conversations;

pub(super) async fn run(bridge: &Bridge, dry_run: bool) -> Result<Response, AdminError> {
    let store_failed = |error: String| failure(AdminErrorCode::Store, error);
    let expired = {
        let reader = bridge.store.reader().map_err(|error| store_failed(error.to_string()))?;
        conversations::expired(&reader, clock::now()).map_err(|error| store_failed(error.to_string()))?
    };
    if !dry_run {
        for id in &expired {
            let id = *id;
            // One at a time: a large one must not hold up everybody's commits for long.
            let commit = bridge.store.submit(0, move |tx| {
                tx.remove_conversation(id)?;
                let entry = human::entry(tx.now(), "cleanup", Some(id), &json!({}));
                tx.append_audit(entry)
            });
            let removed = match commit.await {
                Ok(commit) => commit.wait().await,
                Err(error) => Err(error),
            };
            removed.map_err(|error| store_failed(error.to_string()))?;
            bridge.registry.forget(id);
        }
    }
    let conversations = expired.iter().map(ToString::to_string).collect();
    Ok(Response::Cleanup(CleanupReport { dry_run, conversations }))
}
