//! The human's side: requests of `bridgectl`.
//!
//! What only reads is answered by [`read::answer`], which `bridgectl` also calls itself, on the database, while no
//! daemon runs.

mod backup;
mod cleanup;
mod human;
mod import;
mod invite;
mod mail;
mod pair;
pub mod read;
mod say;
mod status;
mod tokens;
mod yolo;

use std::sync::Arc;

use bridge_proto::admin::{AdminError, AdminErrorCode, Request, Response};
use bridge_proto::frame;

use import::Upload;

use crate::bridge::Bridge;
use crate::clock;
use crate::wire::Peer;

/// Serves one `bridgectl` until it is gone.
pub async fn serve(bridge: Arc<Bridge>, mut peer: Peer) {
    let mut upload = Upload::default();
    loop {
        let payload = tokio::select! {
            payload = peer.reader.next() => payload,
            () = peer.shutdown.cancelled() => return,
        };
        let Ok(Some(payload)) = payload else { return };
        let response = match serde_json::from_slice::<Request>(payload) {
            Ok(request) => {
                answer(&bridge, peer.pid, &mut upload, request).await.unwrap_or_else(Response::Error)
            }
            Err(error) => Response::Error(failure(
                AdminErrorCode::BadRequest,
                format!(
                    "the request cannot be understood ({error}); are bridgectl and bridged of one version?"
                ),
            )),
        };
        peer.writer.push(&encode(&response));
        let flushed = tokio::select! {
            flushed = peer.writer.flush() => flushed,
            () = peer.shutdown.cancelled() => return,
        };
        if flushed.is_err() {
            return;
        }
    }
}

async fn answer(
    bridge: &Arc<Bridge>,
    pid: Option<i32>,
    upload: &mut Upload,
    request: Request,
) -> Result<Response, AdminError> {
    match request {
        Request::Tokens { conversation } => {
            human::require(bridge, pid, "tokens")?;
            tokens::reveal(bridge, &conversation).await
        }
        Request::Invite { conversation, session } => {
            human::require(bridge, pid, "invite")?;
            invite::create(bridge, &conversation, session.as_deref()).await
        }
        Request::Pair { roles, lifetime_minutes } => {
            human::require(bridge, pid, "pair")?;
            pair::create(bridge, &roles, lifetime_minutes).await
        }
        Request::Say { conversation, to, message } => {
            human::require_terminal(bridge, pid, "say")?;
            say::send(bridge, &conversation, to.as_deref(), &message).await
        }
        Request::Cleanup { dry_run } => {
            if !dry_run {
                human::require(bridge, pid, "cleanup")?;
            }
            cleanup::run(bridge, dry_run).await
        }
        Request::Backup { encrypted } => {
            human::require(bridge, pid, "backup")?;
            backup::grant(bridge, encrypted).await
        }
        Request::Import { step } => {
            human::require(bridge, pid, "import")?;
            upload.step(bridge, step).await
        }
        Request::Reload => {
            human::require(bridge, pid, "reload")?;
            let reloaded = reload(bridge)?;
            human::record(bridge, "reload", None, serde_json::json!({})).await?;
            Ok(reloaded)
        }
        Request::Mail { agent, news } => Ok(mail::waiting(bridge, pid, agent.as_deref(), news)),
        Request::Wait { conversation, session, seconds } => {
            mail::wait(bridge, &conversation, &session, seconds).await
        }
        Request::Yolo { request } => yolo::answer(bridge, pid, request).await,
        reading @ (Request::Status
        | Request::List { .. }
        | Request::Show { .. }
        | Request::Audit(_)
        | Request::Verify { .. }
        | Request::Commands { .. }
        | Request::Lines { .. }
        | Request::Stats) => read(bridge, reading).await,
    }
}

/// Answers what only reads. It may walk the whole database: not on the thread that serves everybody.
async fn read(bridge: &Arc<Bridge>, request: Request) -> Result<Response, AdminError> {
    let bridge = Arc::clone(bridge);
    tokio::task::spawn_blocking(move || read_live(&bridge, &request))
        .await
        .unwrap_or_else(|error| Err(failure(AdminErrorCode::Store, error.to_string())))
}

fn read_live(bridge: &Bridge, request: &Request) -> Result<Response, AdminError> {
    let reader =
        bridge.store.long_reader().map_err(|error| failure(AdminErrorCode::Store, error.to_string()))?;
    if *request == Request::Status {
        return status::report(bridge, &reader).map(|report| Response::Status(Box::new(report)));
    }
    let source = read::Source {
        keys: &bridge.keys,
        paths: &bridge.paths,
        now: clock::now(),
        live: Some(read::Live {
            registry: &bridge.registry,
            writes: bridge.tuning().config.limits.write.rates(),
        }),
        gate: yolo::gate_of(bridge),
    };
    read::answer(&reader, &source, request)
}

fn reload(bridge: &Bridge) -> Result<Response, AdminError> {
    let tuning = bridge.reload().map_err(|error| failure(AdminErrorCode::Config, error.to_string()))?;
    Ok(Response::Reloaded { rules: tuning.redactor.rule_count() })
}

/// An error answer.
pub(crate) fn failure(code: AdminErrorCode, message: impl Into<String>) -> AdminError {
    AdminError { code, message: message.into() }
}

fn encode(response: &Response) -> Vec<u8> {
    let payload = serde_json::to_vec(response).unwrap_or_default();
    let mut wire = Vec::new();
    if let Err(error) = frame::encode(&payload, &mut wire) {
        let smaller = failure(
            AdminErrorCode::BadRequest,
            format!("the answer is too large ({error}); ask for less at once"),
        );
        let payload = serde_json::to_vec(&Response::Error(smaller)).unwrap_or_default();
        if frame::encode(&payload, &mut wire).is_err() {
            tracing::error!("an admin answer could not be encoded");
        }
    }
    wire
}
