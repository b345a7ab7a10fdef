//! What is left of a command's output.
#![allow(clippy::unwrap_used)] // clippy knows only `#[test]` functions as tests

use bridge_guard::output::{LEAST_CHARACTERS, plain, streams};
use bridge_guard::sandbox::Captured;
use proptest::prelude::*;

const KEY: &str = "AKIAIOSFODNN7QWERTYU";

fn engine() -> bridge_redact::Engine {
    bridge_redact::Engine::builtin().unwrap()
}

fn with(engine: &bridge_redact::Engine) -> impl Fn(&str) -> (String, u32) {
    |text| {
        let redacted = engine.redact(text);
        (redacted.text.into_owned(), u32::try_from(redacted.hits.len()).unwrap())
    }
}

fn whole(bytes: impl Into<Vec<u8>>) -> Captured {
    Captured { head: bytes.into(), ..Captured::default() }
}

#[test]
fn nothing_is_left_that_a_terminal_obeys() {
    let cases: [(&[u8], &str); 24] = [
        (b"\x1b[31mred\x1b[0m", "red"),
        (b"\x1b]0;title\x07text", "text"),
        (b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        (b"\x1b]0;no end\nnext line", "\nnext line"),
        (b"\x1bPq#0;2\x1b\\after", "after"),
        (b"\x1bPq no end\nnext", "\nnext"),
        (b"\x1b_apc\x1b\\a\x1b^pm\x1b\\b\x1bXsos\x1b\\c", "abc"),
        (b"\x1bcreset\x1b7\x1b(B", "reset"),
        (b"end\x1b", "end"),
        (b"end\x1b[12;", "end"),
        (b"\x9b31mred", "red"),
        ("\u{9b}31mred \u{9d}0;title\u{9c}text".as_bytes(), "red text"),
        (b"a\x84b\x85c", "ab\nc"),
        (b"a\r\nb\rc\r", "a\nb\nc\n"),
        (b"rm -rf /\r\x1b[2Kls", "rm -rf /\nls"),
        (b"n\x08na\x08am\x08me _\x08u x\x08_", "name u x"),
        (b"rm\x08\x08ls", "rmls"),
        (b"a\0b\x07c\x7fd\te\x0bf", "abcd\tef"),
        ("\u{202e}evil\u{202c} a\u{200b}b \u{e0041}\u{feff}x\u{ad}y".as_bytes(), "evil ab xy"),
        ("line\u{2028}line".as_bytes(), "line\nline"),
        ("Grüße, 世界 🦀".as_bytes(), "Grüße, 世界 🦀"),
        (b"\xff\xfe ok \xe2\x82", "\u{fffd}\u{fffd} ok \u{fffd}"),
        ("\u{1b}[3\u{202e}1mred".as_bytes(), "red"),
        (b"\x1b[31\x1b[32mgreen", "green"),
    ];
    for (bytes, expected) in cases {
        assert_eq!(plain(bytes), expected, "{}", bytes.escape_ascii());
    }
}

#[test]
fn a_character_across_the_two_pieces_is_whole() {
    let captured = Captured { head: b"caf\xc3".to_vec(), tail: b"\xa9 \x1b[3".to_vec(), cut: 0 };
    let (stdout, _) = streams(&captured, &Captured::default(), 1000, &|text| (text.to_owned(), 0));
    assert_eq!(stdout.text, "café ");
}

#[test]
fn what_borders_on_a_cut_goes() {
    let captured = Captured {
        head: format!("first\nkey: {}", &KEY[..12]).into_bytes(),
        tail: format!("{} rest\nlast\n", &KEY[12..]).into_bytes(),
        cut: 100,
    };
    let engine = engine();
    let (stdout, _) = streams(&captured, &Captured::default(), 1000, &with(&engine));
    assert_eq!(stdout.text, "first\n[… 131 bytes left out …]\nlast\n");
    assert_eq!(stdout.cut, 131);
}

#[test]
fn the_end_of_a_key_goes_without_its_beginning() {
    let tail = "cut line\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----\nafter\n";
    let captured = Captured { head: b"before\n".to_vec(), tail: tail.into(), cut: 5 };
    let (stdout, _) = streams(&captured, &Captured::default(), 1000, &|text| (text.to_owned(), 0));
    assert_eq!(stdout.text, "before\n[… 73 bytes left out …]\nafter\n");
}

#[test]
fn a_secret_across_the_two_outputs_is_found() {
    let engine = engine();
    for at in 1..KEY.len() {
        let (first, second) = KEY.split_at(at);
        let (first, second) = (whole(format!("id {first}")), whole(format!("{second} end")));
        let (stdout, stderr) = streams(&first, &second, 1000, &with(&engine));
        assert_eq!(stdout.text + &stderr.text, "id AWS_KEY_REDACTED end", "at {at}");
        let (stdout, stderr) = streams(&second, &first, 1000, &with(&engine));
        assert_eq!(stdout.redactions + stderr.redactions, 1);
        assert_eq!(stderr.text + &stdout.text, "id AWS_KEY_REDACTED end", "at {at}");
    }
}

#[test]
fn escapes_do_not_split_a_secret() {
    let engine = engine();
    let stdout = whole("AKIA\x1b[0mIOSF\u{200b}ODNN\x08\x1b]0;x\x077QWERTYU\n");
    let (stdout, _) = streams(&stdout, &Captured::default(), 1000, &with(&engine));
    assert_eq!(stdout.text, "AWS_KEY_REDACTED\n");
}

#[test]
fn no_half_of_a_secret_is_left_by_the_limit() {
    let engine = engine();
    for padding in 0..200 {
        let text = format!("{} {KEY} {}", "a ".repeat(padding), "b ".repeat(200 - padding));
        let (stdout, _) = streams(&whole(text), &Captured::default(), LEAST_CHARACTERS, &with(&engine));
        assert!(!stdout.text.contains("AKIA") && !stdout.text.contains("RTYU"), "{}", stdout.text);
    }
}

fn harmless(text: &str) -> bool {
    text.chars().all(|c| c == '\n' || c == '\t' || !c.is_control())
        && !text.contains(['\u{202e}', '\u{200b}'])
}

fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let sequences: &[&[u8]] = &[
        b"\x1b[",
        b"\x1b]",
        b"\x1bP",
        b"\x1b",
        b"\x9b",
        b"\xc2\x9b",
        b"\x07",
        b"\x1b\\",
        b"\r",
        b"\n",
        b"\x08",
        b"31m",
        b"_",
        b"\xe2\x80\xae",
        b"\xe2\x80",
        b"text",
        b"\x18",
        b"\xc3",
    ];
    let piece = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..8),
        proptest::sample::select(sequences).prop_map(<[u8]>::to_vec),
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_bytes_become_plain_and_stay_so(bytes in hostile()) {
        let text = plain(&bytes);
        prop_assert!(harmless(&text), "{text:?}");
        prop_assert_eq!(plain(text.as_bytes()), text);
    }

    #[test]
    fn any_two_outputs_fit(
        out in hostile(), err in hostile(), tail in hostile(), cut in 0u64..3, room in 200usize..400,
    ) {
        let stdout = Captured { head: out.repeat(4), tail, cut };
        let redact = |text: &str| (text.replace("text", "word"), 0);
        let (stdout, stderr) = streams(&stdout, &whole(err.repeat(4)), room, &redact);
        prop_assert!(stdout.text.chars().count() + stderr.text.chars().count() <= room);
        prop_assert!(harmless(&stdout.text) && harmless(&stderr.text));
        prop_assert!(!stdout.text.contains("text") && !stderr.text.contains("text"));
    }
}
