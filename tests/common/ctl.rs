//! `bridgectl` in a home of its own.

use std::fs;
use std::process::Output;

use serde_json::Value;

use super::env::BRIDGECTL;
use super::{Env, until_some};

/// What a command ended with.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// Standard output, of a command that went well.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.err);
        self.out
    }

    /// The same as JSON.
    #[track_caller]
    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.ok()).unwrap()
    }

    /// Standard error, of a command that failed in that way.
    #[track_caller]
    pub(crate) fn failed(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        self.err
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

/// Lets go of its parent, and runs the rest of its arguments once that is gone: out of the test process's family, which
/// is that of an agent's client, as soon as it has started a shim.
const AS_A_PERSON: &str = r#"
parent=$$; into=$1; shift
( while kill -0 $parent 2>/dev/null; do :; done
  "$@" >$into/out 2>$into/err; echo $? >$into/code.new; mv $into/code.new $into/code ) >/dev/null 2>&1 &
"#;

/// Runs `bridgectl` with these arguments, as a person would.
#[track_caller]
pub(crate) fn bridgectl(env: &Env, arguments: &[&str]) -> Said {
    let into = tempfile::tempdir_in(env.root()).unwrap();
    let mut shell = env.command("sh");
    shell.args(["-c", AS_A_PERSON, "sh"]).arg(into.path()).arg(BRIDGECTL).args(arguments);
    assert!(shell.status().unwrap().success());
    let read = |name: &str| fs::read_to_string(into.path().join(name));
    let code = until_some("bridgectl ends", || read("code").ok());
    Said { code: code.trim().parse().ok(), out: read("out").unwrap(), err: read("err").unwrap() }
}

/// The same as a child of this process, as an agent would.
pub(crate) fn as_an_agent(env: &Env, arguments: &[&str]) -> Said {
    env.command(BRIDGECTL).args(arguments).output().unwrap().into()
}

/// Every conversation with every message, as `show --all --json` prints it, without what only a running daemon knows.
pub(crate) fn export(env: &Env) -> String {
    let list = bridgectl(env, &["list", "--all", "--json"]).json();
    let mut text = String::new();
    for conversation in list.as_array().unwrap() {
        let id = conversation["conversation_id"].as_str().unwrap();
        text.push_str(&bridgectl(env, &["show", id, "--all", "--json"]).ok());
    }
    text
}
