//! The project that commands are run in: a template, copied for every command that writes.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::place::Place;

const FILES: &[(&str, &str)] = &[
    ("README.md", "# Demo\n\nA small project for trying commands out.\n\nTODO: write more\n"),
    (
        "src/app.py",
        "\"\"\"Greets.\"\"\"\n\n\ndef greet(name):\n    # TODO: other languages\n    return f\"Hello, {name}!\"\n\n\nif __name__ == \"__main__\":\n    import sys\n    print(greet(sys.argv[1] if len(sys.argv) > 1 else \"world\"))\n",
    ),
    ("src/util.py", "def add(a, b):\n    return a + b\n"),
    (
        "tests/test_util.py",
        "import sys\nimport unittest\n\nsys.path.insert(0, \"src\")\nfrom util import add\n\n\nclass Add(unittest.TestCase):\n    def test_add(self):\n        self.assertEqual(add(2, 3), 5)\n\n\ndef test_add():\n    assert add(1, 1) == 2\n",
    ),
    ("script.py", "import sys\nprint(\"args:\", sys.argv[1:])\n"),
    ("script.js", "console.log('node says', process.argv.slice(2).join(','));\n"),
    ("run.sh", "#!/bin/sh\necho \"run.sh $*\"\n"),
    (
        "package.json",
        "{\n  \"name\": \"demo\",\n  \"version\": \"1.2.3\",\n  \"scripts\": {\n    \"test\": \"node script.js tested\",\n    \"hello\": \"echo hello from npm\"\n  }\n}\n",
    ),
    (
        "Makefile",
        "all: out.txt\n\nout.txt: a.txt b.txt\n\tcat a.txt b.txt > out.txt\n\nhello:\n\t@echo hello from make\n\nclean:\n\trm -f out.txt hello-c\n\nhello-c: hello.c\n\tcc -o hello-c hello.c\n\n.PHONY: all hello clean\n",
    ),
    ("hello.c", "#include <stdio.h>\nint main(void) { puts(\"hello from c\"); return 0; }\n"),
    ("a.txt", "alpha\nbeta\ngamma\n"),
    ("b.txt", "alpha\nbeta\ndelta\n"),
    ("numbers.txt", "3\n1\n2\n10\n2\n"),
    ("data.csv", "name,age\nann,31\nbob,25\n"),
    ("data.json", "{\"name\": \"demo\", \"items\": [1, 2, 3]}\n"),
    ("with space.txt", "a file with a space in its name\n"),
    ("grüße-世界.txt", "unicode names work\n"),
    ("docs/guide.md", "# Guide\n\nRead it.\n"),
    ("docs/deep/er/note.txt", "deep note\n"),
    ("-rf", "a file called -rf\n"),
    ("--help", "a file called --help\n"),
    (
        "crate/Cargo.toml",
        "[package]\nname = \"tiny\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[workspace]\n",
    ),
    (
        "crate/src/main.rs",
        "fn main() {\n    println!(\"hello from rust\");\n}\n\n#[test]\nfn adds() {\n    assert_eq!(1 + 1, 2);\n}\n",
    ),
    (".gitignore", "out.txt\nbuild/\ntarget/\n*.sock\n"),
    // What agents and people's programs read; no command may change it.
    (".mcp.json", "{\"mcpServers\": {}}\n"),
    (".claude/settings.json", "{\"hooks\": {}}\n"),
    (".vscode/tasks.json", "{\"version\": \"2.0.0\", \"tasks\": []}\n"),
    (".envrc", "# nothing\n"),
];

