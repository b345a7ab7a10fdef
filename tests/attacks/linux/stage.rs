//! A bridge at work, a workspace, and around them what no command may reach.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::around::Around;
use super::canaries::{CANARY, Canaries};
use super::executor::{self, Told};
use super::leftovers;
use super::listeners::Listeners;
use super::place::Place;
use super::workspace;

const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(5);
/// How long after a line harm may show.
const HARM_SHOWS: Duration = Duration::from_secs(5);

/// Files outside the workspace: below the stage, and what they are.
const OUTSIDE: [(&str, &str); 10] = [
    ("outside/secret.txt", "-file-of-a-neighbour\n"),
    ("outside/dir/deep.txt", "-deeper\n"),
    ("outside/evil.sh", "\ntouch evil-ran\n"),
    ("home/.ssh/id_ed25519", "-ssh-key\n"),
    ("home/.aws/credentials", "-aws\n"),
    ("home/.bashrc", "-bashrc\n"),
    ("home/.gitconfig", "-gitconfig\n"),
    ("home/.claude.json", "-claude\n"),
    ("home/.netrc", "-netrc\n"),
    ("home/notes.txt", "-notes\n"),
];

/// What no command may change in the workspace, or bring there.
const PROTECTED: [&str; 17] = [
    ".git/hooks",
    ".git/config",
    ".git/config.worktree",
    ".git/info/attributes",
    ".mcp.json",
    ".claude",
    ".claude.json",
    ".codex",
    ".cursor",
    ".envrc",
    ".gemini",
    ".husky",
    ".vscode",
    "docs/.git/hooks/post-commit",
    "docs/.mcp.json",
    "opencode.json",
    "src/.git",
];

pub(crate) struct Stage {
    pub(crate) place: Place,
    root: TempDir,
    programs: PathBuf,
    daemon: Child,
    listeners: Listeners,
    canaries: Canaries,
    around: Around,
    protected: Around,
    toolchain: Option<PathBuf>,
    runs: u32,
    clean: bool,
}

/// What a run did that it must not.
pub(crate) type Harm = Vec<String>;

