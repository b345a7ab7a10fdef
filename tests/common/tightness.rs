//! A home whose disk can be filled and freed: a small file system of its own where this user may mount one, else the
//! limit on the size of files that the kernel sets for one process.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::Env;
use super::env::BRIDGED;

/// Bytes of the small file system.
const ROOM: u64 = 6 << 20;

/// What keeps the daemon's files small.
pub(crate) enum Tightness {
    /// A mounted file system.
    Mounted(Mounted),
    /// A limit on the daemon alone.
    Limited,
}

/// A file system that is unmounted on drop.
pub(crate) struct Mounted {
    place: PathBuf,
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Whatever still uses it keeps it until it ends.
        quietly("umount", &["-l", text(&self.place)]);
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn quietly(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

impl Tightness {
    /// Prepares the state directory's parent; `None`, said aloud, where neither can be had.
    #[allow(clippy::print_stderr, reason = "a skipped test says so")]
    pub(crate) fn around(env: &Env) -> Option<Self> {
        let state = env.paths().state;
        let place = state.parent().unwrap().to_owned();
        fs::create_dir_all(&place).unwrap();
        let options = format!("size={ROOM},mode=700");
        if quietly("mount", &["-t", "tmpfs", "-o", &options, "tmpfs", text(&place)]) {
            return Some(Self::Mounted(Mounted { place }));
        }
        if quietly("prlimit", &["--version"]) && quietly("env", &["--ignore-signal=XFSZ", "true"]) {
            return Some(Self::Limited);
        }
        eprintln!("SKIPPED: this user can neither mount a tmpfs nor limit the size of files (prlimit)");
        None
    }

    /// Starts a daemon, whose room can be taken.
    pub(crate) fn spawn(&self, env: &Env) -> Child {
        env.command(BRIDGED).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Takes all the room that is left.
    pub(crate) fn fill(&self, daemon: i32) {
        match self {
            Self::Mounted(mounted) => {
                let mut ballast = fs::File::create(mounted.place.join("ballast")).unwrap();
                // By ever smaller pieces, to the last byte.
                for piece in [1 << 20, 1 << 16, 1 << 12, 1] {
                    while ballast.write_all(&vec![0; piece]).is_ok() {}
                }
            }
            Self::Limited => limit(daemon, "8192"),
        }
    }

    /// Gives it back.
    pub(crate) fn free(&self, daemon: i32) {
        match self {
            Self::Mounted(mounted) => fs::remove_file(mounted.place.join("ballast")).unwrap(),
            Self::Limited => limit(daemon, "unlimited"),
        }
    }
}

/// The soft limit only: an unprivileged user may raise it again.
fn limit(pid: i32, bytes: &str) {
    assert!(quietly("prlimit", &["--pid", &pid.to_string(), &format!("--fsize={bytes}:unlimited")]));
}
