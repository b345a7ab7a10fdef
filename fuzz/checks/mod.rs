//! What each fuzz target checks of one input; the test `corpora` replays the kept inputs through the same functions.

mod admin;
mod call;
mod config;
mod frame;
mod hello;
mod import;
mod message;
mod redact;
mod rules;
mod shell;
mod words;

/// Checks one input; panics when what it asserts does not hold.
type Check = fn(&[u8]);

/// Every target by its name.
pub(crate) const ALL: [(&str, Check); 11] = [
    ("frame", frame::check),
    ("hello", hello::check),
    ("message", message::check),
    ("call", call::check),
    ("admin", admin::check),
    ("config", config::check),
    ("rules", rules::check),
    ("redact", redact::check),
    ("words", words::check),
    ("shell", shell::check),
    ("import", import::check),
];
