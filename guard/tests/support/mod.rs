//! A barrier that holds nothing, for what surrounds one.

use std::process::{Command, Stdio};
use std::time::Instant;

use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};

use bridge_guard::sandbox::{Barrier, Captured, Job, Raw};
use bridge_guard::{Ended, RunError, Tier};

pub(crate) struct Plain;

impl Barrier for Plain {
    fn tier(&self) -> Tier {
        Tier::Bubblewrap
    }

    fn run(&self, job: &Job) -> Result<Raw, RunError> {
        let start = Instant::now();
        let output = Command::new(&job.program)
            .arg0(&job.argv[0])
            .args(&job.argv[1..])
            .current_dir(&job.directory)
            .env_clear()
            .envs(&job.environment)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| RunError::Program { program: job.program.clone(), reason: error.to_string() })?;
        let ended = match output.status.code() {
            Some(code) => Ended::Code(code),
            None => Ended::Signal(output.status.signal().unwrap()),
        };
        let captured = |bytes| captured(bytes, job.limits.output);
        Ok(Raw {
            ended,
            duration: start.elapsed(),
            stdout: captured(output.stdout),
            stderr: captured(output.stderr),
        })
    }
}

fn captured(bytes: Vec<u8>, limit: usize) -> Captured {
    if bytes.len() <= limit {
        return Captured { head: bytes, ..Captured::default() };
    }
    let (head, tail) = (bytes[..limit / 2].to_vec(), bytes[bytes.len() - limit / 2..].to_vec());
    let cut = (bytes.len() - head.len() - tail.len()) as u64;
    Captured { head, tail, cut }
}
