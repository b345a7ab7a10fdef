//! The daemon's side of a run: starts the supervisor, reads what the job writes, waits for the report.

use std::io::{self, Read};
use std::os::fd::AsFd as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{ChildStderr, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::channel::{Channel, Failure, MARK, Orders, Report, Role};
use crate::sandbox::capture::Capture;
use crate::sandbox::{Captured, Raw, RunError, Tier};

/// The supervisor's own limit is the job's; when it is this much over, it is stuck itself.
const GRACE: Duration = Duration::from_secs(30);

/// For what is still in the pipes when everything that could write is dead.
const DRAIN: Duration = Duration::from_secs(1);

/// Bytes read at once; what a pipe holds by default.
const CHUNK: usize = 64 << 10;

/// Runs the orders under a supervisor, which is `executable` re-executed.
pub(super) fn run(executable: &Path, tier: Tier, orders: &Orders) -> Result<Raw, RunError> {
    let mut command = Command::new(executable);
    command.arg0("bridge-guard").args([MARK, Role::Supervise.as_str()]).env_clear().current_dir("/");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let failed = |error: io::Error| RunError::Setup { tier, reason: error.to_string() };
    let (mut channel, mut child) = Channel::spawn(command).map_err(failed)?;
    let outputs = child.stdout.take().zip(child.stderr.take());
    let watched =
        outputs.ok_or_else(|| failed(io::ErrorKind::BrokenPipe.into())).and_then(|(stdout, stderr)| {
            channel.send(orders).map_err(failed)?;
            let limit = orders.job.limits;
            Pump::new(stdout, stderr, limit.output).pump(&mut channel, limit.time + GRACE).map_err(failed)
        });
    if watched.is_err() {
        // Whatever it is doing; without it the job's side ends by itself.
        child.kill().ok();
    }
    child.wait().map_err(failed)?;
    let (report, stdout, stderr) = watched?;
    judge(tier, orders, report, stdout, stderr)
}

fn judge(
    tier: Tier,
    orders: &Orders,
    report: Option<Report>,
    stdout: Captured,
    stderr: Captured,
) -> Result<Raw, RunError> {
    match report {
        Some(Report::Ended { ended, micros }) => {
            Ok(Raw { ended, duration: Duration::from_micros(micros), stdout, stderr })
        }
        Some(Report::NotStarted(Failure::Program(reason))) => {
            Err(RunError::Program { program: orders.job.program.clone(), reason })
        }
        Some(Report::NotStarted(Failure::Setup(reason))) => Err(RunError::Setup { tier, reason }),
        Some(Report::Survivors(count)) => Err(RunError::Survivors { count }),
        Some(Report::Silent) | None => {
            let words = String::from_utf8_lossy(&stderr.head).trim().to_owned();
            let reason = if words.is_empty() { "it ended without a word".to_owned() } else { words };
            Err(RunError::Setup { tier, reason })
        }
    }
}

/// One output while it is open.
struct Source<R> {
    open: Option<R>,
    capture: Capture,
}

impl<R: Read> Source<R> {
    fn new(reader: R, most: usize) -> Self {
        Self { open: Some(reader), capture: Capture::new(most) }
    }

    /// Takes what is there; the poll said that something is.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        let Some(reader) = &mut self.open else { return Ok(()) };
        match reader.read(buffer) {
            Ok(0) => self.open = None,
            Ok(count) => self.capture.push(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// Reads both outputs and the report at once, so that none waits for another.
struct Pump {
    stdout: Source<ChildStdout>,
    stderr: Source<ChildStderr>,
}

impl Pump {
    fn new(stdout: ChildStdout, stderr: ChildStderr, most: usize) -> Self {
        Self { stdout: Source::new(stdout, most), stderr: Source::new(stderr, most) }
    }

    fn pump(
        mut self,
        channel: &mut Channel,
        time: Duration,
    ) -> io::Result<(Option<Report>, Captured, Captured)> {
        let mut deadline = Instant::now() + time;
        let (mut report, mut reported) = (None, false);
        let mut buffer = vec![0; CHUNK];
        while self.stdout.open.is_some() || self.stderr.open.is_some() || !reported {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                if reported {
                    break;
                }
                return Err(io::Error::new(io::ErrorKind::TimedOut, "its supervisor does not answer"));
            }
            let [out, err, told] = self.wait((!reported).then_some(&*channel), left)?;
            if out {
                self.stdout.read(&mut buffer)?;
            }
            if err {
                self.stderr.read(&mut buffer)?;
            }
            if told {
                report = channel.receive()?;
                reported = true;
                deadline = Instant::now() + DRAIN;
            }
        }
        Ok((report, self.stdout.capture.finish(), self.stderr.capture.finish()))
    }

    /// Waits until something can be read, and says from which of the outputs and the channel.
    fn wait(&self, channel: Option<&Channel>, left: Duration) -> io::Result<[bool; 3]> {
        let sources = [
            self.stdout.open.as_ref().map(|source| source.as_fd()),
            self.stderr.open.as_ref().map(|source| source.as_fd()),
            channel.map(|channel| channel.as_fd()),
        ];
        let mut polled: Vec<PollFd<'_>> =
            sources.iter().flatten().map(|source| PollFd::new(*source, PollFlags::POLLIN)).collect();
        let timeout = PollTimeout::try_from(left.as_millis().saturating_add(1)).unwrap_or(PollTimeout::MAX);
        match poll(&mut polled, timeout) {
            Ok(_) => {}
            Err(nix::errno::Errno::EINTR) => return Ok([false; 3]),
            Err(error) => return Err(error.into()),
        }
        let mut answers = polled.iter().map(|one| one.any() == Some(true));
        Ok(sources.map(|source| source.is_some() && answers.next() == Some(true)))
    }
}
