//! Finds secrets in text as agents write it and replaces them with named placeholders.
//!
//! Rules are data (`rules.toml`). One case-insensitive automaton looks for the anchors of
//! all of them in one pass; what follows a hit is verified by byte classes or small
//! hand-written readers. Nothing runs over the whole text twice.

mod base64;
mod boundary;
mod check;
pub mod cli;
mod detect;
mod engine;
mod error;
mod json;
mod kv;
mod lines;
mod placeholder;
mod render;
mod rules;
mod runs;
mod scan;
mod shadow;
mod shape;
mod spec;
mod words;

pub use check::CheckedRule;
pub use engine::{Engine, Redacted};
pub use error::{Problem, RuleError};
pub use placeholder::spans as placeholders;
pub use render::Hit;
pub use shape::ShapeError;
