//! The clients we know, one module each. Formats, places and time-outs are those of the versions named in
//! `docs/clients.md`.

mod claude;
mod cline;
mod codex;
mod copilot;
mod cursor;
mod gemini;
mod opencode;
mod qwen;
mod vscode;

#[cfg(test)]
mod tests;

use super::client::Client;

/// All clients, in the order in which they are shown.
pub(crate) const CLIENTS: [&Client; 9] = [
    &claude::CLIENT,
    &codex::CLIENT,
    &gemini::CLIENT,
    &opencode::CLIENT,
    &qwen::CLIENT,
    &cline::CLIENT,
    &copilot::CLIENT,
    &cursor::CLIENT,
    &vscode::CLIENT,
];

/// The client of that id.
pub(crate) fn by_id(id: &str) -> Option<&'static Client> {
    CLIENTS.into_iter().find(|client| client.id == id)
}
