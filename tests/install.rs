//! Proves `bridgectl install` and `uninstall` on a home with the configuration directories of every client: what was
//! there is there again afterwards, byte for byte.
#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy knows only `#[test]` functions as tests

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Output;

use common::env::{BRIDGECTL, SHIM};
use common::{Daemon, Env, Value, json};

/// What people have in their files, each in a layout of its own.
const FILES: [(&str, &str); 6] = [
    (".claude.json", "{\n  \"numStartups\": 3,\n  \"mcpServers\": {}\n}"),
    (
        ".codex/config.toml",
        "model = \"o\" # mine\r\n\r\n[mcp_servers.a]\r\ncommand = \"b\"\r\n\r\n[tui]\r\nx = 1\r\n",
    ),
    (".gemini/settings.json", "\u{feff}{\n\t// dark\n\t\"ui\": {\"theme\": \"dark\",},\n}\n"),
    (
        "c/opencode/opencode.json",
        "{\"model\":\"m\",\"mcp\":{\"x\":{\"type\":\"local\",\"command\":[\"y\"]}}}",
    ),
    (".qwen/settings.json", ""),
    (".copilot/mcp-config.json", "{ }\n"),
];
const DIRECTORIES: [&str; 4] = [".claude", ".cline", ".cursor", "c/Code"];
const CLIENTS: [&str; 9] =
    ["claude", "codex", "gemini", "opencode", "qwen", "cline", "copilot", "cursor", "vscode"];

/// A home without any program on PATH, with those files.
fn home() -> Env {
    let mut env = Env::new();
    fs::create_dir(env.root().join("bin")).unwrap();
    env.set("PATH", env.root().join("bin").to_str().unwrap());
    for directory in DIRECTORIES {
        fs::create_dir_all(env.root().join(directory)).unwrap();
    }
    for (file, text) in FILES {
        write(&env.root().join(file), text);
    }
    env
}

fn write(file: &Path, text: &str) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

/// Everything below a directory: kind, mode and contents.
fn contents(root: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut all = BTreeMap::new();
    let mut pending = vec![root.to_owned()];
    while let Some(directory) = pending.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            if metadata.is_dir() {
                pending.push(path.clone());
            }
            let bytes = if metadata.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
            all.insert(path, (metadata.mode(), bytes));
        }
    }
    all
}

fn bridgectl(env: &Env, arguments: &[&str]) -> Output {
    env.command(BRIDGECTL).args(arguments).output().unwrap()
}

/// Runs with `--json`; answers the exit code and what became of each client.
fn outcome(env: &Env, arguments: &[&str]) -> (i32, BTreeMap<String, Value>) {
    let output = bridgectl(env, &[arguments, &["--json"]].concat());
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    let value: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {words}"));
    let clients = value["clients"].as_array().unwrap().iter();
    let clients = clients.map(|client| (client["client"].as_str().unwrap().to_owned(), client.clone()));
    (output.status.code().unwrap(), clients.collect())
}

fn actions(clients: &BTreeMap<String, Value>) -> BTreeMap<&str, &str> {
    clients.iter().map(|(client, report)| (client.as_str(), report["action"].as_str().unwrap())).collect()
}

fn all(action: &str) -> BTreeMap<&str, &str> {
    CLIENTS.iter().map(|client| (*client, action)).collect()
}

