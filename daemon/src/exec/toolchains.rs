//! Toolchains that people keep in their home directory: what commands may read beside the system's programs, unless the
//! configuration says otherwise. Every approval shows them.

use std::fs;
use std::path::{Path, PathBuf};

/// The default toolchains of rustup, pyenv and nvm below `home`: directories with a `bin` of real programs, so that nothing
/// else of the home directory, such as credentials, need be readable.
#[must_use]
pub fn found(home: &Path) -> Vec<PathBuf> {
    let candidates = [
        rustup(home).map(|name| home.join(".rustup/toolchains").join(name)),
        first_line(&home.join(".pyenv/version")).map(|version| home.join(".pyenv/versions").join(version)),
        first_line(&home.join(".nvm/alias/default")).map(|version| {
            home.join(".nvm/versions/node").join(format!("v{}", version.trim_start_matches('v')))
        }),
    ];
    candidates
        .into_iter()
        .flatten()
        .filter(|toolchain| toolchain.join("bin").is_dir())
        .filter_map(|toolchain| toolchain.canonicalize().ok())
        .collect()
}

/// `default_toolchain` of rustup's settings (<https://rust-lang.github.io/rustup/>).
fn rustup(home: &Path) -> Option<String> {
    let settings = fs::read_to_string(home.join(".rustup/settings.toml")).ok()?;
    let settings: toml::Table = settings.parse().ok()?;
    plain(settings.get("default_toolchain")?.as_str()?)
}

fn first_line(path: &Path) -> Option<String> {
    plain(fs::read_to_string(path).ok()?.lines().next()?.trim())
}

/// A name that stays in its directory.
fn plain(name: &str) -> Option<String> {
    let stays = !name.is_empty() && !name.contains('/') && !name.starts_with('.');
    stays.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_found_and_nothing_beside_them() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().canonicalize().unwrap();
        assert!(found(&home).is_empty());
        for directory in
            [".rustup/toolchains/stable-x/bin", ".pyenv/versions/3.11.7/bin", ".pyenv/versions/2.7/bin"]
        {
            fs::create_dir_all(home.join(directory)).unwrap();
        }
        fs::write(home.join(".rustup/settings.toml"), "default_toolchain = \"stable-x\"\n").unwrap();
        fs::write(home.join(".pyenv/version"), "3.11.7\n3.10\n").unwrap();
        let expected = [home.join(".rustup/toolchains/stable-x"), home.join(".pyenv/versions/3.11.7")];
        assert_eq!(found(&home), expected);
        fs::write(home.join(".pyenv/version"), "../../..\n").unwrap();
        assert_eq!(found(&home), expected[..1]);
    }
}
