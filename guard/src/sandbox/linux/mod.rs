//! The two tiers of Linux. Between `fork` and `exec` nothing of ours runs: whatever must happen there is a role of this
//! program executed anew.
//!
//! ```text
//! run (the daemon) ─> supervise ─> enter ─> bubblewrap ─> init (process 1) ─> the program
//!                                        └> the program, under Landlock
//! ```

mod bubblewrap;
mod cgroup;
mod channel;
mod descendants;
mod enter;
mod init;
mod landlock;
mod mounts;
mod rlimits;
mod run;
mod seccomp;
mod supervise;
mod syscalls;
mod system;
mod trial;

use bubblewrap::Bubblewrap;
use landlock::Landlock;
pub(super) use trial::{try_bubblewrap, try_landlock};

use channel::Role;

/// Plays the role that this process was re-executed for, and never returns; returns at once when it has none.
pub(super) fn child_main() {
    let Some(role) = Role::of(std::env::args_os()) else { return };
    close_inherited();
    let code = match role {
        Role::Supervise => supervise::main(),
        Role::Enter => enter::main(),
        Role::Init => init::main(),
    };
    std::process::exit(code);
}

/// Closes every descriptor but the three standard ones: whatever leaked into this process goes no further. Nothing else
/// of this process is open yet.
fn close_inherited() {
    let listed = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let open: Vec<i32> = listed.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    for descriptor in open.into_iter().filter(|descriptor| *descriptor > 2) {
        // The one that the list was read through is closed already.
        nix::unistd::close(descriptor).ok();
    }
}
