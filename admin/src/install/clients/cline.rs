//! Cline's command line: <https://docs.cline.bot/mcp/configuring-mcp-servers>. It has no servers of a project.

use std::path::PathBuf;

use crate::install::client::{Client, Field, Format, LONGEST_CALL, Launch, Places};

pub(super) const CLIENT: Client = Client {
    id: "cline",
    title: "Cline",
    programs: &["cline"],
    traces: |places| vec![directory(places)],
    user_file: |places| {
        let file = || data(places).join("settings/cline_mcp_settings.json");
        places.named("CLINE_MCP_SETTINGS_PATH").unwrap_or_else(file)
    },
    project_file: None,
    format: Format::Json,
    servers: "mcpServers",
    entry,
    hint: "the extension for editors has a file of its own: see docs/clients.md",
};

fn directory(places: &Places) -> PathBuf {
    places.named("CLINE_DIR").unwrap_or_else(|| places.home.join(".cline"))
}

fn data(places: &Places) -> PathBuf {
    places.named("CLINE_DATA_DIR").unwrap_or_else(|| directory(places).join("data"))
}

/// `timeout` is in seconds, 60 by default and 3,600 at most.
fn entry(launch: &Launch) -> Vec<Field> {
    vec![
        launch.command(),
        launch.args(),
        launch.environment("env"),
        Field::at_least("timeout", LONGEST_CALL),
        Field::at_first("disabled", false),
    ]
}
