//! The job's own side before it is the job: gives up everything that the job must not have, then becomes bubblewrap or
//! the program.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid, setsid};

use super::channel::{Channel, Failure, Hold, Orders, Progress};
use super::{bubblewrap, landlock, rlimits};
use crate::sandbox::Job;

/// Kills a job before anything else when the machine runs out of memory.
const FIRST_TO_GO: &str = "1000";

/// What bubblewrap shows of the machine's `/dev`.
const DEVICES: [&str; 6] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"];

/// Follows the orders on standard input. Comes back only when that failed.
pub(super) fn main() -> i32 {
    let Ok(mut supervisor) = Channel::stdin() else { return 1 };
    let failure = match supervisor.orders() {
        Ok(orders) => follow(&orders).err().unwrap_or(Failure::Setup("nothing was executed".to_owned())),
        Err(error) => Failure::Setup(error.to_string()),
    };
    // Without a supervisor there is nobody left to tell.
    supervisor.send(&Progress::Failed(failure)).ok();
    1
}

fn follow(orders: &Orders) -> Result<(), Failure> {
    let setup = |error: io::Error| Failure::Setup(error.to_string());
    setsid().map_err(|error| setup(error.into()))?;
    orders
        .cgroups
        .join()
        .map_err(|error| Failure::Setup(format!("its control group cannot be entered: {error}")))?;
    fs::write("/proc/self/oom_score_adj", FIRST_TO_GO).map_err(setup)?;
    let this = bubblewrap::this_program().map_err(setup)?;
    drop_root(&orders.job).map_err(setup)?;
    if Uid::effective().is_root() {
        seal_devices().map_err(|error| Failure::Setup(format!("the devices cannot be sealed: {error}")))?;
    }
    // After the change of user, which would forget it.
    set_pdeathsig(Signal::SIGKILL).map_err(|error| setup(error.into()))?;
    rlimits::apply(&orders.job.limits, &orders.cgroups).map_err(|error| setup(error.into()))?;
    match &orders.hold {
        Hold::Bubblewrap { bwrap } => Err(bubblewrap::become_it(bwrap, &orders.job, &this)),
        Hold::Landlock { private } => Err(landlock::become_it(&orders.job, private)),
    }
}

/// Makes the devices that bubblewrap will show unchangeable, their modes and times: a job that keeps root's number owns
/// them. Data still passes. Only in a mount namespace of this process and those it starts.
fn seal_devices() -> nix::Result<()> {
    unshare(CloneFlags::CLONE_NEWNS)?;
    let none = None::<&str>;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
    for device in DEVICES {
        mount(Some(device), device, none, MsFlags::MS_BIND, none)?;
        let sealed = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY | MsFlags::MS_NOSUID;
        mount(none, device, none, sealed, none)?;
    }
    Ok(())
}

/// Root becomes the owner of the job's directory. Where that is root too, it keeps the number, and bubblewrap takes
/// away what it means: see [`super::bubblewrap`].
fn drop_root(job: &Job) -> io::Result<()> {
    if !Uid::effective().is_root() {
        return Ok(());
    }
    setgroups(&[])?;
    let owner = fs::metadata(&job.directory)?;
    let (user, group) = (Uid::from_raw(owner.uid()), Gid::from_raw(owner.gid()));
    if !user.is_root() {
        setresgid(group, group, group)?;
        setresuid(user, user, user)?;
    }
    Ok(())
}
