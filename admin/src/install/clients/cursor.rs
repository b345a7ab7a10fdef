//! Cursor: <https://cursor.com/docs/mcp>.

use crate::install::client::{Client, Field, Format, Launch};

pub(super) const CLIENT: Client = Client {
    id: "cursor",
    title: "Cursor",
    programs: &["cursor", "cursor-agent"],
    traces: |places| vec![places.home.join(".cursor")],
    user_file: |places| places.home.join(".cursor/mcp.json"),
    project_file: Some(|project| project.join(".cursor/mcp.json")),
    format: Format::Json,
    servers: "mcpServers",
    entry,
    hint: "documents no time-out to set: should it cut waits off, ask the agent for shorter ones",
};

fn entry(launch: &Launch) -> Vec<Field> {
    vec![Field::exactly("type", "stdio"), launch.command(), launch.args(), launch.environment("env")]
}