/// Files that git does not know: secrets of the project itself, and what a terminal would obey.
const UNTRACKED: &[(&str, &str)] = &[
    (
        "secrets.env",
        "AWS_ACCESS_KEY_ID=AKIAQ3EGRZ7XJ2MPL5WT\nGITHUB_TOKEN=ghp_x7Kq2mZ9vL4nR8tB1cW5yH3jD6sF0gA2pEeU\nDB_PASSWORD=w8rF!zq2Lm-44\n",
    ),
    (
        "key.pem",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7bq2Vf3mZqkXr1sW8yT0nJcLh5dPgUeRoBvKxMiNaYtHlQ9z\nC4sGfE6jD2wA8uVbX3nZpOqR5tYkLmJhGfDsAqWeRtYuIoPzXcVbNmQwErTyUiOp\n-----END RSA PRIVATE KEY-----\n",
    ),
    (
        "escapes.txt",
        "\u{1b}]0;owned\u{7}\u{1b}[2J\u{1b}[31mred\u{1b}[0m\u{9b}31m \u{202e}gpj.exe\u{200b} \u{1b}]52;c;ZWNobyBvd25lZA==\u{7} end\r\n",
    ),
    (".git/hooks/pre-commit", "#!/bin/sh\ntouch hook-ran\nexit 1\n"),
];

/// Makes the template.
pub(crate) fn template(root: &Path, place: Place) {
    fs::create_dir(root).unwrap();
    for (name, content) in FILES {
        write(&root.join(name), content);
    }
    executable(&root.join("run.sh"));
    git(root, &["init", "-q", "-b", "main"]);
    for (key, value) in [("user.name", "Dev"), ("user.email", "dev@example.org")] {
        git(root, &["config", key, value]);
    }
    let hooks = root.join(".git/hooks");
    fs::remove_dir_all(&hooks).ok();
    fs::create_dir(&hooks).unwrap();
    git(root, &["add", "-A"]);
    git(root, &["commit", "-q", "-m", "first commit"]);
    git(root, &["branch", "feature"]);
    git(root, &["checkout", "-q", "feature"]);
    write(&root.join("feature.txt"), "a feature\n");
    git(root, &["add", "-A"]);
    git(root, &["commit", "-q", "-m", "a feature"]);
    git(root, &["checkout", "-q", "main"]);
    git(root, &["tag", "v1.0"]);
    write(
        &root.join("src/util.py"),
        "def add(a, b):\n    return a + b\n\n\ndef sub(a, b):\n    return a - b\n",
    );
    git(root, &["commit", "-q", "-am", "add sub"]);
    for (name, content) in UNTRACKED {
        write(&root.join(name), content);
    }
    executable(&root.join(".git/hooks/pre-commit"));
    place.own(root);
}

/// Copies the template to where commands run, with what cannot be copied: links out, a pipe.
pub(crate) fn fresh(template: &Path, workspace: &Path, outside: &Path, place: Place) {
    if workspace.exists() && fs::remove_dir_all(workspace).is_err() {
        // Whatever the last command locked.
        Command::new("chmod").args(["-R", "u+rwX"]).arg(workspace).output().unwrap();
        fs::remove_dir_all(workspace).unwrap();
    }
    let copied = Command::new("cp").arg("-a").args([template, workspace]).status().unwrap();
    assert!(copied.success());
    for (name, target) in links(outside) {
        symlink(target, workspace.join(name)).unwrap();
        place.own_one(&workspace.join(name));
    }
    // The copies are newer than git knows; it would take every file for changed.
    let mut refresh = place.command(Path::new("git"));
    refresh.arg("-C").arg(workspace).args(["update-index", "-q", "--refresh"]);
    assert!(refresh.status().unwrap().success());
    nix::unistd::mkfifo(&workspace.join("pipe"), nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
    place.own_one(&workspace.join("pipe"));
}

/// Links that lead out of the workspace.
fn links(outside: &Path) -> [(&'static str, PathBuf); 6] {
    [
        ("link-file", outside.join("secret.txt")),
        ("link-dir", outside.to_owned()),
        ("link-up", "..".into()),
        ("link-root", "/".into()),
        ("link-passwd", "/etc/passwd".into()),
        ("link-chain", "link-dir/secret.txt".into()),
    ]
}

fn write(path: &Path, content: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn git(root: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.current_dir(root).args(arguments).env("GIT_CONFIG_GLOBAL", "/dev/null");
    command.env("GIT_CONFIG_NOSYSTEM", "1").env_remove("GIT_DIR");
    let output = command.output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}
