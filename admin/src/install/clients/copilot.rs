//! GitHub Copilot CLI: <https://docs.github.com/en/copilot/how-tos/copilot-cli/customize-copilot/add-mcp-servers>.

use std::path::PathBuf;

use crate::install::client::{Client, Field, Format, LONGEST_CALL, Launch, Places};

pub(super) const CLIENT: Client = Client {
    id: "copilot",
    title: "GitHub Copilot CLI",
    programs: &["copilot"],
    traces: |places| vec![directory(places)],
    user_file: |places| directory(places).join("mcp-config.json"),
    project_file: Some(|project| project.join(".github/mcp.json")),
    format: Format::Json,
    servers: "mcpServers",
    entry,
    hint: "asks before each tool; allow all of them with: copilot --allow-tool bridge",
};

fn directory(places: &Places) -> PathBuf {
    places.named("COPILOT_HOME").unwrap_or_else(|| places.home.join(".copilot"))
}

/// `timeout` is in milliseconds.
fn entry(launch: &Launch) -> Vec<Field> {
    vec![
        Field::exactly("type", "local"),
        launch.command(),
        launch.args(),
        launch.environment("env"),
        Field::at_first("tools", vec!["*"]),
        Field::at_least("timeout", LONGEST_CALL * 1000),
    ]
}
