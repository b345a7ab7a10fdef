//! How many messages wait for whom: for hooks and scripts that wake an agent which is not looking. Never the messages.

use std::sync::Arc;
use std::time::Duration;

use bridge_proto::admin::{AdminError, AdminErrorCode, MailView, Response};
use tokio::time::{Instant, timeout_at};

use super::failure;
use super::read::{not_found, parse_id};
use crate::bridge::Bridge;
use crate::domain::id::SessionLabel;
use crate::live::{Connection, LiveConversation, LiveSession, process};

/// Longest wait in seconds.
const MAX_WAIT: u32 = 3_600;

/// What waits for the agent of that name, or for the one below whose client the asking process runs.
pub(super) fn waiting(bridge: &Bridge, pid: Option<i32>, agent: Option<&str>, news: bool) -> Response {
    let connections = match agent {
        Some(name) => {
            let named = |connection: &Arc<Connection>| connection.agent.as_deref() == Some(name);
            bridge.registry.connections().into_iter().filter(named).collect()
        }
        None => of_caller(bridge, pid),
    };
    let waiting = connections.iter().flat_map(|connection| connection.waiting(news));
    Response::Mail(waiting.map(|(to, count)| view(&to.conversation, &to.session, count)).collect())
}

/// The connections whose client is the nearest of the process's ancestors that is one.
fn of_caller(bridge: &Bridge, pid: Option<i32>) -> Vec<Arc<Connection>> {
    let above = pid.map(process::ancestors).unwrap_or_default();
    let of_client: Vec<_> = bridge
        .registry
        .connections()
        .into_iter()
        .filter_map(|connection| {
            let client = connection.pid.and_then(process::parent)?;
            let distance = above.iter().position(|process| *process == client)?;
            Some((distance, connection))
        })
        .collect();
    let nearest = of_client.iter().map(|(distance, _)| *distance).min();
    of_client.into_iter().filter(|(distance, _)| Some(*distance) == nearest).map(|(_, found)| found).collect()
}

/// Answers once something waits for that session, or after `seconds`.
pub(super) async fn wait(
    bridge: &Bridge,
    conversation: &str,
    session: &str,
    seconds: u32,
) -> Result<Response, AdminError> {
    let id = parse_id(conversation)?;
    let bad = |text: String| failure(AdminErrorCode::BadRequest, text);
    let label = SessionLabel::parse(session).map_err(|error| bad(error.to_string()))?;
    let found = bridge.registry.conversation(id);
    let found = found.map_err(|error| failure(AdminErrorCode::Store, error.to_string()))?;
    let conversation = found.ok_or_else(|| not_found(conversation))?;
    let session = conversation.session(label);
    let session = session.ok_or_else(|| bad(format!("the conversation has no session {label}")))?;
    let deadline = Instant::now() + Duration::from_secs(u64::from(seconds.min(MAX_WAIT)));
    while timeout_at(deadline, session.mail()).await.is_ok() {
        let count = session.state().mailbox.available();
        if count > 0 {
            return Ok(Response::Mail(vec![view(&conversation, session, count)]));
        }
    }
    Ok(Response::Mail(Vec::new()))
}

fn view(conversation: &LiveConversation, session: &LiveSession, waiting: u64) -> MailView {
    let partner = conversation.partners(session.label).next();
    MailView {
        conversation_id: conversation.id.to_string(),
        session_id: session.label.to_string(),
        from: partner.map(|partner| partner.role.clone()).unwrap_or_default(),
        waiting,
    }
}
