//! What becomes of protected things that a command touches.
#![allow(clippy::unwrap_used)] // clippy knows only `#[test]` functions as tests

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use bridge_guard::protect::{Protected, Quarantine};

struct Fixture {
    workspace: tempfile::TempDir,
    state: tempfile::TempDir,
}

impl Fixture {
    /// A repository with a hook and an agent's configuration, and a repository within it.
    fn new() -> Self {
        let fixture = Self { workspace: tempfile::tempdir().unwrap(), state: tempfile::tempdir().unwrap() };
        for repository in ["", "vendor/nested/"] {
            for directory in ["hooks", "objects", "refs", "info"] {
                fs::create_dir_all(fixture.path(&format!("{repository}.git/{directory}"))).unwrap();
            }
            fixture.write(&format!("{repository}.git/HEAD"), "ref: refs/heads/main\n");
            fixture.write(&format!("{repository}.git/config"), "[core]\n\thooksPath = mine\n");
            fixture.write(&format!("{repository}.git/hooks/pre-commit"), "echo mine\n");
            fs::set_permissions(
                fixture.path(&format!("{repository}.git/hooks/pre-commit")),
                fs::Permissions::from_mode(0o755),
            )
            .unwrap();
        }
        fixture.write(".claude/settings.json", "{}");
        fixture.write(".vscode/tasks.json", "{}");
        fixture.write("src/main.rs", "fn main() {}\n");
        fixture
    }

    fn path(&self, path: &str) -> PathBuf {
        self.workspace.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// Everything in the workspace: path, mode, content.
    fn everything(&self) -> Vec<(PathBuf, u32, Vec<u8>)> {
        let mut found = Vec::new();
        list(self.workspace.path(), &mut found);
        found.sort();
        found
    }

    fn quarantined(&self) -> Vec<(PathBuf, u32, Vec<u8>)> {
        let mut found = Vec::new();
        let directory = self.state.path().join("quarantine");
        if directory.exists() {
            list(&directory, &mut found);
        }
        found
    }

    /// What is said about a change, after it was dealt with.
    fn after(&self, change: impl FnOnce(&Self)) -> Vec<String> {
        let protected = Protected::record(self.workspace.path()).unwrap();
        change(self);
        protected.restore(Quarantine::below(self.state.path(), 1_750_000_000_000))
    }
}

fn list(directory: &Path, found: &mut Vec<(PathBuf, u32, Vec<u8>)>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let metadata = path.symlink_metadata().unwrap();
        let content = if metadata.is_dir() {
            list(&path, found);
            Vec::new()
        } else if metadata.is_symlink() {
            fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
        } else {
            fs::read(&path).unwrap()
        };
        found.push((path, metadata.mode(), content));
    }
}

#[test]
fn an_ordinary_run_leaves_no_remark() {
    let fixture = Fixture::new();
    let remarks = fixture.after(|fixture| {
        fixture.write("src/main.rs", "changed");
        fixture.write(".git/HEAD", "ref: refs/heads/other\n");
        fixture.write(".git/objects/ab/cdef", "object");
        fixture.write(".vscode/notes.txt", "free");
        fixture.write("CLAUDE.md", "free");
    });
    assert_eq!(remarks, Vec::<String>::new());
    assert_eq!(fixture.read("src/main.rs"), "changed");
    assert_eq!(fixture.read(".git/HEAD"), "ref: refs/heads/other\n");
    assert!(!fixture.state.path().join("quarantine").exists());
}

type Change = fn(&Fixture);

const CHANGES: [(&str, Change); 22] = [
    ("a hook created and locked in", |f| {
        f.write(".git/hooks/post-merge", "evil");
        fs::set_permissions(f.path(".git/hooks"), fs::Permissions::from_mode(0o500)).unwrap();
    }),
    ("locked up directories", |f| {
        f.write("src/.cursor/mcp.json", "evil");
        for path in ["src/.cursor", ".claude", ".vscode", "src"] {
            fs::set_permissions(f.path(path), fs::Permissions::from_mode(0o000)).unwrap();
        }
    }),
    ("a hook changed", |f| f.write(".git/hooks/pre-commit", "evil")),
    ("a hook created", |f| f.write(".git/hooks/post-checkout", "evil")),
    ("a hook no longer executable", |f| {
        fs::set_permissions(f.path(".git/hooks/pre-commit"), fs::Permissions::from_mode(0o644)).unwrap();
    }),
    ("settings changed", |f| f.write(".git/config", "[core]\n\tfsmonitor = ./evil\n")),
    ("settings of a nested repository", |f| f.write("vendor/nested/.git/config", "[alias]\n\tst = !evil\n")),
    ("settings created", |f| f.write(".git/config.worktree", "[core]\n\tfsmonitor = ./evil\n")),
    ("settings deleted", |f| fs::remove_file(f.path(".git/config")).unwrap()),
    ("settings moved", |f| fs::rename(f.path(".git/config"), f.path(".git/moved")).unwrap()),
    ("hooks deleted", |f| fs::remove_dir_all(f.path(".git/hooks")).unwrap()),
    ("hooks by a link", |f| {
        fs::rename(f.path(".git/hooks"), f.path("evil")).unwrap();
        symlink("../evil", f.path(".git/hooks")).unwrap();
    }),
    ("settings by a link", |f| {
        fs::remove_file(f.path(".git/config")).unwrap();
        symlink("/etc/hostname", f.path(".git/config")).unwrap();
    }),
    ("a second name", |f| fs::hard_link(f.path(".git/config"), f.path("harmless.txt")).unwrap()),
    ("attributes", |f| f.write(".git/info/attributes", "* filter=evil")),
    ("a way elsewhere", |f| f.write(".git/commondir", "../evil")),
    ("a directory in place of settings", |f| {
        fs::remove_file(f.path(".git/config")).unwrap();
        fs::create_dir(f.path(".git/config")).unwrap();
    }),
    ("an agent's configuration created", |f| f.write("deep/down/.mcp.json", "{}")),
    ("an agent's configuration changed", |f| f.write(".claude/settings.json", "{\"hooks\":1}")),
    ("a whole directory of an agent", |f| f.write("src/.cursor/mcp.json", "{}")),
    ("a file in it", |f| f.write(".claude/commands/x.md", "evil")),
    ("tasks", |f| f.write(".vscode/tasks.json", "evil")),
];

