//! Where commands are run: as whom, and in which tier.

use std::fmt;
use std::os::unix::fs::lchown;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use nix::unistd::Uid;

/// The user that owns nothing.
const NOBODY: u32 = 65534;

/// A tier, and the user that the bridge runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) tier: &'static str,
    pub(crate) as_root: bool,
}

impl Place {
    /// Every combination that could work: an ordinary user first.
    pub(crate) fn all() -> Vec<Self> {
        let mut places: Vec<Self> =
            ["bubblewrap", "landlock"].map(|tier| Self { tier, as_root: false }).into();
        if Uid::effective().is_root() {
            places.push(Self { tier: "bubblewrap", as_root: true });
        }
        places
    }

    /// Whether a mode is tried here. The lower modes differ from `yolo` by the policy, which knows no places: as root they
    /// would only be tried once more.
    pub(crate) fn tries(self, mode: &str) -> bool {
        !self.as_root || mode == "yolo"
    }

    /// A command of this place's user, with nothing of our environment.
    pub(crate) fn command(self, program: &Path) -> Command {
        let mut command = if self.changes_user() {
            let mut command = Command::new("/usr/bin/setpriv");
            let user = [format!("--reuid={NOBODY}"), format!("--regid={NOBODY}")];
            command.args(user).args(["--clear-groups", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").process_group(0);
        command
    }

    /// Gives a tree to this place's user.
    pub(crate) fn own(self, path: &Path) {
        if self.changes_user() {
            let owner = format!("{NOBODY}:{NOBODY}");
            let status = Command::new("chown").args(["-hR", &owner]).arg(path).status().unwrap();
            assert!(status.success(), "chown {}", path.display());
        }
    }

    /// Gives one file to this place's user; of a link, the link.
    pub(crate) fn own_one(self, path: &Path) {
        if self.changes_user() {
            lchown(path, Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }

    fn changes_user(self) -> bool {
        !self.as_root && Uid::effective().is_root()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", self.tier, if self.as_root { " as root" } else { "" })
    }
}
