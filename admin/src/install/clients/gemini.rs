//! Gemini CLI: <https://geminicli.com/docs/tools/mcp-server>.

use std::path::PathBuf;

use crate::install::client::{Client, Field, Format, LONGEST_CALL, Launch, Places};

pub(super) const CLIENT: Client = Client {
    id: "gemini",
    title: "Gemini CLI",
    programs: &["gemini"],
    traces: |places| vec![directory(places)],
    user_file: |places| directory(places).join("settings.json"),
    project_file: Some(|project| project.join(".gemini/settings.json")),
    format: Format::Json,
    servers: "mcpServers",
    entry,
    hint: "starts servers only in trusted folders; asks before each tool unless the entry says \"trust\": true",
};

fn directory(places: &Places) -> PathBuf {
    places.named("GEMINI_CLI_HOME").unwrap_or_else(|| places.home.clone()).join(".gemini")
}

/// `timeout` is in milliseconds, 600,000 by default.
fn entry(launch: &Launch) -> Vec<Field> {
    vec![
        launch.command(),
        launch.args(),
        launch.environment("env"),
        Field::at_least("timeout", LONGEST_CALL * 1000),
    ]
}
