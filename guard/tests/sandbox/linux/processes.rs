//! Processes: how they end, and that they do.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use bridge_guard::sandbox::{Job, Limits, RunError, detect};
use bridge_guard::{Ended, Tier};

use super::Promise;
use super::bench::{Bench, LIMITS};

pub(crate) const PROMISES: &[Promise] = &[
    ("it is told how a program ended", endings),
    ("a program that is not there is an error", missing_program),
    ("nothing survives the end", survivors),
    ("nothing survives the end of its time", survivors_of_the_time),
    ("nothing survives the daemon", survivors_of_the_daemon),
    ("other processes are out of reach", other_processes),
    ("process 1 is out of reach", process_1),
    ("many run at once", many_at_once),
];

/// A number of seconds that no other process sleeps, to find one by.
fn mark() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{}.{}", 40_000 + std::process::id() % 20_000, NEXT.fetch_add(1, Ordering::Relaxed) + 1_000)
}

/// Processes that have this word on their command line.
fn alive(word: &str) -> Vec<String> {
    let lines = fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    lines.map(|line| String::from_utf8_lossy(&line).into_owned()).filter(|line| line.contains(word)).collect()
}

fn endings(bench: &Bench) {
    let place = bench.place();
    for (line, ended) in [
        ("exit 0", Ended::Code(0)),
        ("exit 7", Ended::Code(7)),
        ("exit 255", Ended::Code(255)),
        ("kill -9 $$", Ended::Signal(9)),
        ("kill -TERM $$", Ended::Signal(15)),
        ("kill -SEGV $$", Ended::Signal(11)),
    ] {
        let told = place.run(&place.shell(line));
        assert_eq!(told.0.ended, ended, "{line}: {told}");
    }
}

fn missing_program(bench: &Bench) {
    let place = bench.place();
    for program in ["/usr/bin/there-is-no-such-program", "/etc/passwd", "/usr/bin"] {
        let job = Job { program: program.into(), ..place.shell("") };
        assert!(matches!(place.barrier().run(&job), Err(RunError::Program { .. })), "{program}");
    }
}

/// Ways to hide from whoever comes to kill.
fn hide(mark: &str) -> [String; 4] {
    [
        format!("sleep {mark} &"),
        format!("trap '' TERM HUP INT; (sleep {mark} > /dev/null 2>&1 < /dev/null &) &"),
        format!("setsid -f sleep {mark}"),
        format!(
            "perl -e 'use POSIX; exit if fork; POSIX::setsid(); exit if fork; exec \"sleep\", \"{mark}\"'"
        ),
    ]
}

fn survivors(bench: &Bench) {
    let place = bench.place();
    let mark = mark();
    for line in hide(&mark) {
        let begin = Instant::now();
        let told = place.run(&place.shell(&format!("{line}\necho done")));
        told.says("done");
        assert!(begin.elapsed() < Duration::from_secs(30), "{line}");
        assert_eq!(alive(&mark), [""; 0], "{line}");
    }
}

fn survivors_of_the_time(bench: &Bench) {
    let place = bench.place();
    let mark = mark();
    let limits = Limits { time: Duration::from_secs(1), ..LIMITS };
    let told =
        place.run(&Job { limits, ..place.shell(&format!("{}\nsleep {mark}", hide(&mark).join("\n"))) });
    assert_eq!(told.0.ended, Ended::TimedOut, "{told}");
    assert_eq!(alive(&mark), [""; 0]);
}

/// Stands for a daemon that is killed while a job runs.
pub(crate) fn daemon_main(arguments: &[String]) {
    let [tier, mark] = arguments else { panic!("tier and mark") };
    let tier = [Tier::Bubblewrap, Tier::Landlock].into_iter().find(|known| known.as_str() == tier).unwrap();
    let bench = Bench::new(detect(Some(tier)).unwrap());
    let place = bench.place();
    place.run(&place.shell(&format!("{}\nsleep {mark}", hide(mark)[2..].join("\n"))));
}

fn survivors_of_the_daemon(bench: &Bench) {
    let mark = mark();
    let tier = bench.place().barrier().tier();
    let temporary = tempfile::tempdir().unwrap();
    let mut daemon = Command::new(std::env::current_exe().unwrap())
        .args(["daemon", tier.as_str(), &mark])
        .env("TMPDIR", temporary.path())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let sleeping = || alive(&mark).iter().filter(|line| line.starts_with("sleep")).count();
    eventually("the job runs", || sleeping() == 3);
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    eventually("the job is dead", || alive(&mark).is_empty());
    eventually("its control groups are gone", || groups_of(daemon.id()) == 0);
    eventually("its private files are gone", || {
        !names(temporary.path()).iter().any(|name| name.starts_with("bridge-guard-"))
    });
}

/// Control groups that a process made.
fn groups_of(process: u32) -> usize {
    let start = format!("bridge-guard-{process}-");
    let places = ["pids", "memory", "unified", ""].map(|name| Path::new("/sys/fs/cgroup").join(name));
    places.iter().flat_map(|place| names(place)).filter(|name| name.starts_with(&start)).count()
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// Waits for a condition, at most a minute.
#[track_caller]
fn eventually(what: &str, condition: impl Fn() -> bool) {
    let begin = Instant::now();
    while !condition() {
        assert!(begin.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::yield_now();
    }
}

/// A process of the same user that is none of the job's business.
struct Bystander(Child);

impl Drop for Bystander {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn other_processes(bench: &Bench) {
    let place = bench.place();
    let mut bystander =
        Bystander(Command::new("sleep").arg("1000").env("SECRET", "canary-5121").spawn().unwrap());
    let pid = bystander.0.id();
    let limits = || fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let nice =
        || fs::read_to_string(format!("/proc/{pid}/stat")).unwrap().split(' ').nth(18).map(str::to_owned);
    let (limits_before, nice_before) = (limits(), nice());
    for line in [
        format!("kill -9 {pid}"),
        format!("kill -STOP {pid}"),
        format!("cat /proc/{pid}/environ"),
        format!("cat /proc/{pid}/cmdline"),
        format!("cat /proc/{pid}/maps"),
        format!("ls /proc/{pid}/fd/"),
        format!("prlimit --pid {pid} --nofile=3"),
        format!("renice -n 19 -p {pid}"),
        format!("taskset -p 1 {pid}"),
        format!("ionice -c 3 -p {pid}"),
        format!("chrt -b -p 0 {pid}"),
    ] {
        place.run(&place.shell(&line)).fails();
    }
    assert!(bystander.0.try_wait().unwrap().is_none());
    assert_eq!((limits(), nice()), (limits_before, nice_before));
}

fn process_1(bench: &Bench) {
    let place = bench.place();
    for line in [
        "cat /proc/1/environ",
        "cat /proc/1/exe",
        "ls /proc/1/cwd/",
        "cat < /proc/1/fd/0",
        "kill -9 1 && sleep 1 && false",
    ] {
        place.run(&place.shell(line)).fails();
    }
}

fn many_at_once(bench: &Bench) {
    std::thread::scope(|scope| {
        for number in 0..6 {
            scope.spawn(move || {
                let place = bench.place();
                let told = place.run(&place.shell(&format!("echo {number} > file; cat file; exit {number}")));
                assert_eq!((told.out().trim(), told.0.ended), (&*number.to_string(), Ended::Code(number)));
            });
        }
    });
}