#[test]
fn what_install_did_uninstall_undoes_to_the_byte() {
    let env = home();
    let before = contents(env.root());

    let (code, clients) = outcome(&env, &["install", "--all", "--dry-run"]);
    assert_eq!((code, actions(&clients)), (0, all("would_add")));
    assert!(clients["codex"]["diff"].as_str().unwrap().contains("+[mcp_servers.bridge]"), "{clients:?}");
    assert_eq!(contents(env.root()), before, "a dry run writes nothing");

    let (code, clients) = outcome(&env, &["install", "--all"]);
    assert_eq!((code, actions(&clients)), (0, all("added")));
    for (_, text) in FILES {
        let kept = fs::read_dir(env.paths().state.join("install/backups")).unwrap();
        assert!(
            kept.map(|backup| fs::read(backup.unwrap().path()).unwrap()).any(|kept| kept == text.as_bytes())
        );
    }
    let claude: Value = serde_json::from_slice(&fs::read(env.root().join(".claude.json")).unwrap()).unwrap();
    let runtime = env.root().join("r");
    assert_eq!(
        claude["mcpServers"]["bridge"],
        json!({"type": "stdio", "command": SHIM, "args": [], "timeout": 600_000, "env": {
            "XDG_RUNTIME_DIR": runtime, "XDG_STATE_HOME": env.root().join("s"), "XDG_CONFIG_HOME": env.root().join("c"),
        }})
    );

    let installed = contents(env.root());
    let (code, clients) = outcome(&env, &["install", "--all"]);
    assert_eq!((code, actions(&clients)), (0, all("unchanged")));
    assert_eq!(contents(env.root()), installed, "the second time nothing is touched");

    let (code, clients) = outcome(&env, &["uninstall", "--dry-run"]);
    assert_eq!((code, actions(&clients)), (0, all("would_remove")));
    let (code, clients) = outcome(&env, &["uninstall"]);
    assert_eq!((code, actions(&clients)), (0, all("removed")));
    assert_eq!(contents(env.root()), before);
    assert_eq!(outcome(&env, &["uninstall"]), (0, BTreeMap::new()));
}

#[test]
fn a_project_gets_entries_of_its_own() {
    let env = home();
    let project = env.root().join("project");
    fs::create_dir(&project).unwrap();
    write(&project.join(".vscode/mcp.json"), "{\n  // of the team\n  \"servers\": {}\n}\n");
    let before = contents(env.root());
    let in_project = |arguments: &[&str]| {
        let output =
            env.command(BRIDGECTL).args(arguments).arg("--json").current_dir(&project).output().unwrap();
        serde_json::from_slice::<Value>(&output.stdout).unwrap()["clients"].as_array().unwrap().len()
    };
    assert_eq!(in_project(&["install", "--all", "--project"]), CLIENTS.len() - 1, "Cline has no projects");
    for file in [".mcp.json", ".codex/config.toml", ".github/mcp.json", ".cursor/mcp.json", "opencode.json"] {
        assert!(fs::read_to_string(project.join(file)).unwrap().contains("bridge-shim"), "{file}");
    }
    assert_eq!(in_project(&["uninstall", "--project"]), CLIENTS.len() - 1);
    assert_eq!(contents(env.root()), before);
}

#[test]
fn what_others_changed_since_stays() {
    let env = home();
    let file = env.root().join(".claude.json");
    outcome(&env, &["install", "--client", "claude", "--client", "cursor"]);
    let text = fs::read_to_string(&file).unwrap().replace("3", "4");
    fs::write(&file, &text).unwrap();
    let (_, clients) = outcome(&env, &["install", "--client", "claude", "--agent", "rev"]);
    assert_eq!(actions(&clients), BTreeMap::from([("claude", "updated")]));
    let (_, clients) = outcome(&env, &["install", "--client", "claude"]);
    assert_eq!(actions(&clients), BTreeMap::from([("claude", "unchanged")]), "the agent keeps its name");
    let (_, clients) = outcome(&env, &["uninstall"]);
    assert_eq!(actions(&clients), BTreeMap::from([("claude", "removed"), ("cursor", "removed")]));
    assert_eq!(fs::read_to_string(&file).unwrap(), "{\n  \"numStartups\": 4,\n  \"mcpServers\": {}\n}");
    assert!(!env.root().join(".cursor/mcp.json").exists());
}

