//! Files: what is readable, what is writable, and what is neither.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

use bridge_guard::Tier;
use bridge_guard::sandbox::{Job, RunError};

use super::Promise;
use super::bench::{Bench, SECRET};

pub(crate) const PROMISES: &[Promise] = &[
    ("what is outside cannot be read", outside_is_unreadable),
    ("what is outside cannot be changed", outside_is_unchangeable),
    ("a link or a hard link leads nowhere", links_lead_nowhere),
    ("a workspace is writable only when it is to be", read_only_workspace),
    ("readable directories are not writable", readable_is_not_writable),
    ("protected files cannot be changed", protected_files),
    ("a protected link protects what it leads to", protected_link),
    ("hidden things are hidden", hidden_things),
    ("what is hidden in something writable is hidden, or refused", hidden_in_the_workspace),
    ("temporary files are private and gone", private_temporary_files),
    ("the system's secrets are not there", system_secrets),
    ("devices are the harmless ones, and stay as they are", devices),
    ("set-user-id bits cannot be made", set_id_bits),
];

fn outside_is_unreadable(bench: &Bench) {
    let place = bench.place();
    let secret = place.secret();
    place.run(&place.shell("cat file")).says("of the workspace");
    for line in [
        format!("cat {}", secret.display()),
        "cat ../secret".to_owned(),
        format!("cd {} && cat secret", place.outside().display()),
        format!("cp {} copy && cat copy", secret.display()),
        format!(
            "cat /proc/self/cwd/../secret || cat /proc/1/root{0} || cat /proc/self/root{0}",
            secret.display()
        ),
        format!("ls {}", place.outside().display().to_string() + "/s*"),
    ] {
        let told = place.run(&place.shell(&line));
        told.fails();
    }
}

fn outside_is_unchangeable(bench: &Bench) {
    let place = bench.place();
    let before = fs::metadata(place.secret()).unwrap();
    let target = place.secret().display().to_string();
    for line in [
        format!("echo x > {target}"),
        format!("echo x >> {target}"),
        format!("rm -f {target}; test ! -e {target}"),
        format!("mv {target} {target}2"),
        format!("mv file {target}"),
        format!("chmod 777 {target}"),
        format!("chmod 777 {}", place.outside().display()),
        format!("touch -d 2001-01-01 {target}"),
        format!("truncate -s 0 {target}"),
        format!("ln -f file {target}"),
        format!("mkdir {}/new", place.outside().display()),
    ] {
        place.run(&place.shell(&line));
        let after = fs::metadata(place.secret()).unwrap();
        assert_eq!(fs::read_to_string(place.secret()).unwrap(), SECRET, "{line}");
        assert_eq!((after.mode(), after.mtime()), (before.mode(), before.mtime()), "{line}");
        assert_eq!(fs::read_dir(place.outside()).unwrap().count(), 2, "{line}");
        assert_ne!(fs::metadata(place.outside()).unwrap().mode() & 0o777, 0o777, "{line}");
    }
}

fn links_lead_nowhere(bench: &Bench) {
    let place = bench.place();
    symlink(place.secret(), place.workspace.join("link")).unwrap();
    symlink(place.outside(), place.workspace.join("up")).unwrap();
    for line in ["cat link", "cat up/secret", "ln ../secret hard && cat hard"] {
        place.run(&place.shell(line)).fails();
    }
    // Where the job has a file system of its own, these may lead to a place in that.
    for line in ["echo x > link", "touch up/new", "rm -f up/secret"] {
        place.run(&place.shell(line));
    }
    assert_eq!(fs::read_to_string(place.secret()).unwrap(), SECRET);
    assert_eq!(fs::read_dir(place.outside()).unwrap().count(), 2);
}

