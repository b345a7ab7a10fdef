//! `bridged`: the daemon.

fn main() -> std::process::ExitCode {
    // A sandboxed command begins as another run of this binary.
    bridge_guard::sandbox::child_main();
    bridge_daemon::main()
}
