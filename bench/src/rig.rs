//! Our own daemon and shims in a directory of their own.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::client::{Client, Process};

/// Limits far away: what is measured is not the limiter.
const CONFIG: &str = "\
[limits.write]\nper_minute = 1000000000\nper_hour = 1000000000\nper_day = 1000000000\n\
[limits.read]\nper_minute = 1000000000\nper_hour = 1000000000\nper_day = 1000000000\n\
[limits.create]\nper_minute = 1000000000\nper_hour = 1000000000\nper_day = 1000000000\n";

/// A running daemon of ours.
pub(crate) struct Rig {
    binaries: PathBuf,
    home: PathBuf,
    /// The daemon.
    pub(crate) daemon: Process,
}

impl Rig {
    /// Starts a daemon over an empty database below `scratch`.
    pub(crate) fn start(binaries: &Path, scratch: &Path) -> io::Result<Self> {
        Self::start_as(Command::new(binaries.join("bridged")), binaries, scratch)
    }

    /// The same with a command line that ends in the daemon's.
    pub(crate) fn start_as(daemon: Command, binaries: &Path, scratch: &Path) -> io::Result<Self> {
        let home = scratch.join("ours");
        if home.exists() {
            std::fs::remove_dir_all(&home)?;
        }
        std::fs::create_dir_all(home.join(".config/bridged"))?;
        std::fs::write(home.join(".config/bridged/config.toml"), CONFIG)?;
        let daemon = Process(spawn(daemon, &home)?);
        let rig = Self { binaries: binaries.to_owned(), home, daemon };
        wait_for(&rig.socket())?;
        Ok(rig)
    }

    /// Starts the daemon again over what its predecessor left.
    pub(crate) fn restart(&mut self) -> io::Result<()> {
        self.daemon = Process(spawn(Command::new(self.binaries.join("bridged")), &self.home)?);
        Ok(())
    }

    /// Where it listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.state().join("run/bridged.sock")
    }

    /// Bytes of the database without its log.
    pub(crate) fn database_bytes(&self) -> io::Result<u64> {
        Ok(std::fs::metadata(self.state().join("bridge.db"))?.len())
    }

    /// Bytes of its log.
    pub(crate) fn log_bytes(&self) -> io::Result<u64> {
        Ok(std::fs::metadata(self.state().join("bridge.db-wal"))?.len())
    }

    fn state(&self) -> PathBuf {
        self.home.join(".local/state/bridged")
    }

    /// A client that has shaken hands.
    pub(crate) fn client(&self) -> io::Result<Client> {
        let mut client = Client::start(command(&self.binaries, "bridge-shim", &self.home))?;
        client.expect(INITIALIZE)?;
        client.write(INITIALIZED)?;
        Ok(client)
    }

    /// `bridgectl`, which sees this daemon.
    pub(crate) fn bridgectl(&self) -> Command {
        command(&self.binaries, "bridgectl", &self.home)
    }

    /// Two clients in one conversation.
    pub(crate) fn pair(&self) -> io::Result<(Client, Client)> {
        let (mut a, mut b) = (self.client()?, self.client()?);
        let created = a.expect(&tool_call("create_conversation", CREATE))?;
        let code = created["result"]["structuredContent"]["invite_code"].as_str().unwrap_or_default();
        b.expect(&tool_call("join_conversation", &format!(r#"{{"invite_code":"{code}"}}"#)))?;
        Ok((a, b))
    }

    /// A client alone in a conversation.
    pub(crate) fn sender(&self) -> io::Result<Client> {
        let mut client = self.client()?;
        client.expect(&tool_call("create_conversation", CREATE))?;
        Ok(client)
    }
}

/// The handshake of revision 2025-06-18.
pub(crate) const INITIALIZE: &[u8] = b"{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{},\"clientInfo\":{\"name\":\"bench\",\"version\":\"1\"}}}\n";
/// What a client says once the handshake is answered.
pub(crate) const INITIALIZED: &[u8] = b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n";

/// Arguments of a new conversation.
pub(crate) const CREATE: &str = r#"{"my_role":"sender","partner_role":"receiver"}"#;

/// A line that calls a tool.
pub(crate) fn tool_call(tool: &str, arguments: &str) -> Vec<u8> {
    format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{{\"name\":\"{tool}\",\"arguments\":{arguments}}}}}\n"
    )
    .into_bytes()
}

/// A line that sends `bytes` bytes of prose.
pub(crate) fn send(bytes: usize) -> Vec<u8> {
    tool_call("send_to_partner", &format!("{{\"message\":\"{}\"}}", prose(bytes)))
}

/// Harmless text of that length.
pub(crate) fn prose(bytes: usize) -> String {
    "the quick brown fox jumps over the lazy dog and looks back ".chars().cycle().take(bytes).collect()
}

/// Bytes as megabytes.
#[expect(clippy::cast_precision_loss, reason = "a file's size")]
pub(crate) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn spawn(mut daemon: Command, home: &Path) -> io::Result<Child> {
    // A preloaded slow disk is for the daemon alone.
    let preloaded = ["LD_PRELOAD", "SLOW_US"].map(|variable| (variable, std::env::var_os(variable)));
    at_home(&mut daemon, home);
    for (variable, value) in preloaded {
        if let Some(value) = value {
            daemon.env(variable, value);
        }
    }
    daemon.stderr(Stdio::null()).spawn()
}

fn command(binaries: &Path, program: &str, home: &Path) -> Command {
    let mut command = Command::new(binaries.join(program));
    at_home(&mut command, home);
    command
}

fn at_home(command: &mut Command, home: &Path) {
    command.env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin").env("BRIDGE_NO_AUTOSTART", "1");
}

/// Waits until something accepts on `socket`.
pub(crate) fn wait_for(socket: &Path) -> io::Result<()> {
    let began = Instant::now();
    while UnixStream::connect(socket).is_err() {
        if began.elapsed() > Duration::from_secs(20) {
            return Err(io::Error::other(format!("nothing listens on {}", socket.display())));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}
