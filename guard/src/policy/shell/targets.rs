//! Paths that no command may delete or write.

use std::path::{Component, Path, PathBuf};

use super::fields::{Field, HOME, UNKNOWN, braces};
use super::inspect::{Inspector, Redirect};
use crate::policy::{Refusal, rule};

/// Where anybody may write beside the workspace.
const SCRATCH: [&str; 2] = ["/tmp", "/var/tmp"];
/// The system's own directories at the root.
const SYSTEM: [&str; 22] = [
    "bin",
    "boot",
    "dev",
    "etc",
    "lib",
    "lib32",
    "lib64",
    "proc",
    "sbin",
    "sys",
    "usr",
    "var",
    "opt",
    "root",
    "home",
    "run",
    "srv",
    "Applications",
    "Library",
    "System",
    "Users",
    "private",
];
/// Beginnings of the names of disks in `/dev`.
const DISKS: [&str; 18] = [
    "sd", "hd", "vd", "xvd", "nvme", "mmcblk", "loop", "dm-", "mapper/", "disk", "rdisk", "nbd", "sr", "sg",
    "zd", "md", "ram", "block/",
];
/// Memory and ports in `/dev`.
const MEMORY: [&str; 4] = ["mem", "kmem", "port", "nvram"];
/// Devices that everybody writes to.
const HARMLESS: [&str; 9] = ["null", "zero", "full", "stdin", "stdout", "stderr", "tty", "random", "urandom"];

