//! `[yolo]`: commands that people release.

use std::path::{Path, PathBuf};

use bridge_guard::Tier;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[yolo]`
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default)]
pub struct YoloConfig {
    /// A file of additional programs and options; it adds to the built-in policy and cannot weaken it.
    #[schemars(extend("x-type" = "absolute path"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<PathBuf>,
    /// Directories outside the system's that commands may read and whose `bin` they find programs in; without it the
    /// default ones of rustup, pyenv and nvm.
    #[schemars(extend("x-type" = "list of absolute paths"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub toolchains: Option<Vec<PathBuf>>,
    /// The only kind of sandbox to use; without it the best there is.
    #[schemars(with = "Option<String>", extend("enum" = Tier::ALL.map(Tier::as_str)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<Tier>,
    /// The image that commands run in when an agent asks for a container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Hash of a passphrase that every decision asks for, as `bridgectl yolo passphrase` prints it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passphrase_hash: Option<String>,
}

/// Keys of this section that have no default value.
pub(super) const OPTIONAL_KEYS: [&str; 5] =
    ["yolo.policy", "yolo.toolchains", "yolo.sandbox", "yolo.image", "yolo.passphrase_hash"];

impl YoloConfig {
    /// The first key with an impossible value, and what would be possible.
    pub(super) fn problem(&self) -> Option<(&'static str, String)> {
        let relative = |path: &Path| path.is_relative();
        let absolute = || "must be an absolute path: the daemon may be started from anywhere".to_owned();
        if self.policy.as_deref().is_some_and(relative) {
            return Some(("yolo.policy", absolute()));
        }
        if self.toolchains.iter().flatten().any(|path| relative(path)) {
            return Some(("yolo.toolchains", absolute()));
        }
        if let Some(hash) = &self.passphrase_hash
            && argon2::password_hash::phc::PasswordHash::new(hash).is_err()
        {
            let problem = "is no argon2 hash; make one with `bridgectl yolo passphrase`".to_owned();
            return Some(("yolo.passphrase_hash", problem));
        }
        None
    }
}