fn read_only_workspace(bench: &Bench) {
    let place = bench.place();
    place.run(&place.shell("echo new > file && mkdir made && cat file")).says("new");
    for line in [
        "echo x > file",
        "echo x > other",
        "rm file",
        "mkdir d",
        "mv file g",
        "chmod 777 file",
        "touch -d 2001-01-01 file",
        "rmdir made",
        r#"perl -e 'open(F, "<file"); chmod(0777, *F) == 1 or exit 1'"#,
        r#"perl -e 'open(F, "<file"); utime(0, 0, *F) == 1 or exit 1'"#,
    ] {
        let job = Job { writable: Vec::new(), ..place.shell(line) };
        place.run(&job).fails();
    }
    assert_eq!(fs::read_to_string(place.workspace.join("file")).unwrap(), "new\n");
    assert_eq!(fs::read_dir(&place.workspace).unwrap().count(), 2);
}

fn readable_is_not_writable(bench: &Bench) {
    let place = bench.place();
    let tools = place.outside().join("tools");
    fs::create_dir(&tools).unwrap();
    fs::write(tools.join("tool"), "#!/bin/sh\necho tool\n").unwrap();
    fs::set_permissions(tools.join("tool"), fs::Permissions::from_mode(0o755)).unwrap();
    let job = |line: &str| {
        let readable = vec![place.workspace.clone(), tools.clone()];
        Job { readable, ..place.shell(&line.replace("TOOLS", &tools.display().to_string())) }
    };
    place.run(&job("TOOLS/tool")).says("tool");
    for line in ["echo x >> TOOLS/tool", "echo x > TOOLS/new", "rm TOOLS/tool", "chmod 777 TOOLS/tool"] {
        place.run(&job(line)).fails();
    }
}

fn protected_files(bench: &Bench) {
    // Rights of Landlock add up below a directory; there the guard compares before and after.
    if bench.is(Tier::Landlock) {
        return;
    }
    let place = bench.place();
    let git = place.workspace.join(".git");
    fs::create_dir_all(git.join("hooks")).unwrap();
    fs::write(git.join("config"), "[core]\n").unwrap();
    for line in [
        "echo evil > .git/config",
        "echo evil > .git/hooks/pre-commit",
        "rm .git/config",
        "mv .git/config .git/old",
        "mv .git/hooks .git/old",
        "mv .git old",
        "rm -r .git && mkdir -p .git/hooks && echo evil > .git/hooks/pre-commit",
        "ln -sf /tmp .git/hooks/x",
        "mv file .git/config",
    ] {
        let protected = vec![git.join("config"), git.join("hooks"), git.join("absent"), "/nowhere".into()];
        place.run(&Job { protected, ..place.shell(line) }).fails();
        assert_eq!(fs::read_to_string(git.join("config")).unwrap(), "[core]\n", "{line}");
        assert_eq!(fs::read_dir(git.join("hooks")).unwrap().count(), 0, "{line}");
    }
    let job = place.shell("echo fine > .git/index && echo fine > other && cat .git/index .git/config");
    place.run(&Job { protected: vec![git.join("config")], ..job }).says("fine\n[core]");
}

fn protected_link(bench: &Bench) {
    if bench.is(Tier::Landlock) {
        return;
    }
    let place = bench.place();
    let [inner, outer] = ["inner", "outer"].map(|name| place.workspace.join(name));
    fs::create_dir(place.workspace.join("real")).unwrap();
    symlink("real", &inner).unwrap();
    symlink(place.outside(), &outer).unwrap();
    let protected = vec![inner, outer];
    place.run(&Job { protected: protected.clone(), ..place.shell("touch real/x") }).fails();
    place.run(&Job { protected: protected.clone(), ..place.shell("cat outer/secret") }).fails();
    place.run(&Job { protected, ..place.shell("touch free && echo done") }).says("done");
}

