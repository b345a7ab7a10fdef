//! A run with all that surrounds it.
#![allow(clippy::unwrap_used)] // clippy knows only `#[test]` functions as tests

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use bridge_guard::attempt::{Decision, answer};
use bridge_guard::policy::Command;
use bridge_guard::sandbox::{Barrier, Job, Raw};
use bridge_guard::snapshot::Selection;
use bridge_guard::{
    Ended, Guard, GuardConfig, GuardError, Mode, Occasion, Outcome, Plan, Request, RunError, Tier, Workspace,
};
use support::Plain;

const OCCASION: Occasion<'_> = Occasion { now_ms: 1_750_000_000_000, label: "req_1" };

struct Fixture {
    workspace: tempfile::TempDir,
    state: tempfile::TempDir,
    guard: Guard,
}

fn redact(text: &str) -> (String, u32) {
    (text.replace("secret", "[X]"), u32::try_from(text.matches("secret").count()).unwrap())
}

impl Fixture {
    fn new() -> Self {
        Self::with(GuardConfig::default(), Plain)
    }

    fn with(config: GuardConfig, barrier: impl Barrier + 'static) -> Self {
        let state = tempfile::tempdir().unwrap();
        let config = GuardConfig { state: state.path().to_owned(), ..config };
        let guard = Guard::with_barrier(config, Box::new(barrier)).unwrap();
        Self { workspace: tempfile::tempdir().unwrap(), state, guard }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.workspace.path().join(path)
    }

    fn plan(&self, mode: Mode, line: &str) -> Plan {
        Plan {
            mode,
            program: "/bin/sh".into(),
            argv: ["sh", "-c", line].map(String::from).into(),
            workspace: Workspace::open(self.workspace.path()).unwrap(),
            environment: BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]),
            toolchains: Vec::new(),
            timeout_ms: 60_000,
            network: false,
            tier: Tier::Bubblewrap,
            image: None,
        }
    }

    fn run(&self, mode: Mode, line: &str) -> Outcome {
        self.guard.run(&self.plan(mode, line), &OCCASION, &redact).unwrap()
    }

    fn request(&self) -> Request {
        Request {
            mode: Mode::Yolo,
            command: Command::Line("true".to_owned()),
            workspace: self.workspace.path().to_owned(),
            timeout_ms: 1000,
            network: false,
            container: false,
        }
    }
}

#[test]
fn a_run_is_clean_undoable_and_leaves_protected_things_alone() {
    let fixture = Fixture::new();
    fs::write(fixture.path("file"), "precious").unwrap();
    fs::write(fixture.path(".mcp.json"), "{}").unwrap();
    let line = "rm file; echo evil > .mcp.json; printf '\\033[31ma secret\\033[0m'; echo oops >&2; exit 3";
    let outcome = fixture.run(Mode::Yolo, line);
    assert_eq!(outcome.ended, Ended::Code(3));
    assert_eq!((outcome.stdout.text.as_str(), outcome.stdout.redactions), ("a [X]", 1));
    assert_eq!(outcome.stderr.text, "oops\n");
    assert_eq!(fs::read(fixture.path(".mcp.json")).unwrap(), b"{}");
    assert_eq!(outcome.remarks.len(), 1, "{:?}", outcome.remarks);

    let snapshots = fixture.guard.snapshots().unwrap();
    let id = outcome.snapshot.unwrap();
    let all = snapshots.list(None).unwrap();
    assert_eq!((all.len(), all[0].id.as_str(), all[0].label.as_str()), (1, id.as_str(), "req_1"));
    fixture.guard.restore(&id, &Selection::default(), OCCASION.now_ms + 1).unwrap();
    assert_eq!(fs::read(fixture.path("file")).unwrap(), b"precious");
}

#[test]
fn looking_takes_no_snapshot() {
    let fixture = Fixture::new();
    let outcome = fixture.run(Mode::Safe, "echo hello");
    assert_eq!((outcome.stdout.text.as_str(), outcome.snapshot), ("hello\n", None));
    assert_eq!(fs::read_dir(fixture.state.path()).unwrap().count(), 0);
}

#[test]
fn a_person_hears_what_a_snapshot_lacks() {
    let fixture = Fixture::new();
    nix::unistd::mkfifo(&fixture.path("pipe"), nix::sys::stat::Mode::S_IRUSR).unwrap();
    fs::create_dir_all(fixture.path("node_modules/x")).unwrap();
    let outcome = fixture.run(Mode::Restricted, "true");
    assert_eq!(outcome.remarks, ["not in the snapshot: \"pipe\" (not a file)"]);
}

