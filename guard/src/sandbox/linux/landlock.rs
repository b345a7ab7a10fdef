//! The Landlock tier: for machines whose kernel forbids user namespaces. The job runs among the user's own processes
//! and files, and the kernel refuses it everything but what it was granted.
//!
//! Interface version 6 (Linux 6.12) is the least that holds: without its scopes a job could send signals to the user's
//! other processes, the bridge among them, and reach their abstract sockets. What Landlock has no opinion about (modes,
//! owners and times of files named by a path, shared memory, other processes' limits) the system call filter denies.
//!
//! What this tier cannot do: keep a protected path inside something writable from being written (rights only ever add
//! up below a directory; compare before and after), hide names, sizes and times of files (only what is in them), give
//! the job a `/tmp` (its own is at `TMPDIR`), show it other processes or more than a little of its own `/proc`, or hide
//! `/etc/passwd`.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, PathBeneath, PathFd,
    Ruleset, RulesetAttr as _, RulesetCreated, RulesetCreatedAttr as _, RulesetError, Scope,
};

use super::cgroup::Places;
use super::channel::{Failure, Hold, Orders};
use super::seccomp::{self, Host, Shared};
use super::{init, run, system};
use crate::sandbox::{Barrier, HOME_INSIDE, Job, Raw, Reason, RunError, TMP_INSIDE, Tier};

/// What every grant is made of.
const NEEDED: ABI = ABI::V6;

/// Runs jobs under Landlock.
#[derive(Debug)]
pub(super) struct Landlock {
    executable: PathBuf,
    places: Places,
}

impl Landlock {
    /// Runs jobs re-executing this program.
    pub(super) fn new(executable: PathBuf) -> Result<Self, Reason> {
        // Creating a rule set restricts nobody yet.
        if let Err(error) = ruleset(false).and_then(Ruleset::create) {
            return Err(Reason::OldKernel { words: error.to_string() });
        }
        Ok(Self { executable, places: Places::find() })
    }

    /// The same without control groups.
    pub(super) fn uncounted(self) -> Self {
        Self { places: Places::default(), ..self }
    }
}

impl Barrier for Landlock {
    fn tier(&self) -> Tier {
        Tier::Landlock
    }

    fn run(&self, job: &Job) -> Result<Raw, RunError> {
        let tier = Tier::Landlock;
        let setup = |error: io::Error| RunError::Setup { tier, reason: error.to_string() };
        if let Some(hidden) =
            job.hidden.iter().find(|hidden| job.writable.iter().any(|root| overlap(hidden, root)))
        {
            let reason =
                format!("{} is to be hidden and lies in, or around, something writable", hidden.display());
            return Err(RunError::Unfit { tier, reason });
        }
        let private = Private::make().map_err(setup)?;
        let environment = moved(&job.environment, &private.0);
        let made = self.places.make(&job.limits).map_err(setup)?;
        let orders = Orders {
            job: Job { environment, ..job.clone() },
            hold: Hold::Landlock { private: private.0.clone() },
            cgroups: made.groups().clone(),
        };
        run::run(&self.executable, tier, &orders)
    }
}

fn overlap(one: &Path, other: &Path) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

/// An environment in which the private directories are where they are.
fn moved(environment: &BTreeMap<String, String>, private: &Path) -> BTreeMap<String, String> {
    let place = private.to_string_lossy();
    let value = |value: &String| match value.strip_prefix(HOME_INSIDE) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("{place}/home{rest}"),
        _ if value == TMP_INSIDE => place.clone().into_owned(),
        _ => value.clone(),
    };
    environment.iter().map(|(name, text)| (name.clone(), value(text))).collect()
}

/// A directory of one job alone; gone afterwards with everything in it.
struct Private(PathBuf);

impl Private {
    fn make() -> io::Result<Self> {
        let directory = tempfile::Builder::new().prefix("bridge-guard-").tempdir()?;
        fs::create_dir(directory.path().join("home"))?;
        Ok(Self(directory.keep().canonicalize()?))
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

/// Removes a private directory, whatever the job did to it.
pub(super) fn remove(private: &Path) {
    if fs::remove_dir_all(private).is_err() {
        open_up(private);
        // What cannot be removed even so is left in the temporary directory, readable to nobody else.
        fs::remove_dir_all(private).ok();
    }
}

/// Makes directories that the job closed accessible again, so that they can be removed.
fn open_up(directory: &Path) {
    fs::set_permissions(directory, fs::Permissions::from_mode(0o700)).ok();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            open_up(&entry.path());
        }
    }
}

/// Restricts this process and executes the program. Comes back only when that failed.
pub(super) fn become_it(job: &Job, private: &Path) -> Failure {
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o022));
    if let Err(error) = restrict(job, private) {
        return Failure::Setup(error.to_string());
    }
    Failure::Program(init::command(job).exec().to_string())
}

fn restrict(job: &Job, private: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut ruleset = ruleset(job.network)?.create()?;
    for grant in grants(job, private) {
        ruleset = grant.add_to(ruleset)?;
    }
    ruleset.restrict_self()?;
    let host = Some(Host { writes: !job.writable.is_empty() });
    seccomp::install(Shared { network: job.network, host })
}

/// Everything is forbidden that version 6 can forbid, or it is an error.
fn ruleset(network: bool) -> Result<Ruleset, RulesetError> {
    let ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(NEEDED))?
        .scope(Scope::from_all(NEEDED))?;
    if network { Ok(ruleset) } else { ruleset.handle_access(AccessNet::from_all(NEEDED)) }
}

/// A right to a path and what lies below.
struct Grant {
    path: PathBuf,
    access: BitFlags<AccessFs>,
}