fn hidden_things(bench: &Bench) {
    let place = bench.place();
    let tools = place.outside().join("tools");
    fs::create_dir_all(tools.join("state/deep")).unwrap();
    fs::create_dir_all(tools.join("open")).unwrap();
    fs::write(tools.join("open/file"), "open\n").unwrap();
    fs::write(tools.join("state/deep/key"), SECRET).unwrap();
    fs::write(tools.join("key"), SECRET).unwrap();
    symlink("state", tools.join("way")).unwrap();
    let job = |line: &str| Job {
        readable: vec![place.workspace.clone(), tools.clone()],
        hidden: vec![tools.join("way"), tools.join("key"), tools.join("absent")],
        ..place.shell(&line.replace("TOOLS", &tools.display().to_string()))
    };
    place.run(&job("cat TOOLS/open/file")).says("open");
    for line in [
        "cat TOOLS/key",
        "cat TOOLS/state/deep/key",
        "cat TOOLS/way/deep/key",
        "ls TOOLS/state",
        "ls TOOLS/way/",
    ] {
        place.run(&job(line)).fails();
    }
    place.run(&job("chmod 700 TOOLS/state; cat TOOLS/state/deep/key")).fails();
}

fn hidden_in_the_workspace(bench: &Bench) {
    let place = bench.place();
    let keys = place.workspace.join("keys");
    fs::create_dir(&keys).unwrap();
    fs::write(keys.join("key"), SECRET).unwrap();
    for line in [
        "cat keys/key",
        "chmod 700 keys; cat keys/key",
        "mv keys open && cat open/key",
        "rm -r keys && ls nothing",
    ] {
        let job = Job { hidden: vec![keys.clone()], ..place.shell(line) };
        if bench.is(Tier::Landlock) {
            assert!(matches!(place.barrier().run(&job), Err(RunError::Unfit { .. })));
        } else {
            place.run(&job).fails();
        }
        assert_eq!(fs::read_to_string(keys.join("key")).unwrap(), SECRET);
    }
}

fn private_temporary_files(bench: &Bench) {
    let place = bench.place();
    let line = "echo 1 > $TMPDIR/a && echo 2 > $HOME/b && mkdir -m 0 $HOME/closed && cat $TMPDIR/a $HOME/b && \
                echo $HOME >&2";
    let told = place.run(&place.shell(line));
    told.says("1\n2");
    assert!(!std::path::Path::new(told.err().trim()).exists(), "{told}");
    place.run(&place.shell("ls -A $TMPDIR $HOME | grep -E '^(a|b)$'")).fails();
    place.run(&place.shell("echo x > /usr/x || echo x > /etc/x || echo x > /x || echo x > /run/x")).fails();
}

fn system_secrets(bench: &Bench) {
    let place = bench.place();
    for path in [
        "/etc/shadow",
        "/etc/ssh",
        "/etc/ssl/private",
        "/root/.ssh",
        "/home",
        "/sys/kernel",
        "/boot",
        "/var/log",
        "/etc/sudoers",
    ] {
        place.run(&place.shell(&format!("cat {path} || ls -A {path}/"))).fails();
    }
}

fn devices(bench: &Bench) {
    let place = bench.place();
    place
        .run(
            &place
                .shell("echo x > /dev/null && head -c 3 /dev/zero | wc -c && head -c 3 /dev/urandom | wc -c"),
        )
        .says("3\n3");
    let before = fs::metadata("/dev/null").unwrap();
    for line in [
        "chmod 600 /dev/null",
        "touch -d 2001-01-01 /dev/null",
        "cat /dev/vda /dev/sda",
        "echo x > /dev/tty",
        "cat /dev/kmsg",
    ] {
        place.run(&place.shell(line)).fails();
    }
    let after = fs::metadata("/dev/null").unwrap();
    assert_eq!((before.mode(), before.uid()), (after.mode(), after.uid()));
}

fn set_id_bits(bench: &Bench) {
    let place = bench.place();
    for line in [
        "chmod u+s file",
        "chmod 2755 file",
        "cp file g && chmod 6777 g",
        "install -m 4755 file h",
        r#"perl -e 'use Fcntl; sysopen(F, "i", O_CREAT|O_RDWR, 04755) or exit 1'"#,
    ] {
        place.run(&place.shell(line)).fails();
    }
    for entry in fs::read_dir(&place.workspace).unwrap() {
        assert_eq!(entry.unwrap().metadata().unwrap().mode() & 0o6000, 0);
    }
}
