//! Finds the file of a program.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::{Refusal, rule};

/// Where the system keeps programs that ordinary users run.
pub(crate) const SYSTEM_PATH: [&str; 3] = ["/usr/local/bin", "/usr/bin", "/bin"];

/// Set-user-id and set-group-id.
const SET_ID: u32 = 0o6000;
const EXECUTABLE: u32 = 0o111;
const WRITABLE_BY_ALL: u32 = 0o002;

/// The first file of that name in the directories.
///
/// # Errors
/// [`Refusal`] when there is none, or when it is one that must not be run.
pub(crate) fn find(name: &str, directories: &[PathBuf], workspace: &Path) -> Result<PathBuf, Refusal> {
    let candidates = directories.iter().map(|directory| directory.join(name));
    let Some(path) = candidates.into_iter().find(|path| path.is_file()) else {
        let reason = format!(
            "{name} is allowed but not installed here; ask for it to be installed, or use another program"
        );
        return Err(Refusal::new(rule::NOT_INSTALLED, reason));
    };
    match unfit(&path, workspace) {
        None => Ok(path),
        Some(why) => {
            let reason = format!("{} must not be run: {why}; ask the person in charge", path.display());
            Err(Refusal::new(rule::PROGRAM_FILE, reason))
        }
    }
}

/// Why a file must not be run.
fn unfit(path: &Path, workspace: &Path) -> Option<&'static str> {
    let Ok(real) = path.canonicalize() else { return Some("it cannot be looked at") };
    let Ok(metadata) = real.metadata() else { return Some("it cannot be looked at") };
    let mode = metadata.permissions().mode();
    if path.starts_with(workspace) || real.starts_with(workspace) {
        Some("it lies in the workspace, where its content may change after the approval")
    } else if mode & SET_ID != 0 {
        Some("it runs with the rights of another user or group")
    } else if mode & EXECUTABLE == 0 {
        Some("it is not executable")
    } else if mode & WRITABLE_BY_ALL != 0 {
        Some("everybody may write it")
    } else {
        None
    }
}

/// The directories of a search: each toolchain's own and its `bin`, before or behind the system's.
pub(crate) fn search_path(toolchains: &[PathBuf], toolchains_first: bool) -> Vec<PathBuf> {
    let system = SYSTEM_PATH.iter().map(PathBuf::from);
    let own = toolchains.iter().flat_map(|directory| [directory.join("bin"), directory.clone()]);
    if toolchains_first { own.chain(system).collect() } else { system.chain(own).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn only_fit_files_are_found() {
        let parent = tempfile::tempdir().unwrap();
        let (tools, workspace) = (parent.path().join("tools"), parent.path().join("w"));
        for directory in [&tools, &workspace] {
            fs::create_dir(directory).unwrap();
        }
        for (name, mode) in
            [("good", 0o755), ("setuid", 0o4755), ("setgid", 0o2755), ("open", 0o757), ("text", 0o644)]
        {
            fs::write(tools.join(name), "").unwrap();
            fs::set_permissions(tools.join(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        fs::write(workspace.join("own"), "").unwrap();
        fs::set_permissions(workspace.join("own"), fs::Permissions::from_mode(0o755)).unwrap();
        std::os::unix::fs::symlink(workspace.join("own"), tools.join("linked")).unwrap();
        let directories = [tools.clone(), workspace.clone()];
        assert_eq!(find("good", &directories, &workspace).unwrap(), tools.join("good"));
        for name in ["setuid", "setgid", "open", "text", "own", "linked"] {
            assert_eq!(find(name, &directories, &workspace).unwrap_err().rule, rule::PROGRAM_FILE, "{name}");
        }
        assert_eq!(find("none", &directories, &workspace).unwrap_err().rule, rule::NOT_INSTALLED);
    }
}
