//! Proves what people meet when daemon, shims and `bridgectl` are of different releases: whoever is too old or too new
//! is told so, with both versions and what to do, and an agent that is connected is told in its next call.
#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy knows only `#[test]` functions as tests

mod common;

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::thread::JoinHandle;

use bridge_proto::frame::{self, HEADER};
use common::ctl::as_an_agent;
use common::pair::create;
use common::{Daemon, Env, Raw, Shim, json};

/// Hellos as shims and tools of other protocol numbers write them, and what they are told.
const HELLOS: [(&str, &str); 4] = [
    (r#"{"protocol":0,"role":"mcp","version":"0.0.9"}"#, "restart the agent's MCP client"),
    (r#"{"protocol":0,"role":"admin","version":"0.0.9"}"#, "reinstall bridge-shim and bridgectl"),
    (
        r#"{"protocol":2,"role":"mcp","version":"0.0.9","resume":["k"],"reconnect":true}"#,
        "restart the daemon",
    ),
    // A later number may mean anything by its other fields.
    (r#"{"protocol":7,"role":{"watcher":[]},"version":"0.0.9","resume":{"a":1}}"#, "restart the daemon"),
];

#[test]
fn a_hello_of_another_protocol_number_is_told_both_versions_and_the_fix() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    for (hello, fix) in HELLOS {
        let mut raw = Raw::dial(&env);
        raw.frame(hello.as_bytes());
        let refused = raw.read_json()["refused"].clone();
        assert_eq!(refused["code"], "protocol_mismatch", "{refused}");
        let text = refused["message"].as_str().unwrap();
        let both = text.contains("0.0.9") && text.contains(env!("CARGO_PKG_VERSION"));
        assert!(both && text.contains(fix), "{hello}: {text}");
        assert!(raw.is_closed());
    }
    // Whoever has the right number is served beside them.
    create(&mut Shim::connect(&env));
}

/// A daemon of a later release, as far as a client of this one comes: it refuses everybody.
struct Later {
    serving: Option<JoinHandle<()>>,
    socket: PathBuf,
}

const REFUSAL: &str = r#"{"refused":{"code":"protocol_mismatch","message":"the client (version 0.1.0) speaks bridge protocol 1, the daemon (version 9.0.0) speaks 2: the client is older; restart the agent's MCP client"}}"#;
/// A reason that this release has no word for.
const UNHEARD_OF: &str = r#"{"refused":{"code":"under_quarantine","message":"ask the person in charge"}}"#;

impl Later {
    fn start(env: &Env, refusal: &'static str) -> Self {
        let socket = env.paths().socket;
        std::fs::remove_file(&socket).ok();
        let listener = UnixListener::bind(&socket).unwrap();
        let serving = std::thread::spawn(move || {
            loop {
                let (mut stream, _) = listener.accept().unwrap();
                // Whoever says nothing is the end of the test.
                let mut header = [0; HEADER];
                if stream.read_exact(&mut header).is_err() {
                    return;
                }
                let mut hello = vec![0; usize::try_from(u32::from_be_bytes(header)).unwrap()];
                stream.read_exact(&mut hello).unwrap();
                let mut wire = Vec::new();
                frame::encode(refusal.as_bytes(), &mut wire).unwrap();
                stream.write_all(&wire).ok();
            }
        });
        Self { serving: Some(serving), socket }
    }
}

impl Drop for Later {
    fn drop(&mut self) {
        drop(UnixStream::connect(&self.socket));
        self.serving.take().unwrap().join().ok();
    }
}

#[test]
fn a_connected_agent_is_told_when_the_daemon_was_upgraded() {
    for (refusal, fix) in [(REFUSAL, "restart the agent's MCP client"), (UNHEARD_OF, "ask the person")] {
        let mut env = Env::new();
        env.set("BRIDGE_NO_AUTOSTART", "1");
        let daemon = Daemon::start(&env);
        let mut shim = Shim::connect(&env);
        create(&mut shim);
        assert!(daemon.terminate().success());
        let _later = Later::start(&env, refusal);
        let told = shim.call("check_partner_status", json!({})).0;
        assert_eq!(told["error"]["data"]["reason"], "refused", "{told}");
        assert_eq!(told["error"]["data"]["retryable"], false, "{told}");
        assert!(told["error"]["message"].as_str().unwrap().contains(fix), "{told}");
        // It has said all there is to say; the next one is the client's new shim.
        assert!(!shim.ended().0.success());
        let said = as_an_agent(&env, &["status"]).failed(1);
        assert!(said.contains(fix), "{said}");
    }
}

/// Nothing under way when the daemon is replaced: the agent asks later and must find somebody who tells it.
#[test]
fn messages_wait_while_shims_are_replaced() {
    let mut env = Env::with_config(common::NO_LIMITS);
    env.set("BRIDGE_NO_AUTOSTART", "1");
    let daemon = Daemon::start(&env);
    let mut pair = common::Pair::new(&env);
    let sent = pair.send("before the upgrade");
    assert!(daemon.terminate().success());
    let later = Later::start(&env, REFUSAL);
    assert_eq!(pair.b.call("check_messages", json!({})).rpc_error(), -32000);
    drop(later);
    std::fs::remove_file(env.paths().socket).unwrap();
    // Clients come back with shims of the daemon's release; the message is there.
    let _daemon = Daemon::start(&env);
    let mut b = Shim::connect(&env);
    let mail = b.call("check_messages", pair.credentials("b")).ok();
    assert_eq!(mail["messages"][0]["id"], sent.as_str(), "{mail}");
}
