//! Log lines: to stderr (or the journal behind it), never with a secret in them.

use std::io::{self, Write};
use std::sync::{Arc, OnceLock};

use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, Registry, reload};

use crate::domain::redaction::Redactor;

/// Environment variable that overrides the configured level; takes the syntax of `tracing`'s `EnvFilter`.
pub const VARIABLE: &str = "BRIDGED_LOG";

/// Changes the level while the daemon runs.
pub struct LogHandle {
    filter: reload::Handle<EnvFilter, Registry>,
    redactor: Arc<OnceLock<Arc<Redactor>>>,
}

/// Starts logging. Until [`LogHandle::redact_with`] is called only the bridge's own words are written anyway.
#[must_use]
pub fn init(level: &str) -> LogHandle {
    let redactor = Arc::new(OnceLock::new());
    let (filter, handle) = reload::Layer::new(filter(level));
    let under_journal = std::env::var_os("JOURNAL_STREAM").is_some();
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(RedactingStderr { redactor: Arc::clone(&redactor) })
        .with_ansi(false)
        .with_target(false);
    // The journal stamps lines itself.
    let lines = if under_journal { lines.without_time().boxed() } else { lines.boxed() };
    // The MCP library logs whole messages: never, whatever the level.
    let ours = lines.with_filter(filter_fn(|metadata| !metadata.target().starts_with("rmcp")));
    if tracing_subscriber::registry().with(filter).with(ours).try_init().is_err() {
        tracing::debug!("logging was set up already");
    }
    LogHandle { filter: handle, redactor }
}

impl LogHandle {
    /// Sends every line through the redactor from now on.
    pub fn redact_with(&self, redactor: Arc<Redactor>) {
        drop(self.redactor.set(redactor));
    }

    /// Puts another configured level in force.
    pub fn set_level(&self, level: &str) {
        if let Err(error) = self.filter.reload(filter(level)) {
            tracing::warn!(%error, "the log level could not be changed");
        }
    }
}

fn filter(level: &str) -> EnvFilter {
    std::env::var(VARIABLE)
        .ok()
        .and_then(|text| EnvFilter::try_new(text).ok())
        .unwrap_or_else(|| EnvFilter::new(level))
}

struct RedactingStderr {
    redactor: Arc<OnceLock<Arc<Redactor>>>,
}

/// One event: the formatter writes it whole, it is redacted and goes out in one write.
struct Line<'r> {
    redactor: &'r OnceLock<Arc<Redactor>>,
}

impl<'w> MakeWriter<'w> for RedactingStderr {
    type Writer = Line<'w>;

    fn make_writer(&'w self) -> Line<'w> {
        Line { redactor: &self.redactor }
    }
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let clean = match self.redactor.get() {
            Some(redactor) => redactor.clean_line(&text),
            None => text,
        };
        io::stderr().write_all(clean.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
