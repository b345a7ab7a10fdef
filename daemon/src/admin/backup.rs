//! `backup`: whether this caller may have a copy of everything, the master key included.
//!
//! `bridgectl` makes the copy itself, from a connection that cannot write: nothing of it passes through the daemon.

use bridge_proto::admin::{AdminError, Response};

use super::human;
use crate::bridge::Bridge;

pub(super) async fn grant(bridge: &Bridge, encrypted: bool) -> Result<Response, AdminError> {
    // On record before the first byte is copied, and so in the copy.
    human::record(bridge, "backup", None, serde_json::json!({"encrypted": encrypted})).await?;
    Ok(Response::BackupGranted { state: bridge.paths.state.display().to_string() })
}
