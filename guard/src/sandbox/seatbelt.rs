//! The tier of macOS: a profile for `sandbox-exec`.
//!
//! Untested on a Mac: the profile's text is tested, that macOS holds what it says is not. Memory is not limited, since
//! macOS has no limit for it that a child could be given.

use std::fmt::Write as _;
use std::path::Path;

use super::Job;

/// What every program needs to start.
const SYSTEM: &str = r#"(version 1)
(deny default)
(allow process-fork)
(allow process-exec)
(allow process-info* (target same-sandbox))
(allow signal (target same-sandbox))
(allow sysctl-read)
(allow file-read-metadata)
(allow file-read*
  (literal "/")
  (subpath "/bin")
  (subpath "/sbin")
  (subpath "/usr")
  (subpath "/System")
  (subpath "/Library/Apple")
  (subpath "/Library/Developer")
  (subpath "/private/etc/ssl")
  (subpath "/private/var/db/dyld")
  (subpath "/private/var/select")
  (literal "/dev/random")
  (literal "/dev/urandom")
  (literal "/dev/zero"))
(allow file-read* file-write-data
  (literal "/dev/null")
  (literal "/dev/tty"))
"#;

/// The profile of a job (the language of Apple's sandbox, as in /System/Library/Sandbox/Profiles). The last rule that
/// fits decides, so what is protected and hidden comes after what is allowed. `private` is the job's own directory for
/// temporary files.
#[must_use]
pub fn profile(job: &Job, private: &Path) -> String {
    let mut text = SYSTEM.to_owned();
    let writable = || job.writable.iter().map(AsRef::as_ref).chain([private]);
    rule(&mut text, "allow file-read*", job.readable.iter().map(AsRef::as_ref).chain(writable()));
    rule(&mut text, "allow file-write*", writable());
    rule(&mut text, "deny file-write*", job.protected.iter().map(AsRef::as_ref));
    rule(&mut text, "deny file-read* file-write*", job.hidden.iter().map(AsRef::as_ref));
    if job.network {
        text.push_str("(allow network*)\n(allow system-socket)\n(allow mach-lookup (global-name \"com.apple.dnssd.service\"))\n");
    }
    text
}

fn rule<'p>(text: &mut String, operation: &str, paths: impl Iterator<Item = &'p Path>) {
    let mut filters = String::new();
    for path in paths {
        // Writing to a string cannot fail.
        let _infallible = write!(filters, "\n  (subpath \"{}\")", quoted(path));
    }
    if !filters.is_empty() {
        text.push_str(&format!("({operation}{filters})\n"));
    }
}

fn quoted(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(target_os = "macos")]
pub use runner::Seatbelt;

#[cfg(target_os = "macos")]
mod runner {
    use std::fs;
    use std::path::Path;
    use std::process::Command;

    use super::profile;
    use crate::sandbox::{Barrier, Job, Raw, RunError, Tier, outside};

    const PROGRAM: &str = "/usr/bin/sandbox-exec";
    /// Sets what the profile cannot: files in blocks of 512 bytes, open files, processes of the user.
    const LIMITED: &str = r#"ulimit -c 0 -f "$1" -n "$2"; ulimit -u "$3"; shift 3; exec "$@""#;

    /// Profiles of macOS.
    #[derive(Debug)]
    pub struct Seatbelt(());

    impl Seatbelt {
        /// Looks for `sandbox-exec`.
        ///
        /// # Errors
        /// [`RunError`] when there is none.
        pub fn detect() -> Result<Self, RunError> {
            if Path::new(PROGRAM).is_file() {
                Ok(Self(()))
            } else {
                Err(failed(format!("there is no {PROGRAM}")))
            }
        }
    }

    impl Barrier for Seatbelt {
        fn tier(&self) -> Tier {
            Tier::Seatbelt
        }

        fn run(&self, job: &Job) -> Result<Raw, RunError> {
            let template = std::env::temp_dir().join("bridged-XXXXXX");
            let private = nix::unistd::mkdtemp(&template).map_err(|errno| failed(errno.to_string()))?;
            let private = private.canonicalize().map_err(|error| failed(error.to_string()))?;
            let limits = [job.limits.file / 512, job.limits.open_files, job.limits.processes];
            let mut command = Command::new(PROGRAM);
            command
                .args(["-p", &profile(job, &private), "/bin/sh", "-c", LIMITED, "sh"])
                .args(limits.map(|limit| limit.to_string()))
                .arg(&job.program)
                .args(job.argv.iter().skip(1))
                .current_dir(&job.directory)
                .env_clear()
                .envs(&job.environment)
                .env("HOME", &private)
                .env("TMPDIR", &private);
            let raw = outside::run(&mut command, job.limits.time, job.limits.output, &|| ());
            // What cannot be removed is only a temporary directory.
            let _left = fs::remove_dir_all(&private);
            raw.map_err(|error| failed(error.to_string()))
        }
    }

    fn failed(reason: String) -> RunError {
        RunError::Setup { tier: Tier::Seatbelt, reason }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::*;
    use crate::sandbox::Limits;

    #[test]
    fn what_is_denied_comes_after_what_is_allowed() {
        let job = Job {
            program: "/bin/ls".into(),
            argv: vec!["ls".into()],
            directory: "/w".into(),
            environment: BTreeMap::new(),
            readable: vec!["/opt/a \"b\"".into()],
            writable: vec!["/w".into()],
            protected: vec!["/w/.git/config".into(), "/w/.claude".into()],
            hidden: vec!["/w/secret\\".into()],
            network: true,
            limits: Limits {
                time: Duration::ZERO,
                processes: 1,
                memory: 1,
                file: 1,
                open_files: 1,
                output: 1,
            },
        };
        let text = profile(&job, Path::new("/private/tmp/x"));
        insta::assert_snapshot!(text.strip_prefix(SYSTEM).unwrap(), @r#"
        (allow file-read*
          (subpath "/opt/a \"b\"")
          (subpath "/w")
          (subpath "/private/tmp/x"))
        (allow file-write*
          (subpath "/w")
          (subpath "/private/tmp/x"))
        (deny file-write*
          (subpath "/w/.git/config")
          (subpath "/w/.claude"))
        (deny file-read* file-write*
          (subpath "/w/secret\\"))
        (allow network*)
        (allow system-socket)
        (allow mach-lookup (global-name "com.apple.dnssd.service"))
        "#);
    }
}