#[test]
fn one_broken_file_stops_no_other_client() {
    let env = home();
    write(&env.root().join(".codex/config.toml"), "model = \"x\"\nbroken =\n");
    write(&env.root().join(".cursor/mcp.json"), r#"{"mcpServers": {"bridge": {"command": "/bin/theirs"}}}"#);
    let (code, clients) = outcome(&env, &["install", "--all"]);
    assert_eq!(code, 1);
    let mut expected = all("added");
    expected.extend([("codex", "failed"), ("cursor", "failed")]);
    assert_eq!(actions(&clients), expected);
    let error = clients["codex"]["error"].as_str().unwrap();
    assert!(error.contains("config.toml: line 2, column 9"), "{error}");
    let error = clients["cursor"]["error"].as_str().unwrap();
    assert!(error.contains("/bin/theirs") && error.contains("--force"), "{error}");
    assert_eq!(
        fs::read_to_string(env.root().join(".codex/config.toml")).unwrap(),
        "model = \"x\"\nbroken =\n"
    );

    let (code, clients) = outcome(&env, &["install", "--client", "cursor", "--force"]);
    assert_eq!((code, actions(&clients)), (0, BTreeMap::from([("cursor", "updated")])));
    outcome(&env, &["uninstall"]);
    assert!(fs::read_to_string(env.root().join(".cursor/mcp.json")).unwrap().contains("/bin/theirs"));
}

#[test]
fn links_and_modes_are_kept() {
    let env = home();
    let (file, real) = (env.root().join(".gemini/settings.json"), env.root().join("dotfiles"));
    fs::rename(&file, &real).unwrap();
    symlink(&real, &file).unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    let before = contents(env.root());
    outcome(&env, &["install", "--client", "gemini"]);
    assert!(fs::symlink_metadata(&file).unwrap().is_symlink());
    assert!(fs::read_to_string(&real).unwrap().contains("bridge-shim"));
    assert_eq!(fs::metadata(&real).unwrap().mode() & 0o777, 0o640);
    outcome(&env, &["uninstall"]);
    assert_eq!(contents(env.root()), before);
}

#[test]
fn without_clients_or_arguments_it_says_what_to_do() {
    let mut env = Env::new();
    env.set("PATH", "/nonexistent");
    let told = |arguments: &[&str]| {
        let output = bridgectl(&env, arguments);
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, words) = told(&["install"]);
    assert!(code == 2 && words.contains("--all"), "{words}");
    let (code, words) = told(&["install", "--all"]);
    assert!(
        code == 1 && words.contains("no MCP client was found") && words.contains("Claude Code"),
        "{words}"
    );
    let (code, words) = told(&["install", "--client", "emacs"]);
    assert!(code == 2 && words.contains("opencode"), "{words}");
    let (code, words) = told(&["uninstall"]);
    assert!(code == 0 && words.contains("no client's configuration"), "{words}");
    assert_eq!(fs::read_dir(env.root()).unwrap().count(), 1, "only the directory for temporary files");
}

#[test]
fn places_that_no_shim_could_find_are_refused() {
    let mut env = home();
    env.set("BRIDGED_SOCKET", "here.sock");
    let output = bridgectl(&env, &["install", "--all", "--dry-run"]);
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.code() == Some(1) && words.contains("BRIDGED_SOCKET must be an absolute path"),
        "{words}"
    );
}

/// A `systemctl` that notes how it is called; `fails` names the call that fails.
fn fake_systemctl(env: &Env, fails: &str) {
    let log = env.root().join("systemctl.log");
    let script = format!(
        "#!/bin/sh\necho \"$*\" >> '{}'\ncase \"$*\" in *{fails}*) echo 'no bus' >&2; exit 1;; esac\n",
        log.display()
    );
    let file = env.root().join("bin/systemctl");
    fs::write(&file, script).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
}

fn service(env: &Env, arguments: &[&str]) -> Value {
    let output = bridgectl(env, &[arguments, &["--json"]].concat());
    serde_json::from_slice::<Value>(&output.stdout).unwrap()["service"].clone()
}

#[test]
fn the_service_is_set_up_and_taken_away() {
    let env = home();
    fake_systemctl(&env, "is-active");
    let units = env.paths().config.parent().unwrap().parent().unwrap().join("systemd/user");
    assert_eq!(service(&env, &["install", "--service", "--dry-run"])["action"], "would_add");
    assert!(!units.exists());
    assert_eq!(service(&env, &["install", "--service"])["action"], "added");
    let unit = fs::read_to_string(units.join("bridged.service")).unwrap();
    let bridged = Path::new(BRIDGECTL).with_file_name("bridged");
    assert!(unit.contains(&format!("\nExecStart={}\n", bridged.display())), "{unit}");
    assert!(
        unit.contains(&format!("\nEnvironment=XDG_STATE_HOME={}\n", env.root().join("s").display())),
        "{unit}"
    );
    let log = || fs::read_to_string(env.root().join("systemctl.log")).unwrap();
    assert!(log().ends_with("--user daemon-reload\n--user enable --now bridged.socket\n"), "{}", log());
    assert_eq!(service(&env, &["install", "--service"])["action"], "unchanged");
    assert_eq!(service(&env, &["uninstall"])["action"], "removed");
    assert!(
        log().ends_with("disable --now bridged.socket bridged.service\n--user daemon-reload\n"),
        "{}",
        log()
    );
    assert!(!units.exists() && !env.paths().state.exists());
}

