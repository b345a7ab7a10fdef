//! A line for `yolo` is judged without a panic. What is allowed is run by the shell as it was written, and nothing that
//! follows a disaster makes it pass.

use std::path::Path;
use std::sync::LazyLock;

use bridge_guard::policy::Allowed;
use bridge_guard::{Command, Mode, Policy};

static POLICY: LazyLock<Policy> = LazyLock::new(|| Policy::builtin().expect("the built-in policy"));

fn judge(command: Command) -> Option<Allowed> {
    POLICY.judge(Mode::Yolo, &command, Path::new("/nonexistent/w")).ok()
}

fn judge_line(line: String) -> Option<Allowed> {
    judge(Command::Line(line))
}

/// Checks one input.
pub(crate) fn check(bytes: &[u8]) {
    let Ok(line) = std::str::from_utf8(bytes) else { return };
    if let Some(allowed) = judge_line(line.to_owned()) {
        assert_eq!(allowed.argv.last().map(String::as_str), Some(line), "the shell is given another line");
        assert!(allowed.argv.len() > 2 && allowed.environment.is_empty(), "{allowed:?}");
    }
    for disaster in ["rm -rf /\n", "rm -rf / ; ", "sudo true && ", "{ mkfs.ext4 /dev/sda\n}\n"] {
        let both = format!("{disaster}{line}");
        assert!(judge_line(both.clone()).is_none(), "allowed: {both:?}");
    }
    let words: Vec<String> = line.split('\n').map(str::to_owned).collect();
    if let Some(allowed) = judge(Command::Argv(words.clone())) {
        assert_eq!(allowed.argv, words);
    }
}
