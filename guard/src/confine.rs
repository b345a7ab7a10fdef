//! What every command gets, and what no command may have.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::mode::Mode;
use crate::plan::Plan;
use crate::protect;
use crate::sandbox::{Job, Limits};
use crate::workspace::{Workspace, WorkspaceError};

const SYSTEM_PATH: &str = "/usr/local/bin:/usr/bin:/bin";
/// Private to a command, and empty when it starts.
const HOME: &str = "/tmp/home";
const TEMPORARY: &str = "/tmp";

/// Directories that hold too much to be a workspace, and may hold one.
const TOO_MUCH: [&str; 8] = ["/", "/home", "/opt", "/srv", "/tmp", "/var/tmp", "/Users", "/private/tmp"];
/// Directories of the system: no workspace lies there.
const SYSTEM: [&str; 14] = [
    "/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/run", "/sbin", "/sys", "/usr", "/var/lib",
    "/Library", "/System",
];
/// Directories of a home directory with keys, or with the configuration of programs that start others.
const OF_HOME: [&str; 14] = [
    ".aws",
    ".azure",
    ".claude",
    ".codex",
    ".config",
    ".cursor",
    ".docker",
    ".gemini",
    ".gnupg",
    ".kube",
    ".mozilla",
    ".password-store",
    ".ssh",
    "Library",
];

/// How much of everything a command may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// Processes and threads at once.
    pub processes: u64,
    /// Bytes of memory.
    pub memory: u64,
    /// Bytes of a file it writes.
    pub file: u64,
    /// Open files of a process.
    pub open_files: u64,
    /// Bytes kept of each of its outputs while it runs.
    pub output: usize,
    /// Characters of both outputs in the end.
    pub characters: usize,
}

impl Default for Budget {
    /// 256 processes (a parallel build has that many threads), 2 GiB of memory, 1 GiB a file, 1,024 open files, 128 KiB
    /// of each output, half of them from its end, and 48,000 characters, which fit a message of 50,000.
    fn default() -> Self {
        Self {
            processes: 256,
            memory: 2 << 30,
            file: 1 << 30,
            open_files: 1024,
            output: 128 << 10,
            characters: 48_000,
        }
    }
}

/// Refuses directories that are no project's: the root, home directories, the system's, and what is `hidden`.
pub(crate) fn check_place(workspace: &Workspace, hidden: &[PathBuf]) -> Result<(), WorkspaceError> {
    let home = nix::unistd::User::from_uid(nix::unistd::getuid()).ok().flatten().map(|user| user.dir);
    let home = home.filter(|home| home != Path::new("/"));
    let of_home: Vec<PathBuf> = home.iter().flat_map(|home| OF_HOME.map(|name| home.join(name))).collect();
    let hidden = || hidden.iter().map(PathBuf::as_path);
    let system = || SYSTEM.into_iter().map(Path::new);
    let kept = TOO_MUCH.into_iter().map(Path::new).chain(system()).chain(home.as_deref());
    workspace.refuse_holding(kept.chain(hidden()))?;
    workspace.refuse_within(system().chain(hidden()).chain(of_home.iter().map(PathBuf::as_path)))?;
    workspace.refuse_within(workspace.path.ancestors().filter(|above| is_protected(above, &workspace.path)))
}

/// Whether a directory is protected, or is a repository that the workspace would be the insides of.
fn is_protected(above: &Path, workspace: &Path) -> bool {
    let has = |name: &str| above.join(name).symlink_metadata().is_ok();
    let is_git = || has("HEAD") && (has("commondir") || has("objects") && has("refs"));
    protect::covers(workspace) && protect::covers(above) || above != workspace && is_git()
}

