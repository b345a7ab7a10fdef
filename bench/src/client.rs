//! A process that takes lines and answers lines: a shim, ours or the prototype's.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::figures::Latencies;

/// A child that is killed when dropped.
pub(crate) struct Process(pub(crate) Child);

impl Process {
    /// Lets it end by itself and waits for that.
    pub(crate) fn terminate(&mut self) -> io::Result<()> {
        let pid = i32::try_from(self.0.id()).map_err(io::Error::other)?;
        kill(Pid::from_raw(pid), Signal::SIGTERM)?;
        self.0.wait().map(drop)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Gone already is as good.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A client over a shim's pipes.
pub(crate) struct Client {
    /// The shim.
    pub(crate) process: Process,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    line: Vec<u8>,
}

impl Client {
    /// Starts the shim.
    pub(crate) fn start(mut command: Command) -> io::Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let missing = || io::Error::other("a pipe is missing");
        let input = child.stdin.take().ok_or_else(missing)?;
        let output = BufReader::with_capacity(1 << 16, child.stdout.take().ok_or_else(missing)?);
        Ok(Self { process: Process(child), input, output, line: Vec::new() })
    }

    /// Writes lines (newlines included).
    pub(crate) fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        self.input.write_all(lines)
    }

    /// The next answer; notifications are passed over.
    pub(crate) fn answer(&mut self) -> io::Result<&[u8]> {
        loop {
            self.line.clear();
            if self.output.read_until(b'\n', &mut self.line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if !self.line.starts_with(br#"{"jsonrpc":"2.0","method""#) {
                return Ok(&self.line);
            }
        }
    }

    /// One call and its answer.
    pub(crate) fn call(&mut self, line: &[u8]) -> io::Result<&[u8]> {
        self.write(line)?;
        self.answer()
    }

    /// One call whose answer must be no failure.
    pub(crate) fn expect(&mut self, line: &[u8]) -> io::Result<Value> {
        self.timed(line).map(|(answer, _)| answer)
    }

    /// The same, and how long the answer took; looking at it is not counted.
    pub(crate) fn timed(&mut self, line: &[u8]) -> io::Result<(Value, Duration)> {
        let began = Instant::now();
        let answer = self.call(line)?;
        let took = began.elapsed();
        let answer: Value = serde_json::from_slice(answer)?;
        let failed = answer.get("error").is_some() || answer["result"]["isError"] == true;
        if failed { Err(io::Error::other(answer.to_string())) } else { Ok((answer, took)) }
    }
}

/// Repeats one call per client, all at once, for a while. Returns latencies and calls per second.
pub(crate) fn load(clients: &mut [(Client, Vec<u8>)], during: Duration) -> io::Result<(Latencies, f64)> {
    for (client, line) in clients.iter_mut() {
        client.expect(line)?;
    }
    let (stop, start) = (AtomicBool::new(false), Barrier::new(clients.len() + 1));
    let (results, elapsed) = std::thread::scope(|scope| {
        let running: Vec<_> = clients
            .iter_mut()
            .map(|(client, line)| {
                scope.spawn(|| {
                    start.wait();
                    repeat(client, line, &stop)
                })
            })
            .collect();
        start.wait();
        let began = Instant::now();
        std::thread::sleep(during);
        stop.store(true, Ordering::Relaxed);
        let elapsed = began.elapsed();
        (running.into_iter().map(std::thread::ScopedJoinHandle::join).collect::<Vec<_>>(), elapsed)
    });
    let mut all = Latencies::default();
    for result in results {
        all.0.append(&mut result.map_err(|_| io::Error::other("a client thread panicked"))??);
    }
    #[expect(clippy::cast_precision_loss, reason = "a count of calls")]
    let rate = all.0.len() as f64 / elapsed.as_secs_f64();
    Ok((all, rate))
}

fn repeat(client: &mut Client, line: &[u8], stop: &AtomicBool) -> io::Result<Vec<f64>> {
    let mut latencies = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let began = Instant::now();
        client.call(line)?;
        latencies.push(micros(began.elapsed()));
    }
    Ok(latencies)
}

/// Microseconds.
pub(crate) fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}
