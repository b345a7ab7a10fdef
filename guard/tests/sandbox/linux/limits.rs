//! How much of everything.

use std::fs;
use std::time::Duration;

use bridge_guard::Ended;
use bridge_guard::sandbox::{Job, Limits};

use super::Promise;
use super::bench::{Bench, LIMITS, Told};

pub(crate) const PROMISES: &[Promise] = &[
    ("time is limited", time),
    ("processes are limited, and a fork bomb ends", processes),
    ("memory is limited", memory),
    ("files are limited in size", file_size),
    ("open files are limited in number", open_files),
    ("outputs are kept within bounds and read to their end", outputs),
];

fn time(bench: &Bench) {
    let place = bench.place();
    let limits = Limits { time: Duration::from_millis(700), ..LIMITS };
    for line in ["sleep 1000", "trap '' TERM HUP INT; while :; do :; done", "sleep 1000 & sleep 1000 & wait"]
    {
        let told = place.run(&Job { limits, ..place.shell(line) });
        assert_eq!(told.0.ended, Ended::TimedOut, "{told}");
        assert!(told.0.duration < Duration::from_secs(20), "{:?}", told.0.duration);
    }
}

fn processes(bench: &Bench) {
    let place = bench.place();
    let limits = Limits { processes: 24, time: Duration::from_secs(20), ..LIMITS };
    let script = "for (1..200) { $p = fork; last unless defined $p; if (!$p) { sleep 1000 } $n++ } print $n";
    let told = place.run(&Job { limits, ..place.job(&["perl", "-e", script]) });
    let started: u64 = told.out().trim().parse().unwrap();
    // As an ordinary user's limit it counts what the user runs elsewhere, which may end meanwhile.
    assert!((1..=limits.processes + 60).contains(&started), "{told}");

    let limits = Limits { processes: 24, time: Duration::from_secs(2), ..LIMITS };
    let told = place.run(&Job { limits, ..place.job(&["perl", "-e", "while (1) { fork }"]) });
    assert!(matches!(told.0.ended, Ended::TimedOut), "{told}");
}

fn memory(bench: &Bench) {
    let place = bench.place();
    let limits = Limits { memory: 128 << 20, ..LIMITS };
    let script = |mib: u32| format!("$x = 'a' x ({mib} << 20); print length($x) >> 20");
    place.run(&Job { limits, ..place.job(&["perl", "-e", &script(16)]) }).says("16");
    let told = place.run(&Job { limits, ..place.job(&["perl", "-e", &script(600)]) });
    assert_ne!(told.0.ended, Ended::Code(0), "{told}");
}

fn file_size(bench: &Bench) {
    let place = bench.place();
    let limits = Limits { file: 1 << 20, ..LIMITS };
    let told = place.run(&Job { limits, ..place.shell("head -c 10000000 /dev/zero > big") });
    assert_ne!(told.0.ended, Ended::Code(0), "{told}");
    assert_eq!(fs::metadata(place.workspace.join("big")).unwrap().len(), limits.file);
}

fn open_files(bench: &Bench) {
    let place = bench.place();
    let limits = Limits { open_files: 20, ..LIMITS };
    let script = "for (1..100) { open(my $f, '<', 'file') or last; push @f, $f } print scalar(@f)";
    let told = place.run(&Job { limits, ..place.job(&["perl", "-e", script]) });
    assert!(told.out().parse::<u64>().unwrap() < limits.open_files, "{told}");
}

fn outputs(bench: &Bench) {
    let place = bench.place();
    let limits = Limits { output: 1000, ..LIMITS };
    let line = "head -c 5000000 /dev/zero | tr '\\0' a; echo end; head -c 7000000 /dev/zero | tr '\\0' b >&2";
    let Told(raw) = place.run(&Job { limits, ..place.shell(line) });
    assert_eq!(raw.ended, Ended::Code(0));
    assert_eq!((raw.stdout.head.len(), raw.stdout.tail.len(), raw.stdout.cut), (500, 500, 5_000_004 - 1000));
    assert!(raw.stdout.tail.ends_with(b"aaend\n"));
    assert_eq!(raw.stderr.cut, 7_000_000 - 1000);
}