#[test]
fn what_is_no_longer_as_approved_is_not_run() {
    let fixture = Fixture::new();
    let plan = fixture.plan(Mode::Safe, "true");
    let run = |plan: &Plan| fixture.guard.run(plan, &OCCASION, &redact);
    let other = Plan { tier: Tier::Landlock, ..plan.clone() };
    assert!(matches!(run(&other), Err(GuardError::OtherTier { .. })));
    let gone = Plan { program: fixture.path("gone"), ..plan.clone() };
    assert!(matches!(run(&gone), Err(GuardError::NoProgram(_))));
    fs::write(fixture.path("data"), "").unwrap();
    fs::set_permissions(fixture.path("data"), fs::Permissions::from_mode(0o644)).unwrap();
    let data = Plan { program: fixture.path("data"), ..plan.clone() };
    assert!(matches!(run(&data), Err(GuardError::NoProgram(_))));
    let mut moved = plan.clone();
    moved.workspace.inode += 1;
    assert!(matches!(run(&moved), Err(GuardError::Workspace(_))));
    run(&plan).unwrap();
}

/// A barrier in which git does not work.
struct WithoutGit;

impl Barrier for WithoutGit {
    fn tier(&self) -> Tier {
        Tier::Bubblewrap
    }

    fn run(&self, job: &Job) -> Result<Raw, RunError> {
        let mut job = job.clone();
        if job.environment.contains_key("GIT_DIR") {
            job.environment.insert("PATH".to_owned(), "/nowhere".to_owned());
        }
        Plain.run(&job)
    }
}

#[test]
fn without_a_snapshot_nothing_is_written_unless_that_is_allowed() {
    let strict = Fixture::with(GuardConfig::default(), WithoutGit);
    let result = strict.guard.run(&strict.plan(Mode::Yolo, "touch written"), &OCCASION, &redact);
    assert!(matches!(result, Err(GuardError::Snapshot(_))), "{result:?}");
    assert!(!strict.path("written").exists());

    let lax = Fixture::with(GuardConfig { without_snapshot: true, ..GuardConfig::default() }, WithoutGit);
    let outcome = lax.run(Mode::Yolo, "touch written");
    assert!(lax.path("written").exists() && outcome.snapshot.is_none());
    assert!(outcome.remarks[0].starts_with("no snapshot was taken"), "{:?}", outcome.remarks);
}

#[test]
fn what_cannot_be_planned_is_said() {
    let fixture = Fixture::new();
    let plan = |request: &Request| fixture.guard.plan(request).unwrap_err();
    for timeout_ms in [0, 600_001] {
        assert!(matches!(plan(&Request { timeout_ms, ..fixture.request() }), GuardError::Timeout(_)));
    }
    for workspace in [PathBuf::from("/"), fixture.state.path().to_owned(), fixture.path("gone")] {
        assert!(matches!(plan(&Request { workspace, ..fixture.request() }), GuardError::Workspace(_)));
    }
}

#[test]
fn broken_requests_are_blocked_with_a_reason() {
    let fixture = Fixture::new();
    let inputs: [(&[u8], &str); 8] = [
        (b"", "not a JSON object"),
        (b"{", "EOF"),
        (b"[\"safe\",\"ls\",\"/tmp\",1]", "not a JSON object"),
        (b"{\"mode\":\"yolo\",\"command\":\"ls\",\"workspace\":\"/w\"}", "timeout_ms"),
        (b"{\"mode\":\"root\",\"command\":\"ls\",\"workspace\":\"/w\",\"timeout_ms\":1}", "root"),
        (
            b"{\"mode\":\"yolo\",\"command\":1,\"workspace\":\"/w\",\"timeout_ms\":1}",
            "a line or a list of words",
        ),
        (
            b"{\"mode\":\"yolo\",\"command\":\"ls\",\"workspace\":\"/w\",\"timeout_ms\":1,\"x\":1}",
            "unknown field `x`",
        ),
        (b"{\"mode\":\"yolo\",\"command\":\"\xff\",\"workspace\":\"/w\",\"timeout_ms\":1}", "not valid"),
    ];
    for (input, expected) in inputs {
        let answer = answer(&fixture.guard, input, &OCCASION, &redact);
        assert_eq!(answer.decision, Decision::Blocked, "{}", input.escape_ascii());
        let reason = answer.reason.unwrap();
        assert!(reason.contains(expected), "{}: {reason}", input.escape_ascii());
    }
    let missing = br#"{"mode":"safe","command":["ls"],"workspace":"/no/such","timeout_ms":1}"#;
    let reason = answer(&fixture.guard, missing, &OCCASION, &redact).reason.unwrap();
    assert!(reason.contains("/no/such"), "{reason}");
}
