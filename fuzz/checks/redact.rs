//! Whatever the bytes are, redaction ends, does not panic, is idempotent, keeps JSON JSON
//! and keeps everything beside the hits.

use std::sync::LazyLock;

use bridge_redact::Engine;

static ENGINE: LazyLock<Engine> = LazyLock::new(|| match Engine::builtin() {
    Ok(engine) => engine,
    Err(problem) => panic!("{problem}"),
});

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// Checks one input.
pub(crate) fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let redacted = ENGINE.redact(text);
    let again = ENGINE.redact(&redacted.text);
    assert_eq!(again.text, redacted.text, "not idempotent");
    assert!(!is_json(text) || is_json(&redacted.text), "broken JSON");

    let mut rest: &str = &redacted.text;
    let mut at = 0;
    for hit in &redacted.hits {
        let kept = &text[at..hit.span.start];
        assert!(rest.starts_with(kept), "text beside a hit changed");
        rest = &rest[kept.len()..];
        let place = rest.find(&*hit.placeholder).map(|place| place + hit.placeholder.len());
        rest = place.and_then(|end| rest.get(end..)).unwrap_or_default().trim_start_matches(['\\', '"']);
        at = hit.span.end + text[hit.span.end..].len()
            - text[hit.span.end..].trim_start_matches(['\\', '"']).len();
    }

    let half = text.floor_char_boundary(text.len() / 2);
    let after = ENGINE.redact_after(&text[..half], &text[half..], &|_| None);
    assert!(after.hits.iter().all(|hit| text[half..].get(hit.span.clone()).is_some()));
}
