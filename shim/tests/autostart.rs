//! Starting the daemon, with a script in its place.
#![allow(clippy::unwrap_used, clippy::expect_used)] // a failed step is a failed test

mod common;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bridge_shim_relay::{FindLaunch, Launch};
use common::{Client, Daemon, answer, call, until};
use serde_json::json;

/// A child forked by the other test while this one writes its script would make the script "busy".
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

fn launch(dir: &Path, script: &str) -> impl Fn() -> FindLaunch {
    let program = dir.join("bridged");
    std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let here = ("HERE".into(), dir.as_os_str().to_owned());
    move || {
        let (program, here) = (program.clone(), here.clone());
        Box::new(move || Launch { candidates: vec![program.clone()], environment: vec![here.clone()] })
    }
}

#[test]
fn fifty_shims_at_once_start_one_daemon() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let launch = launch(dir.path(), r#"echo "$1 $(pwd)" >> "$HERE/spawned""#);
    let mut clients: Vec<Client> = (0..50).map(|_| Client::start(dir.path(), Some(launch()))).collect();
    for client in &mut clients {
        client.write(&call(1));
    }
    let spawned = dir.path().join("spawned");
    until(|| std::fs::read_to_string(&spawned).is_ok_and(|text| text.ends_with('\n')));
    let daemon = Daemon::start(dir.path());
    let served = std::thread::spawn(move || {
        let mut served = Vec::new();
        while served.len() < 50 {
            let mut connection = daemon.connect();
            // A shim that got the start lock after another looks whether that other's daemon runs, and hangs up.
            if let Some(hello) = connection.read() {
                assert!(hello.starts_with(br#"{"protocol":1,"role":"mcp""#));
                connection.welcome();
                assert_eq!(connection.read_text(), call(1));
                connection.write(&answer(1));
                served.push(connection);
            }
        }
        served
    });
    for client in &mut clients {
        assert_eq!(client.read(), answer(1));
    }
    drop(served.join().unwrap());
    assert_eq!(std::fs::read_to_string(&spawned).unwrap(), "--detach /\n");
}

#[test]
fn a_daemon_that_cannot_start_is_explained() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let launch = launch(dir.path(), "echo 'config.toml: unknown key colour' >&2; exit 3");
    let mut client = Client::start(dir.path(), Some(launch()));
    client.write(&call(1));
    let answer = client.read_json();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(1), &json!(-32002)));
    let message = answer["error"]["message"].as_str().unwrap();
    for part in ["unknown key colour", "b.sock", "bridged.log", "bridged --detach"] {
        assert!(message.contains(part), "{message}");
    }
    // The shim goes on: once somebody starts the daemon, it works.
    let daemon = Daemon::start(dir.path());
    client.write(&call(2));
    let (mut connection, _) = daemon.welcome();
    assert_eq!(connection.read_text(), call(2));
}
