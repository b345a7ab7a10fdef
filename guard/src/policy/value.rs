//! Checks one operand or value against its kind.

use super::kind::Kind;
use super::place::Place;
use super::{Refusal, rule, sed};

/// Variables of `make` that name programs, flags of programs, or more makefiles.
const MAKE_VARIABLES: [&str; 8] =
    ["shell", "makeflags", "gnumakeflags", "makefiles", ".shellflags", "make", "make_command", "path"];

/// Refuses what is not of the kind.
///
/// # Errors
/// [`Refusal`] naming the text and what is expected; `what` names the option or operand.
pub(crate) fn check(kind: &Kind, text: &str, what: &str, place: &Place<'_>) -> Result<(), Refusal> {
    let expect = |right: bool, expected: &str| {
        if right {
            return Ok(());
        }
        Err(Refusal::new(rule::VALUE, format!("{text:?} is not allowed as {what}; expected is {expected}")))
    };
    let not_an_option =
        || expect(text == "-" || !text.starts_with('-'), "a path; write ./ before a name with a dash");
    match kind {
        Kind::Path if text == "-" => Ok(()),
        Kind::Path => not_an_option().and_then(|()| place.check_readable(text)),
        Kind::Inside => {
            not_an_option()?;
            // Compilers read options from a file that is named so.
            expect(text == "@" || !text.starts_with('@'), "a path; write ./ before a name with @")?;
            check_pathspec(text, place)
        }
        Kind::Write => not_an_option().and_then(|()| place.check_writable(text, false)),
        Kind::Target => not_an_option().and_then(|()| place.check_writable(text, true)),
        Kind::Archive => {
            expect(!text.contains(':'), "a file of the workspace without a colon in its name")?;
            not_an_option().and_then(|()| place.check_writable(text, false))
        }
        Kind::Copied => not_an_option().and_then(|()| place.check_copied(text)),
        Kind::Script => {
            expect(!text.starts_with('-'), "a script of the workspace")?;
            place.check_inside(text).map(drop)
        }
        Kind::Pattern | Kind::Text => Ok(()),
        Kind::Number => expect(is_number(text), "a number"),
        Kind::Word => expect(is_word(text), "letters, digits and _.,:+%@=/-"),
        Kind::Revision => check_revision(text, place, &expect),
        Kind::Format => expect(text.starts_with('+'), "a format that begins with +"),
        Kind::Sed => sed::check(text).map_err(|why| {
            Refusal::new(rule::VALUE, format!("the script {text:?} {why}; use s///, p, d and the like only"))
        }),
        Kind::Permissions => {
            expect(is_permissions(text), "permissions such as 644 or u+x, without set-id bits")
        }
        Kind::MakeTarget => {
            expect(is_make_target(text), "a target or NAME=VALUE of a variable that names no tool")
        }
        Kind::Package => check_package(text, place, &expect),
        Kind::Choice(choices) => expect(choices.iter().any(|choice| choice == text), &choices.join(", ")),
    }
}

type Expect<'a> = dyn Fn(bool, &str) -> Result<(), Refusal> + 'a;

/// A path of the workspace as Git takes it: `:/`, `:!path` and `:^path` too.
fn check_pathspec(text: &str, place: &Place<'_>) -> Result<(), Refusal> {
    let path = text.strip_prefix(':').map_or(text, |magic| magic.trim_start_matches(['/', '!', '^']));
    let path = if path.is_empty() && text.starts_with(':') { "." } else { path };
    place.check_inside(path).map(drop)
}

fn is_number(text: &str) -> bool {
    let digits = text.trim_start_matches(['+', '-']);
    let unit = digits.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    text.len() - digits.len() <= 1
        && unit.len() < digits.len()
        && unit.len() <= 3
        && unit.bytes().all(|b| b.is_ascii_alphabetic())
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.,:+%@=/-".contains(&b))
}

