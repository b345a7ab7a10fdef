//! Commands only with a human: proposed by an agent, released by a person at a terminal, run once.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy knows only `#[test]` functions as tests

mod common;

use std::fs;
use std::path::PathBuf;

use common::database;
use common::env::BRIDGECTL;
use common::pair::with;
use common::{Daemon, Env, NO_LIMITS, Pair, Person, Shim, Value, json, until, until_some};

/// A home whose daemon lets agents propose commands, and a workspace in it.
struct Stage {
    env: Env,
    daemon: Option<Daemon>,
    workspace: PathBuf,
}

impl Stage {
    fn new() -> Self {
        let mut env = Env::with_config(NO_LIMITS);
        env.set("YOLO_MODE", "1");
        let workspace = env.root().join("w");
        fs::create_dir(&workspace).unwrap();
        fs::write(workspace.join("notes.txt"), "first line\n").unwrap();
        let daemon = Some(Daemon::start(&env));
        Self { env, daemon, workspace }
    }

    /// The daemon ends and another one starts; `between` happens while none runs.
    fn restart(&mut self, between: impl FnOnce(&Env)) {
        self.daemon.take().unwrap().terminate();
        between(&self.env);
        self.daemon = Some(Daemon::start(&self.env));
    }

    fn bridgectl(&self, arguments: &[&str]) -> std::process::Output {
        self.env.command(BRIDGECTL).args(arguments).output().unwrap()
    }

    /// An agent asks for a mode and a person enables it.
    #[track_caller]
    fn enable(&self, pair: &mut Pair, mode: &str) {
        let asked = json!({"mode": mode, "workspace": self.workspace.to_str().unwrap()});
        let asked = pair.a.call_stubbornly("enable_yolo_mode", &asked).ok();
        assert_eq!(asked["state"], "pending", "{asked}");
        let (code, screen) = Person::runs(&self.env, &["yolo", "enable", pair.id()]).confirms();
        assert_eq!(code, 0, "{screen}");
    }

    /// A person approves; returns the token.
    #[track_caller]
    fn approve(&self, command: &str) -> String {
        let (code, screen) = Person::runs(&self.env, &["yolo", "approve", command, "--json"]).confirms();
        assert_eq!(code, 0, "{screen}");
        let (_, token) = screen.split_once("\"approval_token\": \"").unwrap_or_else(|| panic!("{screen}"));
        token.split('"').next().unwrap().to_owned()
    }
}

fn propose(shim: &mut Shim, command: &str) -> String {
    let proposed = shim.call_stubbornly("execute_command", &json!({"command": command})).ok();
    assert_eq!(proposed["state"], "pending", "{proposed}");
    proposed["command_id"].as_str().unwrap().to_owned()
}

/// Whether any process has that argument.
fn runs_with(argument: &str) -> bool {
    let pids = fs::read_dir("/proc").unwrap().flatten();
    pids.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok())
        .any(|line| line.split(|byte| *byte == 0).any(|word| word == argument.as_bytes()))
}

fn redeem(command: &str, token: &str) -> Value {
    json!({"command": command, "approval_token": token})
}

#[test]
fn without_the_gate_the_tools_do_not_exist() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    let mut pair = Pair::beside(&env);
    let listed = pair.a.request("tools/list", json!({}))["result"]["tools"].to_string();
    assert!(!listed.contains("execute_command") && !listed.contains("enable_yolo_mode"));
    for tool in ["execute_command", "enable_yolo_mode"] {
        assert_eq!(pair.a.call(tool, json!({"command": "ls", "mode": "safe"})).rpc_error(), -32602);
    }
    let (code, screen) = Person::runs(&env, &["yolo", "enable", pair.id(), "--mode", "safe"]).leaves();
    assert_eq!(code, 1, "{screen}");
    assert!(screen.contains("YOLO_MODE=1"), "{screen}");
}

