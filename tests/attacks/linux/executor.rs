//! One run of `bridgectl yolo try --json`, bounded from outside.

use std::fs;
use std::io::{Read, Write as _};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde::Deserialize;
use serde_json::json;

/// What the executor may take beyond the command's own time: a snapshot, ending what is left, and a busy machine.
const GRACE: Duration = Duration::from_secs(30);
/// Between two looks at it.
const PAUSE: Duration = Duration::from_millis(2);

/// The executor's answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    pub(crate) decision: String,
    pub(crate) exit_code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) timed_out: bool,
    pub(crate) reason: Option<String>,
    pub(crate) tier: Option<String>,
}

impl Answer {
    pub(crate) fn ran(&self) -> bool {
        self.decision == "ran"
    }
}

/// An answer, and what it took.
pub(crate) struct Told {
    pub(crate) answer: Answer,
    pub(crate) elapsed: Duration,
    /// The most memory the executor itself had, in KiB.
    pub(crate) memory: u64,
}

/// Asks it. `Err` says how it failed to answer.
pub(crate) fn ask(
    mut executor: Command,
    mode: &str,
    line: &str,
    workspace: &str,
    timeout_ms: u64,
) -> Result<Told, String> {
    let request = json!({"mode": mode, "command": line, "workspace": workspace, "timeout_ms": timeout_ms});
    executor.args(["yolo", "try", "--json"]);
    let mut child =
        executor.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begin = Instant::now();
    child.stdin.take().unwrap().write_all(request.to_string().as_bytes()).unwrap();
    let stdout = collect(child.stdout.take().unwrap());
    let stderr = collect(child.stderr.take().unwrap());
    let memory = wait(&mut child, begin + Duration::from_millis(timeout_ms) + GRACE)
        .map_err(|words| format!("{words}: {request}"))?;
    let elapsed = begin.elapsed();
    let (stdout, stderr) = (stdout.join().unwrap(), stderr.join().unwrap());
    let text = String::from_utf8_lossy(&stdout);
    let answer = serde_json::from_str(&text)
        .map_err(|error| format!("no answer ({error}): {text:?} {:?}", String::from_utf8_lossy(&stderr)))?;
    Ok(Told { answer, elapsed, memory })
}

fn collect(mut from: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).ok();
        bytes
    })
}

/// Waits until it has ended, and gives the most memory it had. It is killed when it takes too long.
fn wait(child: &mut Child, deadline: Instant) -> Result<u64, String> {
    let mut most = 0;
    loop {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        most = most.max(peak(&status).unwrap_or(0));
        if child.try_wait().unwrap().is_some() {
            return Ok(most);
        }
        if Instant::now() > deadline {
            killpg(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGKILL).ok();
            child.wait().unwrap();
            return Err("the executor did not end by itself".to_owned());
        }
        thread::sleep(PAUSE);
    }
}

/// `VmHWM` of `/proc/PID/status`, in KiB (proc_pid_status(5)).
fn peak(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}