#[test]
fn whatever_is_done_to_protected_things_is_undone() {
    for (name, change) in CHANGES {
        let fixture = Fixture::new();
        let before: Vec<_> = fixture.everything();
        let remarks = fixture.after(change);
        assert!((1..=3).contains(&remarks.len()), "{name}: {remarks:#?}");
        for path in ["src", ".vscode"] {
            fs::set_permissions(fixture.path(path), fs::Permissions::from_mode(0o755)).unwrap();
        }
        for thing in &before {
            assert!(fixture.everything().contains(thing), "{name}: {thing:?}, {remarks:#?}");
        }
        let new: Vec<_> = fixture.everything().into_iter().filter(|thing| !before.contains(thing)).collect();
        let said =
            |content: &[u8]| content.windows(4).any(|word| word == b"evil") || content.starts_with(b"{");
        assert!(!new.iter().any(|(_, _, content)| said(content)), "{name}: {new:?}");
        let again = fixture.after(|_| {});
        assert_eq!(again, Vec::<String>::new(), "{name}");
    }
}

#[test]
fn what_was_taken_away_is_kept_for_its_owner_only() {
    let fixture = Fixture::new();
    let remarks = fixture.after(|fixture| fixture.write(".git/config", "[core]\n\tfsmonitor = ./evil\n"));
    let kept: Vec<_> = fixture.quarantined().into_iter().filter(|(path, ..)| path.is_file()).collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].2, b"[core]\n\tfsmonitor = ./evil\n");
    assert!(remarks[0].contains(kept[0].0.to_str().unwrap()), "{remarks:?}");
    assert!(kept[0].0.ends_with("quarantine/20250615T150640Z-1/1-config"), "{kept:?}");
    let directory = kept[0].0.parent().unwrap();
    assert_eq!(directory.metadata().unwrap().mode() & 0o777, 0o700);
}

#[test]
fn another_repository_in_its_place_goes_and_the_old_one_comes_back() {
    let fixture = Fixture::new();
    fixture.write(".git/objects/ab/cd", "history");
    let before = fixture.everything();
    fixture.after(|fixture| {
        fs::rename(fixture.path(".git"), fixture.path("old")).unwrap();
        fixture.write(".git/HEAD", "ref: refs/heads/evil\n");
        fixture.write(".git/config", "[core]\n\tbare = false\n");
    });
    assert_eq!(fixture.everything(), before);
    assert!(fixture.quarantined().iter().any(|(path, ..)| path.ends_with("1-.git/HEAD")));
}

#[test]
fn a_swapped_directory_above_is_noticed() {
    let fixture = Fixture::new();
    fixture.write("vendor/nested/.git/objects/ab/cd", "history");
    fixture.after(|fixture| {
        fs::rename(fixture.path("vendor"), fixture.path("other")).unwrap();
        symlink("other", fixture.path("vendor")).unwrap();
    });
    assert!(fixture.path("vendor").symlink_metadata().unwrap().is_dir());
    assert_eq!(fixture.read("vendor/nested/.git/objects/ab/cd"), "history");
    assert_eq!(fixture.read("vendor/nested/.git/hooks/pre-commit"), "echo mine\n");
    assert!(!fixture.path("other/nested/.git").exists());
}

