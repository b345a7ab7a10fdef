//! What the two agents do, and what must come of it.

use std::time::{Duration, Instant};

use bridge_proto::admin::{AuditFilter, Request, Response, StatusReport, VerifyReport};
use nix::sys::signal::{Signal, kill};
use serde_json::{Value, json};

use super::agent::{Agent, Answer, FAREWELL, Lifecycle};
use super::sandbox::Sandbox;
use super::stage::{Actor, Stage};
use crate::client::Client;
use crate::failure::Failure;
use crate::signals::GLANCE;
use crate::source::{Source, unexpected};
use Actor::{Backend, Daemon, Frontend, Human};

/// Secrets that never were any. In parts, so that no scanner of this repository takes them for real.
const AWS_KEY: &str = concat!("AKI", "AQ7ZTX3MWD5KRJ2PL");
const PASSWORD: &str = concat!("kT9vQ2", "xWn4Lr");
/// Sends that a session has per minute.
const SENDS_PER_MINUTE: usize = 10;
/// Sends that time may give back while the demo runs: one every six seconds.
const GIVEN_BACK: usize = 4;

const TOOLS: [&str; 7] = [
    "create_conversation",
    "join_conversation",
    "send_to_partner",
    "check_messages",
    "message_status",
    "update_my_status",
    "check_partner_status",
];

/// The agents and what they know.
struct Play<'p, 's> {
    stage: &'p mut Stage<'s>,
    sandbox: &'p Sandbox,
    backend: Agent,
    frontend: Agent,
    conversation: String,
    /// Tokens, to look for where they must not be.
    tokens: Vec<String>,
    /// Ids of the backend's messages, in the order sent.
    sent: Vec<String>,
    /// Ids of the messages the frontend got, in the order received, without those marked as redelivered.
    received: Vec<String>,
}

/// The whole demo.
pub(super) fn play(stage: &mut Stage<'_>, sandbox: &Sandbox) -> Result<(), Failure> {
    stage.act(Human, &format!("runs a private bridge in {}", sandbox.root().display()))?;
    let backend = Agent::start(sandbox, Backend, Lifecycle::Initialize("2025-06-18"))?;
    let frontend = Agent::start(sandbox, Frontend, Lifecycle::Inline("2026-07-28"))?;
    let mut play = Play {
        stage,
        sandbox,
        backend,
        frontend,
        conversation: String::new(),
        tokens: Vec::new(),
        sent: Vec::new(),
        received: Vec::new(),
    };
    play.connect()?;
    play.invite()?;
    play.agree()?;
    play.look_around()?;
    play.leak()?;
    play.crash()?;
    play.flood()?;
    play.intrude()?;
    play.part()
}

impl Play<'_, '_> {
    fn connect(&mut self) -> Result<(), Failure> {
        self.stage.scene("1. Two agents connect")?;
        let start = Instant::now();
        let hello = self.backend.greet()?;
        let took = start.elapsed().as_millis();
        self.stage.act(
            Backend,
            &format!("launches bridge-shim, which finds no daemon and starts one ({took} ms)"),
        )?;
        let spoken = hello["protocolVersion"].as_str().unwrap_or_default().to_owned();
        self.stage.check(
            "an older client is served",
            spoken == "2025-06-18",
            &format!("initialize, MCP {spoken}"),
        )?;
        let discovered = self.frontend.greet()?;
        let newest =
            discovered["supportedVersions"].as_array().is_some_and(|all| all.contains(&json!("2026-07-28")));
        self.stage.check("and the newest one", newest, "server/discover, MCP 2026-07-28")?;
        let tools = self.frontend.request("tools/list", json!({}))?;
        let names: Vec<&str> =
            tools["tools"].as_array().into_iter().flatten().filter_map(|t| t["name"].as_str()).collect();
        let complete = TOOLS.iter().all(|tool| names.contains(tool));
        self.stage.check("both see the bridge's tools", complete, &format!("{} tools", names.len()))?;
        let status = self.status()?;
        let one = status.connected == 2 && Some(status.pid) == self.daemon_pid();
        let version = self.admin()?.welcome().version.clone();
        self.stage.check(
            "one daemon serves both shims",
            one,
            &format!("bridged {version}, pid {}", status.pid),
        )
    }

