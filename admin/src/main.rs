//! `bridgectl`: the human tool.
fn main() -> std::process::ExitCode {
    bridge_admin::main()
}
