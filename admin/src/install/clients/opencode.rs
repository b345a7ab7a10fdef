//! opencode: <https://opencode.ai/docs/mcp-servers>.

use std::path::{Path, PathBuf};

use crate::install::client::{Client, Field, Format, LONGEST_CALL, Launch, Places, first_existing};

pub(super) const CLIENT: Client = Client {
    id: "opencode",
    title: "opencode",
    programs: &["opencode"],
    traces: |places| vec![directory(places)],
    user_file,
    project_file: Some(project_file),
    format: Format::Json,
    servers: "mcp",
    entry,
    hint: "",
};

fn directory(places: &Places) -> PathBuf {
    places.config.join("opencode")
}

/// All of these are read; opencode itself writes into the first that exists.
fn user_file(places: &Places) -> PathBuf {
    let directory = directory(places);
    first_existing(["opencode.jsonc", "opencode.json", "config.json"].map(|name| directory.join(name)))
}

fn project_file(project: &Path) -> PathBuf {
    first_existing(
        ["opencode.json", "opencode.jsonc", ".opencode/opencode.json", ".opencode/opencode.jsonc"]
            .map(|name| project.join(name)),
    )
}

/// `timeout` is in milliseconds.
fn entry(launch: &Launch) -> Vec<Field> {
    let mut command = vec![launch.program.clone()];
    command.extend(launch.arguments());
    vec![
        Field::exactly("type", "local"),
        Field::exactly("command", command),
        launch.environment("environment"),
        Field::at_first("enabled", true),
        Field::at_least("timeout", LONGEST_CALL * 1000),
    ]
}