#[test]
fn where_there_is_a_service_manager_it_runs_the_daemon() {
    let env = home();
    assert_eq!(service(&env, &["install", "--all"]), Value::Null, "there is none yet");
    fake_systemctl(&env, "is-active");
    assert_eq!(service(&env, &["install", "--all", "--no-service"]), Value::Null);
    assert_eq!(service(&env, &["install", "--all", "--project"]), Value::Null);
    assert_eq!(service(&env, &["install", "--all"])["action"], "added");
    assert_eq!(service(&env, &["install", "--all"])["action"], "unchanged");
    assert_eq!(service(&env, &["uninstall"])["action"], "removed");
    let shown = on_terminal(&env, &["install"], "\n");
    assert!(shown.contains("and have the service manager run the daemon? [y/N]"), "{shown}");
    // Agents work already, with a daemon that one of them started: that is as good.
    let _daemon = Daemon::start(&env);
    assert_eq!(service(&env, &["install", "--all"]), Value::Null);
}

#[test]
fn a_service_that_cannot_start_leaves_nothing() {
    let env = home();
    fake_systemctl(&env, "enable");
    let before = contents(env.root()).len();
    let report = service(&env, &["install", "--service"]);
    assert_eq!(report["action"], "failed");
    assert!(report["error"].as_str().unwrap().contains("no bus"), "{report}");
    assert_eq!(contents(env.root()).len(), before + 1, "only the log of the fake systemctl");
    fs::remove_file(env.root().join("bin/systemctl")).unwrap();
    let report = service(&env, &["install", "--service"]);
    assert!(report["error"].as_str().unwrap().contains("the first agent starts the daemon"), "{report}");
}

#[test]
fn a_service_waits_for_a_daemon_that_runs_already() {
    let env = home();
    fake_systemctl(&env, "is-active");
    let daemon = Daemon::start(&env);
    let report = service(&env, &["install", "--service"]);
    assert!(report["error"].as_str().unwrap().contains(&format!("kill {}", daemon.pid())), "{report}");
}

/// Runs on a terminal of its own, with that answer typed ahead; answers what was shown.
fn on_terminal(env: &Env, arguments: &[&str], answer: &str) -> String {
    let terminal = nix::pty::openpty(None, None).unwrap();
    let mut keyboard = fs::File::from(terminal.master);
    keyboard.write_all(answer.as_bytes()).unwrap();
    let mut command = env.command(BRIDGECTL);
    let slave = terminal.slave;
    command.args(arguments).stdin(slave.try_clone().unwrap()).stdout(slave.try_clone().unwrap());
    let mut child = command.stderr(slave).spawn().unwrap();
    // Only the child holds the terminal now: reading ends when it does (with an error, on Linux).
    drop(command);
    let mut shown = Vec::new();
    keyboard.read_to_end(&mut shown).ok();
    assert!(child.wait().unwrap().success());
    String::from_utf8_lossy(&shown).into_owned()
}

#[test]
fn on_a_terminal_it_asks_first() {
    let env = home();
    let before = contents(env.root());
    let shown = on_terminal(&env, &["install"], "\n");
    assert!(shown.contains("Write these changes? [y/N]") && shown.contains("would be added"), "{shown}");
    assert_eq!(contents(env.root()), before);
    let shown = on_terminal(&env, &["install"], "y\n");
    assert!(
        shown.contains("Claude Code asks before each new tool") && shown.contains("by itself"),
        "{shown}"
    );
    assert!(fs::read_to_string(env.root().join(".claude.json")).unwrap().contains("bridge-shim"));
    let shown = on_terminal(&env, &["install"], "");
    assert!(!shown.contains("[y/N]") && shown.contains("unchanged"), "there is nothing to ask: {shown}");
}
