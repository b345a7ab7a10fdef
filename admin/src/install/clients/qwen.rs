//! Qwen Code: <https://qwenlm.github.io/qwen-code-docs/en/users/features/mcp/>.

use std::path::PathBuf;

use crate::install::client::{Client, Field, Format, LONGEST_CALL, Launch, Places};

pub(super) const CLIENT: Client = Client {
    id: "qwen",
    title: "Qwen Code",
    programs: &["qwen"],
    traces: |places| vec![directory(places)],
    user_file: |places| directory(places).join("settings.json"),
    project_file: Some(|project| project.join(".qwen/settings.json")),
    format: Format::Json,
    servers: "mcpServers",
    entry,
    hint: "asks before each tool unless the entry says \"trust\": true",
};

fn directory(places: &Places) -> PathBuf {
    places.named("QWEN_HOME").unwrap_or_else(|| places.home.join(".qwen"))
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
