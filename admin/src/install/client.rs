//! What there is to know of an MCP client: where its configuration is and how an entry in it looks.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Longest time that a tool call of ours may take, in seconds: `check_messages` waits up to 300 s for a message, and
/// the answer must still arrive before the client gives up.
pub(crate) const LONGEST_CALL: u64 = 600;

/// The name of our entry in every client's configuration.
pub(crate) const NAME: &str = "bridge";

/// An MCP client. Adding one takes a module with a constant of this type and a line in the table of all.
#[derive(Debug)]
pub(crate) struct Client {
    /// As the command line names it.
    pub(crate) id: &'static str,
    /// As its makers name it.
    pub(crate) title: &'static str,
    /// Programs on `PATH` that show it is installed.
    pub(crate) programs: &'static [&'static str],
    /// Files and directories that show it is installed.
    pub(crate) traces: fn(&Places) -> Vec<PathBuf>,
    /// The user's configuration file, which need not exist.
    pub(crate) user_file: fn(&Places) -> PathBuf,
    /// The configuration file of a project directory, where the client has one for servers.
    pub(crate) project_file: Option<fn(&Path) -> PathBuf>,
    /// How the file is written.
    pub(crate) format: Format,
    /// The object or table that holds the servers.
    pub(crate) servers: &'static str,
    /// Our entry.
    pub(crate) entry: fn(&Launch) -> Vec<Field>,
    /// What the person still has to know or do.
    pub(crate) hint: &'static str,
}

/// How a configuration file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// JSON, with comments and trailing commas kept where they are.
    Json,
    /// TOML.
    Toml,
}

/// How a client is to launch the shim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Launch {
    /// Absolute path of `bridge-shim`.
    pub(crate) program: String,
    /// Durable name of the agent.
    pub(crate) agent: Option<String>,
    /// Environment that the shim needs to find the daemon's places: clients pass on only part of their own.
    pub(crate) variables: BTreeMap<String, String>,
}

impl Launch {
    /// Arguments of the shim.
    pub(crate) fn arguments(&self) -> Vec<String> {
        self.agent.iter().flat_map(|name| ["--agent".to_owned(), name.clone()]).collect()
    }

    /// The field of the program, as most clients write it.
    pub(crate) fn command(&self) -> Field {
        Field { key: "command", want: Want::Exactly(self.program.clone().into()) }
    }

    /// The field of the arguments, as most clients write it.
    pub(crate) fn args(&self) -> Field {
        Field { key: "args", want: Want::Exactly(self.arguments().into()) }
    }

    /// The field of the environment under that key.
    pub(crate) fn environment(&self, key: &'static str) -> Field {
        Field { key, want: Want::Variables(self.variables.clone()) }
    }
}

/// One key of our entry.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    /// The key.
    pub(crate) key: &'static str,
    /// What must be there.
    pub(crate) want: Want,
}

impl Field {
    /// A key that is ours alone.
    pub(crate) fn exactly(key: &'static str, value: impl Into<Value>) -> Self {
        Self { key, want: Want::Exactly(value.into()) }
    }

    /// A key that we set once; what the person makes of it later stays.
    pub(crate) fn at_first(key: &'static str, value: impl Into<Value>) -> Self {
        Self { key, want: Want::AtFirst(value.into()) }
    }

    /// A time-out that may be longer.
    pub(crate) fn at_least(key: &'static str, value: u64) -> Self {
        Self { key, want: Want::AtLeast(value) }
    }
}

/// What must be at a key.
#[derive(Debug, Clone)]
pub(crate) enum Want {
    /// This value.
    Exactly(Value),
    /// This number or a larger one.
    AtLeast(u64),
    /// Anything; this value when we write the entry for the first time.
    AtFirst(Value),
    /// An object with at least these members; nothing when there are none.
    Variables(BTreeMap<String, String>),
}

/// An environment: the value of a variable.
type Lookup = Box<dyn Fn(&str) -> Option<OsString>>;

/// Where the user's files are.
pub(crate) struct Places {
    /// The home directory.
    pub(crate) home: PathBuf,
    /// `$XDG_CONFIG_HOME`, or its default.
    pub(crate) config: PathBuf,
    lookup: Lookup,
}

impl Places {
    /// Reads the environment; `None` when it names no home directory.
    pub(crate) fn from_lookup(lookup: impl Fn(&str) -> Option<OsString> + 'static) -> Option<Self> {
        let absolute = |name| lookup(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = absolute("HOME")?;
        let config = absolute("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config"));
        Some(Self { home, config, lookup: Box::new(lookup) })
    }

    /// A place that a variable names, if it names an absolute one.
    pub(crate) fn named(&self, variable: &str) -> Option<PathBuf> {
        (self.lookup)(variable).map(PathBuf::from).filter(|path| path.is_absolute())
    }

    /// Where desktop programs keep their settings: `~/Library/Application Support` on a Mac.
    pub(crate) fn applications(&self) -> PathBuf {
        if cfg!(target_os = "macos") {
            self.home.join("Library/Application Support")
        } else {
            self.config.clone()
        }
    }

    /// Whether a program of that name is on `PATH`.
    pub(crate) fn has_program(&self, name: &str) -> bool {
        find_program(name, &(self.lookup)("PATH").unwrap_or_default()).is_some()
    }
}

impl Client {
    /// Whether it seems to be installed for this user.
    pub(crate) fn is_found(&self, places: &Places) -> bool {
        self.programs.iter().any(|program| places.has_program(program))
            || (self.traces)(places).iter().any(|trace| trace.exists())
            || (self.user_file)(places).exists()
    }
}

/// The first of the files that exists, else the first of all.
pub(crate) fn first_existing<const N: usize>(files: [PathBuf; N]) -> PathBuf {
    let found = files.iter().position(|file| file.exists()).unwrap_or(0);
    files.into_iter().nth(found).unwrap_or_default()
}

/// An executable file of that name in the directories of a `PATH`.
pub(crate) fn find_program(name: &str, path: &OsString) -> Option<PathBuf> {
    std::env::split_paths(path)
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join(name))
        .find(|file| file.is_file() && nix::unistd::access(file, nix::unistd::AccessFlags::X_OK).is_ok())
}
