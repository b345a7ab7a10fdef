//! Which settings of a repository name no program.

/// Whether a file of settings holds only what cannot make git start or read anything else, such as what `git init` and
/// `git clone` write. Recognises a strict subset of the syntax of git-config(1): what is not understood is not harmless.
pub(super) fn is_harmless(content: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(content) else { return false };
    let mut section = None;
    text.split('\n').map(|line| line.trim_matches([' ', '\t'])).all(|line| {
        if line.is_empty() || line.starts_with(['#', ';']) {
            return true;
        }
        if let Some(header) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = Section::read(header);
            return section.is_some();
        }
        let Some((key, value)) = line.split_once('=') else { return false };
        let (key, value) = (key.trim_end().to_ascii_lowercase(), value.trim_start());
        let plain = !value.contains(|c: char| c.is_control() && c != '\t' || "\"\\".contains(c));
        plain && section.as_ref().is_some_and(|section| section.allows(&key, value))
    })
}

struct Section {
    name: String,
    has_subsection: bool,
}

impl Section {
    fn read(header: &str) -> Option<Self> {
        let (name, subsection) = match header.split_once(' ') {
            Some((name, quoted)) => (name, Some(quoted.strip_prefix('"')?.strip_suffix('"')?)),
            None => (header, None),
        };
        let plain =
            subsection.is_none_or(|text| !text.contains(|c: char| c.is_control() || "\"\\]".contains(c)));
        let word = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric());
        (plain && word)
            .then(|| Self { name: name.to_ascii_lowercase(), has_subsection: subsection.is_some() })
    }

    fn allows(&self, key: &str, value: &str) -> bool {
        let is_bool = || ["true", "false"].contains(&value);
        match (self.name.as_str(), self.has_subsection, key) {
            ("core", false, "repositoryformatversion") => ["0", "1"].contains(&value),
            (
                "core",
                false,
                "filemode" | "bare" | "logallrefupdates" | "ignorecase" | "precomposeunicode" | "symlinks",
            )
            | ("pull", false, "rebase")
            | ("branch", true, "rebase") => is_bool(),
            ("extensions", false, "objectformat") => ["sha1", "sha256"].contains(&value),
            ("user", false, "name" | "email")
            | ("init", false, "defaultbranch")
            | ("remote", true, "fetch")
            | ("branch", true, "merge") => true,
            ("remote", true, "url") => is_plain_address(value),
            ("branch", true, "remote") => {
                value.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
            }
            _ => false,
        }
    }
}

/// An address of a protocol that git speaks itself: no helper (`helper::address`), no local path, no option.
fn is_plain_address(address: &str) -> bool {
    let known = ["https://", "http://", "ssh://", "git://"].iter().any(|scheme| address.starts_with(scheme));
    let host_first = address.split_once(':').is_some_and(|(host, path)| {
        !host.is_empty()
            && host.chars().all(|c| c.is_ascii_alphanumeric() || "@._-".contains(c))
            && !path.starts_with([':', '/'])
    });
    let first_of_host = address.rsplit("//").next().unwrap_or(address);
    (known || host_first)
        && !address.starts_with('-')
        && !first_of_host.starts_with('-')
        && !address.contains("::")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::is_harmless;

    const PIECES: [&str; 24] = [
        "\n",
        "\n",
        "\n",
        "bare = false\n",
        "fileMode=true\n",
        "\tbare",
        "=",
        " = ",
        "\\",
        "\\\n",
        "\"",
        "#",
        ";",
        "[user]\n",
        "name = x\n",
        "[remote \"o\"]\n",
        "url = https://h/x\n",
        "fsmonitor = x",
        "fsmonitor=x\n",
        "[alias]",
        "[core]",
        " ",
        "\r",
        "\u{b}",
    ];

    #[test]
    fn what_git_itself_writes_is_harmless() {
        let init = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n\tlogallrefupdates = true\n";
        let clone = "[remote \"origin\"]\n\turl = https://example.org/x.git\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n\
                     [branch \"main\"]\n\tremote = origin\n\tmerge = refs/heads/main\n[user]\n\tname = Ä B\n";
        for text in [
            init,
            &format!("{init}{clone}"),
            "",
            "# x\n; y\n\n[core]",
            "[remote \"o\"]\nurl = git@host.org:a/b",
        ] {
            assert!(is_harmless(text.as_bytes()), "{text}");
        }
    }

    /// The keys that git finds in a file, and nothing when it finds it broken.
    fn keys(text: &str) -> Vec<String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let mut git = std::process::Command::new("git");
        let output =
            git.args(["config", "-z", "--list", "--name-only", "-f"]).arg(file.path()).output().unwrap();
        let names = String::from_utf8(output.stdout).unwrap();
        names.split_terminator('\0').map(str::to_owned).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn git_reads_nothing_else_into_what_is_harmless(pieces in proptest::collection::vec(select(&PIECES), 0..14)) {
            let text = format!("[core]\n{}", pieces.concat());
            if is_harmless(text.as_bytes()) {
                for key in keys(&text) {
                    prop_assert!(["core.bare", "core.filemode", "user.name", "remote.o.url"].contains(&key.as_str()), "{text:?}: {key}");
                }
            }
        }
    }

    #[test]
    fn what_can_start_a_program_is_not() {
        let texts: [&[u8]; 22] = [
            b"[core]\n\tfsmonitor = ./x",
            b"[core]\n\thooksPath = .githooks",
            b"[CORE]\n\tHooksPath = x",
            b"[core] hooksPath = x",
            b"[core]\nbare = false\\\n\n[alias]x=!y",
            b"[filter \"x\"]\n\tclean = y",
            b"[diff \"x\"]\n\ttextconv = y",
            b"[include]\n\tpath = ../x",
            b"[includeIf \"gitdir:/\"]\n\tpath = ../x",
            b"[alias]\n\tstatus = !y",
            b"[core]\n\tsshCommand = x",
            b"[core]\n\tpager = x",
            b"[core]\n\tworktree = /",
            b"[core.x]\nbare = false",
            b"[remote \"o\"]\n\turl = ext::sh -c x",
            b"[remote \"o\"]\n\turl = /local/path",
            b"[remote \"o\"]\n\turl = ssh://-oProxyCommand=x/y",
            b"[remote \"o\"]\n\tvcs = x",
            b"[remote \"o\"]\n\tuploadpack = x",
            b"[branch \"m\"]\n\tremote = ext::x",
            b"bare = false",
            b"[core]\nbare = \xff",
        ];
        for text in texts {
            assert!(!is_harmless(text), "{}", text.escape_ascii());
        }
    }
}
