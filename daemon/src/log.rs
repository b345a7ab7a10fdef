//! Log lines: to stderr (or the journal behind it), never with a secret in them.

use std::io::{self, Write};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, Registry, reload};

use crate::bridge::Tuning;
use crate::domain::redaction::Redactor;

/// Environment variable that overrides the configured level; takes the syntax of `tracing`'s `EnvFilter`.
pub const VARIABLE: &str = "BRIDGED_LOG";

/// What a reload changes. Logging belongs to the process, and so does this.
static LOGGING: OnceLock<Logging> = OnceLock::new();

struct Logging {
    filter: reload::Handle<EnvFilter, Registry>,
    redactor: Arc<RwLock<Option<Arc<Redactor>>>>,
}

/// Starts logging. Until [`apply`] is called only the bridge's own words are written anyway.
pub fn init(level: &str) {
    let redactor = Arc::new(RwLock::new(None));
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
    let started = tracing_subscriber::registry().with(filter).with(ours).try_init().is_ok();
    if !started || LOGGING.set(Logging { filter: handle, redactor }).is_err() {
        tracing::debug!("logging was set up already");
    }
}

/// Puts the configured level in force and sends every line through these rules from now on.
pub fn apply(tuning: &Tuning) {
    let Some(logging) = LOGGING.get() else { return };
    *logging.redactor.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&tuning.redactor));
    if let Err(error) = logging.filter.reload(filter(&tuning.config.log.level)) {
        tracing::warn!(%error, "the log level could not be changed");
    }
}

fn filter(level: &str) -> EnvFilter {
    std::env::var(VARIABLE)
        .ok()
        .and_then(|text| EnvFilter::try_new(text).ok())
        .unwrap_or_else(|| EnvFilter::new(level))
}

struct RedactingStderr {
    redactor: Arc<RwLock<Option<Arc<Redactor>>>>,
}

/// One event: the formatter writes it whole, it is redacted and goes out in one write.
struct Line<'r> {
    redactor: &'r RwLock<Option<Arc<Redactor>>>,
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
        let redactor = self.redactor.read().unwrap_or_else(PoisonError::into_inner).clone();
        let clean = match &redactor {
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
