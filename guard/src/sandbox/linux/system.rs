//! What of the system every job may read: enough to run programs, nothing that belongs to somebody.

use std::fs;
use std::path::{Path, PathBuf};

/// Directories of programs and libraries. Where they are links into `/usr`, they stay links.
pub(super) const PROGRAMS: [&str; 8] =
    ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store"];

/// The harmless part of `/etc`: no key, no password, no list of users, nothing that a person configured for a server.
const SETTINGS: [&str; 31] = [
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/ca-certificates.conf",
    "/etc/crypto-policies",
    "/etc/debian_version",
    "/etc/fedora-release",
    "/etc/fonts",
    "/etc/inputrc",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/lsb-release",
    "/etc/magic",
    "/etc/magic.mime",
    "/etc/mime.types",
    "/etc/os-release",
    "/etc/perl",
    "/etc/pki/ca-trust",
    "/etc/pki/tls/cert.pem",
    "/etc/pki/tls/certs",
    "/etc/pki/tls/openssl.cnf",
    "/etc/protocols",
    "/etc/redhat-release",
    "/etc/rpc",
    "/etc/services",
    "/etc/shells",
    "/etc/ssl/cert.pem",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/terminfo",
];

/// Beginnings of names in `/etc` that carry a version: of language runtimes.
const VERSIONED: [&str; 3] = ["java", "python", "ruby"];

/// Whom a job sees itself as, where the tier can choose.
pub(super) const USER_ID: u32 = 1000;

/// The settings there are here.
pub(super) fn settings() -> Vec<PathBuf> {
    let versioned = fs::read_dir("/etc").into_iter().flatten().flatten().filter(|entry| {
        let name = entry.file_name();
        VERSIONED.iter().any(|start| name.to_string_lossy().starts_with(start))
    });
    let known = SETTINGS.iter().map(PathBuf::from).filter(|path| path.exists());
    known.chain(versioned.map(|entry| entry.path())).collect()
}

/// Files that a tier with a file system of its own puts into `/etc`: enough to look up the own user and the own machine.
pub(super) fn synthetic(home: &str) -> [(&'static Path, String); 4] {
    let passwd = format!(
        "root:x:0:0:root:/nonexistent:/usr/sbin/nologin\nagent:x:{USER_ID}:{USER_ID}:agent:{home}:/bin/sh\n\
         nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
    );
    [
        (Path::new("/etc/passwd"), passwd),
        (Path::new("/etc/group"), format!("root:x:0:\nagent:x:{USER_ID}:\nnogroup:x:65534:\n")),
        (Path::new("/etc/hosts"), "127.0.0.1 localhost sandbox\n::1 localhost\n".to_owned()),
        (Path::new("/etc/nsswitch.conf"), "passwd: files\ngroup: files\nhosts: files dns\n".to_owned()),
    ]
}

/// What the resolver of names needs, with the network only.
pub(super) const RESOLVER: &str = "/etc/resolv.conf";
