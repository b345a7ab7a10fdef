//! Where a command may read and write.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Refusal, rule};

/// The paths of the policy.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Paths {
    /// What may be read outside the workspace: these and everything below.
    pub readable: Vec<PathBuf>,
    /// Names that no command may write, at any depth of the workspace.
    pub protected: Vec<String>,
}

/// A workspace and what the policy says about paths.
pub(crate) struct Place<'a> {
    /// Its real path.
    pub workspace: PathBuf,
    pub paths: &'a Paths,
}

impl Place<'_> {
    /// Where a path leads, through every symbolic link that exists.
    fn resolve(&self, text: &str) -> Result<PathBuf, Refusal> {
        if text.is_empty() {
            return Err(Refusal::new(rule::PATH, "an empty word is no path; name a file".to_owned()));
        }
        let path = self.workspace.join(text);
        let mut existing = path.as_path();
        let mut missing = Vec::new();
        loop {
            if let Ok(mut real) = existing.canonicalize() {
                real.extend(missing.iter().rev());
                return Ok(real);
            }
            if existing.is_symlink() {
                let reason =
                    format!("{text:?} goes through a symbolic link that leads nowhere; name the file itself");
                return Err(Refusal::new(rule::PATH, reason));
            }
            match (existing.components().next_back(), existing.parent()) {
                (Some(Component::Normal(name)), Some(parent)) => {
                    missing.push(name);
                    existing = parent;
                }
                _ => {
                    let reason = format!(
                        "{text:?} goes through \"..\" of a directory that is not there; write it straight"
                    );
                    return Err(Refusal::new(rule::PATH, reason));
                }
            }
        }
    }

    /// Refuses what may not be read.
    pub(crate) fn check_readable(&self, text: &str) -> Result<(), Refusal> {
        let real = self.resolve(text)?;
        if real.starts_with(&self.workspace) || self.is_system(&real) {
            return Ok(());
        }
        Err(self.outside(text, ", and of the system only what the policy lists"))
    }

    fn is_system(&self, real: &Path) -> bool {
        self.paths.readable.iter().any(|allowed| {
            real.starts_with(allowed) || allowed.canonicalize().is_ok_and(|allowed| real.starts_with(allowed))
        })
    }

    /// Refuses what is not in the workspace; answers the way there from the workspace.
    pub(crate) fn check_inside(&self, text: &str) -> Result<PathBuf, Refusal> {
        let real = self.resolve(text)?;
        match real.strip_prefix(&self.workspace) {
            Ok(relative) => Ok(relative.to_owned()),
            Err(_) => Err(self.outside(text, "")),
        }
    }

    fn outside(&self, text: &str, also: &str) -> Refusal {
        Refusal::new(
            rule::PATH,
            format!("{text:?} is not in the workspace; a command reaches only what is in it{also}"),
        )
    }

    /// Refuses what may not be written; `root` says whether the workspace itself may be named.
    pub(crate) fn check_writable(&self, text: &str, root: bool) -> Result<(), Refusal> {
        let relative = self.check_inside(text)?;
        if relative.as_os_str().is_empty() && !root {
            return Err(Refusal::new(
                rule::PATH,
                format!("{text:?} is the whole workspace; name something in it"),
            ));
        }
        self.check_unprotected(text, &relative)?;
        // The name as written counts too: it may be a link that is itself protected.
        let written = Path::new(text);
        let written = written.strip_prefix(&self.workspace).unwrap_or(written);
        if written.is_absolute() { Ok(()) } else { self.check_unprotected(text, written) }
    }

    /// Refuses something whose own name is protected, wherever it lies.
    pub(crate) fn check_copied(&self, text: &str) -> Result<(), Refusal> {
        self.check_readable(text)?;
        let name = Path::new(text).file_name().map(PathBuf::from).unwrap_or_default();
        self.check_unprotected(text, &name)
    }

    fn check_unprotected(&self, text: &str, path: &Path) -> Result<(), Refusal> {
        let protected = |component: Component<'_>| {
            let name = component.as_os_str().to_string_lossy().to_lowercase();
            self.paths.protected.contains(&name)
        };
        match path.components().find(|component| protected(*component)) {
            None => Ok(()),
            Some(component) => {
                let name = component.as_os_str().to_string_lossy();
                let reason = format!(
                    "{text:?} touches {name}, which no command may change; ask the person in charge to"
                );
                Err(Refusal::new(rule::PROTECTED, reason))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn links_and_dots_are_followed() {
        let parent = tempfile::tempdir().unwrap();
        let root = parent.path().canonicalize().unwrap();
        let workspace = root.join("w");
        for directory in ["w/src", "out/deep", "w/.git"] {
            fs::create_dir_all(root.join(directory)).unwrap();
        }
        for (target, link) in
            [("../out/deep", "deep"), ("../out/none", "dangling"), ("src", "inner"), (".git", "g")]
        {
            std::os::unix::fs::symlink(target, workspace.join(link)).unwrap();
        }
        let paths =
            Paths { readable: vec!["/usr".into()], protected: vec![".git".into(), ".mcp.json".into()] };
        let place = Place { workspace: workspace.clone(), paths: &paths };
        for good in ["src", "src/new/file", "src/../src", "inner/x", workspace.to_str().unwrap(), "."] {
            place.check_inside(good).unwrap();
        }
        place.check_readable("/usr/share").unwrap();
        for bad in [
            "..",
            "deep",
            "deep/..",
            "dangling",
            "../w2",
            "none/../../out",
            "/etc/passwd",
            "/usr/../etc",
            "",
            "src/../../out",
        ] {
            assert_eq!(place.check_readable(bad).unwrap_err().rule, rule::PATH, "{bad}");
        }
        for bad in ["g/config", ".git/hooks/x", "src/.mcp.json", ".GIT/x", "g"] {
            assert_eq!(place.check_writable(bad, true).unwrap_err().rule, rule::PROTECTED, "{bad}");
        }
        assert_eq!(place.check_writable(".", false).unwrap_err().rule, rule::PATH);
        place.check_writable("src/new", false).unwrap();
        assert_eq!(place.check_copied("src/.mcp.json").unwrap_err().rule, rule::PROTECTED);
    }
}