/// The whole environment of a command: nothing is taken from ours. What the policy adds wins.
pub(crate) fn environment(
    toolchains: &[PathBuf],
    added: BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let programs = toolchains.iter().map(|toolchain| {
        let bin = toolchain.join("bin");
        if bin.is_dir() { bin } else { toolchain.clone() }
    });
    let path = programs.map(|path| format!("{}:", path.display())).collect::<String>() + SYSTEM_PATH;
    let mut environment: BTreeMap<String, String> = [
        ("PATH", path.as_str()),
        ("HOME", HOME),
        ("TMPDIR", TEMPORARY),
        ("LANG", "C.UTF-8"),
        ("TERM", "dumb"),
        ("NO_COLOR", "1"),
        // A tier may show files under another owner than git has on record. It would take every file for changed, and
        // `git reset --hard` would write them all, protected ones too.
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "core.checkStat"),
        ("GIT_CONFIG_VALUE_0", "minimal"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    environment.extend(added);
    environment
}

/// What a tier is given to run a plan.
pub(crate) fn job(plan: &Plan, protected: Vec<PathBuf>, hidden: Vec<PathBuf>, budget: &Budget) -> Job {
    let workspace = plan.workspace.path.clone();
    let (mut readable, mut writable) = (plan.toolchains.clone(), Vec::new());
    if plan.mode == Mode::Safe {
        readable.push(workspace.clone())
    } else {
        writable.push(workspace.clone())
    }
    Job {
        program: plan.program.clone(),
        argv: plan.argv.clone(),
        directory: workspace,
        environment: plan.environment.clone(),
        readable,
        writable,
        protected,
        hidden,
        network: plan.network,
        limits: Limits {
            time: Duration::from_millis(plan.timeout_ms),
            processes: budget.processes,
            memory: budget.memory,
            file: budget.file,
            open_files: budget.open_files,
            output: budget.output,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_our_environment_is_passed_on() {
        let toolchain = tempfile::tempdir().unwrap();
        std::fs::create_dir(toolchain.path().join("bin")).unwrap();
        let added = BTreeMap::from([("LANG".to_owned(), "C".to_owned()), ("X".to_owned(), "1".to_owned())]);
        let environment = environment(&[toolchain.path().into(), "/opt/other".into()], added);
        let names: Vec<&str> = environment.keys().map(String::as_str).collect();
        let git = ["GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_0", "GIT_CONFIG_VALUE_0"];
        let expected = [&git[..], &["HOME", "LANG", "NO_COLOR", "PATH", "TERM", "TMPDIR", "X"]].concat();
        assert_eq!(names, expected);
        assert_eq!(environment["LANG"], "C");
        let path = format!("{}/bin:/opt/other:/usr/local/bin:/usr/bin:/bin", toolchain.path().display());
        assert_eq!(environment["PATH"], path);
    }

    #[test]
    fn only_a_projects_directory_is_a_workspace() {
        let refused = |path: &str| {
            check_place(&Workspace { path: path.into(), device: 0, inode: 0 }, &["/h/state".into()])
        };
        for path in
            ["/", "/usr", "/usr/src/x", "/etc/x", "/proc/1", "/tmp", "/home", "/h", "/h/state", "/h/state/x"]
        {
            assert!(refused(path).is_err(), "{path}");
        }
        for path in ["/w/.git", "/w/.git/hooks", "/w/.claude", "/w/.husky/_", "/w/.claude/worktrees/x/.git"] {
            assert!(refused(path).is_err(), "{path}");
        }
        let bare = tempfile::tempdir().unwrap();
        for name in ["HEAD", "objects", "refs", "hooks"] {
            std::fs::create_dir(bare.path().join(name)).unwrap();
        }
        assert!(refused(bare.path().join("hooks").to_str().unwrap()).is_err());
        refused(bare.path().to_str().unwrap()).unwrap();
        for path in ["/tmp/x", "/home/somebody/project", "/srv/x", "/h/other", "/w/.claude/worktrees/x"] {
            assert!(refused(path).is_ok(), "{path}");
        }
        let home = nix::unistd::User::from_uid(nix::unistd::getuid()).unwrap().unwrap().dir;
        for path in [home.clone(), home.join(".ssh/x")] {
            assert!(refused(path.to_str().unwrap()).is_err(), "{path:?}");
        }
        refused(home.join("project").to_str().unwrap()).unwrap();
    }
}