#[test]
fn links_out_of_the_workspace_are_never_followed() {
    let fixture = Fixture::new();
    let outside = tempfile::tempdir().unwrap();
    fs::create_dir_all(outside.path().join("nested/.git/hooks")).unwrap();
    fs::write(outside.path().join("nested/.git/config"), "outside").unwrap();
    fixture.after(|fixture| {
        fs::remove_dir_all(fixture.path("vendor")).unwrap();
        symlink(outside.path(), fixture.path("vendor")).unwrap();
        symlink(outside.path(), fixture.path("src/.claude")).unwrap();
    });
    assert_eq!(fs::read_to_string(outside.path().join("nested/.git/config")).unwrap(), "outside");
    assert!(!outside.path().join("nested/.git/hooks/pre-commit").exists());
    assert_eq!(fixture.read("vendor/nested/.git/hooks/pre-commit"), "echo mine\n");
    assert!(fixture.path("src/.claude").symlink_metadata().is_err());
}

#[test]
fn a_fresh_repository_may_stay_and_an_armed_one_is_disarmed() {
    let fixture = Fixture::new();
    let remarks = fixture.after(|fixture| {
        fixture.write("new/.git/HEAD", "ref: refs/heads/main\n");
        fixture.write("new/.git/config", "[core]\n\trepositoryformatversion = 0\n\tbare = false\n");
        fixture.write("new/.git/hooks/pre-commit.sample", "echo sample");
        fixture.write("armed/HEAD", "ref: refs/heads/main\n");
        fixture.write("armed/config", "[core]\n\tworktree = /\n\tfsmonitor = ./evil\n");
        fixture.write("armed/objects/x", "");
        fixture.write("armed/refs/x", "");
        fixture.write("submodule/.git", "gitdir: ../armed\n");
        symlink("../armed", fixture.path("src/.git")).unwrap();
    });
    assert!(
        fixture.path("new/.git/config").exists() && fixture.path("new/.git/hooks/pre-commit.sample").exists()
    );
    assert!(fixture.path("armed/HEAD").exists() && !fixture.path("armed/config").exists());
    assert!(fixture.path("src/.git").symlink_metadata().is_err() && !fixture.path("submodule/.git").exists());
    assert_eq!(remarks.len(), 3, "{remarks:#?}");
}

#[test]
fn what_is_too_deep_to_look_at_is_taken_away() {
    let fixture = Fixture::new();
    let deep = "d/".repeat(130);
    fixture.after(|fixture| fixture.write(&format!("{deep}.git/hooks/post-commit"), "evil"));
    assert!(!fixture.path(&deep).exists());
    let error = {
        fixture.write(&format!("{deep}x"), "");
        Protected::record(fixture.workspace.path()).unwrap_err()
    };
    assert!(error.to_string().contains("deep"), "{error}");
}

#[test]
fn worktrees_of_an_agent_are_ordinary() {
    let fixture = Fixture::new();
    let remarks = fixture.after(|fixture| {
        fixture.write(".claude/worktrees/x/src/main.rs", "changed");
        fixture.write(".claude/worktrees/x/.mcp.json", "evil");
    });
    assert!(fixture.path(".claude/worktrees/x/src/main.rs").exists());
    assert!(!fixture.path(".claude/worktrees/x/.mcp.json").exists());
    assert_eq!(remarks.len(), 1, "{remarks:?}");
}

#[test]
fn the_looks_of_a_repository_hide_nothing() {
    let fixture = Fixture::new();
    let remarks = fixture.after(|fixture| {
        for path in
            ["HEAD", "objects/.git/hooks/post-commit", "refs/x", "info/.envrc", ".cursor/mcp.json", "hooks/x"]
        {
            fixture.write(path, "evil");
        }
    });
    for path in ["objects/.git/hooks/post-commit", "info/.envrc", ".cursor", "hooks/x"] {
        assert!(!fixture.path(path).exists(), "{path}: {remarks:#?}");
    }
}

#[test]
fn paths_are_those_that_exist() {
    let fixture = Fixture::new();
    let mut paths = Protected::record(fixture.workspace.path()).unwrap().paths();
    paths.sort();
    let expected = [
        ".claude",
        ".git/config",
        ".git/hooks",
        ".vscode/tasks.json",
        "vendor/nested/.git/config",
        "vendor/nested/.git/hooks",
    ];
    assert_eq!(paths, expected.map(|path| fixture.path(path)));
}

/// `cargo test --release -p bridge-guard --test protect -- --ignored --nocapture`
#[test]
#[ignore = "measures"]
fn a_large_tree() {
    let fixture = Fixture::new();
    for directory in 0..2_000 {
        let path = fixture.path(&format!("node_modules/p{}/d{directory}", directory % 40));
        fs::create_dir_all(&path).unwrap();
        for file in 0..100 {
            fs::write(path.join(format!("file{file}.js")), "").unwrap();
        }
    }
    let start = std::time::Instant::now();
    let protected = Protected::record(fixture.workspace.path()).unwrap();
    let recorded = start.elapsed();
    let remarks = protected.restore(Quarantine::below(fixture.state.path(), 0));
    println!("200,000 files: recorded in {recorded:?}, compared in {:?}", start.elapsed() - recorded);
    assert_eq!(remarks, Vec::<String>::new());
}
