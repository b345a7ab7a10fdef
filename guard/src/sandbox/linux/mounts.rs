//! What a job's file system is made of, as arguments of bubblewrap.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::RawFd;
use std::path::{Path, PathBuf};

use super::system;
use crate::sandbox::{HOME_INSIDE, Job, TMP_INSIDE};

/// How a path is mounted over what lies there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mount {
    ReadOnly,
    Writable,
    /// An empty directory that nobody may look into.
    NoDirectory,
    /// A device that nobody may open.
    NoFile,
}

/// What is mounted where, above the system. In the order of their parts, so that a directory comes before what lies
/// in it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Mounts(BTreeMap<PathBuf, Mount>);

impl Mounts {
    /// The mounts of a job, by what there is.
    pub(super) fn of(job: &Job) -> io::Result<Self> {
        let mut mounts = Self::default();
        for path in job.readable.iter().filter(|path| path.exists()) {
            mounts.0.insert(path.clone(), Mount::ReadOnly);
        }
        for path in &job.writable {
            fs::metadata(path).map_err(|error| at(path, &error))?;
            mounts.0.insert(path.clone(), Mount::Writable);
        }
        // What is not there cannot be mounted over, and a link is not what it leads to: its end is what counts.
        for path in job.protected.iter().filter_map(|path| path.canonicalize().ok()) {
            if mounts.shows(&path) == Some(Mount::Writable) {
                mounts.pin_above(&path);
                mounts.0.insert(path, Mount::ReadOnly);
            }
        }
        for path in job.hidden.iter().filter_map(|path| path.canonicalize().ok()) {
            mounts.0.retain(|mounted, _| !mounted.starts_with(&path));
            if mounts.shows(&path).is_some() || system::PROGRAMS.iter().any(|shown| path.starts_with(shown)) {
                mounts.pin_above(&path);
                let mount = if path.is_dir() { Mount::NoDirectory } else { Mount::NoFile };
                mounts.0.insert(path, mount);
            }
        }
        Ok(mounts)
    }

    /// The mount that a path is seen through.
    fn shows(&self, path: &Path) -> Option<Mount> {
        path.ancestors().find_map(|above| self.0.get(above)).copied()
    }

    /// Makes every directory between a path and the writable one it lies in a mount of its own: a mount cannot be
    /// renamed, so that nobody moves the directory away and puts another in its place.
    fn pin_above(&mut self, path: &Path) {
        let between: Vec<_> =
            path.ancestors().skip(1).take_while(|above| !self.0.contains_key(*above)).collect();
        if between
            .last()
            .and_then(|last| last.parent())
            .is_some_and(|root| self.0.get(root) == Some(&Mount::Writable))
        {
            self.0.extend(between.into_iter().map(|above| (above.to_owned(), Mount::Writable)));
        }
    }

    fn arguments(&self, list: &mut Words) {
        for (path, mount) in &self.0 {
            match mount {
                Mount::ReadOnly => list.bind("--ro-bind", path, path),
                Mount::Writable => list.bind("--bind", path, path),
                Mount::NoDirectory => list.no_directory(path),
                Mount::NoFile => list.bind("--ro-bind", Path::new("/dev/null"), path),
            }
        }
    }
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Namespaces, identity and end of life.
const FRAME: [&str; 16] = [
    "--unshare-user",
    "--unshare-pid",
    "--unshare-ipc",
    "--unshare-uts",
    "--unshare-cgroup-try",
    "--hostname",
    "sandbox",
    "--die-with-parent",
    "--new-session",
    "--as-pid-1",
    "--cap-drop",
    "ALL",
    "--proc",
    "/proc",
    "--dev",
    "/dev",
];

/// Parts of `/proc` that speak of the machine and not of processes, and are root's to read.
const MACHINE_FILES: [&str; 8] =
    ["kcore", "key-users", "keys", "kmsg", "kpagecount", "kpageflags", "sched_debug", "timer_list"];
const MACHINE_DIRECTORIES: [&str; 5] = ["acpi", "asound", "driver", "fs", "scsi"];

/// Everything bubblewrap has to be told. `data` are descriptors of files to be put at paths.
pub(super) fn arguments(job: &Job, mounts: &Mounts, data: &[(RawFd, PathBuf)]) -> Vec<OsString> {
    let mut list = Words::default();
    list.extend(FRAME);
    let user = system::USER_ID.to_string();
    list.extend(["--uid", &user, "--gid", &user]);
    if !job.network {
        list.extend(["--unshare-net"]);
    }
    system(&mut list);
    for (descriptor, path) in data {
        list.extend(["--perms", "0644", "--ro-bind-data", &descriptor.to_string()]);
        list.0.push(path.into());
    }
    private(&mut list, job.limits.memory);
    mounts.arguments(&mut list);
    list.extend(["--remount-ro", "/dev", "--remount-ro", "/proc", "--remount-ro", "/", "--chdir", "/"]);
    list.0
}

fn system(list: &mut Words) {
    for path in system::PROGRAMS.map(Path::new) {
        match fs::read_link(path) {
            Ok(target) => list.bind("--symlink", &target, path),
            Err(_) if path.exists() => list.bind("--ro-bind", path, path),
            Err(_) => {}
        }
    }
    for path in system::settings() {
        list.bind("--ro-bind", &path, &path);
    }
    let proc = Path::new("/proc");
    for path in MACHINE_FILES.map(|name| proc.join(name)).iter().filter(|path| path.exists()) {
        list.bind("--ro-bind", Path::new("/dev/null"), path);
    }
    for path in MACHINE_DIRECTORIES.map(|name| proc.join(name)).iter().filter(|path| path.exists()) {
        list.no_directory(path);
    }
}

/// Directories in memory, for this job alone.
fn private(list: &mut Words, size: u64) {
    let size = size.to_string();
    for directory in ["/dev/shm", TMP_INSIDE, "/var/tmp"] {
        list.extend(["--size", &size, "--perms", "0700", "--tmpfs", directory]);
    }
    list.extend(["--perms", "0700", "--dir", HOME_INSIDE, "--dir", "/run"]);
}

/// A command line being written.
#[derive(Default)]
struct Words(Vec<OsString>);

impl Words {
    fn extend<'w>(&mut self, words: impl IntoIterator<Item = &'w str>) {
        self.0.extend(words.into_iter().map(OsString::from));
    }

