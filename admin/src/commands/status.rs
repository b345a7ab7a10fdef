//! `status`: how the daemon is.

use std::fs::{File, TryLockError};

use bridge_proto::admin::{AgentView, Request, Response, StatusReport};
use bridge_proto::paths::Paths;
use serde::Serialize;

use super::{count, size};
use crate::cli::Json;
use crate::client::Client;
use crate::failure::{Done, Failure};
use crate::screen::{Look, Screen, Tint};
use crate::source::{paths, unexpected};
use crate::table::{Grid, plain};
use crate::text::safe_text;
use crate::time::{age, duration};

/// Sessions of an agent that are named, the newest first; `--json` names all.
const SESSIONS: usize = 3;

/// What `--json` prints.
#[derive(Serialize)]
#[serde(untagged)]
enum Report<'r> {
    Running {
        running: bool,
        #[serde(flatten)]
        report: &'r StatusReport,
    },
    Down {
        running: bool,
        socket: String,
    },
}

pub(super) fn run(screen: &mut Screen, format: &Json) -> Result<Done, Failure> {
    let paths = paths()?;
    let mut client = match Client::connect(&paths.socket) {
        Ok(client) => client,
        Err(down @ Failure::NotRunning { .. }) => {
            if format.json {
                screen.json(&Report::Down { running: false, socket: paths.socket.display().to_string() })?;
                return Ok(Done::NotRunning);
            }
            screen.line(&format!("{} {down}", screen.look().paint(Tint::Bad, "down:")))?;
            if let Some(pid) = holder(&paths) {
                screen.line(&format!(
                    "process {pid} serves {} though: on another socket (BRIDGED_SOCKET, XDG_RUNTIME_DIR)?",
                    paths.state.display()
                ))?;
            }
            return Ok(Done::NotRunning);
        }
        Err(other) => return Err(other),
    };
    match client.ask(&Request::Status)? {
        Response::Status(report) if format.json => {
            screen.json(&Report::Running { running: true, report: &report })?
        }
        Response::Status(report) => screen.print(&render(screen.look(), &report))?,
        other => return Err(unexpected(&other)),
    }
    Ok(Done::Well)
}

/// The process that holds the state's lock, if one does.
pub(super) fn holder(paths: &Paths) -> Option<String> {
    let file = File::open(paths.lock()).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {
            let pid = std::fs::read_to_string(paths.lock()).ok()?;
            Some(safe_text(pid.trim()).into_owned())
        }
        Ok(()) | Err(TryLockError::Error(_)) => None,
    }
}

fn render(look: Look, report: &StatusReport) -> String {
    let mut text = format!(
        "{} for {}: bridged {} (pid {}, protocol {})\n\n",
        look.paint(Tint::Good, "running"),
        up(&report.started_at, look),
        safe_text(&report.version),
        report.pid,
        report.protocol
    );
    let mut grid = Grid::facts(look);
    let mut fact =
        |name: &str, value: String| grid.row(vec![(name.to_owned(), Some(Tint::Faint)), plain(value)]);
    fact("socket", safe_text(&report.socket).into_owned());
    fact("database", format!("{} ({})", safe_text(&report.database), size(report.database_bytes)));
    fact("conversations", format!("{} running", report.conversations));
    fact("redaction", count(report.rules as u64, "rule", "rules"));
    fact("audit trail", count(report.audit_rows.unsigned_abs(), "row", "rows"));
    fact("audit head", safe_text(&report.audit_head).into_owned());
    text.push_str(&grid.render());
    text.push('\n');
    if report.agents.is_empty() {
        text.push_str("no agents are connected\n");
        return text;
    }
    let mut grid = Grid::new(look, &["AGENT", "CLIENT", "PID", "CONNECTED", "SPEAKS FOR"]);
    report.agents.iter().for_each(|agent| grid.row(agent_row(look, agent)));
    text.push_str(&grid.render());
    let more = report.connected.saturating_sub(report.agents.len() as u64);
    if more > 0 {
        text.push_str(&format!("and {more} more\n"));
    }
    text
}

fn agent_row(look: Look, agent: &AgentView) -> Vec<crate::table::Piece> {
    let or_dash = |text: &Option<String>| safe_text(text.as_deref().unwrap_or("-")).into_owned();
    let mut sessions: Vec<_> =
        agent.sessions.iter().rev().take(SESSIONS).map(|session| safe_text(session).into_owned()).collect();
    if agent.sessions.len() > SESSIONS {
        sessions.push(format!("{} more", agent.sessions.len() - SESSIONS));
    }
    vec![
        plain(or_dash(&agent.name)),
        plain(or_dash(&agent.client)),
        plain(agent.pid.map_or("-".to_owned(), |pid| pid.to_string())),
        plain(age(&agent.connected_at, look.now)),
        plain(if sessions.is_empty() { "-".to_owned() } else { sessions.join("\n") }),
    ]
}

fn up(since: &str, look: Look) -> String {
    match since.parse::<jiff::Timestamp>() {
        Ok(since) => duration(look.now.millis().saturating_sub(since.as_millisecond()).max(0)),
        Err(_) => "an unknown time".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::list::tests::PIPE;
    use super::*;

    #[test]
    fn what_a_person_sees() {
        let report = StatusReport {
            pid: 4711,
            version: "0.1.0".into(),
            protocol: 1,
            started_at: "2026-11-21T03:55:00.000Z".into(),
            socket: "/run/user/1000/bridged/bridged.sock".into(),
            database: "/home/u/.local/state/bridged/bridge.db".into(),
            database_bytes: 86_016,
            connected: 2,
            agents: vec![AgentView {
                pid: Some(4712),
                name: None,
                client: Some("claude-code 2.0\x07".into()),
                sessions: vec!["conv_00000000000000a1/a".into()],
                connected_at: "2026-11-21T05:48:00.000Z".into(),
            }],
            conversations: 1,
            rules: 59,
            audit_rows: 12,
            audit_head: "ab".repeat(32),
        };
        insta::assert_snapshot!(render(PIPE, &report), @r#"
        running for 2h 5m: bridged 0.1.0 (pid 4711, protocol 1)

        socket         /run/user/1000/bridged/bridged.sock
        database       /home/u/.local/state/bridged/bridge.db (84 KiB)
        conversations  1 running
        redaction      59 rules
        audit trail    12 rows
        audit head     abababababababababababababababababababababababababababababababab

        AGENT  CLIENT               PID   CONNECTED  SPEAKS FOR
        -      claude-code 2.0\x07  4712  12m ago    conv_00000000000000a1/a
        and 1 more
        "#);
    }
}
