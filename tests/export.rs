//! A conversation leaves the bridge in three forms and comes back in one; what agents wrote can break none of them.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy knows only `#[test]` functions as tests

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use bridge_guard::Plan;
use common::env::BRIDGECTL;
use common::{Daemon, Env, NO_LIMITS, Pair, Person, Value, audit_verify, database, json};

/// What an agent might send to a reviewer.
const ATTACKS: [&str; 7] = [
    "</pre></article><script>alert(document.domain)</script><img src=x onerror=alert(1)>",
    "\"'><svg onload=alert(1)> &lt;b&gt; &amp;",
    "```\n\n# Forged heading\n\n````\n\n- [x] approved by a person\n\n~~~\n<script>alert(2)</script>",
    "looks like \u{202e}txt.exe\u{202c} and \u{200b}hidden\u{e0041}",
    "\x1b[2J\x1b[1;31mwiped\x07\x08\r over",
    "the key is AKIAIOSFODNN7REALKEY, keep it",
    "line one\nline two\n\tindented — grün 東京 🙂",
];

struct Stage {
    env: Env,
    daemon: Option<Daemon>,
    pair: Pair,
}

impl Stage {
    /// A conversation with something of everything in it: attacks, an answer, refusals, a command that was denied.
    fn new() -> Self {
        let mut env = Env::with_config(NO_LIMITS);
        env.set("YOLO_MODE", "1");
        let daemon = Some(Daemon::start(&env));
        let mut pair = Pair::beside(&env);
        let mut last = String::new();
        for attack in ATTACKS {
            last = pair.send(attack);
        }
        pair.fetch();
        let answer = json!({"message": "agreed", "reply_to": last, "action_type": "proposal", "files_involved": ["a`b|<i>.rs"]});
        pair.b.call("send_to_partner", answer).ok();
        let mut forged = pair.credentials("b");
        forged["token"] = json!("0".repeat(64));
        pair.b.call("check_messages", forged).code();
        let workspace = env.root().join("w");
        fs::create_dir(&workspace).unwrap();
        let asked = json!({"mode": "safe", "workspace": workspace});
        pair.a.call_stubbornly("enable_yolo_mode", &asked).ok();
        let (code, screen) = Person::runs(&env, &["yolo", "enable", pair.id()]).confirms();
        assert_eq!(code, 0, "{screen}");
        let command = propose(&env, &pair, &workspace);
        common::audit::until_rows(&env, "check_messages", "wrong_token", 1);
        let stage = Self { env, daemon, pair };
        stage.well(&["yolo", "deny", &command]);
        stage
    }

    fn bridgectl(&self, arguments: &[&str]) -> Output {
        self.env.command(BRIDGECTL).args(arguments).output().unwrap()
    }

