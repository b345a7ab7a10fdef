//! Proves `bridgectl watch` on a real pseudo-terminal: it shows what happens while it happens, acts, survives the daemon,
//! and leaves the terminal as it was.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy knows only `#[test]` functions as tests

mod common;

use common::database;
use common::pty::Hangup;
use common::{Daemon, Env, NO_LIMITS, Pair, Viewer, json};
use nix::sys::signal::Signal;

const ENTER: &str = "\r";

#[test]
fn a_message_shows_as_it_comes_and_q_leaves_the_terminal_as_it_was() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    let mut pair = Pair::beside(&env);
    pair.send("the first \u{1b}[2J one");
    let mut viewer = Viewer::runs(&env, &["watch"]);
    viewer.sees(pair.id());
    viewer.sees(r"the first \x1b[2J one");
    viewer.sees("b stored");
    assert!(viewer.is_full_screen());
    pair.send("and the second");
    viewer.sees("and the second");
    pair.fetch();
    pair.fetch();
    viewer.sees("b read");
    viewer.sees_no_longer("b stored");
    viewer.types("q");
    let (status, _) = viewer.leaves();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_signal_leaves_the_terminal_as_it_was() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    for (signal, code) in [(Signal::SIGTERM, 143), (Signal::SIGINT, 130)] {
        let mut viewer = Viewer::runs(&env, &["watch"]);
        viewer.sees("live");
        viewer.signal(&env, signal);
        let (status, shown) = viewer.leaves();
        assert_eq!(status.code(), Some(code), "{shown}");
        assert!(shown.contains("interrupted"), "{shown}");
    }
}

#[test]
fn it_ends_with_its_terminal() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    for hangup in [Hangup::Signalled, Hangup::Silent] {
        let mut viewer = Viewer::runs_on(&env, &["watch"], hangup);
        viewer.sees("live");
        assert_eq!(viewer.hangs_up().code(), Some(129), "{hangup:?}");
    }
}

#[test]
fn a_daemon_that_goes_away_is_waited_for() {
    let env = Env::new();
    let mut viewer = Viewer::runs(&env, &["watch"]);
    viewer.sees("waiting");
    let daemon = Daemon::start(&env);
    viewer.sees("live");
    let mut pair = Pair::beside(&env);
    pair.send("before");
    viewer.sees("before");
    // Nothing that would start another one.
    pair.a.hang_up();
    pair.b.hang_up();
    pair.a.ended();
    pair.b.ended();
    daemon.kill();
    viewer.sees("daemon gone");
    viewer.sees("before");
    let _daemon = Daemon::start(&env);
    viewer.sees("live");
    viewer.sees("before");
    viewer.types("q");
    assert_eq!(viewer.leaves().0.code(), Some(0));
}

#[test]
fn a_person_speaks_from_there() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    let mut pair = Pair::beside(&env);
    let mut viewer = Viewer::runs(&env, &["watch", pair.id()]);
    viewer.sees("no messages yet");
    viewer.types("m");
    viewer.sees("Message from human");
    // A paste of several lines is one message, not several.
    viewer.types("\u{1b}[200~stop\rand think\u{1b}[201~");
    viewer.sees("and think");
    viewer.types(ENTER);
    viewer.sees("is stored for a and b");
    viewer.sees("│ and think");
    let message = &pair.fetch()[0];
    assert_eq!((&message["from"], &message["message"]), (&json!("human"), &json!("stop\nand think")));
}

#[test]
fn a_mode_is_enabled_a_command_approved_and_another_denied() {
    let mut env = Env::with_config(NO_LIMITS);
    env.set("YOLO_MODE", "1");
    let workspace = env.root().join("w");
    std::fs::create_dir(&workspace).unwrap();
    let _daemon = Daemon::start(&env);
    let mut pair = Pair::beside(&env);
    let mut viewer = Viewer::runs(&env, &["watch"]);
    viewer.sees("nothing waits for you");
    pair.a.call("enable_yolo_mode", json!({"mode": "safe", "workspace": workspace.to_str().unwrap()})).ok();
    viewer.sees("asks for safe");
    viewer.types("3a");
    viewer.sees("I UNDERSTAND THE RISKS");
    viewer.types("I UNDERSTAND THE RISKS");
    viewer.types(ENTER);
    retype(&mut viewer);
    viewer.sees("Enabled");
    viewer.types(ENTER);

    pair.a.call("execute_command", json!({"command": "ls -a"})).ok();
    viewer.sees("$ ls -a");
    viewer.types("a");
    retype(&mut viewer);
    viewer.sees("Released");
    viewer.types(ENTER);
    viewer.sees("approved");
    pair.a.call("execute_command", json!({"command": "ls -l"})).ok();
    viewer.sees("$ ls -l");
    viewer.types("jd");
    viewer.sees("Deny cmd_");
    viewer.types("y");
    viewer.sees("refused");
    viewer.sees_no_longer("$ ls -l");
    let states: Vec<String> = database::column(&env, "SELECT state FROM command ORDER BY asked_at", []);
    assert_eq!(states, ["approved", "denied"]);
}

/// Types the code that is shown.
#[track_caller]
fn retype(viewer: &mut Viewer) {
    viewer.sees("Retype the code ");
    let picture = viewer.picture();
    let (_, code) = picture.split_once("Retype the code ").unwrap();
    let code = code.split_whitespace().next().unwrap().to_owned();
    viewer.types(&code);
    viewer.types(ENTER);
}

#[test]
fn without_a_terminal_it_says_what_to_use_instead() {
    let env = Env::new();
    let output = env.command(common::env::BRIDGECTL).arg("watch").output().unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && words.contains("--json"), "{words}");
}
