use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::*;

/// A child forked by another test keeps this one's files (lock, script) open until its exec, which would look like
/// another shim's lock or a program being written.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

fn paths(dir: &Path) -> Paths {
    Paths { socket: dir.join("b.sock"), state: dir.join("state"), config: dir.join("config.toml") }
}

/// A `bridged` that is a shell script.
fn script(dir: &Path, text: &str) -> PathBuf {
    let path = dir.join("bridged");
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn autostart(dir: &Path, program: PathBuf) -> Autostart {
    let candidates = vec![dir.join("nowhere/bridged"), program];
    let environment = vec![("PATH".into(), std::env::var_os("PATH").unwrap_or_default())];
    Autostart::new(
        &paths(dir),
        Box::new(move || Launch { candidates: candidates.clone(), environment: environment.clone() }),
    )
}

/// Steps until the attempt fails.
fn failure(autostart: &mut Autostart) -> String {
    loop {
        match autostart.step(Instant::now(), || false) {
            Step::Failed(problem) => return problem,
            Step::Starting => std::thread::yield_now(),
            Step::Resting => panic!("rests without having failed"),
        }
    }
}

#[test]
fn keys_in_the_environment_do_not_reach_the_daemon() {
    let environment = ["HOME", "OPENAI_API_KEY", "YOLO_MODE", "BRIDGED_SOCKET", "BRIDGE_AGENT", "LD_PRELOAD"];
    let kept = passed_on(environment.iter().map(|name| ((*name).into(), "x".into())));
    assert_eq!(kept.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["HOME", "BRIDGED_SOCKET"]);
}

#[test]
fn a_failed_start_reports_what_the_daemon_said_and_rests() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let program =
        script(dir.path(), "echo older noise >&2; echo 'config.toml: unknown key colour' >&2; exit 3");
    let mut autostart = autostart(dir.path(), program);
    let problem = failure(&mut autostart);
    assert!(problem.contains("unknown key colour") && problem.contains('3'), "{problem}");
    assert!(matches!(autostart.step(Instant::now(), || false), Step::Resting));
    assert!(!autostart.is_under_way());
    for private in ["start.lock", "bridged.log"] {
        let mode = std::fs::metadata(dir.path().join("state").join(private)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{private}");
    }
}

#[test]
fn a_missing_program_and_a_mute_daemon_are_named() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let mut nowhere = autostart(dir.path(), dir.path().join("missing"));
    assert!(failure(&mut nowhere).contains("PATH"));

    let mut mute = autostart(dir.path(), script(dir.path(), "exit 0"));
    let start = Instant::now();
    assert!(matches!(mute.step(start, || false), Step::Starting));
    assert!(matches!(mute.step(start + START_DEADLINE / 2, || false), Step::Starting));
    let late = mute.step(start + START_DEADLINE, || false);
    assert!(matches!(late, Step::Failed(problem) if problem.contains("10 s")));
}

#[test]
fn only_the_holder_of_the_lock_starts_a_daemon() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let program = script(dir.path(), "exit 0");
    let (mut first, mut second) = (autostart(dir.path(), program.clone()), autostart(dir.path(), program));
    let now = Instant::now();
    assert!(matches!(first.step(now, || false), Step::Starting) && first.is_under_way());
    assert!(matches!(second.step(now, || false), Step::Starting) && !second.is_under_way());
    first.done();
    assert!(matches!(second.step(now, || true), Step::Starting) && !second.is_under_way(), "it runs by now");
    // A process that another test forks at this moment holds the lock's descriptor too, until it executes its program:
    // then the shim is told to look again, as it does in life.
    let patience = Instant::now() + START_DEADLINE;
    while !second.is_under_way() {
        assert!(matches!(second.step(now, || false), Step::Starting) && Instant::now() < patience);
        std::thread::yield_now();
    }
}