#[test]
fn proposed_approved_run_and_seen_by_both() {
    let stage = Stage::new();
    let mut pair = Pair::beside(&stage.env);
    let refused = pair.a.call("execute_command", json!({"command": "ls"}));
    assert_eq!(refused.code(), "commands_not_enabled");
    stage.enable(&mut pair, "safe");

    let dry = pair.a.call("execute_command", json!({"command": "cat notes.txt"})).ok();
    assert_eq!((&dry["state"], &dry["argv"]), (&json!("pending"), &json!(["cat", "notes.txt"])));
    assert_eq!(dry["workspace"], stage.workspace.to_str().unwrap());
    assert_eq!((&dry["network"], &dry["mode"]), (&json!(false), &json!("safe")));
    assert!(dry["result"].is_null() && !dry["environment"].as_array().unwrap().is_empty(), "{dry}");
    let id = dry["command_id"].as_str().unwrap();

    // The agent waits; its approval lands without a token passing through it.
    let waiting =
        pair.a.begin_call("execute_command", json!({"command": "cat notes.txt", "wait_seconds": 300}));
    let pending = stage.bridgectl(&["yolo", "pending"]);
    let pending = String::from_utf8(pending.stdout).unwrap();
    assert!(pending.contains(id) && pending.contains("cat notes.txt"), "{pending}");
    stage.approve(id);
    let ran = common::Outcome(pair.a.answer(waiting)).ok();
    assert_eq!((&ran["state"], &ran["command_id"]), (&json!("ended"), &json!(id)));
    assert_eq!((&ran["result"]["stdout"], &ran["result"]["exit_code"]), (&json!("first line\n"), &json!(0)));

    let told = pair.b.call("check_messages", json!({"wait_seconds": 30})).ok();
    let told = &told["messages"][0];
    assert_eq!(told["action_type"], "command_result");
    let text = told["message"].as_str().unwrap();
    assert!(text.contains("first line") && text.contains("cat notes.txt") && text.contains(id), "{text}");
    assert!(text.contains("begin untrusted stdout"), "{text}");
    assert_eq!(
        pair.a.call("check_messages", json!({})).ok()["messages"],
        json!([]),
        "the caller knows already"
    );

    let audit = stage.bridgectl(&["audit", "--json"]);
    let audit = String::from_utf8(audit.stdout).unwrap();
    for action in ["enable_yolo_mode", "yolo_enable", "execute_command", "yolo_approve", "command_ended"] {
        assert!(audit.contains(&format!("\"action\":\"{action}\"")), "{action} is not on record:\n{audit}");
    }
    assert!(stage.bridgectl(&["audit", "verify"]).status.success());
}

#[test]
fn an_agent_cannot_decide() {
    let stage = Stage::new();
    // Here the test is the client, and everything it starts runs below an agent.
    let mut pair = Pair::new(&stage.env);
    pair.a
        .call("enable_yolo_mode", json!({"mode": "yolo", "workspace": stage.workspace.to_str().unwrap()}))
        .ok();
    for arguments in [
        &["yolo", "enable", pair.id()][..],
        &["yolo", "approve", "cmd_00000000"],
        &["yolo", "deny", "cmd_00000000"],
        &["yolo", "disable", pair.id()],
        &["yolo", "try", "--mode", "safe", "--workspace", "/tmp", "--", "ls"],
    ] {
        let (code, screen) = Person::runs(&stage.env, arguments).leaves();
        assert_eq!(code, 4, "{arguments:?}: {screen}");
        assert!(screen.contains("below a connected agent"), "{screen}");
    }
    let modes: i64 = database::value(&stage.env, "SELECT count(*) FROM command_mode", []);
    assert_eq!(modes, 0);
    until("every attempt is on record", || {
        database::value::<i64>(&stage.env, "SELECT count(*) FROM audit WHERE outcome = 'not_human'", []) == 5
    });
}

