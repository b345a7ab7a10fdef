//! A line for the modes without a shell is judged without a panic. What is allowed is the same command however it is
//! written: quoted word by word, given as words, or split as a shell splits it; and `restricted` allows it as `safe`
//! does.

use std::path::PathBuf;
use std::sync::LazyLock;

use bridge_guard::policy::Allowed;
use bridge_guard::{Command, Mode, Policy};

/// Judges commands in a workspace with a few files, which are never changed.
struct Stage {
    policy: Policy,
    workspace: PathBuf,
    _directory: tempfile::TempDir,
}

static STAGE: LazyLock<Stage> = LazyLock::new(|| {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let workspace = directory.path().join("w");
    std::fs::create_dir_all(workspace.join("src/deep")).expect("a workspace");
    for file in ["a.txt", "b c.txt", "-f", "src/main.rs", "src/deep/x.py"] {
        std::fs::write(workspace.join(file), "text\n").expect("a file");
    }
    std::os::unix::fs::symlink("/etc", workspace.join("out")).expect("a link");
    Stage { policy: Policy::builtin().expect("the built-in policy"), workspace, _directory: directory }
});

fn judge(mode: Mode, command: Command) -> Option<Allowed> {
    STAGE.policy.judge(mode, &command, &STAGE.workspace).ok()
}

/// Checks one input.
pub(crate) fn check(bytes: &[u8]) {
    let Ok(line) = std::str::from_utf8(bytes) else { return };
    let [safe, restricted] = [Mode::Safe, Mode::Restricted].map(|mode| {
        let allowed = judge(mode, Command::Line(line.to_owned()));
        if let Some(allowed) = &allowed {
            is_one_command(mode, line, allowed);
        }
        allowed
    });
    assert!(safe.is_none() || safe == restricted, "restricted allows less: {safe:?} {restricted:?}");
}

fn is_one_command(mode: Mode, line: &str, allowed: &Allowed) {
    assert!(!line.contains('\n') && !allowed.argv.is_empty(), "{line:?}: {allowed:?}");
    // Patterns are expanded here, which is more than splitting.
    if line.contains(['*', '?', '[']) {
        return;
    }
    let words = shlex::split(line).unwrap_or_else(|| panic!("no shell splits {line:?}"));
    // The policy may add options of its own, never leave out, change or move what was written.
    let mut rest = allowed.argv.iter();
    let kept = words.iter().all(|word| rest.any(|argument| argument == word));
    assert!(kept, "{words:?} are not in {:?}", allowed.argv);
    if let Some(quoted) = words.iter().map(|word| quote(word)).collect::<Option<Vec<_>>>() {
        let again = judge(mode, Command::Line(quoted.join(" ")));
        assert_eq!(again.as_ref(), Some(allowed), "quoted: {quoted:?}");
    }
    assert_eq!(judge(mode, Command::Argv(words)).as_ref(), Some(allowed), "as a shell splits {line:?}");
}

/// The word between quotes; `None` where these modes have no way to write it.
fn quote(word: &str) -> Option<String> {
    if !word.contains(['\'', '\n']) {
        return Some(format!("'{word}'"));
    }
    (!word.contains(['"', '$', '`', '\\', '\n'])).then(|| format!("\"{word}\""))
}
