//! The tier of a Docker engine, through its command line client.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{Barrier, Job, Raw, RunError, Tier, outside};
use crate::outcome::Ended;

const CLIENT: &str = "docker";
/// Most bytes of memory of a container, whatever the job may have.
const MOST_MEMORY: u64 = 512 * 1024 * 1024;
/// How long the engine may take for what is not a job.
const PATIENCE: Duration = Duration::from_secs(20);
/// The exit code of `docker run` when there was no container to run (docker-run(1)).
const NOT_RUN: i32 = 125;

/// Containers of one image.
#[derive(Debug)]
pub struct Docker {
    image: String,
    count: AtomicU64,
}

impl Docker {
    /// Asks whether an engine answers and has the image. Images are never pulled on behalf of an agent.
    ///
    /// # Errors
    /// [`RunError`] saying what is missing.
    pub fn detect(image: &str) -> Result<Self, RunError> {
        if image.starts_with('-') {
            return Err(failed(format!("{image:?} is no name of an image")));
        }
        ask(
            &["info", "--format", "{{.ServerVersion}}"],
            "no Docker engine answers; start it, or use another tier",
        )?;
        let advice = format!("the Docker engine has no image {image:?}; run `docker pull {image}`");
        ask(&["image", "inspect", "--format", "{{.Id}}", image], &advice)?;
        Ok(Self { image: image.to_owned(), count: AtomicU64::new(0) })
    }
}

impl Barrier for Docker {
    fn tier(&self) -> Tier {
        Tier::Docker
    }

    fn run(&self, job: &Job) -> Result<Raw, RunError> {
        let name = format!("bridged-{}-{}", std::process::id(), self.count.fetch_add(1, Ordering::Relaxed));
        let user = format!("{}:{}", nix::unistd::getuid(), nix::unistd::getgid());
        let exists = |path: &&PathBuf| path.symlink_metadata().is_ok();
        let job = Job {
            protected: job.protected.iter().filter(exists).cloned().collect(),
            hidden: job.hidden.iter().filter(exists).cloned().collect(),
            ..job.clone()
        };
        let remove = || {
            // It is removed by itself unless something went wrong, and then this is all that can be done.
            let _gone_already = client(&["rm", "--force", &name]);
        };
        let mut command = Command::new(CLIENT);
        command.args(arguments(&job, &self.image, &name, &user, &Path::is_dir));
        let raw = outside::run(&mut command, job.limits.time, job.limits.output, &remove)
            .map_err(|error| failed(format!("docker could not be run: {error}")))?;
        if raw.ended == Ended::Code(NOT_RUN) {
            remove();
            let said = crate::output::plain(&raw.stderr.head);
            return Err(failed(format!("Docker did not run it: {}", said.trim())));
        }
        Ok(raw)
    }
}

fn failed(reason: String) -> RunError {
    RunError::Setup { tier: Tier::Docker, reason }
}

fn client(arguments: &[&str]) -> std::io::Result<Raw> {
    outside::run(Command::new(CLIENT).args(arguments), PATIENCE, 4096, &|| ())
}

fn ask(arguments: &[&str], advice: &str) -> Result<(), RunError> {
    match client(arguments) {
        Ok(raw) if raw.ended == Ended::Code(0) => Ok(()),
        Ok(_) => Err(failed(advice.to_owned())),
        Err(error) => Err(failed(format!("{advice} ({CLIENT}: {error})"))),
    }
}

/// What `docker` is called with. The image's own entry point is not used, and its programs are: a job's program must be
/// in the image or in what the job may read. Nothing of the host is there but what the job names. `is_directory` tells for
/// what is hidden whether it is one.
#[must_use]
pub fn arguments(
    job: &Job,
    image: &str,
    name: &str,
    user: &str,
    is_directory: &dyn Fn(&Path) -> bool,
) -> Vec<OsString> {
    let limits = &job.limits;
    let memory = limits.memory.min(MOST_MEMORY);
    let network = if job.network { "bridge" } else { "none" };
    let mut arguments: Vec<OsString> = [
        "run".to_owned(),
        "--rm".to_owned(),
        "--init".to_owned(),
        "--pull=never".to_owned(),
        "--log-driver=none".to_owned(),
        format!("--name={name}"),
        format!("--network={network}"),
        format!("--memory={memory}"),
        format!("--memory-swap={memory}"),
        "--cpus=1".to_owned(),
        format!("--pids-limit={}", limits.processes),
        format!("--ulimit=nofile={0}:{0}", limits.open_files),
        format!("--ulimit=fsize={0}:{0}", limits.file),
        "--ulimit=core=0:0".to_owned(),
        "--read-only".to_owned(),
        "--tmpfs=/tmp:rw,exec,nosuid,nodev,mode=1777".to_owned(),
        format!("--user={user}"),
        "--cap-drop=ALL".to_owned(),
        "--security-opt=no-new-privileges".to_owned(),
    ]
    .map(OsString::from)
    .into();
    if let Some(home) = job.environment.get("HOME").filter(|home| Path::new(home).starts_with("/tmp/")) {
        arguments.push(format!("--tmpfs={home}:rw,exec,nosuid,nodev,mode=1777").into());
    }
    arguments.extend(mounts(job, is_directory));
    arguments
        .extend(job.environment.iter().map(|(name, value)| OsString::from(format!("--env={name}={value}"))));
    arguments.push(with("--workdir=", job.directory.as_os_str()));
    arguments.push(with("--entrypoint=", job.program.as_os_str()));
    arguments.push(image.into());
    arguments.extend(job.argv.iter().skip(1).map(OsString::from));
    arguments
}

