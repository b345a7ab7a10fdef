//! Snapshots keep every byte, and run nothing of the workspace.
#![allow(clippy::unwrap_used)] // clippy knows only `#[test]` functions as tests

mod support;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use bridge_guard::Workspace;
use bridge_guard::snapshot::{Extent, Keep, Selection, Snapshot, SnapshotError, Snapshots, Why};
use support::Plain;

const NOW: i64 = 1_750_000_000_000;

struct Fixture {
    directory: tempfile::TempDir,
    state: tempfile::TempDir,
    snapshots: Snapshots,
}

impl Fixture {
    fn new() -> Self {
        let state = tempfile::tempdir().unwrap();
        let extent = Extent { file: 1 << 20, ..Extent::default() };
        let snapshots = Snapshots::open(state.path(), extent).unwrap();
        Self { directory: tempfile::tempdir().unwrap(), state, snapshots }
    }

    fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.directory.path().join(path)
    }

    fn write(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn workspace(&self) -> Workspace {
        Workspace::open(self.directory.path()).unwrap()
    }

    fn take(&self, now: i64) -> Snapshot {
        self.snapshots.take(&Plain, &self.workspace(), "test", now).unwrap()
    }

    fn restore(&self, id: &str, selection: &Selection, now: i64) -> bridge_guard::snapshot::Restored {
        self.snapshots.restore(&Plain, id, selection, now).unwrap()
    }

    fn git(&self, directory: &str, arguments: &[&str]) {
        let status = Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t", "-c", "init.defaultBranch=main"])
            .args(arguments)
            .current_dir(self.path(directory))
            .status()
            .unwrap();
        assert!(status.success(), "{arguments:?}");
    }

    /// Path, mode and content of everything but what belongs to git.
    fn everything(&self) -> Vec<(PathBuf, u32, Vec<u8>)> {
        fn list(directory: &Path, found: &mut Vec<(PathBuf, u32, Vec<u8>)>) {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                let metadata = path.symlink_metadata().unwrap();
                if path.file_name().unwrap() == ".git" {
                    continue;
                }
                let content = if metadata.is_dir() {
                    list(&path, found);
                    Vec::new()
                } else if metadata.is_symlink() {
                    fs::read_link(&path).unwrap().as_os_str().as_bytes().to_vec()
                } else {
                    fs::read(&path).unwrap()
                };
                found.push((path, metadata.mode(), content));
            }
        }
        let mut found = Vec::new();
        list(self.directory.path(), &mut found);
        found.sort();
        found
    }

    /// A repository with all that could go wrong, with uncommitted, untracked and ignored files, and traps.
    fn fill(&self) {
        self.git("", &["init", "-q"]);
        self.write("committed.txt", "one\n");
        self.git("", &["add", "."]);
        self.git("", &["commit", "-qm", "x"]);
        self.write("committed.txt", "two\n");
        self.write(
            ".gitattributes",
            "[attr]trap filter=trap diff=trap\n* text eol=lf ident trap working-tree-encoding=UTF-16\n",
        );
        self.write(".gitignore", ".env\n*.ignored\n");
        self.write(".env", "KEEP=me\n");
        self.write("crlf.txt", "a\r\nb\r\n$Id$\n");
        self.write("binary", (0..=255).cycle().take(70_000).collect::<Vec<u8>>());
        self.write("empty", "");
        self.write("new\nline", "x");
        self.write("-rf", "x");
        self.write("\"quoted\" \\back", "x");
        self.write(OsStr::from_bytes(b"not \xff utf-8"), "x");
        self.write("run.sh", "#!/bin/sh\n");
        fs::set_permissions(self.path("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
        self.write("private/key", "x");
        fs::set_permissions(self.path("private/key"), fs::Permissions::from_mode(0o600)).unwrap();
        fs::set_permissions(self.path("private"), fs::Permissions::from_mode(0o700)).unwrap();
        fs::create_dir_all(self.path("no/files/here")).unwrap();
        symlink("/etc/passwd", self.path("absolute")).unwrap();
        symlink("nowhere", self.path("dangling")).unwrap();
        fs::create_dir(self.path("nested")).unwrap();
        self.git("nested", &["init", "-q"]);
        self.write("nested/committed", "x");
        self.git("nested", &["add", "."]);
        self.git("nested", &["commit", "-qm", "x"]);
        self.write("nested/file", "of a nested repository\n");
        let trap = format!("touch {}", self.state.path().join("sprung").display());
        for (key, value) in [
            ("core.fsmonitor", trap.as_str()),
            ("filter.trap.clean", &trap),
            ("filter.trap.smudge", &trap),
            ("filter.trap.required", "true"),
            ("diff.trap.textconv", &trap),
        ] {
            self.git("", &["config", key, value]);
        }
    }

    fn destroy(&self) {
        for entry in fs::read_dir(self.directory.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.symlink_metadata().unwrap().is_dir() {
                if path.file_name().unwrap() != ".git" {
                    fs::remove_dir_all(path).unwrap();
                }
            } else {
                fs::remove_file(path).unwrap();
            }
        }
    }
}

#[test]
fn everything_comes_back_byte_for_byte_and_nothing_of_it_runs() {
    let fixture = Fixture::new();
    fixture.fill();
    let before = fixture.everything();
    let snapshot = fixture.take(NOW);
    assert_eq!(
        snapshot.left_out,
        [("\".git\"".to_owned(), Why::Git), ("\"nested/.git\"".to_owned(), Why::Git)]
    );
    fixture.destroy();
    let restored = fixture.restore(&snapshot.id, &Selection::default(), NOW + 1);
    assert_eq!(restored.skipped, []);
    assert_eq!(fixture.everything(), before);
    assert_eq!(restored.restored.len() as u64, snapshot.files);
    assert!(!fixture.state.path().join("sprung").exists());
}

#[test]
fn a_restore_can_be_undone() {
    let fixture = Fixture::new();
    fixture.write("a", "old");
    fixture.write("deleted", "old");
    let snapshot = fixture.take(NOW);
    fixture.write("a", "new");
    fixture.write("dir/created", "new");
    fs::remove_file(fixture.path("deleted")).unwrap();
    let changed = fixture.everything();

    let gentle = fixture.restore(&snapshot.id, &Selection::default(), NOW);
    assert_eq!(gentle.deleted, Vec::<PathBuf>::new());
    assert_eq!(fs::read(fixture.path("a")).unwrap(), b"old");
    assert_eq!(fs::read(fixture.path("dir/created")).unwrap(), b"new");

    let exact = Selection { exact: true, ..Selection::default() };
    let back = fixture.restore(&gentle.undo, &exact, NOW + 10);
    assert_eq!(back.deleted, [PathBuf::from("deleted")]);
    assert_eq!(fixture.everything(), changed);

    let to_start = fixture.restore(&snapshot.id, &exact, NOW + 20);
    assert_eq!(to_start.deleted, [PathBuf::from("dir/created")]);
    assert!(!fixture.path("dir").exists());
}

#[test]
fn only_what_is_asked_for_is_restored() {
    let fixture = Fixture::new();
    for path in ["a/x", "a/y", "b/x"] {
        fixture.write(path, "old");
    }
    let snapshot = fixture.take(NOW);
    for path in ["a/x", "a/y", "b/x"] {
        fixture.write(path, "new");
    }
    let selection = Selection { paths: vec!["a/x".into(), "b".into()], exact: false };
    let restored = fixture.restore(&snapshot.id, &selection, NOW + 1);
    assert_eq!(restored.restored, [PathBuf::from("a/x"), PathBuf::from("b/x")]);
    assert_eq!(fs::read(fixture.path("a/y")).unwrap(), b"new");
}

#[test]
fn nothing_that_no_snapshot_holds_is_overwritten() {
    let fixture = Fixture::new();
    fixture.write("grows", "small");
    fixture.write("becomes", "a file");
    fixture.write("dir/file", "x");
    let snapshot = fixture.take(NOW);
    fixture.write("grows", vec![b'x'; (1 << 20) + 1]);
    fs::remove_file(fixture.path("becomes")).unwrap();
    fixture.write("becomes/a/directory", "new");
    fs::remove_dir_all(fixture.path("dir")).unwrap();
    let outside = tempfile::tempdir().unwrap();
    symlink(outside.path(), fixture.path("dir")).unwrap();
    let restored = fixture.restore(&snapshot.id, &Selection::default(), NOW + 1);
    assert_eq!(restored.restored, Vec::<PathBuf>::new());
    assert_eq!(restored.skipped.len(), 3);
    assert_eq!(fs::metadata(fixture.path("grows")).unwrap().len(), (1 << 20) + 1);
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);

    let exact = Selection { exact: true, ..Selection::default() };
    let restored = fixture.restore(&snapshot.id, &exact, NOW + 2);
    assert_eq!(restored.restored, [PathBuf::from("becomes"), PathBuf::from("dir/file")]);
    assert_eq!(fs::read(fixture.path("dir/file")).unwrap(), b"x");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[test]
fn what_is_protected_is_not_restored() {
    let fixture = Fixture::new();
    fixture.write(".mcp.json", "old");
    fixture.write(".vscode/tasks.json", "old");
    fixture.write("file", "old");
    let snapshot = fixture.take(NOW);
    fixture.write(".mcp.json", "the user's new one");
    fs::remove_file(fixture.path(".vscode/tasks.json")).unwrap();
    fixture.write("file", "new");
    let restored = fixture.restore(&snapshot.id, &Selection::default(), NOW + 1);
    assert_eq!(restored.restored, [PathBuf::from("file")]);
    assert_eq!(restored.skipped.len(), 2);
    assert_eq!(fs::read(fixture.path(".mcp.json")).unwrap(), b"the user's new one");
}

#[test]
fn what_is_left_out_is_said() {
    let fixture = Fixture::new();
    fixture.write("large", vec![0; (1 << 20) + 1]);
    fixture.write("node_modules/x/index.js", "x");
    fixture.write("target/debug/x", "x");
    fixture.write("Cargo.toml", "x");
    fixture.write("other/target/x", "kept");
    fixture.write("cache/CACHEDIR.TAG", "x");
    nix::unistd::mkfifo(&fixture.path("pipe"), nix::sys::stat::Mode::S_IRUSR).unwrap();
    let snapshot = fixture.take(NOW);
    let expected = [
        ("large", Why::TooLarge),
        ("pipe", Why::Special),
        ("cache", Why::Regenerated),
        ("node_modules", Why::Regenerated),
        ("target", Why::Regenerated),
    ];
    assert_eq!(snapshot.left_out, expected.map(|(path, why)| (format!("{path:?}"), why)));
    assert_eq!(snapshot.files, 2);
}

#[test]
fn a_diff_shows_what_changed_even_what_asks_not_to_be_shown() {
    let fixture = Fixture::new();
    fixture.write("a", "one\n");
    let snapshot = fixture.take(NOW);
    fixture.write("a", "two\x1b[2J\n");
    fixture.write(".gitattributes", "* -diff\n");
    let redact = |text: &str| (text.replace("two", "[secret]"), 1);
    let diff = fixture.snapshots.diff(&Plain, &snapshot.id, NOW + 1, 10_000, &redact).unwrap();
    insta::assert_snapshot!(diff.text, @r"
    diff --git a/.gitattributes b/.gitattributes
    new file mode 100644
    index 0000000..1909429
    --- /dev/null
    +++ b/.gitattributes
    @@ -0,0 +1 @@
    +* -diff
    diff --git a/a b/a
    index 5626abf..99a8fc0 100644
    --- a/a
    +++ b/a
    @@ -1 +1 @@
    -one
    +[secret]
    ");
}

#[test]
fn snapshots_are_listed_and_pruned_oldest_first() {
    let fixture = Fixture::new();
    fixture.write("large", (0..200_000_u32).flat_map(u32::to_le_bytes).collect::<Vec<u8>>());
    let ids: Vec<String> = (0..5)
        .map(|number| {
            fixture.write("a", number.to_string());
            fixture.take(NOW + number).id
        })
        .collect();
    let listed = |fixture: &Fixture| -> Vec<String> {
        let all = fixture.snapshots.list(Some(&fixture.workspace().path)).unwrap();
        all.into_iter().map(|snapshot| snapshot.id).collect()
    };
    assert_eq!(listed(&fixture), ids);
    let prune = |keep: Keep, now| fixture.snapshots.prune(&Plain, &keep, now).unwrap();
    assert_eq!(prune(Keep { number: 4, ..Keep::default() }, NOW + 5), ids[..1]);
    assert_eq!(prune(Keep { age_ms: 100, ..Keep::default() }, NOW + 102), ids[1..2]);
    fixture.restore(&ids[3], &Selection::default(), NOW + 103);
    assert_eq!(fs::read(fixture.path("a")).unwrap(), b"3");
    assert_eq!(prune(Keep { bytes: 0, ..Keep::default() }, NOW + 104), ids[2..]);
    assert_eq!(listed(&fixture).len(), 1);
    let gone = fixture.snapshots.restore(&Plain, &ids[0], &Selection::default(), NOW);
    assert!(matches!(gone, Err(SnapshotError::Unknown(_))));
    fixture.take(NOW + 200);
}

#[test]
fn nothing_is_restored_through_a_link_in_place_of_the_workspace() {
    let fixture = Fixture::new();
    let elsewhere = fixture.path("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fixture.write("w/file", "x");
    let workspace = Workspace::open(&fixture.path("w")).unwrap();
    let snapshot = fixture.snapshots.take(&Plain, &workspace, "test", NOW).unwrap();
    fs::remove_dir_all(&workspace.path).unwrap();
    symlink(&elsewhere, &workspace.path).unwrap();
    let result = fixture.snapshots.restore(&Plain, &snapshot.id, &Selection::default(), NOW);
    assert!(matches!(result, Err(SnapshotError::Moved(_))));
    assert_eq!(fs::read_dir(elsewhere).unwrap().count(), 0);
}

#[test]
fn two_of_the_same_moment_have_two_names() {
    let fixture = Fixture::new();
    let (first, second) = (fixture.take(NOW), fixture.take(NOW));
    assert!(first.id < second.id);
}

/// `cargo test --release -p bridge-guard --test snapshot -- --ignored --nocapture`
#[test]
#[ignore = "measures"]
fn a_large_workspace() {
    let fixture = Fixture::new();
    for number in 0..20_000 {
        fixture.write(format!("d{}/file{number}", number % 200), format!("{number}\n").repeat(200));
    }
    let mut start = std::time::Instant::now();
    for label in ["first", "unchanged", "one changed"] {
        if label == "one changed" {
            fixture.write("d0/file0", "changed");
        }
        fixture.take(NOW);
        println!("20,000 files, {label}: {:?}", start.elapsed());
        start = std::time::Instant::now();
    }
}
