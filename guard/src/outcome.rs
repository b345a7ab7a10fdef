//! What came of a command.

use serde::{Deserialize, Serialize};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// By itself, with this exit code.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// Killed when its time was over.
    TimedOut,
}

/// What a command wrote on one of its two outputs: valid UTF-8, free of terminal escapes and control characters but
/// newline and tab, free of secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream {
    /// The text, its middle left out when it was too long.
    pub text: String,
    /// Bytes that were left out.
    pub cut: u64,
    /// Secrets that were replaced.
    pub redactions: u32,
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// How it ended.
    pub ended: Ended,
    /// Milliseconds it ran.
    pub duration_ms: u64,
    /// Standard output.
    pub stdout: Stream,
    /// Standard error.
    pub stderr: Stream,
    /// What the sandbox had to do on top: files it protected or put back, survivors it killed. For people.
    pub remarks: Vec<String>,
    /// The snapshot from before, when it might write.
    pub snapshot: Option<String>,
}
