//! Puts one state directory in the place of another.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};

/// Puts `fresh` in the place of `state`, whose files are kept as `kept`. One step where the file system can exchange
/// names (Linux: `renameat2`, macOS: `renameatx_np`): whoever looks finds the old state or the new one, never none.
///
/// # Errors
/// When a name cannot be changed; the state is the old one then, unless `state` does not exist any more, in which case
/// the error says where it is.
pub(crate) fn replace(state: &Path, fresh: &Path, kept: &Path) -> io::Result<()> {
    if !state.exists() {
        fs::rename(fresh, state)?;
        return sync_parent(state);
    }
    match renameat_with(CWD, fresh, CWD, state, RenameFlags::EXCHANGE) {
        Ok(()) => fs::rename(fresh, kept)?,
        // An old kernel, or a file system that cannot.
        Err(_) => in_two_steps(state, fresh, kept)?,
    }
    sync_parent(state)
}

fn in_two_steps(state: &Path, fresh: &Path, kept: &Path) -> io::Result<()> {
    fs::rename(state, kept)?;
    fs::rename(fresh, state).or_else(|error| {
        fs::rename(kept, state).map_err(|_| {
            let text = format!("{error}; the state as it was is in {}: move it back", kept.display());
            io::Error::new(error.kind(), text)
        })?;
        Err(error)
    })
}

fn sync_parent(path: &Path) -> io::Result<()> {
    File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
}

/// A name beside `state` that is not taken.
pub(crate) fn kept_name(state: &Path, time: &str) -> PathBuf {
    let plain: String = time.chars().filter(char::is_ascii_alphanumeric).collect();
    let name = state.file_name().unwrap_or_default().to_string_lossy();
    state.with_file_name(format!("{name}.before-restore-{plain}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_state_is_kept_and_the_new_one_in_its_place() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        for (name, content) in [("bridged", "old"), ("fresh", "new")] {
            fs::create_dir(at(name)).unwrap();
            fs::write(at(name).join("f"), content).unwrap();
        }
        let kept = kept_name(&at("bridged"), "2026-11-21T06:22:36.001Z");
        assert_eq!(kept, at("bridged.before-restore-20261121T062236001Z"));
        replace(&at("bridged"), &at("fresh"), &kept).unwrap();
        assert_eq!(fs::read_to_string(at("bridged").join("f")).unwrap(), "new");
        assert_eq!(fs::read_to_string(kept.join("f")).unwrap(), "old");
        assert!(!at("fresh").exists());
        fs::rename(at("bridged"), at("fresh")).unwrap();
        in_two_steps(&kept, &at("fresh"), &at("again")).unwrap();
        assert_eq!(fs::read_to_string(kept.join("f")).unwrap(), "new");
        // Where there is none to be kept.
        replace(&at("elsewhere"), &at("again"), &at("unused")).unwrap();
        assert_eq!(fs::read_to_string(at("elsewhere").join("f")).unwrap(), "old");
    }
}
