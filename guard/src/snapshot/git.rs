//! git, run in the sandbox on a repository of our own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::SnapshotError;
use crate::outcome::Ended;
use crate::output::plain;
use crate::sandbox::{Barrier, Job, Limits, Raw};

const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin";
const SHELL: &str = "/bin/sh";
const TIME: Duration = Duration::from_secs(600);
const MEBIBYTE: u64 = 1024 * 1024;
/// Bytes kept of an answer that is no diff.
pub(super) const SHORT: usize = 64 * 1024;

/// Attributes of every file, above those that the workspace sets: bytes are taken as they are, and no file can ask not
/// to be shown in a diff (gitattributes(5)).
pub(super) const ATTRIBUTES: &str = "* -text -filter -ident -eol -working-tree-encoding !diff\n";

/// Settings above those of the repository.
const SETTINGS: [(&str, &str); 18] = [
    ("core.attributesFile", "/dev/null"),
    ("core.autocrlf", "false"),
    ("core.bare", "false"),
    ("core.compression", "1"),
    ("core.excludesFile", "/dev/null"),
    ("core.fileMode", "true"),
    ("core.fsmonitor", "false"),
    ("core.hooksPath", "/dev/null"),
    ("core.ignoreCase", "false"),
    ("core.precomposeUnicode", "false"),
    ("core.protectHFS", "false"),
    ("core.protectNTFS", "false"),
    ("core.safecrlf", "false"),
    ("core.symlinks", "true"),
    ("core.untrackedCache", "false"),
    ("gc.auto", "0"),
    ("protocol.allow", "never"),
    ("submodule.recurse", "false"),
];

/// A repository and the workspace it is for.
pub(super) struct Git<'g> {
    pub(super) barrier: &'g dyn Barrier,
    pub(super) repository: &'g Path,
    /// Where lists of paths for git are: it may read them.
    pub(super) lists: &'g Path,
    pub(super) workspace: &'g Path,
    /// UTC milliseconds.
    pub(super) now_ms: i64,
}

impl Git<'_> {
    /// Whether there is one that the sandbox could run.
    pub(super) fn is_installed() -> bool {
        PATH.split(':').any(|directory| Path::new(directory).join("git").is_file())
    }

    /// Runs a shell script that reads the workspace and writes the repository, and returns what it printed.
    pub(super) fn run(&self, script: &str, arguments: &[&str]) -> Result<String, SnapshotError> {
        let raw = self.checked(&self.job(script, arguments, SHORT))?;
        Ok(String::from_utf8_lossy(&raw.stdout.head).trim().to_owned())
    }

    /// The same for a script that prints more than a line.
    pub(super) fn print(&self, script: &str, arguments: &[&str], bytes: usize) -> Result<Raw, SnapshotError> {
        self.checked(&self.job(script, arguments, bytes))
    }

    /// The same for a script that writes the workspace, but for what is protected.
    pub(super) fn write(
        &self,
        script: &str,
        arguments: &[&str],
        protected: Vec<PathBuf>,
    ) -> Result<(), SnapshotError> {
        let mut job = self.job(script, arguments, SHORT);
        job.readable.retain(|path| path != self.workspace);
        job.writable.push(self.workspace.to_owned());
        job.protected = protected;
        self.checked(&job).map(|_| ())
    }

    fn checked(&self, job: &Job) -> Result<Raw, SnapshotError> {
        let raw = self.barrier.run(job)?;
        if raw.ended == Ended::Code(0) {
            return Ok(raw);
        }
        let said = plain(&[raw.stderr.head.as_slice(), &raw.stderr.tail].concat());
        Err(SnapshotError::Git { ended: raw.ended, said: said.trim().to_owned() })
    }

    fn job(&self, script: &str, arguments: &[&str], output: usize) -> Job {
        let argv = ["sh", "-euc", script, "sh"].into_iter().chain(arguments.iter().copied());
        Job {
            program: SHELL.into(),
            argv: argv.map(str::to_owned).collect(),
            directory: self.workspace.to_owned(),
            environment: self.environment(),
            readable: vec![self.workspace.to_owned(), self.lists.to_owned()],
            writable: vec![self.repository.to_owned()],
            protected: Vec::new(),
            hidden: Vec::new(),
            network: false,
            limits: Limits {
                time: TIME,
                processes: 64,
                memory: 2048 * MEBIBYTE,
                file: 8192 * MEBIBYTE,
                open_files: 1024,
                output,
            },
        }
    }

    fn environment(&self) -> BTreeMap<String, String> {
        let repository = self.repository.to_string_lossy();
        let date = format!("@{} +0000", self.now_ms / 1000);
        let mut environment: BTreeMap<String, String> = [
            ("PATH", PATH),
            ("HOME", "/tmp"),
            ("TMPDIR", "/tmp"),
            ("LC_ALL", "C"),
            ("GIT_DIR", &repository),
            ("GIT_INDEX_FILE", &format!("{repository}/index")),
            ("GIT_WORK_TREE", &self.workspace.to_string_lossy()),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_ATTR_NOSYSTEM", "1"),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_NO_REPLACE_OBJECTS", "1"),
            ("GIT_AUTHOR_NAME", "bridged"),
            ("GIT_AUTHOR_EMAIL", "bridged"),
            ("GIT_AUTHOR_DATE", &date),
            ("GIT_COMMITTER_NAME", "bridged"),
            ("GIT_COMMITTER_EMAIL", "bridged"),
            ("GIT_COMMITTER_DATE", &date),
            ("GIT_CONFIG_COUNT", &SETTINGS.len().to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        for (number, (key, value)) in SETTINGS.into_iter().enumerate() {
            environment.insert(format!("GIT_CONFIG_KEY_{number}"), key.to_owned());
            environment.insert(format!("GIT_CONFIG_VALUE_{number}"), value.to_owned());
        }
        environment
    }
}