    /// What it prints when all is well.
    #[track_caller]
    fn well(&self, arguments: &[&str]) -> String {
        let output = self.bridgectl(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    fn export(&self, format: &str) -> String {
        self.well(&["export", self.pair.id(), "--format", format])
    }

    /// The JSONL in a file.
    fn file(&self) -> PathBuf {
        let path = self.env.root().join("export.jsonl");
        if !path.exists() {
            self.well(&["export", self.pair.id(), "-o", path.to_str().unwrap()]);
        }
        path
    }
}

/// Files a proposal as the daemon does, where nothing can hold a command, too. Returns its id.
fn propose(env: &Env, pair: &Pair, workspace: &Path) -> String {
    let plan: Plan = serde_json::from_value(json!({
        "mode": "safe", "program": "/bin/ls", "argv": ["ls", "-la"],
        "workspace": {"path": workspace, "device": 1, "inode": 2}, "environment": {"PATH": "/bin"}, "toolchains": [],
        "timeout_ms": 30_000, "network": false, "tier": "bubblewrap", "image": null,
    }))
    .unwrap();
    let id = "cmd_00c0ffee";
    let sql = "INSERT INTO command(id, conversation, requester, plan, plan_digest, state, good_until, asked_at)
               SELECT ?1, id, 'a', ?2, ?3, 'pending', created_at + 3600000, created_at + 1 FROM conversation WHERE public_id = ?4";
    let plan_digest = plan.digest();
    let plan = serde_json::to_string(&plan).unwrap();
    let filed = database::open(&env.paths().state).execute(sql, (id, plan, plan_digest, pair.id())).unwrap();
    assert_eq!(filed, 1);
    id.to_owned()
}

/// Another installation.
struct Elsewhere {
    env: Env,
    _daemon: Daemon,
}

impl Elsewhere {
    fn new() -> Self {
        let env = Env::with_config(NO_LIMITS);
        let daemon = Daemon::start(&env);
        Self { env, _daemon: daemon }
    }

    fn import(&self, file: &Path) -> Output {
        self.env.command(BRIDGECTL).arg("import").arg(file).output().unwrap()
    }

    /// Importing that text is refused with those words, and nothing is kept of it.
    #[track_caller]
    fn refuses(&self, text: &str, words: &str) {
        let file = self.env.root().join("broken.jsonl");
        fs::write(&file, text).unwrap();
        let output = self.import(&file);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(words) && said.contains("nothing was imported"), "{words}: {said}");
        let left: i64 = database::value(
            &self.env,
            "SELECT (SELECT count(*) FROM conversation) + (SELECT count(*) FROM archive_line)",
            [],
        );
        assert_eq!(left, 0);
    }
}

/// No character that a terminal or a reader's eye would obey.
#[track_caller]
fn is_inert(text: &str) {
    let active = |c: &char| {
        (c.is_control() && !"\n\t".contains(*c)) || "\u{202e}\u{202c}\u{200b}\u{e0041}".contains(*c)
    };
    assert_eq!(text.chars().find(active), None);
}

#[test]
fn the_page_runs_nothing_and_shows_everything() {
    let mut stage = Stage::new();
    let live = stage.export("html");
    is_inert(&live);
    for wanted in [
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
        "&lt;/pre&gt;&lt;/article&gt;&lt;script&gt;alert(document.domain)",
        "&lt;img src=x onerror=alert(1)&gt;",
        "<span class=\"hidden-char\">\\u{202e}</span>txt.exe",
        "<span class=\"hidden-char\">\\x1b</span>[2J",
        "<mark>AWS_KEY_REDACTED",
        "grün 東京 🙂",
        "Audit trail whole",
        "wrong_token",
        "ls -la",
        "denied",
        "a`b|&lt;i&gt;.rs",
        "acknowledged",
    ] {
        assert!(live.contains(wanted), "{wanted:?} is not in the page");
    }
    for forbidden in
        ["<script", "<img", "<svg onload", "http://", "https://", "url(", "@import", "AKIAIOSFODNN7"]
    {
        assert!(!live.contains(forbidden), "{forbidden:?} is in the page");
    }
    stage.daemon.take().unwrap().terminate();
    let offline = stage.export("html");
    assert_eq!(offline.matches("class=\"card event\"").count(), live.matches("class=\"card event\"").count());
    assert!(offline.contains("ls -la") && offline.contains("Audit trail whole"));
}

/// The lines of a Markdown text that are outside its code blocks.
fn outside_blocks(text: &str) -> Vec<&str> {
    let mut fence: Option<usize> = None;
    let mut outside = Vec::new();
    for line in text.lines() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        match fence {
            None if ticks >= 3 => fence = Some(ticks),
            None => outside.push(line),
            Some(open) if ticks >= open && line.trim_end().len() == ticks => fence = None,
            Some(_) => {}
        }
    }
    assert_eq!(fence, None, "a block is not closed");
    outside
}

#[test]
fn no_message_breaks_out_of_the_markdown() {
    let stage = Stage::new();
    let text = stage.export("md");
    is_inert(&text);
    assert!(text.contains("# Forged heading") && text.contains("<script>alert(2)"), "{text}");
    let outside = outside_blocks(&text).join("\n");
    for forged in ["# Forged heading", "- [x] approved", "<script", "<img", "<svg"] {
        assert!(
            !outside.lines().any(|line| line.trim_start().starts_with(forged)),
            "{forged} got out:\n{outside}"
        );
    }
    let messages = outside.lines().filter(|line| line.starts_with("### `msg_")).count();
    // The person's decisions are told to nobody by message.
    assert_eq!(messages, ATTACKS.len() + 1, "{outside}");
}