#[test]
fn a_decision_needs_a_terminal_the_phrase_and_the_code() {
    let stage = Stage::new();
    let mut pair = Pair::beside(&stage.env);
    stage.enable(&mut pair, "safe");
    let id = propose(&mut pair.a, "ls");
    let without = stage.bridgectl(&["yolo", "approve", &id]);
    assert_eq!(without.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&without.stderr).contains("terminal"));

    let mut person = Person::runs(&stage.env, &["yolo", "approve", &id]);
    person.sees("Type I UNDERSTAND THE RISKS");
    person.types("i understand the risks");
    let code = person.sees("Retype the code ");
    person.types(&code);
    let (code, screen) = person.leaves();
    assert!(code == 1 && screen.contains("phrase"), "{screen}");

    // Five in a row lock everybody out.
    for _ in 0..4 {
        let mut person = Person::runs(&stage.env, &["yolo", "approve", &id]);
        person.sees("Type I UNDERSTAND THE RISKS");
        person.types("I UNDERSTAND THE RISKS");
        person.sees("Retype the code ");
        person.types("WRONG1");
        assert_eq!(person.leaves().0, 1);
    }
    let (code, screen) = Person::runs(&stage.env, &["yolo", "approve", &id]).leaves();
    assert!(code == 1 && screen.contains("15 minutes"), "{screen}");
    assert_eq!(
        database::value::<String>(&stage.env, "SELECT state FROM command WHERE id = ?1", [&id]),
        "pending"
    );
}

#[test]
fn one_approval_releases_one_run_of_32() {
    let stage = Stage::new();
    let mut pair = Pair::beside(&stage.env);
    stage.enable(&mut pair, "restricted");
    let id = propose(&mut pair.a, "mkdir once");
    let token = stage.approve(&id);
    let mine = pair.credentials("a");
    let arguments = with(mine, redeem("mkdir once", &token));
    let mut others: Vec<Shim> = (0..32).map(|_| Shim::below_client(&stage.env)).collect();
    let calls: Vec<u64> =
        others.iter_mut().map(|shim| shim.begin_call("execute_command", arguments.clone())).collect();
    let mut ran = 0;
    for (shim, call) in others.iter_mut().zip(calls) {
        let outcome = common::Outcome(shim.answer(call));
        if outcome.0["result"]["isError"] == true {
            assert_eq!(outcome.code(), "used_approval");
        } else {
            assert_eq!(outcome.ok()["result"]["exit_code"], 0);
            ran += 1;
        }
    }
    assert_eq!(ran, 1);
    assert!(stage.workspace.join("once").is_dir());
}

#[test]
fn an_approval_is_for_exactly_one_command() {
    let stage = Stage::new();
    let mut pair = Pair::beside(&stage.env);
    stage.enable(&mut pair, "restricted");
    let token = stage.approve(&propose(&mut pair.a, "touch a"));
    for other in ["touch b", "touch a a", "touch ./a"] {
        assert_eq!(pair.a.call("execute_command", redeem(other, &token)).code(), "wrong_approval", "{other}");
    }
    // Another session of the same conversation, and a token that was never given out.
    assert_eq!(pair.b.call("execute_command", redeem("touch a", &token)).code(), "wrong_approval");
    let made_up = format!("bya_{}", "0".repeat(32));
    assert_eq!(pair.a.call("execute_command", redeem("touch a", &made_up)).code(), "wrong_approval");
    // Another directory at the same path.
    fs::rename(&stage.workspace, stage.env.root().join("w2")).unwrap();
    fs::create_dir(&stage.workspace).unwrap();
    assert_eq!(pair.a.call("execute_command", redeem("touch a", &token)).code(), "wrong_approval");
    fs::remove_dir(&stage.workspace).unwrap();
    fs::rename(stage.env.root().join("w2"), &stage.workspace).unwrap();
    assert_eq!(pair.a.call("execute_command", redeem("touch a", &token)).ok()["state"], "ended");
    // Another mode: what was approved under the old one is void.
    let token = stage.approve(&propose(&mut pair.a, "touch c"));
    let enable =
        ["yolo", "enable", pair.id(), "--mode", "yolo", "--workspace", stage.workspace.to_str().unwrap()];
    let (code, screen) = Person::runs(&stage.env, &enable).confirms();
    assert_eq!(code, 0, "{screen}");
    assert_eq!(pair.a.call("execute_command", redeem("touch c", &token)).code(), "wrong_approval");
    assert!(!stage.workspace.join("b").exists() && !stage.workspace.join("c").exists());
}

