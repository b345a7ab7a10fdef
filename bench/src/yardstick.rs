//! The prototype: frames, a writer thread with group commit and an audit row, no MCP library.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

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

    /// Where it listens.
    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    /// A line for its tool `send` or `echo`, with a message of `bytes` bytes, as session 0 of that conversation.
    ///
    /// The prototype's own load generator gives every client a conversation of its own, as our scenarios do: so must who
    /// measures beside ours, else all clients share one conversation's pages and its bucket.
    pub(crate) fn line(tool: &str, conversation: usize, bytes: usize) -> Vec<u8> {
        format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{{\"name\":\"{tool}\",\"arguments\":\
             {{\"conv\":{conversation},\"sess\":0,\"token\":\"{}\",\"message\":\"{}\"}}}}}}\n",
            token(conversation),
            prose(bytes)
        )
        .into_bytes()
    }
}

/// What session 0 of a conversation proves itself with: HMAC-SHA256 over `conversation:0` under the prototype's built-in
/// key, in hexadecimal digits.
fn token(conversation: usize) -> String {
    // Filled up to a block of the hash, as RFC 2104 does, so that taking it cannot fail.
    let mut key = [0; 64];
    key[..KEY.len()].copy_from_slice(KEY);
    let mut mac = Hmac::<Sha256>::new((&key).into());
    mac.update(format!("{conversation}:0").as_bytes());
    mac.finalize().into_bytes().iter().fold(String::new(), |token, byte| token + &format!("{byte:02x}"))
}

/// The prototype's built-in key.
const KEY: &[u8] = b"master";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_the_prototypes() {
        assert_eq!(token(0), "28558a6c01309738c47028900960ed3032eb8474cd4f57e788f15daa62105fc2");
        assert_ne!(token(1), token(0));
    }

    #[test]
    fn a_line_names_its_conversation() {
        let line: serde_json::Value = serde_json::from_slice(&Prototype::line("send", 7, 20)).unwrap();
        let arguments = &line["params"]["arguments"];
        assert_eq!(arguments["conv"], 7);
        assert_eq!(arguments["token"], token(7));
        assert_eq!(arguments["message"].as_str().unwrap().len(), 20);
    }
}
