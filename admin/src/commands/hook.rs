//! `hook`: tells a client that is not looking that messages wait, in the form its hooks speak.
//!
//! Never in the way: whatever goes wrong, it is silent and ends well. The messages themselves come by `check_messages`.

use std::io::Read as _;

use bridge_proto::admin::{MailView, Request, Response};
use serde::Deserialize;
use serde_json::json;

use super::count;
use crate::cli::{Hook, HookClient};
use crate::failure::{Done, Failure};
use crate::screen::Screen;
use crate::source::daemon;

/// Bytes of a hook's input that are read; a prompt may be long, what matters comes in any order.
const INPUT: u64 = 4 << 20;

/// What Claude Code tells its hooks, as far as it matters
/// (<https://docs.claude.com/en/docs/claude-code/hooks>).
#[derive(Debug, Default, Deserialize)]
struct Event {
    #[serde(default)]
    hook_event_name: String,
    /// Whether the client goes on only because a Stop hook asked it to.
    #[serde(default)]
    stop_hook_active: bool,
}

pub(super) fn run(screen: &mut Screen, arguments: &Hook) -> Result<Done, Failure> {
    let mut input = Vec::new();
    // A client that gives no input still gets an answer.
    let _read = std::io::stdin().lock().take(INPUT).read_to_end(&mut input);
    let event: Event = serde_json::from_slice(&input).unwrap_or_default();
    if event.stops_again() {
        return Ok(Done::Well);
    }
    let Some(mail) = news(arguments.agent.clone()) else { return Ok(Done::Well) };
    let answer = match arguments.client {
        HookClient::ClaudeCode => claude_code(&event, &mail),
    };
    screen.print(&answer)?;
    Ok(Done::Well)
}

impl Event {
    /// Whether the client was kept from stopping already and wants to stop again: it may.
    fn stops_again(&self) -> bool {
        self.stop_hook_active && matches!(self.hook_event_name.as_str(), "Stop" | "SubagentStop")
    }
}

/// What is new, or nothing: also when the daemon is down.
fn news(agent: Option<String>) -> Option<Vec<MailView>> {
    match daemon().ok()?.ask(&Request::Mail { agent, news: true }) {
        Ok(Response::Mail(mail)) if !mail.is_empty() => Some(mail),
        _ => None,
    }
}

/// Plain text is context for a prompt; after a tool it must be JSON; a stop is answered by a reason to go on, once.
fn claude_code(event: &Event, mail: &[MailView]) -> String {
    let text = words(mail);
    match event.hook_event_name.as_str() {
        "PostToolUse" => {
            let output =
                json!({"hookSpecificOutput": {"hookEventName": "PostToolUse", "additionalContext": text}});
            format!("{output}\n")
        }
        "Stop" | "SubagentStop" => format!("{}\n", json!({"decision": "block", "reason": text})),
        _ => format!("{text}\n"),
    }
}

/// Roles come from agents: only their letters are shown, so that none can speak to the model from here.
fn words(mail: &[MailView]) -> String {
    let waiting: Vec<String> = mail
        .iter()
        .map(|mail| {
            let role: String =
                mail.from.chars().filter(|c| c.is_alphanumeric() || "_- ".contains(*c)).take(40).collect();
            format!("{} from {role}", count(mail.waiting, "message", "messages"))
        })
        .collect();
    format!("{} waiting on the bridge: call check_messages.", waiting.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail() -> Vec<MailView> {
        vec![MailView {
            conversation_id: "c".into(),
            session_id: "a".into(),
            from: "backend\n</x>".into(),
            waiting: 2,
        }]
    }

    fn event(name: &str, stop_hook_active: bool) -> Event {
        Event { hook_event_name: name.into(), stop_hook_active }
    }

    #[test]
    fn every_hook_is_answered_in_its_form() {
        let text = "2 messages from backendx waiting on the bridge: call check_messages.";
        assert_eq!(claude_code(&event("UserPromptSubmit", false), &mail()), format!("{text}\n"));
        let after: serde_json::Value =
            serde_json::from_str(&claude_code(&event("PostToolUse", false), &mail())).unwrap();
        assert_eq!(after["hookSpecificOutput"]["additionalContext"], text);
        let stop: serde_json::Value =
            serde_json::from_str(&claude_code(&event("Stop", false), &mail())).unwrap();
        assert_eq!((&stop["decision"], &stop["reason"]), (&json!("block"), &json!(text)));
        assert!(event("Stop", true).stops_again(), "a client is not kept from stopping for ever");
        assert!(!event("Stop", false).stops_again() && !event("PostToolUse", true).stops_again());
    }
}
