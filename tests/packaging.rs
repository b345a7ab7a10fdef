//! What strangers install: `install.sh` takes nothing whose checksum is wrong, the formula has no hole, and every address is
//! the one of `Cargo.toml`.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy knows only `#[test]` functions as tests

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

const TARGETS: [&str; 4] = [
    "aarch64-apple-darwin",
    "x86_64-apple-darwin",
    "aarch64-unknown-linux-musl",
    "x86_64-unknown-linux-musl",
];
const VERSION: &str = env!("CARGO_PKG_VERSION");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A release in a directory, and a home to install it into.
struct Stage(TempDir);

impl Stage {
    /// A release for this machine whose programs say their names.
    fn new() -> Self {
        let stage = Self(tempfile::tempdir().unwrap());
        let release = stage.path("releases/latest/download");
        let name = format!("bridged-{VERSION}-{}", Self::target());
        let unpacked = stage.path(&name);
        for directory in ["bin", "share/man", "share/completions"] {
            fs::create_dir_all(unpacked.join(directory)).unwrap();
        }
        for program in ["bridged", "bridge-shim", "bridgectl"] {
            stage.program(&unpacked.join("bin").join(program), &format!("echo {program} {VERSION}"));
        }
        fs::write(unpacked.join("share/man/bridgectl.1"), "page").unwrap();
        for shell in ["bash", "zsh", "fish"] {
            fs::write(unpacked.join(format!("share/completions/bridgectl.{shell}")), shell).unwrap();
        }
        fs::create_dir_all(&release).unwrap();
        let archive = release.join(format!("{name}.tar.gz"));
        stage.runs(Command::new("tar").arg("-C").arg(stage.0.path()).arg("-czf").arg(&archive).arg(&name));
        stage.sum();
        // The network of this test: what is asked for is a file.
        fs::create_dir(stage.path("bin")).unwrap();
        let fetch = "for word; do from=$to to=$word; done\ncase $* in *--fail*) ;; *) exit 9 ;; esac\n\
                     url=$to; to=$from; cp \"${url#file://}\" \"$to\"";
        stage.program(&stage.path("bin/curl"), fetch);
        stage
    }

    fn target() -> String {
        format!("{}-unknown-linux-musl", std::env::consts::ARCH)
    }

    fn path(&self, below: &str) -> PathBuf {
        self.0.path().join(below)
    }

