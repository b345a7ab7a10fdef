//! A user's rules, and behind the first NUL a text for them. Rules are loaded or refused without a panic; rules that
//! were loaded change nothing beside their hits, end at a fixed point, and leave in place what the built-in rules find.

use std::path::Path;
use std::sync::LazyLock;

use bridge_redact::Engine;

static BUILTIN: LazyLock<Engine> = LazyLock::new(|| Engine::builtin().expect("the built-in rules are valid"));
/// Found by the built-in rules whatever a user adds.
const SECRET: &str = "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";

/// Checks one input.
pub(crate) fn check(bytes: &[u8]) {
    let Ok(input) = std::str::from_utf8(bytes) else { return };
    let (rules, text) = input.split_once('\0').unwrap_or((input, "a text, password = 'kX9!mmQ2z', and more"));
    // Loading compiles the built-in rules too, which takes a hundred thousand times as long as this.
    if toml::from_str::<toml::Table>(rules).is_err() {
        return;
    }
    let Ok(engine) = Engine::with_user_rules(rules, Path::new("rules.toml")) else { return };
    assert!(engine.rule_count() >= BUILTIN.rule_count());
    for hit in &engine.redact(text).hits {
        assert!(text.get(hit.span.clone()).is_some(), "a hit beside the text");
    }
    // An allow list may name it.
    if !rules.contains("allow") {
        assert!(!engine.redact(&format!("{text}\n{SECRET}\n")).text.contains(SECRET));
    }
}
