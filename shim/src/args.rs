//! The command line: three flags, parsed by hand because a parser's tables would outweigh the shim.

use std::ffi::OsString;

/// Environment variable that names the agent when `--agent` does not.
pub(crate) const AGENT_VARIABLE: &str = "BRIDGE_AGENT";

const HELP: &str = "\
Connects an MCP client to the bridge daemon. Meant to be launched by the client, not by hand.

Usage: bridge-shim [--agent NAME]

Options:
  --agent NAME  durable name of this agent, which goes on in its conversations when its client is restarted
                (default: $BRIDGE_AGENT); auto: from the client's program and directory
  --version     print the version
  --help        print this help

Environment:
  BRIDGED_SOCKET       the daemon's socket (default: below $XDG_RUNTIME_DIR or the state directory)
  BRIDGE_NO_AUTOSTART  when set, never start a daemon
";

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Print this and end.
    Print(String),
    /// Relay.
    Relay {
        /// The agent's name.
        agent: Option<String>,
    },
}

/// Reads the arguments after the program's name.
pub(crate) fn parse(
    mut args: impl Iterator<Item = OsString>,
    default_agent: Option<OsString>,
) -> Result<Action, String> {
    let mut agent = default_agent.filter(|name| !name.is_empty());
    while let Some(arg) = args.next() {
        match arg.to_str() {
            Some("--help" | "-h") => return Ok(Action::Print(HELP.to_owned())),
            Some("--version" | "-V") => {
                return Ok(Action::Print(format!("bridge-shim {}\n", env!("CARGO_PKG_VERSION"))));
            }
            Some("--agent") => agent = Some(args.next().ok_or("--agent needs a name, see --help")?),
            Some(text) if text.starts_with("--agent=") => agent = Some(text["--agent=".len()..].into()),
            _ => return Err(format!("unknown argument {}, see --help", arg.display())),
        }
    }
    let agent = agent.map(OsString::into_string).transpose();
    let agent = agent.map_err(|name| format!("the agent's name is not valid UTF-8: {}", name.display()))?;
    match agent {
        Some(name) if name.trim().is_empty() => Err("the agent's name is empty".to_owned()),
        agent => Ok(Action::Relay { agent }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(args: &[&str], variable: Option<&str>) -> Result<Action, String> {
        parse(args.iter().map(OsString::from), variable.map(OsString::from))
    }

    fn named(name: &str) -> Result<Action, String> {
        Ok(Action::Relay { agent: Some(name.to_owned()) })
    }

    #[test]
    fn the_flag_wins_over_the_variable() {
        assert_eq!(read(&[], None), Ok(Action::Relay { agent: None }));
        assert_eq!(read(&[], Some("")), Ok(Action::Relay { agent: None }));
        assert_eq!(read(&[], Some("env")), named("env"));
        assert_eq!(read(&["--agent", "flag"], Some("env")), named("flag"));
        assert_eq!(read(&["--agent=flag"], None), named("flag"));
    }

    #[test]
    fn mistakes_are_named() {
        assert!(read(&["--agnet", "x"], None).unwrap_err().contains("--agnet"));
        assert!(read(&["x"], None).unwrap_err().contains("--help"));
        assert!(read(&["--agent"], None).unwrap_err().contains("needs a name"));
        assert!(read(&["--agent", " "], None).unwrap_err().contains("empty"));
    }

    #[test]
    fn help_and_version_print() {
        assert!(matches!(read(&["--help"], None), Ok(Action::Print(text)) if text.contains("--agent NAME")));
        assert!(
            matches!(read(&["--version"], None), Ok(Action::Print(text)) if text.starts_with("bridge-shim "))
        );
    }
}
