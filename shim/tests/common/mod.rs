//! A relay in a thread between a fake client (socket pair, as Node gives its children) and a fake daemon.
#![allow(dead_code)] // each test binary uses its part

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::Shutdown;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use bridge_proto::control::Control;
use bridge_proto::frame::{self, HEADER};
use bridge_proto::hello::{ClientHello, Refusal, RefusalCode, ServerHello, Welcome};
use bridge_proto::paths::Paths;
use bridge_shim_relay::FindLaunch;
use bridge_shim_relay::relay::{self, Config};
use serde_json::Value;

/// Far beyond anything a test waits for: only to fail instead of hanging.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn paths(dir: &Path) -> Paths {
    Paths { socket: dir.join("b.sock"), state: dir.join("state"), config: dir.join("config.toml") }
}

/// The agent's MCP client.
pub(crate) struct Client {
    pub(crate) stdin: UnixStream,
    pub(crate) stdout: BufReader<UnixStream>,
    relay: JoinHandle<String>,
}

impl Client {
    pub(crate) fn start(dir: &Path, launch: Option<FindLaunch>) -> Self {
        let (stdin, inner_in) = UnixStream::pair().unwrap();
        let (stdout, inner_out) = UnixStream::pair().unwrap();
        stdout.set_read_timeout(Some(PATIENCE)).unwrap();
        let relay = start_relay(dir, inner_in.into(), inner_out.into(), launch);
        Self { stdin, stdout: BufReader::new(stdout), relay }
    }

    pub(crate) fn write(&mut self, line: &str) {
        self.stdin.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    pub(crate) fn read(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        assert!(line.ends_with('\n'), "the relay ended: {line:?}");
        line.truncate(line.len() - 1);
        line
    }

    pub(crate) fn read_json(&mut self) -> Value {
        serde_json::from_str(&self.read()).unwrap()
    }

    /// Reads an error and returns its code.
    pub(crate) fn read_error(&mut self, id: &Value) -> i64 {
        let answer = self.read_json();
        assert_eq!(&answer["id"], id, "{answer}");
        answer["error"]["code"].as_i64().unwrap()
    }

    /// Closes standard input and waits for the end; returns what was still written and the exit code.
    pub(crate) fn finish(self) -> (String, String) {
        self.stdin.shutdown(Shutdown::Write).unwrap();
        self.wait()
    }

    /// Waits for the relay's end without closing anything.
    pub(crate) fn wait(mut self) -> (String, String) {
        let code = self.relay.join().unwrap();
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        (rest, code)
    }
}

pub(crate) fn start_relay(
    dir: &Path,
    stdin: OwnedFd,
    stdout: OwnedFd,
    launch: Option<FindLaunch>,
) -> JoinHandle<String> {
    // A name is held by one shim at a time.
    static NAMED: AtomicU32 = AtomicU32::new(0);
    let agent = format!("agent-{}", NAMED.fetch_add(1, Ordering::Relaxed));
    let config = Config { paths: paths(dir), agent: Some(agent), launch };
    std::thread::spawn(move || format!("{:?}", relay::run(stdin.as_fd(), stdout.as_fd(), config)))
}

/// What [`std::process::ExitCode`] looks like: it cannot be compared.
pub(crate) fn success() -> String {
    format!("{:?}", std::process::ExitCode::SUCCESS)
}

pub(crate) fn failure() -> String {
    format!("{:?}", std::process::ExitCode::FAILURE)
}

/// The daemon, as far as the shim sees it.
pub(crate) struct Daemon {
    listener: UnixListener,
    socket: PathBuf,
}

impl Daemon {
    pub(crate) fn start(dir: &Path) -> Self {
        let socket = paths(dir).socket;
        Self { listener: UnixListener::bind(&socket).unwrap(), socket }
    }

    /// Accepts a connection.
    pub(crate) fn connect(&self) -> Connection {
        let (stream, _) = self.listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Connection { stream }
    }

    /// Accepts a connection and reads its hello.
    pub(crate) fn accept(&self) -> (Connection, ClientHello) {
        let mut connection = self.connect();
        let hello = serde_json::from_slice(&connection.read().unwrap()).unwrap();
        (connection, hello)
    }

    /// Accepts a connection and welcomes it.
    pub(crate) fn welcome(&self) -> (Connection, ClientHello) {
        let (mut connection, hello) = self.accept();
        connection.welcome();
        (connection, hello)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        std::fs::remove_file(&self.socket).ok();
    }
}

/// One connection of the daemon.
pub(crate) struct Connection {
    pub(crate) stream: UnixStream,
}

impl Connection {
    pub(crate) fn welcome(&mut self) {
        let welcome = ServerHello::Welcome(Welcome { protocol: 1, version: "0.1.0".into(), pid: 1 });
        self.write(&serde_json::to_string(&welcome).unwrap());
    }

    pub(crate) fn refuse(&mut self, code: RefusalCode, message: &str) {
        let refused = ServerHello::Refused { refused: Refusal { code, message: message.into() } };
        self.write(&serde_json::to_string(&refused).unwrap());
    }

    /// The next frame, `None` at the end.
    pub(crate) fn read(&mut self) -> Option<Vec<u8>> {
        let mut header = [0; HEADER];
        self.stream.read_exact(&mut header).ok()?;
        let mut payload = vec![0; u32::from_be_bytes(header) as usize];
        self.stream.read_exact(&mut payload).ok()?;
        Some(payload)
    }

    pub(crate) fn read_text(&mut self) -> String {
        String::from_utf8(self.read().expect("the shim closed the connection")).unwrap()
    }

    pub(crate) fn write(&mut self, payload: &str) {
        self.write_all(&[payload.as_bytes()]);
    }

    /// Several frames in one write.
    pub(crate) fn write_all(&mut self, payloads: &[&[u8]]) {
        let mut bytes = Vec::new();
        for payload in payloads {
            frame::encode(payload, &mut bytes).unwrap();
        }
        self.stream.write_all(&bytes).unwrap();
    }

    pub(crate) fn control(&mut self, control: &Control) {
        self.write_all(&[&control.to_payload()]);
    }
}

pub(crate) fn call(id: impl std::fmt::Display) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"x"}}}}"#)
}

pub(crate) fn answer(id: impl std::fmt::Display) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#)
}

/// Waits for a condition that another thread or process brings about.
pub(crate) fn until(condition: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "waited in vain");
        std::thread::yield_now();
    }
}
