//! The bubblewrap tier: a file system, processes, a network and users of the job's own.
//!
//! The job sees itself as an ordinary user. Outside, it is the user that the daemon runs as, or, when that is root, the
//! owner of the job's directory. When root owns that as well, the job keeps root's number (so that it can write the
//! workspace) without any of root's capabilities, in a user namespace that gives the number no meaning; what remains of
//! it is that files of root's can be written where they are mounted writable, and only the workspace is. The part of
//! `/proc` that believes in the number alone (`/proc/sys` and the like) is mounted read-only, and bounding processes
//! takes a control group, without which such a job is refused.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Seek as _, Write as _};
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};

use super::cgroup::Places;
use super::channel::{Failure, Hold, MARK, Orders, Role};
use super::mounts::{Mounts, arguments};
use super::{run, system};
use crate::sandbox::{Barrier, HOME_INSIDE, Job, Raw, RunError, Tier};

/// Runs jobs under bubblewrap.
#[derive(Debug)]
pub(in crate::sandbox) struct Bubblewrap {
    pub(in crate::sandbox) executable: PathBuf,
    pub(in crate::sandbox) bwrap: PathBuf,
    places: Places,
}

impl Bubblewrap {
    /// Runs jobs by this bubblewrap, re-executing this program.
    pub(in crate::sandbox) fn new(executable: PathBuf, bwrap: PathBuf) -> Self {
        Self { executable, bwrap, places: Places::find() }
    }

    /// The same without control groups.
    pub(in crate::sandbox) fn uncounted(self) -> Self {
        Self { places: Places::default(), ..self }
    }
}

impl Barrier for Bubblewrap {
    fn tier(&self) -> Tier {
        Tier::Bubblewrap
    }

    fn run(&self, job: &Job) -> Result<Raw, RunError> {
        let setup = |error: io::Error| RunError::Setup { tier: Tier::Bubblewrap, reason: error.to_string() };
        let made = self.places.make(&job.limits).map_err(setup)?;
        let stays_root = nix::unistd::Uid::effective().is_root()
            && fs::metadata(&job.directory).map_err(setup)?.uid() == 0;
        if stays_root && !made.groups().processes {
            let reason =
                "no control group can be made here, and nothing else limits the processes of root; run the \
                          daemon as an ordinary user"
                    .to_owned();
            return Err(RunError::Unfit { tier: Tier::Bubblewrap, reason });
        }
        let hold = Hold::Bubblewrap { bwrap: self.bwrap.clone() };
        run::run(
            &self.executable,
            Tier::Bubblewrap,
            &Orders { job: job.clone(), hold, cgroups: made.groups().clone() },
        )
    }
}

/// This program, as a descriptor that outlives the way to it: inside, it is found in no directory.
pub(super) fn this_program() -> io::Result<File> {
    File::open("/proc/self/exe")
}

/// Executes bubblewrap, which executes this program as process 1. Comes back only when that failed.
pub(super) fn become_it(bwrap: &Path, job: &Job, this: &File) -> Failure {
    let prepared = prepare(job, this);
    let failed =
        |error: io::Error| Failure::Setup(format!("{} cannot be executed: {error}", bwrap.display()));
    match prepared {
        Ok((_kept, arguments)) => failed(Command::new(bwrap).args(arguments).env_clear().exec()),
        Err(error) => failed(error),
    }
}

/// The command line, and the descriptors it speaks of. The job's paths are not part of it: they are read from one of
/// those.
fn prepare(job: &Job, this: &File) -> io::Result<(Vec<OwnedFd>, [OsString; 5])> {
    let mut kept = Vec::new();
    let mut settings =
        system::synthetic(HOME_INSIDE).map(|(path, text)| (path.to_owned(), text.into_bytes())).to_vec();
    if job.network {
        settings.push((system::RESOLVER.into(), fs::read(system::RESOLVER).unwrap_or_default()));
    }
    let mut data = Vec::new();
    for (path, text) in settings {
        let descriptor = holding(&text)?;
        data.push((descriptor.as_raw_fd(), path));
        kept.push(descriptor);
    }
    let mounts = Mounts::of(job)?;
    let words = arguments(job, &mounts, &data);
    let text: Vec<u8> = words.iter().flat_map(|word| [word.as_bytes(), b"\0"].concat()).collect();
    let list = holding(&text)?;
    fcntl(this, FcntlArg::F_SETFD(FdFlag::empty()))?;
    let command = [
        "--args".into(),
        list.as_raw_fd().to_string().into(),
        format!("/proc/self/fd/{}", this.as_raw_fd()).into(),
        MARK.into(),
        Role::Init.as_str().into(),
    ];
    kept.push(list);
    Ok((kept, command))
}

/// A file in memory that stays open in the program executed next.
fn holding(bytes: &[u8]) -> io::Result<OwnedFd> {
    let descriptor = memfd_create(c"bridge-guard", MFdFlags::empty())?;
    let mut file = File::from(descriptor.as_fd().try_clone_to_owned()?);
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(descriptor)
}