fn mounts(job: &Job, is_directory: &dyn Fn(&Path) -> bool) -> Vec<OsString> {
    let within = |path: &Path| job.readable.iter().chain(&job.writable).any(|above| path.starts_with(above));
    let mut mounts = Vec::new();
    for path in job.readable.iter().filter(|path| !job.writable.contains(path)) {
        mounts.push(bind(path.as_os_str(), path, true));
    }
    mounts.extend(job.writable.iter().map(|path| bind(path.as_os_str(), path, false)));
    let protected = job.protected.iter().filter(|path| within(path));
    mounts.extend(protected.map(|path| bind(path.as_os_str(), path, true)));
    for path in job.hidden.iter().filter(|path| within(path)) {
        mounts.push(if is_directory(path) { empty(path) } else { bind(OsStr::new("/dev/null"), path, true) });
    }
    mounts
}

fn bind(source: &OsStr, target: &Path, read_only: bool) -> OsString {
    let mut mount = with("--mount=type=bind,", &field("source=", source));
    mount.push(with(",", &field("target=", target.as_os_str())));
    if read_only {
        mount.push(",readonly");
    }
    mount
}

fn empty(target: &Path) -> OsString {
    with("--mount=type=tmpfs,tmpfs-mode=000,", &field("target=", target.as_os_str()))
}

/// A field of the comma-separated values that `--mount` takes, quoted when it has to be (RFC 4180).
fn field(key: &str, value: &OsStr) -> OsString {
    let bytes = value.as_encoded_bytes();
    if !bytes.iter().any(|byte| b",\"\n\r".contains(byte)) {
        return with(key, value);
    }
    // Only text can be split at its quotes without guessing; other names keep them and are refused by Docker.
    let quoted = value.to_str().map_or_else(|| value.to_owned(), |text| text.replace('"', "\"\"").into());
    let mut field = with(&format!("\"{key}"), &quoted);
    field.push("\"");
    field
}

fn with(prefix: &str, value: &OsStr) -> OsString {
    let mut text = OsString::from(prefix);
    text.push(value);
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::sandbox::Limits;

    fn job() -> Job {
        Job {
            program: "/usr/bin/make".into(),
            argv: ["make", "-k", "all"].map(String::from).into(),
            directory: "/w/project".into(),
            environment: BTreeMap::from([
                ("HOME".to_owned(), "/tmp/home".to_owned()),
                ("LANG".to_owned(), "C.UTF-8".to_owned()),
            ]),
            readable: vec!["/opt/tool,chain".into()],
            writable: vec!["/w/project".into()],
            protected: vec!["/w/project/.git/config".into()],
            hidden: ["/w/project/.secret", "/w/project/private", "/elsewhere"].map(Into::into).into(),
            network: false,
            limits: Limits {
                time: Duration::from_secs(1),
                processes: 256,
                memory: 2 << 30,
                file: 1 << 30,
                open_files: 1024,
                output: 4096,
            },
        }
    }

    #[test]
    fn a_container_has_nothing_but_the_job() {
        let arguments =
            arguments(&job(), "image:1", "bridged-1-2", "1000:1000", &|path| path.ends_with("private"));
        let lines: Vec<&str> = arguments.iter().map(|argument| argument.to_str().unwrap()).collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        run
        --rm
        --init
        --pull=never
        --log-driver=none
        --name=bridged-1-2
        --network=none
        --memory=536870912
        --memory-swap=536870912
        --cpus=1
        --pids-limit=256
        --ulimit=nofile=1024:1024
        --ulimit=fsize=1073741824:1073741824
        --ulimit=core=0:0
        --read-only
        --tmpfs=/tmp:rw,exec,nosuid,nodev,mode=1777
        --user=1000:1000
        --cap-drop=ALL
        --security-opt=no-new-privileges
        --tmpfs=/tmp/home:rw,exec,nosuid,nodev,mode=1777
        --mount=type=bind,"source=/opt/tool,chain","target=/opt/tool,chain",readonly
        --mount=type=bind,source=/w/project,target=/w/project
        --mount=type=bind,source=/w/project/.git/config,target=/w/project/.git/config,readonly
        --mount=type=bind,source=/dev/null,target=/w/project/.secret,readonly
        --mount=type=tmpfs,tmpfs-mode=000,target=/w/project/private
        --env=HOME=/tmp/home
        --env=LANG=C.UTF-8
        --workdir=/w/project
        --entrypoint=/usr/bin/make
        image:1
        -k
        all
        "#);
    }

    #[test]
    fn the_network_is_there_only_when_it_is_asked_for() {
        let arguments = arguments(&Job { network: true, ..job() }, "i", "n", "1:1", &|_| false);
        assert!(arguments.contains(&"--network=bridge".into()));
    }

    #[test]
    fn an_image_is_no_option() {
        assert!(Docker::detect("--privileged").is_err());
    }
}
