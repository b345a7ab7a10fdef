//! Codex: <https://developers.openai.com/codex/mcp>.

use std::path::PathBuf;

use crate::install::client::{Client, Field, Format, LONGEST_CALL, Launch, Places};

pub(super) const CLIENT: Client = Client {
    id: "codex",
    title: "Codex",
    programs: &["codex"],
    traces: |places| vec![directory(places)],
    user_file: |places| directory(places).join("config.toml"),
    project_file: Some(|project| project.join(".codex/config.toml")),
    format: Format::Toml,
    servers: "mcp_servers",
    entry,
    hint: "reads a project's configuration only when the project is trusted",
};

fn directory(places: &Places) -> PathBuf {
    places.named("CODEX_HOME").unwrap_or_else(|| places.home.join(".codex"))
}

/// `tool_timeout_sec` is 300 by default, which is what the longest wait takes. Servers get only a few variables of
/// Codex's own environment, and none of XDG.
fn entry(launch: &Launch) -> Vec<Field> {
    vec![
        launch.command(),
        launch.args(),
        launch.environment("env"),
        Field::at_least("tool_timeout_sec", LONGEST_CALL),
    ]
}