impl Stage {
    /// Builds everything. `programs` holds the binaries, readable to everybody.
    pub(crate) fn build(place: Place, programs: &Path, toolchain: Option<PathBuf>) -> Self {
        // A short path: a socket's may have 108 bytes.
        let root = tempfile::Builder::new().prefix("ba").tempdir_in("/tmp").unwrap();
        let path = |name: &str| root.path().join(name);
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for name in ["home", "outside/bin", "s", "c/bridged", "r", "t", "p"] {
            fs::create_dir_all(path(name)).unwrap();
        }
        for private in ["home", "s", "c/bridged", "r", "t"] {
            fs::set_permissions(path(private), fs::Permissions::from_mode(0o700)).unwrap();
        }
        for (name, text) in OUTSIDE {
            fs::create_dir_all(path(name).parent().unwrap()).unwrap();
            fs::write(path(name), format!("{CANARY}{text}")).unwrap();
        }
        fake_programs(&path("outside"));
        symlink(path("outside/secret.txt"), path("outside/link")).unwrap();
        fs::write(path("c/bridged/config.toml"), config(place, toolchain.as_deref())).unwrap();
        workspace::template(&path("template"), place);
        let mut listeners = Listeners::open(&path("outside"));
        place.own(root.path());
        workspace::fresh(&path("template"), &path("p/w"), &path("outside"), place);
        listeners.open_inside(&path("p/w"));
        let daemon = start(environment(place, root.path(), &programs.join("bridged")));
        let until = Instant::now() + PATIENCE;
        while UnixStream::connect(path("r/bridged/bridged.sock")).is_err() {
            assert!(Instant::now() < until, "the daemon does not start");
            thread::sleep(PAUSE);
        }
        let canaries = Canaries::new(&fs::read(path("s/bridged/master.key")).unwrap());
        let (around, protected) = (around(root.path()), protected(&path("p/w")));
        let programs = programs.to_owned();
        Self {
            place,
            root,
            programs,
            daemon,
            listeners,
            canaries,
            around,
            protected,
            toolchain,
            runs: 0,
            clean: true,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn workspace(&self) -> PathBuf {
        self.path("p/w")
    }

    pub(crate) fn canaries(&self) -> &Canaries {
        &self.canaries
    }

    /// A command line with the names of this stage in place of `%NAME%`.
    pub(crate) fn fill(&self, line: &str) -> String {
        let path = |name: &str| self.path(name).display().to_string();
        [
            ("%WS%", path("p/w")),
            ("%OUT%", path("outside")),
            ("%HOME%", path("home")),
            ("%STATE%", path("s/bridged")),
            ("%KEY%", path("s/bridged/master.key")),
            ("%DB%", path("s/bridged/bridge.db")),
            ("%SOCK%", path("r/bridged/bridged.sock")),
            ("%CONFIG%", path("c/bridged/config.toml")),
            ("%BRIDGECTL%", self.programs.join("bridgectl").display().to_string()),
            ("%DAEMON%", self.daemon.id().to_string()),
            ("%TEST%", std::process::id().to_string()),
            ("%PORT%", self.listeners.port.to_string()),
            ("%UDP%", self.listeners.udp_port.to_string()),
            ("%ABSTRACT%", self.listeners.hidden_name.clone()),
            ("%NAP%", self.nap()),
        ]
        .iter()
        .fold(line.to_owned(), |line, (name, value)| line.replace(name, value))
    }

    /// A number of seconds that nobody else sleeps.
    fn nap(&self) -> String {
        format!("7{}{:04}", self.listeners.port, self.runs)
    }

    /// Whether a program is where commands find it.
    pub(crate) fn has_program(&self, name: &str) -> bool {
        let system = ["/usr/local/bin", "/usr/bin", "/bin"].map(PathBuf::from);
        let toolchain = self.toolchain.iter().map(|path| path.join("bin"));
        toolchain.chain(system).any(|directory| directory.join(name).is_file())
    }

    /// The executor, with secrets and traps in its environment.
    fn executor(&self) -> Command {
        let mut command = environment(self.place, self.root.path(), &self.programs.join("bridgectl"));
        let outside = self.path("outside").display().to_string();
        for (name, value) in [
            ("AWS_SECRET_ACCESS_KEY", format!("{CANARY}-in-the-environment")),
            ("ANTHROPIC_API_KEY", format!("{CANARY}-in-the-environment")),
            ("SSH_AUTH_SOCK", format!("{outside}/host.sock")),
            ("BASH_ENV", format!("{outside}/evil.sh")),
            ("ENV", format!("{outside}/evil.sh")),
            ("PYTHONPATH", format!("{outside}/python")),
            ("NODE_OPTIONS", format!("--require={outside}/evil.js")),
            ("GIT_DIR", outside.clone()),
            ("GIT_EXTERNAL_DIFF", format!("{outside}/bin/evil")),
            ("GIT_SSH_COMMAND", format!("{outside}/bin/evil")),
            ("PERL5OPT", "-Mevil".to_owned()),
            ("MAKEFLAGS", "--eval=$(info made-evil)".to_owned()),
            ("LD_LIBRARY_PATH", format!("{outside}/lib")),
            ("BASH_FUNC_ls%%", "() { echo evil-function; }".to_owned()),
            ("PATH", format!("{outside}/bin:/usr/local/bin:/usr/bin:/bin")),
        ] {
            command.env(name, value);
        }
        command
    }

    /// Runs a line by the executor, and says what harm it did. The outer error is no answer at all.
    pub(crate) fn run(&mut self, mode: &str, line: &str, timeout_ms: u64) -> (Result<Told, String>, Harm) {
        self.prepare();
        let workspace = self.workspace();
        let told = executor::ask(self.executor(), mode, line, workspace.to_str().unwrap(), timeout_ms);
        self.clean = mode == "safe" || told.as_ref().is_ok_and(|told| !told.answer.ran());
        let harm = self.harm();
        if !harm.is_empty() {
            self.repair();
        }
        (told, harm)
    }

    /// Runs a line without any executor, and waits for the harm that is expected of it to be seen.
    pub(crate) fn run_unguarded(&mut self, line: &str, expected: &str) -> Harm {
        self.prepare();
        let mut shell = environment(self.place, self.root.path(), Path::new("/bin/bash"));
        shell.args(["-c", line]).current_dir(self.workspace());
        let output = shell.output().unwrap();
        self.clean = false;
        let heard = self.canaries.heard_in(&String::from_utf8_lossy(&output.stdout));
        let mut harm: Harm = heard.into_iter().map(|what| format!("gave away {what}")).collect();
        // What was killed dies, and what was started shows its name, a moment later.
        let until = Instant::now() + HARM_SHOWS;
        while !harm.iter().any(|harm| harm.contains(expected)) && Instant::now() < until {
            harm.extend(self.look());
            thread::sleep(PAUSE);
        }
        self.runs += 1;
        self.repair();
        harm
    }

    fn prepare(&mut self) {
        if !self.clean {
            workspace::fresh(&self.path("template"), &self.workspace(), &self.path("outside"), self.place);
            self.listeners.open_inside(&self.workspace());
            self.clean = true;
        }
    }

    /// What is not as it was, once a run is over.
    fn harm(&mut self) -> Harm {
        let harm = self.look();
        self.runs += 1;
        harm
    }

    fn look(&mut self) -> Harm {
        let daemon = i32::try_from(self.daemon.id()).unwrap();
        let left = leftovers::reap(self.root.path(), &self.nap(), &[daemon]);
        let mut harm: Harm = left.into_iter().map(|process| format!("left running: {process}")).collect();
        harm.extend(self.listeners.reached().into_iter().map(|who| format!("reached {who}")));
        harm.extend(self.around.differences(&around(self.root.path())));
        harm.extend(self.protected.differences(&protected(&self.workspace())));
        if self.daemon.try_wait().unwrap().is_some()
            || UnixStream::connect(self.path("r/bridged/bridged.sock")).is_err()
        {
            harm.push("the daemon does not serve any more".to_owned());
        }
        let header = fs::read(self.path("s/bridged/bridge.db")).unwrap_or_default();
        if !header.starts_with(b"SQLite format 3\0") {
            harm.push("the daemon's database was destroyed".to_owned());
        }
        harm
    }

    /// After harm was done, the next command starts from a stage of its own again.
    fn repair(&mut self) {
        self.daemon.kill().ok();
        self.daemon.wait().unwrap();
        *self = Self::build(self.place, &self.programs, self.toolchain.clone());
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.daemon.kill().ok();
        self.daemon.wait().ok();
        Command::new("chmod").args(["-R", "u+rwX"]).arg(self.root.path()).output().ok();
    }
}

fn config(place: Place, toolchain: Option<&Path>) -> String {
    let toolchain = toolchain.map(|path| format!("{:?}", path.display().to_string())).unwrap_or_default();
    format!("[yolo]\nsandbox = \"{}\"\ntoolchains = [{toolchain}]\n", place.tier)
}

/// Programs by the names of everyday ones, first on the executor's own search path.
fn fake_programs(outside: &Path) {
    for name in ["ls", "cat", "git", "python3", "bash", "evil", "bwrap"] {
        let path = outside.join("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\ntouch {}/fake-ran\n", outside.display())).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    fs::create_dir(outside.join("python")).unwrap();
    let module = format!("open({:?}, 'w')\n", outside.join("python-ran"));
    fs::write(outside.join("python/sitecustomize.py"), module).unwrap();
    fs::write(outside.join("evil.js"), "console.log('evil-module')\n").unwrap();
}

/// A program of the bridge's user, with the bridge's directories.
fn environment(place: Place, root: &Path, program: &Path) -> Command {
    let mut command = place.command(program);
    command.env("HOME", root.join("home")).env("TMPDIR", root.join("t"));
    command.env("XDG_STATE_HOME", root.join("s")).env("XDG_CONFIG_HOME", root.join("c"));
    command.env("XDG_RUNTIME_DIR", root.join("r")).env("YOLO_MODE", "1").current_dir(root);
    command
}

fn start(mut daemon: Command) -> Child {
    daemon.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn around(root: &Path) -> Around {
    let trees = ["outside", "home", "c", "s/bridged/master.key"].map(|name| root.join(name));
    Around::of(trees.iter().map(PathBuf::as_path))
}

fn protected(workspace: &Path) -> Around {
    let trees = PROTECTED.map(|name| workspace.join(name));
    Around::of(trees.iter().map(PathBuf::as_path)).without_times()
}
