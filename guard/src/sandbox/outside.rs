//! Tiers that another program makes: it is started, listened to, and stopped when the time is over.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::{Captured, Raw};
use crate::outcome::Ended;

/// Runs a program in a process group of its own until it ends or `time` is over; then `stop` is called, and the group is
/// killed. Keeps `output` bytes of each of its outputs.
pub(super) fn run(command: &mut Command, time: Duration, output: usize, stop: &dyn Fn()) -> io::Result<Raw> {
    let start = Instant::now();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn()?;
    let group = Pid::from_raw(i32::try_from(child.id()).map_err(io::Error::other)?);
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    thread::scope(|scope| {
        let stdout = scope.spawn(move || capture(stdout, output));
        let stderr = scope.spawn(move || capture(stderr, output));
        let (status, timed_out) = wait(child, time, stop, group)?;
        // What it left behind would keep its outputs open. None is left when this fails.
        let _none_left = killpg(group, Signal::SIGKILL);
        let ended = match (timed_out, status.code(), status.signal()) {
            (true, ..) => Ended::TimedOut,
            (false, Some(code), _) => Ended::Code(code),
            (false, None, signal) => Ended::Signal(signal.unwrap_or_default()),
        };
        let panicked = |_| io::Error::other("reading the output failed");
        let stdout = stdout.join().map_err(panicked)??;
        let stderr = stderr.join().map_err(panicked)??;
        Ok(Raw { ended, duration: start.elapsed(), stdout, stderr })
    })
}

/// Waits, and says whether the time was over.
fn wait(mut child: Child, time: Duration, stop: &dyn Fn(), group: Pid) -> io::Result<(ExitStatus, bool)> {
    let (sender, receiver) = mpsc::channel();
    let waiter = thread::spawn(move || {
        let status = child.wait();
        // Nobody listens any more only when nobody wants to know.
        let _unheard = sender.send(());
        status
    });
    let timed_out = receiver.recv_timeout(time).is_err();
    if timed_out {
        stop();
        let _ended_by_now = killpg(group, Signal::SIGKILL);
    }
    let status = waiter.join().map_err(|_| io::Error::other("waiting for the command failed"))??;
    Ok((status, timed_out))
}

/// Reads to the end and keeps the beginning and the end.
fn capture(source: Option<impl Read>, most: usize) -> io::Result<Captured> {
    let (mut captured, mut tail) = (Captured::default(), VecDeque::new());
    let tail_most = most / 2;
    let Some(mut source) = source else { return Ok(captured) };
    let mut buffer = [0; 16 * 1024];
    loop {
        let read = match source.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            result => result?,
        };
        if read == 0 {
            captured.tail = tail.into();
            return Ok(captured);
        }
        let room = (most - tail_most).saturating_sub(captured.head.len()).min(read);
        captured.head.extend_from_slice(&buffer[..room]);
        tail.extend(&buffer[room..read]);
        let over = tail.len().saturating_sub(tail_most);
        tail.drain(..over);
        captured.cut += over as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(line: &str, time: Duration) -> Raw {
        run(Command::new("/bin/sh").args(["-c", line]), time, 8, &|| ()).unwrap()
    }

    #[test]
    fn beginning_end_and_exit_code_are_kept() {
        let raw = shell("printf 0123456789abcdef; printf err >&2; exit 3", Duration::from_secs(60));
        assert_eq!(raw.ended, Ended::Code(3));
        assert_eq!(raw.stdout, Captured { head: b"0123".into(), tail: b"cdef".into(), cut: 8 });
        assert_eq!(raw.stderr, Captured { head: b"err".into(), ..Captured::default() });
        assert_eq!(shell("kill -9 $$", Duration::from_secs(60)).ended, Ended::Signal(9));
    }

    #[test]
    fn nothing_outlives_its_time_or_its_end() {
        assert_eq!(shell("sleep 1000 & sleep 1000", Duration::from_millis(50)).ended, Ended::TimedOut);
        assert_eq!(shell("sleep 1000 &", Duration::from_secs(60)).ended, Ended::Code(0));
    }
}
