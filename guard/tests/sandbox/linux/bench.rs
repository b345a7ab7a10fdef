//! A workspace among things that a job must not reach.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bridge_guard::sandbox::{Barrier, HOME_INSIDE, Job, Limits, Raw, TMP_INSIDE};
use bridge_guard::{Ended, Tier};
use tempfile::TempDir;

/// A tier to be tried.
pub(crate) struct Bench {
    barrier: Box<dyn Barrier>,
}

impl Bench {
    pub(crate) fn new(barrier: Box<dyn Barrier>) -> Self {
        Self { barrier }
    }

    pub(crate) fn is(&self, tier: Tier) -> bool {
        self.barrier.tier() == tier
    }

    /// A fresh place.
    pub(crate) fn place(&self) -> Place<'_> {
        let outside = TempDir::new().unwrap();
        let workspace = outside.path().join("workspace");
        fs::create_dir(&workspace).unwrap();
        fs::write(workspace.join("file"), "of the workspace\n").unwrap();
        fs::write(outside.path().join("secret"), SECRET).unwrap();
        Place { bench: self, outside, workspace }
    }
}

pub(crate) const SECRET: &str = "canary-5121\n";

/// A workspace, and beside it a secret.
pub(crate) struct Place<'b> {
    bench: &'b Bench,
    outside: TempDir,
    pub(crate) workspace: PathBuf,
}

impl Place<'_> {
    pub(crate) fn secret(&self) -> PathBuf {
        self.outside.path().join("secret")
    }

    pub(crate) fn outside(&self) -> &Path {
        self.outside.path()
    }

    /// A job that may write the workspace.
    pub(crate) fn job(&self, argv: &[&str]) -> Job {
        let environment = [("PATH", "/usr/bin:/bin"), ("HOME", HOME_INSIDE), ("TMPDIR", TMP_INSIDE)];
        let program = ["/usr/bin", "/bin"].map(|directory| Path::new(directory).join(argv[0]));
        Job {
            program: program.into_iter().find(|path| path.exists()).unwrap_or_else(|| argv[0].into()),
            argv: argv.iter().copied().map(str::to_owned).collect(),
            directory: self.workspace.clone(),
            environment: environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            readable: vec![self.workspace.clone()],
            writable: vec![self.workspace.clone()],
            protected: Vec::new(),
            hidden: Vec::new(),
            network: false,
            limits: LIMITS,
        }
    }

    /// A shell line that may write the workspace.
    pub(crate) fn shell(&self, line: &str) -> Job {
        self.job(&["sh", "-c", line])
    }

    /// This program as the job, trying something.
    pub(crate) fn probe(&self, what: &str, argument: &str) -> Job {
        let program = std::env::current_exe().unwrap();
        Job {
            program: program.clone(),
            readable: vec![self.workspace.clone(), program],
            ..self.job(&["probe", "probe", what, argument])
        }
    }

    pub(crate) fn run(&self, job: &Job) -> Told {
        Told(self.bench.barrier.run(job).unwrap())
    }

    pub(crate) fn barrier(&self) -> &dyn Barrier {
        &*self.bench.barrier
    }
}

pub(crate) const LIMITS: Limits = Limits {
    time: Duration::from_secs(60),
    processes: 64,
    memory: 512 << 20,
    file: 64 << 20,
    open_files: 128,
    output: 64 << 10,
};

/// What a job came to.
#[derive(Debug)]
pub(crate) struct Told(pub(crate) Raw);

impl Told {
    pub(crate) fn out(&self) -> String {
        String::from_utf8([&self.0.stdout.head[..], &self.0.stdout.tail[..]].concat()).unwrap()
    }

    pub(crate) fn err(&self) -> String {
        String::from_utf8([&self.0.stderr.head[..], &self.0.stderr.tail[..]].concat()).unwrap()
    }

    /// It ended by itself and well, with this output.
    #[track_caller]
    pub(crate) fn says(&self, expected: &str) {
        assert_eq!((self.0.ended, self.out().trim_end()), (Ended::Code(0), expected), "{self}");
    }

    /// It ended by itself and badly, and nothing secret came out.
    #[track_caller]
    pub(crate) fn fails(&self) {
        assert!(matches!(self.0.ended, Ended::Code(1..)), "{self}");
        assert!(!self.out().contains(SECRET.trim()), "{self}");
    }
}

impl std::fmt::Display for Told {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:?}\n{}\n{}", self.0.ended, self.out(), self.err())
    }
}

/// The variables of an output of `env`.
pub(crate) fn variables(text: &str) -> BTreeMap<String, String> {
    text.lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}
