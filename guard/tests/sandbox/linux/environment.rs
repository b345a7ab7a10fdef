//! What a job is given: its name, variables, descriptors, identity.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::fd::AsRawFd as _;

use bridge_guard::Tier;
use bridge_guard::sandbox::Job;

use super::Promise;
use super::bench::{Bench, variables};

pub(crate) const PROMISES: &[Promise] = &[
    ("the environment is the job's and nothing else", exact_environment),
    ("the program is called as it is to be", name_of_the_program),
    ("standard input is empty", empty_input),
    ("no descriptor leaks", no_descriptors),
    ("there is no terminal", no_terminal),
    ("there are no privileges", no_privileges),
    ("new files are nobody else's to write", umask),
    ("arguments arrive byte by byte", arguments),
    ("the identity can be looked up", identity),
];

fn exact_environment(bench: &Bench) {
    let place = bench.place();
    let environment =
        BTreeMap::from([("A", "1\u{e9} x"), ("EMPTY", "")].map(|(n, v)| (n.to_owned(), v.to_owned())));
    let told = place.run(&Job { environment: environment.clone(), ..place.job(&["env"]) });
    assert_eq!(variables(&told.out()), environment, "{told}");
    let none = place.run(&Job { environment: BTreeMap::new(), ..place.job(&["env"]) });
    none.says("");
}

fn name_of_the_program(bench: &Bench) {
    let place = bench.place();
    let job = Job { program: "/bin/sh".into(), ..place.job(&["another-name", "-c", "echo $0"]) };
    place.run(&job).says("another-name");
}

fn empty_input(bench: &Bench) {
    let place = bench.place();
    place.run(&place.job(&["wc", "-c"])).says("0");
}

fn no_descriptors(bench: &Bench) {
    let place = bench.place();
    // Without close-on-exec: what a careless library leaves behind.
    let leaked = nix::unistd::dup(File::open(place.secret()).unwrap()).unwrap();
    assert!(leaked.as_raw_fd() > 2);
    let told = place.run(&place.job(&["ls", "/proc/self/fd"]));
    told.says("0\n1\n2\n3");
    for descriptor in 3..30 {
        place.run(&place.shell(&format!("cat <&{descriptor}"))).fails();
    }
}

fn no_terminal(bench: &Bench) {
    let place = bench.place();
    place.run(&place.shell("exec 3</dev/tty")).fails();
    place.run(&place.job(&["tty"])).fails();
}

fn no_privileges(bench: &Bench) {
    let place = bench.place();
    let told =
        place.run(&place.job(&["grep", "-E", "^(Cap|NoNewPrivs|Seccomp:|Groups)", "/proc/self/status"]));
    for line in told.out().lines() {
        let (name, value) = line.split_once(':').unwrap();
        let expected: &[&str] = match name {
            "NoNewPrivs" => &["1"],
            "Seccomp" => &["2"],
            "Groups" => &["", "65534"],
            // Without `no_new_privs` the bounding set would matter; an ordinary user cannot empty it.
            "CapBnd" if bench.is(Tier::Landlock) => continue,
            _ => &["0000000000000000"],
        };
        assert!(expected.contains(&value.trim()), "{line}");
    }
    assert!(told.out().contains("CapEff"), "{told}");
}

fn umask(bench: &Bench) {
    let place = bench.place();
    place.run(&place.shell("umask")).says("0022");
}

fn arguments(bench: &Bench) {
    let place = bench.place();
    let words = ["printf", "[%s]", "", " ", "a\nb", "$(id)", "--", "\u{e9}", "'\""];
    place.run(&place.job(&words)).says("[][ ][a\nb][$(id)][--][\u{e9}]['\"]");
    let long = "x".repeat(100_000);
    place.run(&place.job(&["sh", "-c", "printf %s \"$1\" | wc -c", "sh", &long])).says("100000");
}

fn identity(bench: &Bench) {
    let place = bench.place();
    let expected = if bench.is(Tier::Bubblewrap) { "agent" } else { "nobody" };
    let told = place.run(&place.job(&["id", "-un"]));
    if bench.is(Tier::Bubblewrap) || nix::unistd::getuid().as_raw() == 65534 {
        told.says(expected);
    }
    place.run(&place.shell("test $(id -u) != 0 && echo ordinary")).says("ordinary");
}
