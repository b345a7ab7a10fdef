//! Log lines: to stderr (or the journal behind it), never with a secret in them.

use std::io::{self, Write};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, Registry, reload};

/// Environment variable that overrides the configured level; takes the syntax of `tracing`'s `EnvFilter`.
pub const VARIABLE: &str = "BRIDGED_LOG";

/// What a reload changes. Logging belongs to the process, and so does this.
static LOGGING: OnceLock<Logging> = OnceLock::new();

struct Logging {
    filter: reload::Handle<EnvFilter, Registry>,
    cleaner: Arc<RwLock<Option<Cleaner>>>,
}

/// Takes the secrets out of a line.
pub type Cleaner = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// Starts logging. Until [`apply`] is called only the bridge's own words are written anyway.
pub fn init(level: &str) {
    let cleaner = Arc::new(RwLock::new(None));
    let (filter, handle) = reload::Layer::new(filter(level));
    let under_journal = std::env::var_os("JOURNAL_STREAM").is_some();
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(RedactingStderr { cleaner: Arc::clone(&cleaner) })
        .with_ansi(false)
        .with_target(false);
    // The journal stamps lines itself.
    let lines = if under_journal { lines.without_time().boxed() } else { lines.boxed() };
    // The MCP library logs whole messages: never, whatever the level.
    let ours = lines.with_filter(filter_fn(|metadata| !metadata.target().starts_with("rmcp")));
    let started = tracing_subscriber::registry().with(filter).with(ours).try_init().is_ok();
    if !started || LOGGING.set(Logging { filter: handle, cleaner }).is_err() {
        tracing::debug!("logging was set up already");
    }
}

/// Puts a configured level in force and sends every line through `cleaner` from now on.
pub fn apply(level: &str, cleaner: Cleaner) {
    let Some(logging) = LOGGING.get() else { return };
    *logging.cleaner.write().unwrap_or_else(PoisonError::into_inner) = Some(cleaner);
    if let Err(error) = logging.filter.reload(filter(level)) {
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
    cleaner: Arc<RwLock<Option<Cleaner>>>,
}

/// One event: the formatter writes it whole, it is redacted and goes out in one write.
struct Line<'r> {
    cleaner: &'r RwLock<Option<Cleaner>>,
}

impl<'w> MakeWriter<'w> for RedactingStderr {
    type Writer = Line<'w>;

    fn make_writer(&'w self) -> Line<'w> {
        Line { cleaner: &self.cleaner }
    }
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let cleaner = self.cleaner.read().unwrap_or_else(PoisonError::into_inner).clone();
        let clean = match cleaner {
            Some(cleaner) => cleaner(&text),
            None => text.into_owned(),
        };
        io::stderr().write_all(clean.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