    fn bind(&mut self, how: &str, source: &Path, target: &Path) {
        self.0.extend([how.into(), source.into(), target.into()]);
    }

    fn no_directory(&mut self, path: &Path) {
        self.extend(["--perms", "0000", "--tmpfs"]);
        self.0.push(path.into());
        self.extend(["--remount-ro"]);
        self.0.push(path.into());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::os::unix::fs::symlink;
    use std::time::Duration;

    use super::*;
    use crate::sandbox::Limits;

    fn job(readable: &[&Path], writable: &[&Path], protected: &[&Path], hidden: &[&Path]) -> Job {
        let owned = |paths: &[&Path]| paths.iter().map(|path| path.to_path_buf()).collect();
        Job {
            program: "/bin/true".into(),
            argv: vec!["true".into()],
            directory: "/".into(),
            environment: BTreeMap::new(),
            readable: owned(readable),
            writable: owned(writable),
            protected: owned(protected),
            hidden: owned(hidden),
            network: false,
            limits: Limits {
                time: Duration::from_secs(1),
                processes: 1,
                memory: 4096,
                file: 1,
                open_files: 9,
                output: 1,
            },
        }
    }

    fn mounts(job: &Job, root: &Path) -> Vec<(String, Mount)> {
        let below = |path: &Path| path.strip_prefix(root).unwrap().display().to_string();
        Mounts::of(job).unwrap().0.iter().map(|(path, mount)| (below(path), *mount)).collect()
    }

    fn tree(directories: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for directory in directories {
            fs::create_dir_all(root.path().join(directory)).unwrap();
        }
        root
    }

    #[test]
    fn the_way_to_a_protected_directory_is_pinned() {
        let root = tree(&["w/.git/hooks/deep"]);
        let path = |name: &str| root.path().join(name);
        let job = job(&[], &[&path("w")], &[&path("w/.git/hooks"), &path("w/absent")], &[]);
        let expected =
            [("w", Mount::Writable), ("w/.git", Mount::Writable), ("w/.git/hooks", Mount::ReadOnly)];
        assert_eq!(mounts(&job, root.path()), expected.map(|(path, mount)| (path.to_owned(), mount)));
    }

    #[test]
    fn a_protected_link_out_of_what_is_writable_mounts_nothing() {
        let root = tree(&["w", "outside/x"]);
        let path = |name: &str| root.path().join(name);
        symlink(path("outside"), path("w/link")).unwrap();
        let job = job(&[], &[&path("w")], &[&path("w/link"), &path("w/link/x")], &[]);
        assert_eq!(mounts(&job, root.path()), [("w".to_owned(), Mount::Writable)]);
    }

    #[test]
    fn hidden_wins_over_everything() {
        let root = tree(&["r/state/inner", "other"]);
        let path = |name: &str| root.path().join(name);
        fs::write(path("r/key"), "").unwrap();
        let hidden = [&*path("r/state"), &path("r/key"), &path("other"), &path("absent")];
        let job = job(&[&path("r"), &path("r/state/inner")], &[], &[], &hidden);
        let expected = [("r", Mount::ReadOnly), ("r/key", Mount::NoFile), ("r/state", Mount::NoDirectory)];
        assert_eq!(mounts(&job, root.path()), expected.map(|(path, mount)| (path.to_owned(), mount)));
    }

    #[test]
    fn what_is_to_be_writable_must_be_there() {
        let root = tree(&[]);
        let error = Mounts::of(&job(&[], &[&root.path().join("absent")], &[], &[])).unwrap_err();
        assert!(error.to_string().contains("absent"), "{error}");
    }

    #[test]
    fn the_network_is_shared_only_when_granted() {
        let has = |network| {
            let job = Job { network, ..job(&[], &[], &[], &[]) };
            arguments(&job, &Mounts::default(), &[]).contains(&OsString::from("--unshare-net"))
        };
        assert_eq!((has(false), has(true)), (true, false));
    }
}