#[test]
fn an_approval_survives_a_restart_and_stays_single_use() {
    let mut stage = Stage::new();
    let mut pair = Pair::beside(&stage.env);
    stage.enable(&mut pair, "restricted");
    let token = stage.approve(&propose(&mut pair.a, "touch a"));
    stage.restart(|_| {});
    let ran = pair.a.call_stubbornly("execute_command", &redeem("touch a", &token)).ok();
    assert_eq!(ran["result"]["exit_code"], 0, "{ran}");
    stage.restart(|_| {});
    let again = pair.a.call_stubbornly("execute_command", &redeem("touch a", &token));
    assert_eq!(again.code(), "used_approval");
}

#[test]
fn an_approval_ends_after_five_minutes() {
    let mut stage = Stage::new();
    let mut pair = Pair::beside(&stage.env);
    stage.enable(&mut pair, "restricted");
    let token = stage.approve(&propose(&mut pair.a, "touch a"));
    let lifetime: i64 = database::value(&stage.env, "SELECT good_until - decided_at FROM command", []);
    assert_eq!(lifetime, 300_000);
    stage.restart(|env| {
        let back = "UPDATE command SET good_until = good_until - 300001, decided_at = decided_at - 300001";
        assert_eq!(database::change(env, back, []), 1);
    });
    let late = pair.a.call_stubbornly("execute_command", &redeem("touch a", &token));
    assert_eq!(late.code(), "stale_approval");
    assert!(!stage.workspace.join("a").exists());
}

#[test]
fn a_plan_changed_in_the_database_is_not_approved() {
    let mut stage = Stage::new();
    let mut pair = Pair::beside(&stage.env);
    stage.enable(&mut pair, "restricted");
    let id = propose(&mut pair.a, "touch a");
    stage.restart(|env| {
        let edit = "UPDATE command SET plan = replace(plan, '\"touch\",\"a\"', '\"touch\",\"b\"')";
        assert_eq!(database::change(env, edit, []), 1);
    });
    let (code, screen) = Person::runs(&stage.env, &["yolo", "approve", &id]).leaves();
    assert!(code == 1 && screen.contains("cannot be trusted"), "{screen}");
}

#[test]
fn denied_is_denied() {
    let stage = Stage::new();
    let mut pair = Pair::beside(&stage.env);
    stage.enable(&mut pair, "safe");
    let id = propose(&mut pair.a, "ls");
    let waiting = pair.a.begin_call("execute_command", json!({"command": "ls", "wait_seconds": 300}));
    until("the call waits", || {
        let calls = "SELECT count(*) FROM audit WHERE action = 'execute_command' AND outcome = 'ok'";
        database::value::<i64>(&stage.env, calls, []) == 2
    });
    let denied = stage.bridgectl(&["yolo", "deny", &id]);
    assert!(denied.status.success(), "{}", String::from_utf8_lossy(&denied.stderr));
    let answer = common::Outcome(pair.a.answer(waiting)).ok();
    assert_eq!(answer["state"], "denied");
    let again = stage.bridgectl(&["yolo", "deny", &id]);
    assert_eq!(again.status.code(), Some(1));
}

#[test]
fn a_blocked_command_is_refused_with_the_reason_and_recorded() {
    let stage = Stage::new();
    let mut pair = Pair::beside(&stage.env);
    stage.enable(&mut pair, "safe");
    for command in ["ls ; touch x", "rm notes.txt", "cat $(id)", "sh -c ls"] {
        let refused = pair.a.call("execute_command", json!({"command": command})).refused();
        assert_eq!(refused["error"], "command_blocked", "{command}: {refused}");
        assert!(refused["rule"].is_string());
    }
    let secret = format!("grep ghp_{}{} notes.txt", "b7Jq2Lw9Xc4Vn8Rt5K", "p3Zs6Yd1Hf0MaQeTu");
    assert_eq!(pair.a.call("execute_command", json!({"command": secret})).code(), "secret_in_command");
    let on_record: i64 =
        database::value(&stage.env, "SELECT count(*) FROM audit WHERE outcome = 'command_blocked'", []);
    assert_eq!(on_record, 4);
}

