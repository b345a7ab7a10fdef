//! Runs one program in a sandbox, to try a tier out by hand.
//!
//! ```text
//! job TIER DIRECTORY [write] [network] [read=PATH]… -- PROGRAM ARGUMENT…
//! ```

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use bridge_guard::Tier;
use bridge_guard::sandbox::{HOME_INSIDE, Job, Limits, TMP_INSIDE, child_main, detect};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    child_main();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (options, command) = arguments.split_at(arguments.iter().position(|word| word == "--").ok_or(USAGE)?);
    let [tier, directory, flags @ ..] = options else { return Err(USAGE.into()) };
    let tier =
        [Tier::Bubblewrap, Tier::Landlock].into_iter().find(|known| known.as_str() == tier).ok_or(USAGE)?;
    let barrier = detect(Some(tier))?;
    let raw = barrier.run(&job(directory.into(), flags, command.get(1..).ok_or(USAGE)?)?)?;
    for captured in [&raw.stdout, &raw.stderr] {
        io::stdout().write_all(&captured.head)?;
        io::stdout().write_all(&captured.tail)?;
    }
    writeln!(io::stdout(), "{:?} after {:?}", raw.ended, raw.duration)?;
    Ok(())
}

const USAGE: &str = "job bubblewrap|landlock DIRECTORY [write] [network] [read=PATH]… -- PROGRAM ARGUMENT…";

fn job(directory: PathBuf, flags: &[String], command: &[String]) -> Result<Job, &'static str> {
    let has = |name: &str| flags.iter().any(|flag| flag == name);
    let environment =
        [("PATH", "/usr/local/bin:/usr/bin:/bin"), ("HOME", HOME_INSIDE), ("TMPDIR", TMP_INSIDE)];
    Ok(Job {
        program: command.first().ok_or(USAGE)?.into(),
        argv: command.to_vec(),
        readable: flags
            .iter()
            .filter_map(|flag| flag.strip_prefix("read="))
            .map(PathBuf::from)
            .chain([directory.clone()])
            .collect(),
        writable: has("write").then(|| directory.clone()).into_iter().collect(),
        directory,
        environment: BTreeMap::from(environment.map(|(name, value)| (name.to_owned(), value.to_owned()))),
        protected: Vec::new(),
        hidden: Vec::new(),
        network: has("network"),
        limits: Limits {
            time: Duration::from_secs(60),
            processes: 128,
            memory: 2 << 30,
            file: 1 << 30,
            open_files: 1024,
            output: 1 << 20,
        },
    })
}
