//! Where it was measured, as far as it bears on the figures. Read from `/proc`; what is not there stays out.

use std::path::Path;

use serde::Serialize;

/// The machine of a run.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Machine {
    /// Processors that this program may use.
    cpus: usize,
    /// What they call themselves.
    cpu_model: Option<String>,
    architecture: &'static str,
    /// Name and release of the kernel.
    kernel: Option<String>,
    memory_mb: Option<u64>,
    /// Kind of file system that the databases are on.
    filesystem: Option<String>,
    /// Microseconds that a preload adds to every flush of the daemons.
    added_flush_us: Option<u64>,
}

impl Machine {
    /// This one, with the databases below `scratch`.
    pub(crate) fn here(scratch: &Path) -> Self {
        let read = |file: &str| std::fs::read_to_string(file).ok();
        let line = |file: &str| read(file).map(|text| text.trim().to_owned());
        Self {
            cpus: std::thread::available_parallelism().map_or(0, usize::from),
            cpu_model: read("/proc/cpuinfo").and_then(|text| field(&text, "model name").map(str::to_owned)),
            architecture: std::env::consts::ARCH,
            kernel: line("/proc/sys/kernel/ostype")
                .zip(line("/proc/sys/kernel/osrelease"))
                .map(|(name, release)| format!("{name} {release}")),
            memory_mb: read("/proc/meminfo").and_then(|text| memory_mb(&text)),
            filesystem: read("/proc/self/mounts").and_then(|text| filesystem(&text, scratch)),
            // The preload reads the variable; without a preload it means nothing.
            added_flush_us: std::env::var_os("LD_PRELOAD")
                .and_then(|_| std::env::var("SLOW_US").ok())
                .and_then(|text| text.parse().ok()),
        }
    }
}

/// The value in the first line such as `name : value`.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then_some(value.trim())
    })
}

/// Megabytes, of proc_meminfo(5).
fn memory_mb(meminfo: &str) -> Option<u64> {
    let kilobytes: u64 = field(meminfo, "MemTotal")?.strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes / 1024)
}

/// The kind of the innermost mount that `path` is below, of proc_pid_mounts(5); of two on one place the later one counts.
fn filesystem(mounts: &str, path: &Path) -> Option<String> {
    let below = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        let (place, kind) = (words.next()?, words.next()?);
        path.starts_with(place).then_some((place.len(), kind))
    });
    below.max_by_key(|(depth, _)| *depth).map(|(_, kind)| kind.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found() {
        let cpuinfo = "processor\t: 0\nmodel name\t: A Processor @ 2.00GHz\nprocessor\t: 1\n";
        assert_eq!(field(cpuinfo, "model name"), Some("A Processor @ 2.00GHz"));
        assert_eq!(field(cpuinfo, "model"), None);
        assert_eq!(memory_mb("MemTotal:        2048000 kB\nMemFree: 1 kB\n"), Some(2_000));
    }

    #[test]
    fn the_innermost_mount_counts() {
        let mounts = "rootfs / rootfs rw 0 0\n/dev/vda / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n";
        assert_eq!(filesystem(mounts, Path::new("/tmp/bench")).as_deref(), Some("tmpfs"));
        assert_eq!(filesystem(mounts, Path::new("/tmpfile")).as_deref(), Some("ext4"));
        assert_eq!(filesystem("", Path::new("/tmp")), None);
    }
}
