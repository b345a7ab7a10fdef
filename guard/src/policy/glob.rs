//! Expands `*`, `?` and `[…]` in paths of the workspace.
//!
//! As in a shell: sorted, hidden files only where the pattern begins with a dot, `*` stays within a directory. Unlike in
//! a shell: nothing is found through a symbolic link out of the workspace, a name that begins with `-` comes out as
//! `./-…` so that no file can pose as an option, and a pattern that matches nothing is refused.

use std::path::Path;

use glob::{MatchOptions, Pattern};

use super::{Refusal, rule};

/// Paths that one pattern may expand to.
pub(crate) const MAX_MATCHES: usize = 4096;

const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

fn refuse(pattern: &str, why: &str) -> Refusal {
    Refusal::new(rule::GLOB, format!("the pattern {pattern:?} {why}"))
}

/// The paths a pattern names, relative to the workspace, sorted.
///
/// # Errors
/// [`Refusal`] when there is none, when there are too many, or when the pattern leads out of the workspace.
pub(crate) fn expand(pattern: &str, workspace: &Path) -> Result<Vec<String>, Refusal> {
    if pattern.starts_with('/') {
        return Err(refuse(pattern, "is absolute; patterns are for the workspace: write it relative to it"));
    }
    let mut found = vec![String::new()];
    for component in pattern.split('/').filter(|component| !component.is_empty()) {
        if component == ".." {
            return Err(refuse(pattern, "leads upwards; name something below the workspace"));
        }
        let mut next = Vec::new();
        for prefix in &found {
            step(pattern, component, prefix, workspace, &mut next)?;
        }
        found = next;
    }
    if found.is_empty() {
        return Err(refuse(pattern, "matches no file; quote it if it is meant literally"));
    }
    found.sort();
    Ok(found.into_iter().map(|name| if name.starts_with('-') { format!("./{name}") } else { name }).collect())
}

fn step(
    pattern: &str,
    component: &str,
    prefix: &str,
    root: &Path,
    found: &mut Vec<String>,
) -> Result<(), Refusal> {
    let join = |name: &str| if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
    let stays = |path: &str| root.join(path).canonicalize().is_ok_and(|real| real.starts_with(root));
    if !component.contains(['*', '?', '[']) {
        let path = join(component);
        found.extend(stays(&path).then_some(path));
        return Ok(());
    }
    let mut plain = component.to_owned();
    // One star is as many: `**` has no meaning of its own here.
    while plain.contains("**") {
        plain = plain.replace("**", "*");
    }
    let matcher = Pattern::new(&plain)
        .map_err(|_| refuse(pattern, "is not a pattern; quote it if it is meant literally"))?;
    let Ok(entries) = root.join(prefix).read_dir() else { return Ok(()) };
    for entry in entries.flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        let path = join(&name);
        if matcher.matches_with(&name, OPTIONS) && stays(&path) {
            found.push(path);
        }
        if found.len() > MAX_MATCHES {
            return Err(refuse(pattern, "matches more than 4,096 files; name a directory instead"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::fs;
    use std::sync::LazyLock;

    fn workspace() -> (tempfile::TempDir, std::path::PathBuf) {
        let parent = tempfile::tempdir().unwrap();
        let root = parent.path().canonicalize().unwrap().join("w");
        for directory in ["w/src/deep", "w/.hidden", "outside"] {
            fs::create_dir_all(parent.path().join(directory)).unwrap();
        }
        for file in ["b.rs", "a.rs", "-rf", ".env", "src/c.rs", "src/deep/d.rs", "[x]", "größe.txt"] {
            fs::write(root.join(file), "").unwrap();
        }
        fs::write(parent.path().join("outside/secret.rs"), "").unwrap();
        std::os::unix::fs::symlink("../outside", root.join("out")).unwrap();
        std::os::unix::fs::symlink("../outside/secret.rs", root.join("link.rs")).unwrap();
        (parent, root)
    }

    #[test]
    fn names_come_sorted_and_never_as_options() {
        let (_parent, root) = workspace();
        for (pattern, expected) in [
            ("*.rs", vec!["a.rs", "b.rs"]),
            ("*", vec!["./-rf", "[x]", "a.rs", "b.rs", "größe.txt", "src"]),
            (".e*", vec![".env"]),
            ("src/*.rs", vec!["src/c.rs"]),
            ("*/c.rs", vec!["src/c.rs"]),
            ("**/*.rs", vec!["src/c.rs"]),
            ("[ab].rs", vec!["a.rs", "b.rs"]),
            ("[!a].rs", vec!["b.rs"]),
            ("[[]*", vec!["[x]"]),
            ("gr??e.*", vec!["größe.txt"]),
            ("./*.rs", vec!["./a.rs", "./b.rs"]),
        ] {
            assert_eq!(expand(pattern, &root).unwrap(), expected, "{pattern}");
        }
    }

    #[test]
    fn nothing_leads_out() {
        let (_parent, root) = workspace();
        for pattern in
            ["out/*", "*/secret.rs", "link.*", "../*", "/etc/*", "no*such", "[a", "src/../../outside/*"]
        {
            assert_eq!(expand(pattern, &root).unwrap_err().rule, rule::GLOB, "{pattern}");
        }
    }

    static BENCH: LazyLock<(tempfile::TempDir, std::path::PathBuf)> = LazyLock::new(workspace);

    proptest! {
        #[test]
        fn no_pattern_panics_or_escapes(pattern in "[a-c*?\\[\\]!./-]{1,12}") {
            let root = &BENCH.1;
            for name in expand(&pattern, root).unwrap_or_default() {
                prop_assert!(!name.starts_with('-'));
                prop_assert!(root.join(name).canonicalize().unwrap().starts_with(root));
            }
        }
    }
}
