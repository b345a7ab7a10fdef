//! Exactly what would run: the thing a person approves.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::mode::Mode;
use crate::sandbox::Tier;
use crate::workspace::Workspace;

/// SHA-256 of a plan.
pub type Digest = [u8; 32];

/// Exactly what would run, and in what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// How much it may do.
    pub mode: Mode,
    /// The program, by its full path.
    pub program: PathBuf,
    /// Its arguments, the name it is called by first. Globs are expanded already.
    pub argv: Vec<String>,
    /// Where it runs and, unless the mode is `safe`, may write.
    pub workspace: Workspace,
    /// Its whole environment.
    pub environment: BTreeMap<String, String>,
    /// Directories outside the workspace and the system's that it may read: toolchains.
    pub toolchains: Vec<PathBuf>,
    /// Milliseconds after which it is killed.
    pub timeout_ms: u64,
    /// Whether it may use the network.
    pub network: bool,
    /// What holds it.
    pub tier: Tier,
    /// The container image, in the tier that has one.
    pub image: Option<String>,
}

impl Plan {
    /// A digest over every field: one byte changed anywhere gives another. Fields are written with their lengths
    /// before them, so that no two plans are the same bytes.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut fields = Fields(Sha256::new());
        fields.text("bridged plan 1");
        fields.text(self.mode.as_str());
        fields.text(&self.program.to_string_lossy());
        fields.list(self.argv.iter().map(String::as_str));
        fields.text(&self.workspace.path.to_string_lossy());
        fields.number(self.workspace.device);
        fields.number(self.workspace.inode);
        fields.list(self.environment.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]));
        let toolchains: Vec<_> = self.toolchains.iter().map(|path| path.to_string_lossy()).collect();
        fields.list(toolchains.iter().map(AsRef::as_ref));
        fields.number(self.timeout_ms);
        fields.number(u64::from(self.network));
        fields.text(self.tier.as_str());
        fields.list(self.image.as_deref());
        fields.0.finalize().into()
    }

    /// The arguments as a shell would take them, for people: unambiguous, printable, on one line.
    #[must_use]
    pub fn command_line(&self) -> String {
        let quoted: Vec<String> = self.argv.iter().map(|word| quote(word)).collect();
        quoted.join(" ")
    }
}

/// A word in a shell's spelling. Whatever is not printable ASCII, look-alikes included, is spelled out.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./=:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    if word.chars().all(|c| (' '..='~').contains(&c) && c != '\'') {
        return format!("'{word}'");
    }
    let mut text = String::from("$'");
    for c in word.chars() {
        match c {
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            '\'' | '\\' => text.extend(['\\', c]),
            ' '..='~' => text.push(c),
            other => text.push_str(&format!("\\U{:08x}", u32::from(other))),
        }
    }
    text.push('\'');
    text
}

struct Fields(Sha256);

impl Fields {
    fn number(&mut self, number: u64) {
        self.0.update(number.to_be_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.update(text.as_bytes());
    }

    fn list<'t>(&mut self, texts: impl IntoIterator<Item = &'t str>) {
        let texts: Vec<&str> = texts.into_iter().collect();
        self.number(texts.len() as u64);
        texts.into_iter().for_each(|text| self.text(text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        Plan {
            mode: Mode::Safe,
            program: "/usr/bin/ls".into(),
            argv: vec!["ls".into(), "-l".into()],
            workspace: Workspace { path: "/w".into(), device: 1, inode: 2 },
            environment: BTreeMap::from([("LANG".into(), "C".into())]),
            toolchains: vec!["/t".into()],
            timeout_ms: 30_000,
            network: false,
            tier: Tier::Bubblewrap,
            image: None,
        }
    }

    #[test]
    fn any_change_changes_the_digest() {
        let changes: [fn(&mut Plan); 15] = [
            |p| p.mode = Mode::Restricted,
            |p| p.program = "/bin/ls".into(),
            |p| p.argv[1] = "-1".into(),
            |p| p.argv = vec!["ls-l".into()],
            |p| p.argv = vec!["l".into(), "s-l".into()],
            |p| p.argv.push(String::new()),
            |p| p.workspace.path = "/v".into(),
            |p| p.workspace.device = 2,
            |p| p.workspace.inode = 3,
            |p| p.environment = BTreeMap::from([("LANGC".into(), String::new())]),
            |p| p.toolchains.clear(),
            |p| p.timeout_ms += 1,
            |p| p.network = true,
            |p| p.tier = Tier::Landlock,
            |p| p.image = Some(String::new()),
        ];
        let original = plan().digest();
        for (number, change) in changes.into_iter().enumerate() {
            let mut changed = plan();
            change(&mut changed);
            assert_ne!(changed.digest(), original, "change {number}");
        }
        let stored = serde_json::to_string(&plan()).unwrap();
        assert_eq!(serde_json::from_str::<Plan>(&stored).unwrap().digest(), original);
    }

    #[test]
    fn a_person_sees_every_character() {
        let mut plan = plan();
        plan.argv = ["ls", "a b", "it's", "", "\u{202e}gpj.exe", "а"].map(String::from).to_vec();
        assert_eq!(plan.command_line(), r"ls 'a b' $'it\'s' '' $'\U0000202egpj.exe' $'\U00000430'");
    }
}
