//! Visual Studio Code: <https://code.visualstudio.com/docs/copilot/reference/mcp-configuration>.

use std::path::PathBuf;

use crate::install::client::{Client, Field, Format, Launch, Places};

pub(super) const CLIENT: Client = Client {
    id: "vscode",
    title: "VS Code",
    programs: &["code"],
    traces: |places| vec![directory(places)],
    user_file: |places| directory(places).join("User/mcp.json"),
    project_file: Some(|project| project.join(".vscode/mcp.json")),
    format: Format::Json,
    servers: "servers",
    entry,
    hint: "asks whether to trust the server when it first starts",
};

fn directory(places: &Places) -> PathBuf {
    places.applications().join("Code")
}

fn entry(launch: &Launch) -> Vec<Field> {
    vec![Field::exactly("type", "stdio"), launch.command(), launch.args(), launch.environment("env")]
}
