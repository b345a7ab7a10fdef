//! Control groups, where this process may make some: the only way to count the processes and the memory of a whole job.
//!
//! Both generations are used as they are found: the unified hierarchy (`Documentation/admin-guide/cgroup-v2.rst`) below
//! the own group or beside it, and the `pids` and `memory` hierarchies of the first generation (`cgroup-v1/`).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::sandbox::Limits;

/// The sandbox's own processes in the job's groups: bubblewrap twice, and process 1.
const OWN_PROCESSES: u64 = 3;

/// How long a group may seem to be in use; after that it stays, and says by its name whose it was.
const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(2);

/// Where groups can be made.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Places(Vec<PathBuf>);

/// The groups of one job.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(super) struct Groups {
    pub(super) paths: Vec<PathBuf>,
    /// Whether they limit processes.
    pub(super) processes: bool,
    /// Whether they limit memory.
    pub(super) memory: bool,
}

/// [`Groups`] that exist as long as this does.
#[derive(Debug, Default)]
pub(super) struct Made(Groups);

impl Places {
    /// Finds out by making and removing a group in each.
    pub(super) fn find() -> Self {
        let membership = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let usable = candidates(&membership, &mounts).into_iter().filter(|place| {
            let trial = place.join(name());
            let counts = fs::create_dir(&trial).is_ok() && counts(place, &trial);
            // What could not be made cannot be removed.
            fs::remove_dir(&trial).ok();
            counts
        });
        Self(usable.collect())
    }

    /// Makes a group in each place. A limit that is set by one is not needed in the next.
    pub(super) fn make(&self, limits: &Limits) -> io::Result<Made> {
        let mut made = Made::default();
        for place in &self.0 {
            if made.0.processes && made.0.memory {
                break;
            }
            let path = new_group(place)?;
            made.0.paths.push(path.clone());
            made.0.processes |= set(&path, "pids.max", limits.processes.saturating_add(OWN_PROCESSES))?;
            made.0.memory |= set(&path, "memory.max", limits.memory)?;
            made.0.memory |= set(&path, "memory.limit_in_bytes", limits.memory)?;
            // Not every kernel counts swap, or kills a group as one.
            set(&path, "memory.swap.max", 0).ok();
            set(&path, "memory.memsw.limit_in_bytes", limits.memory).ok();
            set(&path, "memory.oom.group", 1).ok();
        }
        Ok(made)
    }
}

impl Groups {
    /// Puts this process, and so all it will start, into the groups.
    pub(super) fn join(&self) -> io::Result<()> {
        self.paths.iter().try_for_each(|path| fs::write(path.join("cgroup.procs"), "0"))
    }

    /// Removes the groups, when nothing is in them any more.
    pub(super) fn remove(&self) {
        self.paths.iter().for_each(|path| remove(path));
    }
}

/// The kernel lets go of a dead process a moment after its parent was told.
fn remove(group: &Path) {
    let begin = Instant::now();
    while fs::remove_dir(group).is_err_and(|error| error.kind() == io::ErrorKind::ResourceBusy)
        && begin.elapsed() < PATIENCE
    {
        std::thread::sleep(PAUSE);
    }
}

impl Made {
    pub(super) const fn groups(&self) -> &Groups {
        &self.0
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        self.0.remove();
    }
}

/// Makes a group. A name may be taken by what a daemon of the same number left.
fn new_group(place: &Path) -> io::Result<PathBuf> {
    loop {
        let path = place.join(name());
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

/// A name that no other group of this process has.
fn name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("bridge-guard-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Whether a new group counts anything; the unified hierarchy may have to be told to.
fn counts(place: &Path, group: &Path) -> bool {
    let does =
        || ["pids.max", "memory.max", "memory.limit_in_bytes"].iter().any(|file| group.join(file).exists());
    does() || (fs::write(place.join("cgroup.subtree_control"), "+pids +memory").is_ok() && does())
}

/// Sets a limit if the group has it.
fn set(group: &Path, file: &str, value: u64) -> io::Result<bool> {
    let path = group.join(file);
    let there = path.exists();
    if there {
        fs::write(&path, value.to_string())?;
    }
    Ok(there)
}

/// Directories that groups might be made in, by `/proc/PID/cgroup` and `/proc/PID/mountinfo`.
fn candidates(membership: &str, mounts: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for line in membership.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else { continue };
        let unified = controllers.is_empty();
        if !unified && !controllers.split(',').any(|name| name == "pids" || name == "memory") {
            continue;
        }
        let Some(own) = mounts.lines().find_map(|mount| directory(mount, controllers, Path::new(path)))
        else {
            continue;
        };
        let parent = own.parent().filter(|_| unified && path != "/").map(Path::to_owned);
        found.push(own);
        found.extend(parent);
    }
    found
}

/// Where a group is seen through a mount, if it is: `man 5 proc_pid_mountinfo`.
fn directory(mount: &str, controllers: &str, group: &Path) -> Option<PathBuf> {
    let (place, kind) = mount.split_once(" - ")?;
    let mut place = place.split(' ').skip(3);
    let (root, point) = (place.next()?, place.next()?);
    let mut kind = kind.split(' ');
    let shown = match kind.next()? {
        "cgroup2" => controllers.is_empty(),
        "cgroup" => {
            let options: Vec<&str> = kind.nth(1)?.split(',').collect();
            !controllers.is_empty() && controllers.split(',').all(|name| options.contains(&name))
        }
        _ => false,
    };
    if !shown {
        return None;
    }
    let below = group.strip_prefix(root).ok()?;
    Some(Path::new(point).join(below))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "\
36 25 0:31 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
37 25 0:32 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct
38 25 0:33 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw";

    #[test]
    fn groups_of_both_generations_are_found() {
        let membership = "4:cpu,cpuacct:/\n3:pids:/a/b\n0::/u/v\n";
        let expected = ["/sys/fs/cgroup/pids/a/b", "/sys/fs/cgroup/unified/u/v", "/sys/fs/cgroup/unified/u"];
        assert_eq!(candidates(membership, FIRST), expected.map(PathBuf::from));
    }

    #[test]
    fn a_container_sees_its_groups_below_its_own_root() {
        let mounts = "1 1 0:1 /docker/x /sys/fs/cgroup ro - cgroup2 cgroup rw,nsdelegate";
        assert_eq!(candidates("0::/docker/x/y\n", mounts)[0], Path::new("/sys/fs/cgroup/y"));
        assert!(candidates("0::/elsewhere\n", mounts).is_empty());
    }

    #[test]
    fn the_root_has_no_parent() {
        assert_eq!(candidates("0::/\n", FIRST), [PathBuf::from("/sys/fs/cgroup/unified")]);
    }
}