    fn invite(&mut self) -> Result<(), Failure> {
        self.stage.scene("2. One invites the other")?;
        let roles = json!({"my_role": "backend developer", "partner_role": "frontend developer"});
        let created = self.backend.must("create_conversation", roles)?;
        self.conversation = word(&created["conversation_id"]);
        self.tokens =
            ["session_a_token", "session_b_token"].iter().map(|name| word(&created[*name])).collect();
        let code = word(&created["invite_code"]);
        self.stage.act(Backend, &format!("creates {}", self.conversation))?;
        self.stage.act(Human, &format!("tells the frontend's agent the one-time code {code}"))?;
        let joined = self.frontend.must("join_conversation", json!({"invite_code": code}))?;
        self.stage.act(Frontend, &format!("joins as session {}", word(&joined["session_id"])))?;
        let same = joined["conversation_id"] == created["conversation_id"] && joined["session_id"] == "b";
        self.stage.check("no token had to be passed on", same, "the connection is bound to its session")?;
        let again = self.frontend.call("join_conversation", json!({"invite_code": code}))?;
        self.refused("the code works once", &again, "used_invite")
    }

    fn agree(&mut self) -> Result<(), Failure> {
        self.stage.scene("3. They agree on an API")?;
        self.stage.act(Frontend, "waits for mail (one long poll, no polling loop)")?;
        let waiting = self.frontend.begin_call("check_messages", json!({"wait_seconds": 60}))?;
        let proposal = "Proposal: POST /todos takes {\"title\"}, answers 201 with {\"id\", \"title\", \"done\"}.\nAgreed?";
        let start = Instant::now();
        let details =
            json!({"action_type": "proposal", "files_involved": ["api/todos.py"], "idempotency_key": "p1"});
        let state = self.send(proposal, details)?;
        let mail = mail(self.frontend.answer(&waiting)?)?;
        let latency = start.elapsed();
        self.stage.message(Backend, Frontend, proposal, &state)?;
        let arrived = mail.len() == 1 && mail[0]["message"] == proposal && mail[0]["redelivered"] == false;
        self.receive(&mail);
        self.stage.check("the wait ends with the message", arrived, &format!("{:.1} ms", millis(latency)))?;
        let first = self.sent[0].clone();
        let answer = "Agreed, with one addition: an optional \"due\" (RFC 3339).";
        let arguments = json!({"message": answer, "action_type": "info", "reply_to": first});
        let reply = self.frontend.must("send_to_partner", arguments)?;
        self.stage.message(Frontend, Backend, answer, &word(&reply["state"]))?;
        let mail = self::mail(self.backend.call("check_messages", json!({"wait_seconds": 10}))?)?;
        let linked = mail.len() == 1 && mail[0]["reply_to"] == first && mail[0]["message"] == answer;
        self.stage.check("the answer names what it answers", linked, &format!("reply_to {first}"))
    }

    fn look_around(&mut self) -> Result<(), Failure> {
        self.frontend.must("update_my_status", json!({"status": "working", "note": "building the form"}))?;
        self.stage.act(Frontend, "is working: building the form")?;
        let partner = self.backend.must("check_partner_status", json!({}))?;
        let seen = partner["status"] == "working" && partner["alive"] == true && partner["connected"] == true;
        self.stage.check("its partner can see that", seen, "working, alive, connected")?;
        let status = self.backend.must("message_status", json!({"message_ids": [self.sent[0]]}))?;
        let state = word(&status["messages"][0]["state"]);
        self.stage.check("and what became of the proposal", state == "acknowledged", &state)
    }

    fn leak(&mut self) -> Result<(), Failure> {
        self.stage.scene("4. A secret slips into a message")?;
        let careless = format!("Staging is up: aws_access_key_id={AWS_KEY} password={PASSWORD}");
        self.stage.act(Backend, &format!("sends \"{careless}\""))?;
        self.send(&careless, json!({}))?;
        let mail = mail(self.frontend.call("check_messages", json!({"wait_seconds": 10}))?)?;
        self.receive(&mail);
        let text = mail.first().map(|message| word(&message["message"])).unwrap_or_default();
        self.stage.message(Backend, Frontend, &text, "delivered, not yet acknowledged")?;
        let clean = !text.contains(AWS_KEY) && !text.contains(PASSWORD) && text.contains("AWS_KEY_REDACTED");
        self.stage.check("it arrives without the secrets", clean, "redacted before it was stored")
    }

