//! The prototype: frames, a writer thread with group commit and an audit row, no MCP library.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::client::{Client, Process};
use super::rig::{prose, wait_for};

/// A running prototype.
pub(crate) struct Prototype {
    binaries: PathBuf,
    socket: PathBuf,
    /// Its daemon.
    pub(crate) daemon: Process,
}

impl Prototype {
    /// Starts it over an empty database below `scratch`.
    pub(crate) fn start(binaries: &Path, scratch: &Path) -> io::Result<Self> {
        let home = scratch.join("yardstick");
        if home.exists() {
            std::fs::remove_dir_all(&home)?;
        }
        std::fs::create_dir_all(&home)?;
        let socket = home.join("s");
        let mut command = Command::new(binaries.join("protod"));
        command.arg("--sock").arg(&socket).arg("--db").arg(home.join("db"));
        command.args(["--io", "lean", "--autockpt", "16000", "--ckpt-ms", "200"]);
        let daemon = Process(command.stderr(Stdio::null()).spawn()?);
        wait_for(&socket)?;
        Ok(Self { binaries: binaries.to_owned(), socket, daemon })
    }

    /// A client of its own shim.
    pub(crate) fn client(&self) -> io::Result<Client> {
        let mut command = Command::new(self.binaries.join("shim_std"));
        command.arg(&self.socket).env_remove("LD_PRELOAD");
        Client::start(command)
    }

    /// A line for its tool `send` or `echo`, as conversation 0, session 0.
    pub(crate) fn line(tool: &str, bytes: usize) -> Vec<u8> {
        format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{{\"name\":\"{tool}\",\"arguments\":\
             {{\"conv\":0,\"sess\":0,\"token\":\"{TOKEN}\",\"message\":\"{}\"}}}}}}\n",
            prose(bytes)
        )
        .into_bytes()
    }
}

/// HMAC-SHA256 under the prototype's built-in key `master` over `0:0`.
const TOKEN: &str = "28558a6c01309738c47028900960ed3032eb8474cd4f57e788f15daa62105fc2";