/// A path without `.`, `..` and doubled slashes, as its letters say.
pub(crate) fn normalize(directory: &Path, text: &str) -> PathBuf {
    let mut normal = PathBuf::from("/");
    for component in directory.join(text).components() {
        match component {
            Component::ParentDir => {
                normal.pop();
            }
            Component::Normal(name) => normal.push(name),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    normal
}

fn refuse(text: &str, why: &str) -> Refusal {
    let shown = text.replace(HOME, "~").replace(UNKNOWN, "…");
    Refusal::new(rule::DESTRUCTION, format!("{shown:?} must not be deleted or changed as a whole: {why}"))
}

/// Whether a component is only a pattern for everything.
fn is_everything(name: &str) -> bool {
    name.contains(['*', '?', '[']) && name.chars().all(|c| "*?.[]!^".contains(c))
}

impl Inspector<'_> {
    /// Refuses to delete, recursively or not, what is not in the workspace or scratch space.
    ///
    /// # Errors
    /// [`Refusal`] naming the path.
    pub(crate) fn check_target(&self, field: &Field, recursive: bool) -> Result<(), Refusal> {
        let texts = if field.active { braces(&field.text) } else { vec![field.text.clone()] };
        texts.iter().try_for_each(|text| self.check_path(text, field.active, recursive))
    }

    fn check_path(&self, text: &str, active: bool, recursive: bool) -> Result<(), Refusal> {
        if text.contains(UNKNOWN) {
            return if recursive { check_unknown(text) } else { Ok(()) };
        }
        let mut path = text.trim_end_matches('/');
        let last = path.rsplit('/').next().unwrap_or_default();
        let everything = active && is_everything(last);
        if everything {
            if last.starts_with('.') {
                return Err(refuse(text, "the pattern matches .. too; name what is to go"));
            }
            path = path[..path.len() - last.len()].trim_end_matches('/');
        }
        let absolute = text.starts_with('/');
        for directory in &self.directories {
            let Some(directory) = directory else {
                if recursive && !absolute && (everything || path.is_empty() || path == ".") {
                    return Err(refuse(
                        text,
                        "the line does not tell which directory it would be in; name it",
                    ));
                }
                continue;
            };
            let start = if absolute { Path::new("/") } else { directory };
            self.check_place(text, &normalize(start, path), everything || !recursive)?;
        }
        Ok(())
    }

    /// Refuses a place outside the workspace and scratch space; `root` says whether they themselves may be named.
    fn check_place(&self, text: &str, path: &Path, root: bool) -> Result<(), Refusal> {
        let allowed = SCRATCH.iter().map(Path::new).chain([self.workspace]);
        let below = |allowed: &Path| path.starts_with(allowed) && (root || path != allowed);
        // A workspace may itself lie in scratch space.
        let above = self.workspace.starts_with(path) && !(root && path == self.workspace);
        if !above && allowed.into_iter().any(below) {
            return Ok(());
        }
        Err(if path == self.workspace {
            refuse(text, "it is the whole workspace; name what is to go")
        } else {
            refuse(text, "it is not in the workspace; name something that is")
        })
    }

    /// Refuses to walk a directory and delete there.
    ///
    /// # Errors
    /// [`Refusal`] naming the path.
    pub(crate) fn check_walk(&self, field: &Field) -> Result<(), Refusal> {
        for text in if field.active { braces(&field.text) } else { vec![field.text.clone()] } {
            if text.contains(UNKNOWN) {
                check_unknown(&text)?;
                continue;
            }
            for directory in self.directories.iter().flatten() {
                self.check_place(&text, &normalize(directory, &text), true)?;
            }
        }
        Ok(())
    }

    /// Refuses disks, memory and the kernel's switches wherever they are named.
    ///
    /// # Errors
    /// [`Refusal`] naming the device.
    pub(crate) fn check_device(&self, text: &str, active: bool, written: bool) -> Result<(), Refusal> {
        let path = text.split_once('=').map_or(text, |(_, value)| value);
        if !path.starts_with('/') {
            return Ok(());
        }
        let normal = normalize(Path::new("/"), path);
        let Ok(device) = normal.strip_prefix("/dev") else { return check_kernel(text, &normal, written) };
        let device = device.to_string_lossy();
        let disk = |name: &&str| {
            device
                .strip_prefix(*name)
                .is_some_and(|rest| *name != "ram" || rest.starts_with(|c: char| c.is_ascii_digit()))
        };
        let unclear = (active && device.contains(['*', '?', '[', '{'])) || device.contains(UNKNOWN);
        if MEMORY.contains(&&*device) || DISKS.iter().any(disk) || unclear {
            let shown = text.replace(UNKNOWN, "…");
            return Err(Refusal::new(
                rule::DEVICE,
                format!("{shown:?} is or may be a disk or memory; leave devices alone"),
            ));
        }
        let harmless = HARMLESS.contains(&&*device)
            || ["fd/", "shm/", "pts/", "tcp/", "udp/"].iter().any(|name| device.starts_with(name));
        if written && !harmless {
            return Err(Refusal::new(
                rule::DEVICE,
                format!("{text:?} is a device; write to a file of the workspace"),
            ));
        }
        Ok(())
    }

    /// Refuses redirections into the system.
    ///
    /// # Errors
    /// [`Refusal`] naming the target.
    pub(crate) fn check_redirect(&self, redirect: &Redirect) -> Result<(), Refusal> {
        if redirect.operator.starts_with("<<") {
            return Ok(());
        }
        let written = redirect.operator.contains('>');
        for field in &redirect.target {
            self.check_device(&field.text, field.active, written)?;
            let normal = normalize(Path::new("/"), &field.text);
            let first =
                normal.components().nth(1).map(|name| name.as_os_str().to_string_lossy().into_owned());
            let system = first.is_some_and(|name| SYSTEM.contains(&name.as_str()) && name != "dev");
            let unknown = field.is_unknown();
            if written && field.text.starts_with('/') && system && !unknown {
                self.check_place(&field.text, &normal, false)?;
            }
        }
        Ok(())
    }
}

/// Kernel switches that files are.
fn check_kernel(text: &str, path: &Path, written: bool) -> Result<(), Refusal> {
    let switch =
        ["/proc/sysrq-trigger", "/proc/kcore", "/proc/kmem"].iter().any(|known| path == Path::new(known));
    let setting = written && (path.starts_with("/proc/sys") || path.starts_with("/sys"));
    if switch || setting {
        return Err(Refusal::new(rule::SYSTEM, format!("{text:?} is the kernel's; leave it alone")));
    }
    Ok(())
}

/// A recursive target that the line does not fully tell: nothing that could be the root, a home or the system.
fn check_unknown(text: &str) -> Result<(), Refusal> {
    let rest: String = text.chars().filter(|c| *c != UNKNOWN).collect();
    let first = rest.trim_start_matches(['/', '.']).split('/').next().unwrap_or_default();
    let leads = text.starts_with([UNKNOWN, '/']) || rest.starts_with("..");
    let broad =
        rest.split('/').all(|name| name.is_empty() || name == "." || name == ".." || is_everything(name));
    if broad || (leads && SYSTEM.contains(&first)) {
        let why = "the line does not tell what it is and it could be anything; write the path out";
        return Err(refuse(text, why));
    }
    Ok(())
}
