//! What each tier promises, tried from inside it.
//!
//! Every promise is tried in every tier that works here. As root, bubblewrap is tried as root, and everything once more
//! as an ordinary user.

mod bench;
mod environment;
mod files;
mod kernel;
mod limits;
mod network;
mod probe;
mod processes;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::sync::Arc;

use bridge_guard::Tier;
use bridge_guard::sandbox::{child_main, detect};
use libtest_mimic::{Arguments, Failed, Trial};

use bench::Bench;

/// A promise: its name, and how it is tried.
type Promise = (&'static str, fn(&Bench));

/// Plays the role that this program was executed for: a child of the sandbox, a job, a daemon, or the tests.
pub(crate) fn main() {
    child_main();
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.get(1).map(String::as_str) {
        Some("probe") => probe::main(&arguments[2..]),
        Some("daemon") => processes::daemon_main(&arguments[2..]),
        _ => test(),
    }
}

fn test() {
    let promises = [files::PROMISES, environment::PROMISES, kernel::PROMISES, limits::PROMISES];
    let promises: Vec<Promise> =
        [promises.concat(), [network::PROMISES, processes::PROMISES].concat()].concat();
    let root = nix::unistd::Uid::effective().is_root();
    let mut trials = Vec::new();
    for tier in [Tier::Bubblewrap, Tier::Landlock] {
        match detect(Some(tier)) {
            Ok(barrier) => {
                let bench = Arc::new(Bench::new(barrier));
                trials.extend(promises.iter().map(|(name, promise)| {
                    let (bench, promise) = (Arc::clone(&bench), *promise);
                    Trial::test(format!("{tier}: {name}"), move || {
                        promise(&bench);
                        Ok(())
                    })
                }));
            }
            Err(why) => {
                println!("NOT TRIED HERE: {why}");
                trials.push(Trial::test(format!("{tier}"), || Ok(())).with_ignored_flag(true));
            }
        }
    }
    if root {
        trials.push(Trial::test("everything as an ordinary user", as_nobody));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// Runs these tests again as the user that owns nothing, from where that user can read them.
fn as_nobody() -> Result<(), Failed> {
    let directory = tempfile::tempdir()?;
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755))?;
    let program = directory.path().join("sandbox");
    fs::copy(std::env::current_exe()?, &program)?;
    let status = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"])
        .arg(program)
        .args(std::env::args().skip(1).filter(|argument| argument.starts_with("--test-threads")))
        .current_dir("/")
        .status()?;
    if status.success() { Ok(()) } else { Err(format!("as an ordinary user: {status}").into()) }
}
