//! Process 1 of a bubblewrap sandbox: starts the program and reaps what is left to it. When it ends, the kernel kills
//! everything else there, so it ends with the program.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::sys::prctl::set_dumpable;
use nix::sys::wait::waitpid;
use nix::unistd::Pid;

use super::channel::{Channel, Failure, Progress};
use super::seccomp::{self, Shared};
use super::supervise::ended_by;
use crate::outcome::Ended;
use crate::sandbox::Job;

/// Runs the program of the orders on standard input and says there how it ended.
pub(super) fn main() -> i32 {
    let Ok(mut supervisor) = Channel::stdin() else { return 1 };
    let started = supervisor.orders().map_err(setup).and_then(|orders| start(&orders.job));
    let progress = match started {
        Ok(program) => {
            // Without a supervisor there is nobody left to tell.
            supervisor.send(&Progress::Started).ok();
            wait(program).map_or_else(|error| Progress::Failed(setup(error)), Progress::Ended)
        }
        Err(failure) => Progress::Failed(failure),
    };
    i32::from(supervisor.send(&progress).is_err())
}

fn setup(error: impl std::fmt::Display) -> Failure {
    Failure::Setup(error.to_string())
}

fn start(job: &Job) -> Result<Pid, Failure> {
    // What this process has open or was started from must not be reached through `/proc/1`.
    set_dumpable(false).map_err(setup)?;
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o022));
    seccomp::install(Shared { network: job.network, host: None }).map_err(setup)?;
    let child = command(job).spawn().map_err(|error| Failure::Program(error.to_string()))?;
    i32::try_from(child.id()).map(Pid::from_raw).map_err(setup)
}

/// The program as the job wants it.
pub(super) fn command(job: &Job) -> Command {
    let mut command = Command::new(&job.program);
    command.args(job.argv.iter().skip(1)).env_clear().envs(&job.environment).current_dir(&job.directory);
    if let Some(name) = job.argv.first() {
        command.arg0(name);
    }
    command.stdin(Stdio::null());
    command
}

fn wait(program: Pid) -> io::Result<Ended> {
    loop {
        match waitpid(None, None) {
            Ok(status) if status.pid() == Some(program) => {
                if let Some(ended) = ended_by(status) {
                    return Ok(ended);
                }
            }
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
