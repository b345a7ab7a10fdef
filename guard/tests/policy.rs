//! The policy judged line by line: `tests/data/*.txt`.
//!
//! A line `= MODE EXPECTED` begins a section, where EXPECTED is `allowed` or the name of a rule; the others are commands,
//! one a line. `⏎` stands for a line break and `<U+202E>` for that character. A line beginning with `##` is a remark.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;

use bridge_guard::policy::RULES;
use bridge_guard::{Command, Mode, Policy};

struct Case {
    place: String,
    mode: Mode,
    expected: String,
    line: String,
}

/// A workspace with files, links out of it, and every program of the policy.
struct Bench {
    _parent: tempfile::TempDir,
    workspace: PathBuf,
    policy: Policy,
}

fn bench() -> Bench {
    let parent = tempfile::tempdir().unwrap();
    let root = parent.path().canonicalize().unwrap();
    let workspace = root.join("w");
    for directory in ["w/src/deep", "w/.git/hooks", "w/.claude", "w/docs", "outside", "tools/bin"] {
        fs::create_dir_all(root.join(directory)).unwrap();
    }
    for file in [
        "a.txt",
        "b.txt",
        "größe.txt",
        "日本語.md",
        "main.py",
        "app.js",
        "Makefile",
        "Cargo.toml",
        "src/main.rs",
        "src/lib.rs",
        "-rf",
        "archive.tar.gz",
        "a.zip",
        ".env",
        "docs/x.md",
        "requirements.txt",
        "data.json",
        "with space.txt",
    ] {
        fs::write(workspace.join(file), "").unwrap();
    }
    fs::write(root.join("outside/secret"), "").unwrap();
    symlink("../outside", workspace.join("out")).unwrap();
    symlink("/etc/passwd", workspace.join("passwd")).unwrap();
    let policy = Policy::builtin().unwrap();
    for name in policy.programs(Mode::Restricted) {
        let path = root.join("tools/bin").join(name);
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let policy = policy.with_toolchains(vec![root.join("tools")]);
    Bench { _parent: parent, workspace, policy }
}

fn decode(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some((before, behind)) = rest.split_once("<U+") {
        let (code, behind) = behind.split_once('>').unwrap();
        text.push_str(before);
        text.push(char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap());
        rest = behind;
    }
    text.push_str(rest);
    text.replace('⏎', "\n")
}

fn cases(file: &str) -> Vec<Case> {
    let path = format!("{}/tests/data/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(path).unwrap();
    let mut section = None;
    let mut cases = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if let Some(head) = line.strip_prefix("= ") {
            let (mode, expected) = head.split_once(' ').unwrap();
            assert!(expected == "allowed" || RULES.contains(&expected), "{file}:{}: {expected}", number + 1);
            section = Some((mode.parse::<Mode>().unwrap(), expected.to_owned()));
        } else if !line.is_empty() && !line.starts_with("##") {
            let (mode, expected) = section.clone().unwrap();
            cases.push(Case { place: format!("{file}:{}", number + 1), mode, expected, line: decode(line) });
        }
    }
    cases
}

fn check(cases: &[Case]) {
    let bench = bench();
    let mut wrong = Vec::new();
    for case in cases {
        let judged = bench.policy.judge(case.mode, &Command::Line(case.line.clone()), &bench.workspace);
        let (found, reason) = match judged {
            Ok(_) => ("allowed", String::new()),
            Err(refusal) => (refusal.rule, refusal.reason),
        };
        if found != case.expected {
            wrong.push(format!(
                "{}: {:?} is {found}, expected {}: {reason}",
                case.place, case.line, case.expected
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn attacks_are_refused() {
    let cases = cases("attacks.txt");
    assert!(cases.len() >= 400, "{}", cases.len());
    assert!(cases.iter().all(|case| case.expected != "allowed"));
    check(&cases);
}

#[test]
fn everyday_commands_are_allowed() {
    let cases = cases("everyday.txt");
    assert!(cases.len() >= 250, "{}", cases.len());
    assert!(cases.iter().all(|case| case.expected == "allowed"));
    check(&cases);
}

#[test]
fn every_program_has_an_everyday_command() {
    let used: BTreeSet<String> = cases("everyday.txt")
        .into_iter()
        .filter(|case| case.mode < Mode::Yolo)
        .filter_map(|case| case.line.split(' ').next().map(str::to_owned))
        .collect();
    let policy = Policy::builtin().unwrap();
    let missing: Vec<&str> = policy.programs(Mode::Restricted).filter(|name| !used.contains(*name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_rule_refuses_something() {
    let used: BTreeSet<String> = cases("attacks.txt").into_iter().map(|case| case.expected).collect();
    // These two need files that are made in the tests of `program.rs`.
    let elsewhere = ["program_file", "not_installed"];
    let missing: Vec<&&str> =
        RULES.iter().filter(|rule| !used.contains(**rule) && !elsewhere.contains(rule)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn later_modes_allow_what_earlier_ones_do() {
    let bench = bench();
    for case in cases("everyday.txt").iter().filter(|case| case.mode == Mode::Safe) {
        bench.policy.judge(Mode::Restricted, &Command::Line(case.line.clone()), &bench.workspace).unwrap();
    }
}

#[test]
fn what_runs_is_what_was_judged() {
    let bench = bench();
    let argv = |mode, command| bench.policy.judge(mode, &command, &bench.workspace).unwrap().argv;
    let line = |text: &str| Command::Line(text.to_owned());
    assert_eq!(
        argv(Mode::Safe, line("ls *.txt")),
        ["ls", "a.txt", "b.txt", "größe.txt", "requirements.txt", "with space.txt"]
    );
    assert_eq!(argv(Mode::Restricted, line("rm -f *f")), ["rm", "-f", "./-rf"]);
    assert_eq!(argv(Mode::Safe, line("find . -name *.txt")), ["find", ".", "-name", "*.txt"]);
    assert_eq!(argv(Mode::Safe, line("head -5 '*.txt'")), ["head", "-5", "*.txt"]);
    assert_eq!(argv(Mode::Restricted, line("tar xzf archive.tar.gz")), ["tar", "-xzf", "archive.tar.gz"]);
    let words = ["ls", "*.txt"].map(String::from).to_vec();
    assert_eq!(argv(Mode::Safe, Command::Argv(words)), ["ls", "*.txt"]);
    let git =
        bench.policy.judge(Mode::Restricted, &line("git diff HEAD~1 -- src"), &bench.workspace).unwrap();
    assert_eq!(git.argv.last().unwrap(), "src");
    assert!(git.argv.windows(2).any(|pair| pair == ["-c", "core.hooksPath=/dev/null"]));
    let diff = git.argv.iter().position(|word| word == "diff").unwrap();
    assert_eq!(git.argv[diff + 1..diff + 3], ["--no-ext-diff", "--no-textconv"]);
    assert_eq!(git.environment["GIT_CONFIG_GLOBAL"], "/dev/null");
    let shell = argv(Mode::Yolo, line("echo a | sort"));
    assert_eq!(shell.last().unwrap(), "echo a | sort");
}

#[test]
fn words_as_such_are_judged_alike() {
    let bench = bench();
    let judge = |mode, words: &[&str]| {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        bench.policy.judge(mode, &Command::Argv(words), &bench.workspace).map_err(|refusal| refusal.rule)
    };
    for (mode, words, rule) in [
        (Mode::Safe, vec!["ls", "-\u{430}"], "look_alike"),
        (Mode::Safe, vec!["ls", "a\0b"], "characters"),
        (Mode::Safe, vec!["cat", "../x"], "path"),
        (Mode::Safe, vec!["find", ".", "-exec", "id", ";"], "forbidden_option"),
        (Mode::Safe, vec![], "empty"),
        (Mode::Safe, vec![""], "unknown_program"),
        (Mode::Yolo, vec![], "empty"),
        (Mode::Yolo, vec!["sudo", "id"], "privilege"),
        (Mode::Yolo, vec!["/usr/bin/sudo", "id"], "privilege"),
        (Mode::Yolo, vec!["rm", "-rf", "/"], "destruction"),
        (Mode::Yolo, vec!["sh", "-c", "rm -rf /"], "destruction"),
        (Mode::Yolo, vec!["env", "A=b", "sudo", "id"], "privilege"),
        (Mode::Yolo, vec!["sh", "-c", "echo \u{202e}"], "characters"),
    ] {
        assert_eq!(judge(mode, &words).unwrap_err(), rule, "{words:?}");
    }
    let many: Vec<&str> = std::iter::once("echo").chain(std::iter::repeat_n("a", 5000)).collect();
    assert_eq!(judge(Mode::Safe, &many).unwrap_err(), "size");
    assert_eq!(judge(Mode::Yolo, &["sh", "-c", "echo $1", "_", "$(id)"]).unwrap().argv.len(), 5);
}

/// Strings in strings of code are read again and again, but not without end.
#[test]
fn no_command_takes_long_to_judge() {
    let bench = bench();
    let mut code = "a".repeat(200);
    for level in 0..200 {
        let quote = ["'", "\"", "`"][level % 3];
        code = format!("awk {quote}system({code}){quote} (python3 -c {quote}exec{quote})");
    }
    let nested = |text: &str| format!("echo {}", text.repeat(20_000));
    for text in [
        code,
        "awk 'system(".repeat(4000),
        "$(".repeat(30_000),
        "{a,".repeat(20_000),
        "((".repeat(30_000),
        nested("${x:-"),
        nested("$(("),
        nested("\"${x:-\""),
    ] {
        let words = ["sh", "-c", &text].map(String::from).to_vec();
        let started = std::time::Instant::now();
        let judged = bench.policy.judge(Mode::Yolo, &Command::Argv(words), &bench.workspace);
        assert!(judged.is_err(), "{}", &text[..20]);
        assert!(started.elapsed().as_secs() < 20, "{}", &text[..20]);
    }
}

/// With `UPDATE_REFERENCE` set it writes the reference instead of comparing it.
#[test]
fn the_reference_is_up_to_date() {
    let path = format!("{}/../docs/commands.md", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(&path).unwrap();
    let policy = Policy::builtin().unwrap();
    let mark = "<!-- what follows is written by `UPDATE_REFERENCE=1 cargo test -p bridge-guard` -->\n\n";
    let (before, behind) = text.split_once(mark).unwrap();
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        fs::write(&path, format!("{before}{mark}{}", policy.reference())).unwrap();
        return;
    }
    assert!(behind == policy.reference(), "docs/commands.md is old: run this test with UPDATE_REFERENCE=1");
    let named: BTreeSet<&str> = text.split('`').collect();
    let programs = policy.programs(Mode::Restricted);
    let missing: Vec<&str> = programs.chain(RULES).filter(|name| !named.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
