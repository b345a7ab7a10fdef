//! `bridged`: the daemon.

fn main() -> std::process::ExitCode {
    bridge_daemon::main()
}