/// Revisions cannot be told from paths without looking into the repository: whatever is no path out of the workspace.
fn check_revision(text: &str, place: &Place<'_>, expect: &Expect<'_>) -> Result<(), Refusal> {
    expect(!text.is_empty() && !text.starts_with('-'), "a revision or a path")?;
    let is_path = text.starts_with('/') || text.split('/').any(|component| component == "..");
    if is_path || place.workspace.join(text).is_symlink() {
        return place.check_inside(text).map(drop);
    }
    // An address of another repository, or of a program that is to talk to one.
    expect(!text.contains("::") && !text.contains("://"), "a revision or a path of this repository")
}

fn is_permissions(text: &str) -> bool {
    let octal = (3..=4).contains(&text.len()) && text.bytes().all(|b| (b'0'..=b'7').contains(&b));
    if octal {
        return text.len() == 3 || text.starts_with('0');
    }
    text.split(',').all(|clause| {
        let rights = clause.trim_start_matches(['u', 'g', 'o', 'a']);
        rights.starts_with(['+', '-', '=']) && rights[1..].bytes().all(|b| b"rwxXugo".contains(&b))
    })
}

fn is_make_target(text: &str) -> bool {
    if text.is_empty() || text.contains(['$', '`', '(']) {
        return false;
    }
    match text.split_once('=') {
        None => true,
        Some((name, _)) => {
            let name = name.trim_end_matches([':', '?', '+', '!']).trim().to_ascii_lowercase();
            !MAKE_VARIABLES.contains(&name.as_str()) && !name.is_empty()
        }
    }
}

fn check_package(text: &str, place: &Place<'_>, expect: &Expect<'_>) -> Result<(), Refusal> {
    if text.starts_with(['.', '/']) {
        let path = text.split('[').next().unwrap_or(text);
        return place.check_inside(path).map(drop);
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_.,@/-[]=<>~^*+!".contains(&b);
    let address = text.contains("://") || text.contains("git+") || text.contains("@/") || text.contains("..");
    let named = !text.is_empty() && !text.starts_with('-') && text.bytes().all(plain);
    // `owner/name` would be fetched from a forge; `@scope/name` is a package.
    let forge = text.contains('/') && !text.starts_with('@');
    expect(named && !address && !forge, "a package's name and version, or ./a-path")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::place::Paths;

    #[test]
    fn each_kind_takes_its_own() {
        let workspace = tempfile::tempdir().unwrap();
        let paths = Paths::default();
        let place = Place { workspace: workspace.path().canonicalize().unwrap(), paths: &paths };
        for (kind, good, bad) in [
            ("number", "5 +5 -5 1.5 10k 2MiB", "x -- 5x5 --5 k"),
            ("word", "a a:b x=1 %h", "-a a*b ä"),
            (
                "revision",
                "HEAD~1 a..b a...b HEAD^ v1.0 src/x origin/main HEAD:a.txt",
                "-x ../x a/../../b /etc/passwd ext::sh https://x",
            ),
            ("permissions", "644 0755 u+x a=r,g-w +x", "4755 u+s 7777 1777 x"),
            ("make_target", "all V=1 a/b.o", "SHELL=/x shell:=x MAKEFLAGS+=-n X=$(shell,id) MAKE=x"),
            (
                "package",
                "left-pad lodash@^4.1 @types/node@1 requests[security]>=2.1 ./here .",
                "-x git+ssh://x https://x/y owner/repo ../x a@/etc",
            ),
            ("format", "+%F +%s", "122512002026 %F"),
            ("{a,b}", "a b", "c ab"),
        ] {
            let kind = Kind::parse(kind).unwrap();
            for text in good.split(' ') {
                check(&kind, text, "it", &place).unwrap_or_else(|refusal| panic!("{kind} {text}: {refusal}"));
            }
            for text in bad.split(' ') {
                assert!(check(&kind, text, "it", &place).is_err(), "{kind} {text}");
            }
        }
    }
}
