//! What is protected: everything that makes a person's own programs run something without being asked.

use std::ffi::OsStr;
use std::path::Path;

/// Why something is protected, which decides what may be created anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Configuration of agents, editors and environments.
    Configuration,
    /// A `.git` that is no directory and so points to one.
    Pointer,
    /// Settings of a repository: many of them name programs.
    GitConfig,
    /// Programs that git starts.
    Hooks,
    /// What leads git to settings elsewhere.
    Redirection,
    /// What ties files to programs named in the settings.
    Attributes,
}

/// Files and directories that are protected wherever they lie, with all that is in them.
///
/// Left out, since they are work products that people review: instructions to agents (`CLAUDE.md`, `AGENTS.md`,
/// `.github/copilot-instructions.md`), `.gitmodules` (git ignores commands in it) and `.gitattributes` (it only acts
/// with programs named in the settings).
const ANYWHERE: [&str; 22] = [
    ".aider.conf.yml",
    ".claude",
    ".claude.json",
    ".cline",
    ".clinerules",
    ".codex",
    ".continue",
    ".copilot",
    ".cursor",
    ".devcontainer",
    ".envrc",
    ".gemini",
    ".husky",
    ".mcp.json",
    ".opencode",
    ".pre-commit-config.yaml",
    ".qwen",
    ".roo",
    ".windsurf",
    "lefthook.yml",
    "opencode.json",
    "opencode.jsonc",
];

/// The same for files of these directories, the rest of which is free.
const IN_DIRECTORY: [(&str, &str); 7] = [
    (".github", "mcp.json"),
    (".vscode", "launch.json"),
    (".vscode", "mcp.json"),
    (".vscode", "settings.json"),
    (".vscode", "tasks.json"),
    (".zed", "settings.json"),
    (".zed", "tasks.json"),
];

/// Not protected though they lie in what is: copies of the repository to work in.
const FREE: [(&str, &str); 1] = [(".claude", "worktrees")];

/// What is protected in a directory of git (gitrepository-layout(5)).
const IN_GIT: [(&str, Role); 5] = [
    ("commondir", Role::Redirection),
    ("config", Role::GitConfig),
    ("config.worktree", Role::GitConfig),
    ("gitdir", Role::Redirection),
    ("hooks", Role::Hooks),
];

/// Directories of a repository that hold nothing which git or anybody starts, and much else.
const DATA: [&str; 3] = ["logs", "objects", "refs"];

/// Names are compared without case: some file systems do not know any.
pub(super) fn is(name: &OsStr, expected: &str) -> bool {
    name.as_encoded_bytes().eq_ignore_ascii_case(expected.as_bytes())
}

pub(super) fn in_directory(directory: &OsStr, name: &OsStr) -> Option<Role> {
    let listed = ANYWHERE.iter().any(|listed| is(name, listed))
        || IN_DIRECTORY.iter().any(|(parent, listed)| is(directory, parent) && is(name, listed));
    listed.then_some(Role::Configuration)
}

/// Whether a path has a protected thing on its way.
pub(crate) fn covers(path: &Path) -> bool {
    let names: Vec<&OsStr> = path.iter().collect();
    let parents = std::iter::once(OsStr::new("")).chain(names.iter().copied());
    parents.zip(&names).fold(false, |covered, (parent, name)| {
        let begins = is(name, ".git") || in_directory(parent, name).is_some();
        begins || covered && !is_free(parent, name)
    })
}

pub(super) fn is_free(directory: &OsStr, name: &OsStr) -> bool {
    FREE.iter().any(|(parent, free)| is(directory, parent) && is(name, free))
}

pub(super) fn in_git(name: &OsStr) -> Option<Role> {
    IN_GIT.iter().find(|(listed, _)| is(name, listed)).map(|&(_, role)| role)
}

pub(super) fn is_data(name: &OsStr) -> bool {
    DATA.iter().any(|listed| is(name, listed))
}

/// Whether a directory with these entries is one of git, whatever its name: git takes it for a bare repository or a
/// worktree of one.
pub(super) fn looks_like_git<'n>(names: impl Iterator<Item = &'n OsStr> + Clone) -> bool {
    let has = |listed| names.clone().any(|name| is(name, listed));
    has("HEAD") && (has("commondir") || has("objects") && has("refs"))
}
