//! What holds for every text.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod corpus;

use std::sync::LazyLock;

use bridge_redact::Engine;
use corpus::Rng;
use proptest::prelude::*;

static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::builtin().unwrap());

/// Pieces that rules look for, and what stands around them.
const PIECES: &[&str] = &[
    "password",
    "=",
    ": ",
    "\"",
    "'",
    "\\\"",
    "\\",
    "\n",
    "\\n",
    " ",
    "token",
    "key",
    "api_key",
    "-----BEGIN RSA PRIVATE KEY-----",
    "-----END RSA PRIVATE KEY-----",
    "MIIEowIBAAKCAQEA6qmfO2hGbOsqmfO2hGb",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "://",
    "@",
    "a:b1c2d3e4",
    "curl -u ",
    "mysql -p",
    "machine ",
    " login a password ",
    "Cookie: ",
    "sid=",
    "; ",
    "Bearer ",
    "Basic ",
    "b3BzOmh1bnRlcjI=",
    "%41",
    "%3D",
    "\\u0041",
    "\\x41",
    "&#65;",
    "&amp;",
    "\u{200b}",
    "ａ",
    "а",
    "é",
    "密码",
    "：",
    "\u{1b}[31m",
    "{",
    "}",
    "[",
    "]",
    "|",
    "|---|",
    ",",
    "<password>",
    "</password>",
    "name",
    "value",
    "is ",
    "as ",
    "for ",
    "(",
    ")",
    "x9K2mQ7vT4",
    "123456",
    "AB_REDACTED",
    "PASSWORD_REDACTED",
    "\" + \"",
    "AKIA",
    "eyJ",
    ".",
    "Q~",
    ".atlasv1.",
    "\r\n",
    "\t",
    "otpauth://",
    "secret=",
    "seed phrase: ",
    "creds ",
    " / ",
    ":5432:",
    "\"d\":",
    "kty",
    "$",
    "${X}",
    "hunter2222",
    "-",
    "--",
    "#",
    "=>",
    ":=",
    "r\"",
    "🦀",
    "\u{0}",
];

/// Longer than any window, and every byte of it in the middle of a character.
fn long_foreign() -> impl Strategy<Value = String> {
    (1..700usize, proptest::sample::select(vec!["é", "密", "🦀", "ａ"]))
        .prop_map(|(count, letter)| letter.repeat(count))
}

fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => proptest::sample::select(PIECES).prop_map(str::to_owned),
        1 => "[a-zA-Z0-9+/=_-]{1,40}",
        1 => "\\PC{0,8}",
        1 => long_foreign(),
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        texts().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        any::<bool>().prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        let name = prop_oneof![
            Just("password".to_owned()),
            Just("token".to_owned()),
            Just("pin".to_owned()),
            texts()
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::from),
            proptest::collection::btree_map(name, inner, 0..5)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(debug_assertions) { 150 } else { 1_500 }, ..ProptestConfig::default() })]

    #[test]
    fn redacting_twice_equals_once(text in texts()) {
        let once = ENGINE.redact(&text).text.into_owned();
        prop_assert_eq!(&ENGINE.redact(&once).text, &once);
    }

    #[test]
    fn nothing_beside_the_hits_changes(text in texts()) {
        let redacted = ENGINE.redact(&text);
        let mut rebuilt = redacted.text.as_ref();
        let mut at = 0;
        for hit in &redacted.hits {
            prop_assert!(hit.span.start >= at && hit.span.end <= text.len());
            let kept = &text[at..hit.span.start];
            prop_assert!(rebuilt.starts_with(kept), "{:?} lost before {:?}", kept, hit);
            rebuilt = &rebuilt[kept.len()..];
            let place = rebuilt.find(&*hit.placeholder);
            prop_assert!(place.is_some_and(|place| place <= 9), "{hit:?}");
            let end = place.unwrap() + hit.placeholder.len();
            let closing = rebuilt[end..].bytes().take_while(|b| *b == b'\\').count();
            let quoted = place.unwrap() > 0;
            rebuilt = &rebuilt[end + if quoted { closing + 1 } else { 0 }..];
            at = hit.span.end;
        }
        prop_assert_eq!(rebuilt, &text[at..]);
    }

    #[test]
    fn output_is_bounded(text in texts()) {
        let out = ENGINE.redact_named(&text, &|_| Some("0123456789abcdef".to_owned())).text.into_owned();
        prop_assert!(out.len() <= text.len() * 24 + 128, "{} from {}", out.len(), text.len());
    }

    #[test]
    fn json_stays_json(value in json()) {
        for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            let out = ENGINE.redact(&text).text.into_owned();
            prop_assert!(serde_json::from_str::<serde_json::Value>(&out).is_ok(), "{} -> {}", text, out);
        }
    }

    #[test]
    fn names_of_secrets_do_not_matter_to_idempotence(text in texts()) {
        let namer = |secret: &str| Some(format!("{:04x}", secret.len() * 7919 % 65536));
        let once = ENGINE.redact_named(&text, &namer).text.into_owned();
        prop_assert_eq!(&ENGINE.redact_named(&once, &namer).text, &once);
    }

    #[test]
    fn a_context_never_harms(before in texts(), text in texts()) {
        let redacted = ENGINE.redact_after(&before, &text, &|_| None);
        for hit in &redacted.hits {
            prop_assert!(text.get(hit.span.clone()).is_some());
        }
    }
}

/// Work per byte must not grow with the length of the text.
#[test]
fn effort_is_linear() {
    let mut rng = Rng::new(5);
    let mut seeds: Vec<String> = PIECES.iter().map(|piece| (*piece).to_owned()).collect();
    for _ in 0..if cfg!(debug_assertions) { 150 } else { 1_500 } {
        let count = 1 + rng.below(4);
        seeds.push((0..count).map(|_| *rng.pick(PIECES)).collect());
    }
    for seed in seeds.iter().filter(|seed| !seed.is_empty()) {
        let effort = |size: usize| {
            let text = seed.repeat(size / seed.len() + 1);
            ENGINE.effort(&text) as f64 / text.len() as f64
        };
        let (small, large) = (effort(4_000), effort(32_000));
        assert!(large < small * 1.6 + 40.0, "{seed:?}: {small:.0} then {large:.0} steps a byte");
        assert!(large < 1_500.0, "{seed:?}: {large:.0} steps a byte");
    }
}