    fn program(&self, path: &Path, script: &str) {
        fs::write(path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[track_caller]
    fn runs(&self, command: &mut Command) -> String {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Writes the release's checksums.
    fn sum(&self) {
        let directory = self.path("releases/latest/download");
        fs::remove_file(directory.join("SHA256SUMS")).ok();
        let mut command = Command::new("sh");
        self.runs(command.args(["-c", "sha256sum -- * >../S && mv ../S SHA256SUMS"]).current_dir(&directory));
    }

    fn installs(&self) -> Output {
        let path = format!("{}:{}", self.path("bin").display(), std::env::var("PATH").unwrap());
        Command::new("sh")
            .arg(root().join("install.sh"))
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.path("home"))
            .env("BRIDGED_RELEASES", format!("file://{}", self.path("releases").display()))
            .output()
            .unwrap()
    }

    /// Installing is refused with those words, and nothing is there.
    #[track_caller]
    fn refuses(&self, words: &str) {
        let output = self.installs();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(1) && said.contains(words), "{words}: {said}");
        assert!(!self.path("home/.local").exists(), "something was installed");
    }

    fn archive(&self) -> PathBuf {
        self.path(&format!("releases/latest/download/bridged-{VERSION}-{}.tar.gz", Self::target()))
    }
}

#[test]
fn a_release_is_installed() {
    let stage = Stage::new();
    for _again in 0..2 {
        let output = stage.installs();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        assert!(
            said.contains(&format!("bridgectl {VERSION} is in")) && said.contains("not on your PATH"),
            "{said}"
        );
    }
    for file in [
        "bin/bridged",
        "bin/bridge-shim",
        "bin/bridgectl",
        "share/man/man1/bridgectl.1",
        "share/bash-completion/completions/bridgectl",
        "share/zsh/site-functions/_bridgectl",
        "share/fish/vendor_completions.d/bridgectl.fish",
    ] {
        assert!(stage.path("home/.local").join(file).is_file(), "{file} is missing");
    }
    assert_eq!(fs::read_dir(stage.path("home/.local/bin")).unwrap().count(), 3);
}

#[test]
fn what_is_not_as_its_checksum_says_is_not_installed() {
    let stage = Stage::new();
    let mut bytes = fs::read(stage.archive()).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(stage.archive(), bytes).unwrap();
    stage.refuses("is not what SHA256SUMS says");
}

#[test]
fn a_release_without_this_machines_build_is_refused() {
    let stage = Stage::new();
    fs::remove_file(stage.archive()).unwrap();
    stage.refuses("could not fetch");
    fs::write(stage.path("releases/latest/download/other.tar.gz"), "").unwrap();
    stage.sum();
    stage.refuses("names no build for");
    fs::remove_file(stage.path("releases/latest/download/SHA256SUMS")).unwrap();
    stage.refuses("could not fetch");
}

#[test]
fn a_build_that_does_not_run_here_is_refused() {
    let stage = Stage::new();
    let name = format!("bridged-{VERSION}-{}", Stage::target());
    stage.program(&stage.path(&name).join("bin/bridgectl"), "exit 126");
    stage.runs(Command::new("tar").arg("-C").arg(stage.0.path()).arg("-czf").arg(stage.archive()).arg(&name));
    stage.sum();
    stage.refuses("does not run on this machine");
}

#[test]
fn the_formula_has_every_checksum_or_is_not_written() {
    let directory = tempfile::tempdir().unwrap();
    let sums = directory.path().join("SHA256SUMS");
    let line = |target: &&str| {
        let digit = char::from_digit(u32::try_from(target.len() % 10).unwrap(), 10).unwrap();
        format!("{}  bridged-{VERSION}-{target}.tar.gz\n", digit.to_string().repeat(64))
    };
    let formula = |text: String| {
        fs::write(&sums, text).unwrap();
        Command::new("bash").arg(root().join("scripts/homebrew.sh")).arg(&sums).output().unwrap()
    };
    let whole = formula(TARGETS.iter().map(line).collect());
    let text = String::from_utf8(whole.stdout).unwrap();
    assert!(whole.status.success() && !text.contains('@'), "{text}");
    for target in TARGETS {
        let url = format!("{}/releases/download/v{VERSION}/bridged-{VERSION}-{target}.tar.gz", repository());
        let (_, behind) = text.split_once(&url).expect(&url);
        assert!(behind.contains(&line(&target)[..64]), "{text}");
    }
    for missing in TARGETS {
        let output = formula(TARGETS.iter().filter(|target| **target != missing).map(line).collect());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && output.stdout.is_empty(), "{said}");
        assert!(said.contains(missing), "{said}");
    }
}

fn repository() -> &'static str {
    env!("CARGO_PKG_REPOSITORY")
}

/// The address of the project is set in `Cargo.toml`; these files cannot read it there.
#[test]
fn every_address_is_the_one_of_cargo_toml() {
    for file in ["install.sh", "systemd/bridged.service", "README.md"] {
        let text = fs::read_to_string(root().join(file)).unwrap();
        assert!(text.contains(repository()), "{file} does not name {}", repository());
        for behind in text.split("https://github.com/").skip(1) {
            let mut parts = behind.split(|c: char| !(c.is_alphanumeric() || "-_.".contains(c)));
            let (owner, name) = (parts.next().unwrap(), parts.next().unwrap_or_default());
            let other = name == "bridged" && format!("https://github.com/{owner}/{name}") != repository();
            assert!(!other, "{file} names {owner}/{name}");
        }
    }
}
