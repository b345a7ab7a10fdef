//! What is allowed, for people.

use std::collections::BTreeMap;

use super::table::{Spec, Value};
use crate::mode::Mode;

/// Renders the programs of both modes.
pub(crate) fn render(programs: &BTreeMap<String, Spec>) -> String {
    let mut text = String::new();
    for (mode, title) in [(Mode::Safe, "safe"), (Mode::Restricted, "restricted")] {
        text.push_str(&format!("### Programs of `{title}`\n\n"));
        for (name, spec) in programs.iter().filter(|(_, spec)| spec.mode == mode) {
            command(name, "", spec, mode, &mut text);
        }
        text.push('\n');
    }
    text
}

fn command(name: &str, indent: &str, spec: &Spec, mode: Mode, text: &mut String) {
    let list = |words: Vec<String>| words.join(" ");
    let options = |of: Mode| {
        let chosen = spec.options.iter().filter(|(_, option)| option.mode == of);
        list(chosen.map(|(name, option)| format!("{name}{}", value(&option.value))).collect())
    };
    let mut parts = Vec::new();
    let mut part = |what: &str, words: String| {
        if !words.is_empty() {
            parts.push(format!("{what}`{words}`"));
        }
    };
    part("", options(mode));
    if mode == Mode::Safe {
        part("in restricted also ", options(Mode::Restricted));
    }
    part("operands ", list(spec.operands.iter().map(ToString::to_string).collect()));
    part("behind `--` ", list(spec.after.iter().map(ToString::to_string).collect()));
    part("never ", list(spec.never.keys().cloned().collect()));
    let parts = if parts.is_empty() { String::new() } else { format!(": {}", parts.join("; ")) };
    text.push_str(&format!("{indent}- `{name}`{parts}\n"));
    for (name, sub) in &spec.sub {
        command(name, &format!("{indent}  "), sub, mode, text);
    }
}

fn value(value: &Value) -> String {
    match value {
        Value::None => String::new(),
        Value::Required(kind) => format!("={kind}"),
        Value::Optional(kind) => format!("[={kind}]"),
    }
}
