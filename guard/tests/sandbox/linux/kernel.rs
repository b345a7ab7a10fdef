//! The kernel's own doors.

use bridge_guard::Ended;

use super::Promise;
use super::bench::Bench;

pub(crate) const PROMISES: &[Promise] = &[
    ("calls that no program needs are refused", refused_calls),
    ("calls that programs do without are absent", absent_calls),
    ("foreign conventions are fatal", foreign_conventions),
    ("nothing can be typed into a terminal", terminal_tricks),
    ("the kernel's settings cannot be changed", settings),
    ("ordinary programs work", ordinary_programs),
];

const EPERM: i32 = nix::errno::Errno::EPERM as i32;
const ENOSYS: i32 = nix::errno::Errno::ENOSYS as i32;

/// The number of a call and its arguments, as Perl. With these arguments an unfiltered kernel gives another error, or
/// none.
#[cfg(target_arch = "x86_64")]
const REFUSED: &[(&str, &str)] = &[
    ("mount", "165, 0, 0, 0, 0, 0"),
    ("umount2", "166, 0, 0"),
    ("pivot_root", "155, 0, 0"),
    ("chroot", "161, $path"),
    ("unshare(NEWUSER)", "272, 0x10000000"),
    ("unshare(NEWNS)", "272, 0x00020000"),
    ("unshare(NEWTIME)", "272, 0x80"),
    ("clone(NEWUSER)", "56, 0x10000011, 0, 0, 0, 0"),
    ("setns", "308, -1, 0"),
    ("ptrace(TRACEME)", "101, 0, 0, 0, 0"),
    ("process_vm_readv", "310, $$, 0, 0, 0, 0, 0"),
    ("keyctl", "250, 0, -3, 0"),
    ("add_key", "248, 0, 0, 0, 0, 0"),
    ("request_key", "249, 0, 0, 0, 0"),
    ("bpf", "321, 0, 0, 0"),
    ("perf_event_open", "298, 0, 0, 0, 0, 0"),
    ("userfaultfd", "323, 1"),
    ("io_uring_setup", "425, 1, 0"),
    ("init_module", "175, 0, 0, 0"),
    ("kexec_load", "246, 0, 0, 0, 0"),
    ("swapon", "167, 0, 0"),
    ("acct", "163, 0"),
    ("name_to_handle_at", "303, -1, 0, 0, 0, 0"),
    ("open_by_handle_at", "304, -1, 0, 0"),
    ("open_tree", "428, -1, $path, 0"),
    ("fsopen", "430, 0, 0"),
    ("mount_setattr", "442, -1, $path, 0, 0, 0"),
    ("pidfd_getfd", "438, -1, 0, 0"),
    ("memfd_secret", "447, 0"),
    ("personality", "135, 0x0400000"),
    ("mknod(character)", "133, $path, 0020666, 0x103"),
    ("mknod(block)", "133, $path, 0060666, 0x800"),
    ("socket(UNIX)", "41, 1, 1, 0"),
    ("socket(PACKET)", "41, 17, 3, 0"),
    ("socket(VSOCK)", "41, 40, 1, 0"),
    ("socket(ALG)", "41, 38, 5, 0"),
    ("socket(INET, RAW)", "41, 2, 3, 1"),
    ("socket(INET, SCTP)", "41, 2, 1, 132"),
    ("socket(NETLINK, AUDIT)", "41, 16, 3, 9"),
    ("socketpair(DGRAM)", "53, 1, 2, 0, 0"),
];

#[cfg(target_arch = "x86_64")]
const ABSENT: &[(&str, &str)] = &[
    ("clone3", "435, 0, 0"),
    ("openat2", "437, -1, $path, 0, 0"),
    ("fchmodat2", "452, -1, $path, 0, 0"),
    ("a call of the future", "463, 0"),
    ("no call at all", "100000, 0"),
];

#[cfg(not(target_arch = "x86_64"))]
const REFUSED: &[(&str, &str)] = &[];
#[cfg(not(target_arch = "x86_64"))]
const ABSENT: &[(&str, &str)] = &[];

/// Makes every call and compares the errors, in one run.
#[track_caller]
fn fail_with(bench: &Bench, calls: &[(&str, &str)], errno: i32) {
    let place = bench.place();
    let calls: String = calls
        .iter()
        .map(|(name, arguments)| {
            format!("$! = 0; $r = syscall({arguments}); print '{name}: ', $r, ' ', $! + 0, \"\\n\" if $r != -1 || $! != {errno};\n")
        })
        .collect();
    place.run(&place.job(&["perl", "-e", &format!("my $path = '/';\n{calls}")])).says("");
}

fn refused_calls(bench: &Bench) {
    fail_with(bench, REFUSED, EPERM);
}

fn absent_calls(bench: &Bench) {
    fail_with(bench, ABSENT, ENOSYS);
}

#[cfg(target_arch = "x86_64")]
fn foreign_conventions(bench: &Bench) {
    let place = bench.place();
    // `getpid` in the numbers of x32.
    let told = place.run(&place.job(&["perl", "-e", "syscall(0x40000000 + 39)"]));
    assert_eq!(told.0.ended, Ended::Signal(nix::sys::signal::Signal::SIGSYS as i32), "{told}");
}

#[cfg(not(target_arch = "x86_64"))]
fn foreign_conventions(_bench: &Bench) {}

fn terminal_tricks(bench: &Bench) {
    let place = bench.place();
    // On anything but a terminal an unfiltered kernel says ENOTTY.
    for request in ["0x5412", "0x541C", "0x100005412"] {
        let script = format!(
            "open(F, '<', '/dev/zero'); $b = 'x'; ioctl(F, {request}, $b); exit($! == {EPERM} ? 0 : 1)"
        );
        place.run(&place.job(&["perl", "-e", &script])).says("");
    }
}

fn settings(bench: &Bench) {
    let place = bench.place();
    for path in [
        "/proc/sys/kernel/core_pattern",
        "/proc/sysrq-trigger",
        "/proc/sys/kernel/hostname",
        "/proc/self/uid_map",
    ] {
        place.run(&place.shell(&format!("echo x > {path}"))).fails();
    }
}

fn ordinary_programs(bench: &Bench) {
    let place = bench.place();
    place.run(&place.shell("seq 3 | sort -r | head -1; ls | wc -l; date +%Y | wc -c")).says("3\n1\n5");
    for (program, line, expected) in [
        ("/usr/bin/git", "git init -q . && echo made", "made"),
        (
            "/usr/bin/python3",
            "/usr/bin/python3 -c 'import subprocess; print(subprocess.check_output([\"echo\", \"a\"]))'",
            "b'a\\n'",
        ),
        ("/usr/bin/node", "node -e 'console.log(require(\"child_process\").execSync(\"echo b\")+\"\")'", "b"),
        (
            "/usr/bin/make",
            "printf 'all: a b\\n\\t@echo all\\na b:\\n\\t@true\\n' > Makefile && make -s -j2",
            "all",
        ),
    ] {
        if std::path::Path::new(program).exists()
            && !(bench.is(bridge_guard::Tier::Landlock) && program.ends_with("git"))
        {
            place.run(&place.shell(line)).says(expected);
        }
    }
}