    /// The daemon dies while one agent waits, the other has unacknowledged mail, and a send is under way.
    fn crash(&mut self) -> Result<(), Failure> {
        self.stage.scene("5. The daemon is killed (kill -9)")?;
        let waiting = self.backend.begin_call("check_messages", json!({"wait_seconds": 60}))?;
        // Calls of one connection are taken in order: once this is answered, the wait is under way.
        self.backend.must("check_partner_status", json!({}))?;
        // Stopped first, so that the send cannot be answered before the end.
        let old = self.sandbox.signal_daemon(Signal::SIGSTOP)?;
        let text = "I am adding \"due\" now.";
        let arguments = json!({"message": text, "idempotency_key": "due-1"});
        let sending = self.backend.begin_call("send_to_partner", arguments.clone())?;
        self.sandbox.signals().sleep(Duration::from_millis(60))?;
        kill(old, Signal::SIGKILL).map_err(|error| Failure::failed("killing the demo's daemon", error))?;
        let start = Instant::now();
        self.stage.act(Daemon, &format!("pid {old} is dead, with a send and a long poll under way"))?;
        let retryable =
            |answer: &Answer| matches!(answer, Answer::Failed(error) if error["data"]["retryable"] == true);
        let lost = [self.backend.answer(&waiting)?, self.backend.answer(&sending)?];
        let told = lost.iter().all(retryable);
        self.stage.check("both calls fail with \"call again\"", told, "retryable: true")?;
        let sent = self.backend.must("send_to_partner", arguments)?;
        let down = start.elapsed();
        self.sent.push(word(&sent["message_id"]));
        self.stage.act(Backend, "repeats the send with the same idempotency_key; it succeeds")?;
        let new = self.daemon_pid();
        let replaced = new.is_some_and(|pid| i64::from(pid) != i64::from(old.as_raw()));
        let detail = format!(
            "pid {}, {:.0} ms after the kill, no login, no token",
            new.unwrap_or_default(),
            millis(down)
        );
        self.stage.check("the shims brought a new daemon up", replaced, &detail)?;
        self.catch_up(text)
    }

    fn catch_up(&mut self, text: &str) -> Result<(), Failure> {
        let mail = mail(self.frontend.call("check_messages", json!({"wait_seconds": 10}))?)?;
        self.receive(&mail);
        let again = mail.first().is_some_and(|message| {
            message["redelivered"] == true && Some(word(&message["id"])) == self.sent.get(1).cloned()
        });
        self.stage.check("unacknowledged mail comes again", again, "same id, redelivered: true")?;
        let once = mail.len() == 2 && mail[1]["message"] == text && mail[1]["redelivered"] == false;
        self.stage.message(Backend, Frontend, text, "stored once, though sent twice")?;
        self.stage.check("the repeated send arrives once", once, "")?;
        let notified = self.backend.was_notified("notifications/tools/list_changed");
        self.stage.check("clients are told to look at the tools again", notified, "tools/list_changed")
    }

    fn flood(&mut self) -> Result<(), Failure> {
        self.stage.scene("6. An agent talks too much")?;
        let mut refusal = Value::Null;
        while self.sent.len() <= SENDS_PER_MINUTE + GIVEN_BACK {
            let text = format!("And another thing ({})", self.sent.len() + 1);
            match self.backend.call("send_to_partner", json!({"message": text}))? {
                Answer::Done(sent) => self.sent.push(word(&sent["message_id"])),
                Answer::Refused(error) => {
                    refusal = error;
                    break;
                }
                Answer::Failed(error) => {
                    return Err(Failure::failed("send_to_partner of the backend", error));
                }
            }
        }
        let (count, wait) = (self.sent.len(), refusal["retry_after_ms"].as_u64().unwrap_or_default());
        let in_time = (SENDS_PER_MINUTE..=SENDS_PER_MINUTE + GIVEN_BACK).contains(&count);
        let limited = refusal["error"] == "rate_limited" && wait > 0 && in_time;
        let detail = format!("send no. {} of this minute, retry_after_ms {wait}", count + 1);
        self.stage.check("the bridge slows it down", limited, &detail)?;
        while self.received.len() < count {
            let mail = mail(self.frontend.call("check_messages", json!({"wait_seconds": 1}))?)?;
            if mail.is_empty() {
                break;
            }
            self.receive(&mail);
        }
        let whole = self.received == self.sent;
        let detail = format!("{} sent, {} received, in order, none twice", count, self.received.len());
        self.stage.check("nothing was lost or doubled", whole, &detail)
    }

    fn intrude(&mut self) -> Result<(), Failure> {
        self.stage.scene("7. Somebody tries to be somebody else")?;
        let forged = json!({
            "conversation_id": self.conversation, "session_id": "a", "token": "f".repeat(64), "message": "I am the backend",
        });
        let answer = self.frontend.call("send_to_partner", forged)?;
        self.refused("a wrong token is refused", &answer, "wrong_token")?;
        if cfg!(target_os = "linux") {
            let asked = self.admin()?.ask(&Request::Tokens { conversation: self.conversation.clone() });
            let refused = matches!(asked, Err(Failure::HumanOnly(_)));
            self.stage.check(
                "no tokens for a process below an agent",
                refused,
                "bridgectl tokens is for people",
            )?;
        }
        self.denials()
    }