#[test]
fn an_uncommitted_file_that_a_command_destroyed_comes_back() {
    let stage = Stage::new();
    let mut pair = Pair::beside(&stage.env);
    let precious = stage.workspace.join("precious.txt");
    fs::write(&precious, b"nobody has committed this\r\n\xff").unwrap();
    stage.enable(&mut pair, "restricted");
    let token = stage.approve(&propose(&mut pair.a, "rm precious.txt"));
    let ran = pair.a.call("execute_command", redeem("rm precious.txt", &token)).ok();
    assert_eq!(ran["result"]["exit_code"], 0, "{ran}");
    assert!(!precious.exists());
    let listed = stage.bridgectl(&["yolo", "snapshots", "--json"]);
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let snapshot = listed[0]["id"].as_str().unwrap();
    let diff = stage.bridgectl(&["yolo", "diff", snapshot]);
    assert!(String::from_utf8_lossy(&diff.stdout).contains("precious.txt"), "{diff:?}");
    let restored = stage.bridgectl(&["yolo", "restore", snapshot]);
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    assert_eq!(fs::read(&precious).unwrap(), b"nobody has committed this\r\n\xff");
}

#[test]
fn raising_a_mode_asks_again() {
    let stage = Stage::new();
    let mut pair = Pair::beside(&stage.env);
    stage.enable(&mut pair, "restricted");
    let workspace = stage.workspace.to_str().unwrap();
    let ask = |pair: &mut Pair, mode: &str| {
        pair.a.call("enable_yolo_mode", json!({"mode": mode, "workspace": workspace})).ok()["state"].clone()
    };
    assert_eq!(ask(&mut pair, "safe"), "enabled");
    assert_eq!(ask(&mut pair, "yolo"), "pending");
    let mode: String = database::value(&stage.env, "SELECT mode FROM command_mode", []);
    assert_eq!(mode, "restricted");
}

#[test]
fn the_result_finds_an_agent_that_went_away() {
    let stage = Stage::new();
    let mut pair = Pair::beside(&stage.env);
    stage.enable(&mut pair, "yolo");
    let line = "while ! test -e go; do sleep 0.05; done; echo done";
    let token = stage.approve(&propose(&mut pair.a, line));
    pair.a.begin_call("execute_command", redeem(line, &token));
    until("the command runs", || {
        database::value::<i64>(&stage.env, "SELECT count(*) FROM command WHERE state = 'running'", []) == 1
    });
    let credentials = pair.credentials("a");
    pair.a.hang_up();
    pair.a.ended();
    fs::write(stage.workspace.join("go"), "").unwrap();
    let mut back = Shim::below_client(&stage.env);
    let check = with(credentials, json!({"wait_seconds": 30}));
    let messages = until_some("the result comes as a message", || {
        let fetched = back.call("check_messages", check.clone()).ok()["messages"].clone();
        (fetched != json!([])).then_some(fetched)
    });
    assert!(messages[0]["message"].as_str().unwrap().contains("done"), "{messages}");
    assert!(pair.fetch()[0]["message"].as_str().unwrap().contains("done"));
}

#[test]
fn a_command_that_ran_when_the_daemon_died_is_lost_and_said_to_be() {
    let mut stage = Stage::new();
    let mut pair = Pair::beside(&stage.env);
    stage.enable(&mut pair, "yolo");
    let line = "echo started > started; sleep 300.125";
    let token = stage.approve(&propose(&mut pair.a, line));
    pair.a.begin_call("execute_command", redeem(line, &token));
    until("the command runs", || stage.workspace.join("started").exists());
    stage.daemon.take().unwrap().kill();
    until("nothing of it is left", || !runs_with("300.125"));
    stage.daemon = Some(Daemon::start(&stage.env));
    until("it is lost", || database::value::<String>(&stage.env, "SELECT state FROM command", []) == "lost");
    let again = pair.a.call_stubbornly("execute_command", &redeem(line, &token));
    assert_eq!(again.code(), "used_approval");
}
