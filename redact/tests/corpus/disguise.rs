//! The same secrets, hidden from a plain search.

use super::{Case, Format, Rng, base64, formats};

type Disguise = fn(&str, &mut Rng) -> String;

const DISGUISES: [(&str, Disguise); 17] = [
    ("zero_width", |v, r| sprinkle(v, '\u{200b}', r)),
    ("zwj", |v, r| sprinkle(v, '\u{200d}', r)),
    ("soft_hyphen", |v, r| sprinkle(v, '\u{ad}', r)),
    ("bom", |v, r| sprinkle(v, '\u{feff}', r)),
    ("word_joiner", |v, r| sprinkle(v, '\u{2060}', r)),
    ("fullwidth", |v, _| v.chars().map(wide).collect()),
    ("fullwidth_some", |v, r| v.chars().map(|c| if r.below(3) == 0 { wide(c) } else { c }).collect()),
    ("homoglyph", |v, _| v.chars().map(cyrillic).collect()),
    ("math_bold", |v, _| v.chars().map(bold).collect()),
    ("percent", |v, _| v.bytes().map(|b| format!("%{b:02x}")).collect()),
    ("percent_some", |v, r| {
        v.bytes()
            .map(|b| if r.below(3) == 0 { format!("%{b:02X}") } else { char::from(b).to_string() })
            .collect()
    }),
    ("u_escape", |v, _| v.bytes().map(|b| format!("\\u{b:04x}")).collect()),
    ("x_escape", |v, _| v.bytes().map(|b| format!("\\x{b:02x}")).collect()),
    ("entity", |v, _| v.bytes().map(|b| format!("&#{b};")).collect()),
    ("entity_hex", |v, _| v.bytes().map(|b| format!("&#x{b:x};")).collect()),
    ("base64", |v, _| base64(v.as_bytes(), false)),
    ("base64_url", |v, _| base64(v.as_bytes(), true)),
];

fn sprinkle(value: &str, hidden: char, rng: &mut Rng) -> String {
    let mut out = String::new();
    for (index, c) in value.chars().enumerate() {
        if index > 0 && (index == 3 || rng.below(5) == 0) {
            out.push(hidden);
        }
        out.push(c);
    }
    out
}

fn wide(c: char) -> char {
    char::from_u32(u32::from(c) - 0x21 + 0xff01).unwrap_or(c)
}

fn bold(c: char) -> char {
    let code = u32::from(c);
    let moved = match c {
        'A'..='Z' => 0x1d400 + code - 0x41,
        'a'..='z' => 0x1d41a + code - 0x61,
        '0'..='9' => 0x1d7ce + code - 0x30,
        _ => code,
    };
    char::from_u32(moved).unwrap_or(c)
}

fn cyrillic(c: char) -> char {
    let from = "aeopcxyAEOPCTHKMB";
    let to: Vec<char> = "аеорсхуАЕОРСТНКМВ".chars().collect();
    from.find(c).map_or(c, |i| to[i])
}

pub(crate) fn cases(rng: &mut Rng, each: usize) -> Vec<Case> {
    let bare: Vec<Format> =
        formats().into_iter().filter(Format::is_bare).filter(|f| !f.template.contains("://")).collect();
    let mut cases = Vec::new();
    for (name, hide) in DISGUISES {
        for _ in 0..each * 12 {
            let format = rng.pick(&bare);
            let hidden = hide(&format.value(rng), rng);
            let text = match rng.below(4) {
                0 => format!("the value is {hidden} ok"),
                1 => format!("{{\"note\": \"{}\"}}", hidden.replace("\\x", "%")),
                2 => format!("try this:\n{hidden}\nthanks"),
                _ => format!("token={hidden} x"),
            };
            let secret = if text.contains(&hidden) { hidden } else { hidden.replace("\\x", "%") };
            cases.push(Case {
                tier: "disguise",
                category: name.to_owned(),
                format: format.id.clone(),
                context: "disguise".to_owned(),
                text,
                secrets: vec![secret],
                must_keep: vec![],
            });
        }
    }
    cases.extend(assignments(rng, each));
    cases
}

/// Whole assignments in base 64, joined literals.
fn assignments(rng: &mut Rng, each: usize) -> Vec<Case> {
    let mut cases = Vec::new();
    for _ in 0..each * 12 {
        let password = super::expand("{p:14}", rng);
        let token = super::expand("ghp_{a:36}", rng);
        let blob = base64(format!("user=ops\npassword={password}\n").as_bytes(), false);
        let (head, tail) = token.split_at(12);
        let texts = [
            ("base64_config", format!("echo {blob} | base64 -d"), blob.clone()),
            ("joined", format!("t = \"{head}\" + \"{tail}\";"), tail.to_owned()),
        ];
        for (category, text, secret) in texts {
            cases.push(Case {
                tier: "disguise",
                category: category.to_owned(),
                format: category.to_owned(),
                context: "disguise".to_owned(),
                text,
                secrets: vec![secret],
                must_keep: vec![],
            });
        }
    }
    cases
}