    /// Refusals are recorded right after they were answered: the last one may take a moment.
    fn denials(&mut self) -> Result<(), Failure> {
        let filter = AuditFilter { outcome: Some("denied".to_owned()), limit: 100, ..AuditFilter::default() };
        let mut source = Source::Live(self.admin()?);
        let start = Instant::now();
        loop {
            let rows = source.audit(&filter)?;
            let outcomes: Vec<&str> = rows.iter().map(|row| row.outcome.as_str()).collect();
            let expected = ["used_invite", "rate_limited", "wrong_token"];
            let recorded = expected.iter().all(|cause| outcomes.contains(cause));
            if recorded || start.elapsed() > Duration::from_secs(2) {
                return self.stage.check("every refusal is on record", recorded, &outcomes.join(", "));
            }
            self.sandbox.signals().sleep(GLANCE)?;
        }
    }

    fn part(self) -> Result<(), Failure> {
        let Self { stage, sandbox, mut backend, mut frontend, tokens, .. } = self;
        stage.scene("8. The end, and the evidence")?;
        frontend.must("update_my_status", json!({"status": "complete"}))?;
        let partner = backend.must("check_partner_status", json!({}))?;
        stage.check("the frontend is complete", partner["status"] == "complete", "")?;
        let noted = verify(&mut Source::Live(Client::connect(&sandbox.paths().socket)?), None)?;
        stage.act(
            Human,
            &format!("notes the audit trail's head: {}...", noted.head.get(..16).unwrap_or_default()),
        )?;
        let slower = [backend.leave()?, frontend.leave()?].into_iter().max().unwrap_or_default();
        stage.check(
            "shims end with their clients",
            slower < FAREWELL,
            &format!("{:.0} ms", millis(slower)),
        )?;
        sandbox.stop_daemon()?;
        stage.act(Daemon, "is stopped (SIGTERM); what follows reads its files")?;
        let report = verify(&mut Source::offline(sandbox.paths().clone())?, Some(noted.head))?;
        let problems: Vec<&str> = report.findings.iter().map(|finding| finding.problem.as_str()).collect();
        let detail = if report.whole {
            format!("{} rows, the noted head among them", report.rows)
        } else {
            problems.join("; ")
        };
        stage.check("the audit trail is whole", report.whole && report.rows >= noted.rows, &detail)?;
        let secrets: Vec<&str> =
            [AWS_KEY, PASSWORD].into_iter().chain(tokens.iter().map(String::as_str)).collect();
        let found = sandbox.find(&secrets)?;
        let detail =
            found.as_ref().map_or("database, log, all files".to_owned(), |path| path.display().to_string());
        stage.check("no secret and no token is on disk", found.is_none(), &detail)
    }

    /// Sends as the backend; returns the state it was told.
    fn send(&mut self, text: &str, mut arguments: Value) -> Result<String, Failure> {
        arguments["message"] = json!(text);
        let sent = self.backend.must("send_to_partner", arguments)?;
        self.sent.push(word(&sent["message_id"]));
        Ok(word(&sent["state"]))
    }

    fn receive(&mut self, mail: &[Value]) {
        let new = mail.iter().filter(|message| message["redelivered"] == false);
        self.received.extend(new.map(|message| word(&message["id"])));
    }

    fn refused(&mut self, name: &'static str, answer: &Answer, cause: &str) -> Result<(), Failure> {
        let (ok, detail) = match answer {
            Answer::Refused(error) => (error["error"] == cause, word(&error["error"])),
            Answer::Done(result) | Answer::Failed(result) => (false, result.to_string()),
        };
        self.stage.check(name, ok, &detail)
    }

    fn admin(&self) -> Result<Client, Failure> {
        Client::connect(&self.sandbox.paths().socket)
    }

    fn status(&self) -> Result<StatusReport, Failure> {
        match self.admin()?.ask(&Request::Status)? {
            Response::Status(report) => Ok(*report),
            other => Err(unexpected(&other)),
        }
    }

    fn daemon_pid(&self) -> Option<u32> {
        self.sandbox.daemon().and_then(|pid| u32::try_from(pid.as_raw()).ok())
    }
}

fn verify(source: &mut Source, anchor: Option<String>) -> Result<VerifyReport, Failure> {
    match source.ask(&Request::Verify { anchor })? {
        Response::Verify(report) => Ok(report),
        other => Err(unexpected(&other)),
    }
}

/// The messages of a `check_messages` that must have succeeded.
fn mail(answer: Answer) -> Result<Vec<Value>, Failure> {
    match answer {
        Answer::Done(mut result) => match result["messages"].take() {
            Value::Array(messages) => Ok(messages),
            other => Err(Failure::failed("check_messages answered no list", other)),
        },
        Answer::Refused(error) | Answer::Failed(error) => Err(Failure::failed("check_messages", error)),
    }
}

/// A JSON string's text; empty for anything else.
fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
