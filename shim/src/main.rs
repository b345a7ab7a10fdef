//! `bridge-shim`: what an agent's MCP client launches.

use std::process::ExitCode;

fn main() -> ExitCode {
    bridge_shim_relay::run()
}
