//! Claude Code: <https://code.claude.com/docs/en/mcp>.

use std::path::PathBuf;

use crate::install::client::{Client, Field, Format, LONGEST_CALL, Launch, Places};

pub(super) const CLIENT: Client = Client {
    id: "claude",
    title: "Claude Code",
    programs: &["claude"],
    traces: |places| vec![directory(places)],
    user_file,
    project_file: Some(|project| project.join(".mcp.json")),
    format: Format::Json,
    servers: "mcpServers",
    entry,
    hint: "asks before each new tool; allow all of them with: claude --allowedTools mcp__bridge",
};

fn directory(places: &Places) -> PathBuf {
    places.named("CLAUDE_CONFIG_DIR").unwrap_or_else(|| places.home.join(".claude"))
}

/// A `.config.json` in the directory is from old versions, and wins where it exists.
fn user_file(places: &Places) -> PathBuf {
    let old = directory(places).join(".config.json");
    if old.exists() {
        return old;
    }
    places.named("CLAUDE_CONFIG_DIR").unwrap_or_else(|| places.home.clone()).join(".claude.json")
}

/// `timeout` is in milliseconds and wins over `MCP_TOOL_TIMEOUT`.
fn entry(launch: &Launch) -> Vec<Field> {
    vec![
        Field::exactly("type", "stdio"),
        launch.command(),
        launch.args(),
        launch.environment("env"),
        Field::at_least("timeout", LONGEST_CALL * 1000),
    ]
}
