//! `cleanup`: expired conversations go, their audit rows stay.

use bridge_proto::admin::{AdminError, AdminErrorCode, CleanupReport, Response};

use super::failure;
use crate::bridge::Bridge;
use crate::clock;
use crate::retention;
use crate::store::read::conversations;

pub(super) async fn run(bridge: &Bridge, dry_run: bool) -> Result<Response, AdminError> {
    let store_failed = |error: String| failure(AdminErrorCode::Store, error);
    let expired = {
        let reader = bridge.store.reader().map_err(|error| store_failed(error.to_string()))?;
        conversations::expired(&reader, clock::now()).map_err(|error| store_failed(error.to_string()))?
    };
    if !dry_run {
        for id in &expired {
            let removed = retention::remove(bridge, *id, "human").await;
            removed.map_err(|error| store_failed(error.to_string()))?;
        }
    }
    let conversations = expired.iter().map(ToString::to_string).collect();
    Ok(Response::Cleanup(CleanupReport { dry_run, conversations }))
}