impl Grant {
    fn add_to(self, ruleset: RulesetCreated) -> Result<RulesetCreated, Box<dyn std::error::Error>> {
        // What is not there is not granted.
        let Ok(metadata) = fs::metadata(&self.path) else { return Ok(ruleset) };
        let access = if metadata.is_dir() { self.access } else { self.access & AccessFs::from_file(NEEDED) };
        Ok(ruleset.add_rule(PathBeneath::new(PathFd::new(&self.path)?, access))?)
    }
}

/// Devices that are the same for everybody.
const DEVICES: [&str; 5] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// Settings that a tier with a file system of its own makes up.
const LOOK_UP: [&str; 4] = ["/etc/passwd", "/etc/group", "/etc/hosts", "/etc/nsswitch.conf"];

/// What programs ask `/proc` about the machine. Nothing about processes or the network.
const MACHINE: [&str; 15] = [
    "/proc/cpuinfo",
    "/proc/filesystems",
    "/proc/loadavg",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/uptime",
    "/proc/version",
    "/proc/sys/fs/nr_open",
    "/proc/sys/kernel/cap_last_cap",
    "/proc/sys/kernel/ngroups_max",
    "/proc/sys/kernel/osrelease",
    "/proc/sys/kernel/pid_max",
    "/proc/sys/kernel/random/uuid",
    "/proc/sys/vm/max_map_count",
    "/proc/sys/vm/overcommit_memory",
];

/// What the program may ask about itself. A grant is for the process that exists now, so that those it starts must do
/// without. The mounts are for `df`. Not `net`, which speaks of the machine, nor `task`, which has it too.
const ITSELF: [&str; 14] = [
    "auxv",
    "cmdline",
    "comm",
    "environ",
    "fd",
    "fdinfo",
    "io",
    "limits",
    "maps",
    "mountinfo",
    "mounts",
    "stat",
    "statm",
    "status",
];

fn grants(job: &Job, private: &Path) -> Vec<Grant> {
    let read = AccessFs::from_read(NEEDED);
    let write = AccessFs::from_all(NEEDED)
        & !(AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::MakeSock | AccessFs::IoctlDev);
    let hidden: Vec<PathBuf> = job.hidden.iter().filter_map(|path| path.canonicalize().ok()).collect();
    let mut readable: Vec<PathBuf> =
        system::PROGRAMS.iter().chain(&LOOK_UP).chain(&MACHINE).map(PathBuf::from).collect();
    readable.push(system::PROCESSORS.into());
    readable.extend(ITSELF.map(|name| Path::new("/proc/self").join(name)));
    readable.extend(system::settings());
    readable.extend(job.network.then(|| system::RESOLVER.into()));
    readable.extend(job.readable.iter().cloned());
    let mut grants: Vec<Grant> = readable
        .iter()
        .filter_map(|path| path.canonicalize().ok())
        .flat_map(|path| without(path, &hidden))
        .map(|path| Grant { path, access: read })
        .collect();
    let devices =
        DEVICES.map(|path| Grant { path: path.into(), access: AccessFs::ReadFile | AccessFs::WriteFile });
    grants.extend(devices);
    let writable = job.writable.iter().cloned().chain([private.to_owned()]);
    grants.extend(writable.map(|path| Grant { path, access: write }));
    grants
}

/// What has to be granted instead of a path, so that nothing hidden is granted: since a grant holds for all below, the
/// entries beside what is hidden one by one, and not the directory itself.
fn without(path: PathBuf, hidden: &[PathBuf]) -> Vec<PathBuf> {
    if hidden.iter().any(|hidden| path.starts_with(hidden)) {
        return Vec::new();
    }
    if !hidden.iter().any(|hidden| hidden.starts_with(&path)) {
        return vec![path];
    }
    let entries = fs::read_dir(&path).into_iter().flatten().flatten();
    // A link is granted where it leads to, and that is granted, or not, by itself.
    let entries = entries.filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_symlink()));
    entries.flat_map(|entry| without(entry.path(), hidden)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_private_directories_are_moved() {
        let pairs = [
            ("HOME", "/tmp/home"),
            ("CARGO_HOME", "/tmp/home/.cargo"),
            ("TMPDIR", "/tmp"),
            ("A", "/tmp/homely"),
        ];
        let environment = BTreeMap::from(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let moved = moved(&environment, Path::new("/tmp/x"));
        assert_eq!(
            moved.values().collect::<Vec<_>>(),
            ["/tmp/homely", "/tmp/x/home/.cargo", "/tmp/x/home", "/tmp/x"]
        );
    }

    #[test]
    fn what_is_hidden_is_granted_in_no_way() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        for directory in ["a/secret/deep", "a/beside", "b"] {
            fs::create_dir_all(path(directory)).unwrap();
        }
        std::os::unix::fs::symlink(path("a/secret"), path("b/link")).unwrap();
        std::os::unix::fs::symlink(path("a/secret"), path("a/link")).unwrap();
        let mut granted = without(root.path().to_owned(), &[path("a/secret")]);
        granted.sort();
        assert_eq!(granted, [path("a/beside"), path("b")]);
        assert!(without(path("a/secret/deep"), &[path("a/secret")]).is_empty());
    }

    #[test]
    fn a_private_directory_leaves_nothing_behind() {
        let private = Private::make().unwrap();
        let path = private.0.clone();
        fs::create_dir_all(path.join("closed/inner")).unwrap();
        fs::set_permissions(path.join("closed"), fs::Permissions::from_mode(0o000)).unwrap();
        drop(private);
        assert!(!path.exists());
    }
}