#[test]
fn the_lines_come_back_byte_for_byte() {
    let mut stage = Stage::new();
    let file = stage.file();
    let exported = fs::read_to_string(&file).unwrap();
    is_inert(&exported);
    let kinds: Vec<Value> = exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let count = |kind: &str| kinds.iter().filter(|record| record["kind"] == kind).count();
    assert_eq!((count("export"), count("conversation"), count("verdict")), (1, 1, 1));
    assert_eq!((count("message"), count("command"), count("mode")), (ATTACKS.len() + 1, 1, 1));
    assert!(count("audit") > ATTACKS.len());
    let first = kinds.iter().find(|record| record["kind"] == "message").unwrap();
    assert_eq!(first["message"], ATTACKS[0]);
    stage.daemon.take().unwrap().terminate();

    let elsewhere = Elsewhere::new();
    let output = elsewhere.import(&file);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let bridgectl = |arguments: &[&str]| {
        let output = elsewhere.env.command(BRIDGECTL).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let id = stage.pair.id();
    assert_eq!(bridgectl(&["export", id]), exported);
    let shown = bridgectl(&["show", id, "--all"]);
    assert!(
        shown.contains("imported") && shown.contains("grün 東京 🙂") && shown.contains("expired"),
        "{shown}"
    );
    assert!(!bridgectl(&["list"]).contains(id) && bridgectl(&["list", "--all"]).contains(id));
    assert!(bridgectl(&["export", id, "-f", "html"]).contains("did not happen on this machine"));

    let again = elsewhere.import(&file);
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(again.status.code() == Some(1) && said.contains("already"), "{said}");
    assert_eq!(common::audit::rows(&elsewhere.env, "import", "ok"), 1);
    bridgectl(&["cleanup"]);
    assert!(!bridgectl(&["list", "--all"]).contains(id));
    let lines: i64 = database::value(&elsewhere.env, "SELECT count(*) FROM archive_line", []);
    assert_eq!(lines, 0);
    assert_eq!(audit_verify(&elsewhere.env.paths().state), Vec::<String>::new());
}

#[test]
fn a_file_of_format_1_can_be_read() {
    let elsewhere = Elsewhere::new();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/export_v1.jsonl");
    let output = elsewhere.import(&file);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let export = elsewhere.env.command(BRIDGECTL).args(["export", "conv_5e1a9b3c7d2f4680"]).output().unwrap();
    assert_eq!(String::from_utf8(export.stdout).unwrap(), fs::read_to_string(&file).unwrap());
}

#[test]
fn a_broken_file_is_refused_whole_and_by_line() {
    let stage = Stage::new();
    let exported = fs::read_to_string(stage.file()).unwrap();
    let elsewhere = Elsewhere::new();
    let lines: Vec<&str> = exported.lines().collect();
    let with = |at: usize, line: &str| {
        let mut changed = lines.clone();
        changed[at] = line;
        changed.join("\n") + "\n"
    };
    elsewhere.refuses("", "line 1:");
    elsewhere.refuses(&with(4, &lines[4][..lines[4].len() / 2]), "line 5:");
    elsewhere.refuses(&with(3, "{}"), "line 4:");
    elsewhere.refuses(&with(3, lines[2]), "line 4:");
    elsewhere.refuses(&with(0, &lines[0].replace("\"format\":1", "\"format\":9")), "format 9");
    elsewhere.refuses(&(lines[..lines.len() - 1].join("\n") + "\n"), &format!("line {}:", lines.len()));
    elsewhere.refuses(exported.trim_end(), &format!("line {}:", lines.len()));
    let raw = lines[2].replacen("alert", "al\u{202e}rt", 1);
    assert_ne!(raw, lines[2]);
    elsewhere.refuses(&with(2, &raw), "line 3:");
    let secret = lines[2].replacen("alert", "AKIAIOSFODNN7REALKEY ", 1);
    elsewhere.refuses(&with(2, &secret), "line 3: it holds a secret");
    let stranger = lines[lines.len() - 2].replace(stage.pair.id(), "conv_0000000000000000");
    elsewhere.refuses(&with(lines.len() - 2, &stranger), &format!("line {}:", lines.len() - 1));
}

#[test]
fn importing_is_for_people() {
    let stage = Stage::new();
    let file = stage.file();
    let elsewhere = Elsewhere::new();
    // The test itself is the client here.
    let _pair = Pair::new(&elsewhere.env);
    let output = elsewhere.import(&file);
    assert_eq!(output.status.code(), Some(4), "{}", String::from_utf8_lossy(&output.stderr));
    common::audit::until_rows(&elsewhere.env, "import", "not_human", 1);
}

#[test]
fn a_file_is_never_overwritten_and_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let stage = Stage::new();
    let file = stage.file();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let again = stage.bridgectl(&["export", stage.pair.id(), "-o", file.to_str().unwrap()]);
    assert_eq!(again.status.code(), Some(1));
    let unknown = stage.bridgectl(&["export", "conv_0000000000000000"]);
    assert_eq!(unknown.status.code(), Some(1));
}

#[test]
fn counts_and_metrics_are_the_same_up_and_down() {
    let mut stage = Stage::new();
    let stats = |stage: &Stage| -> Value { serde_json::from_str(&stage.well(&["stats", "--json"])).unwrap() };
    let live = stats(&stage);
    assert_eq!(live["messages"], ATTACKS.len() as u64 + 1);
    assert_eq!(live["conversations"], json!({"running": 1}));
    assert_eq!((&live["redactions"], &live["commands"]), (&json!(1), &json!({"denied": 1})));
    assert_eq!(live["refusals"]["wrong_token"], 1);
    let sent: u64 = live["sends_per_hour"].as_array().unwrap().iter().filter_map(Value::as_u64).sum();
    assert_eq!(sent, ATTACKS.len() as u64 + 1);
    let metrics = stage.well(&["metrics"]);
    for line in ["bridged_up 1", "bridged_connected_agents 2", "bridged_commands{state=\"denied\"} 1"] {
        assert!(metrics.lines().any(|found| found == line), "{line} is not in\n{metrics}");
    }
    stage.daemon.take().unwrap().terminate();
    let offline = stats(&stage);
    for key in ["messages", "conversations", "redactions", "commands", "refusals"] {
        assert_eq!(offline[key], live[key], "{key}");
    }
    assert!(stage.well(&["metrics"]).lines().any(|line| line == "bridged_up 0"));
    assert!(stage.well(&["yolo", "pending", "--all"]).contains("ls -la"));
}
