//! Splits a line into words, for the modes that have no shell.
//!
//! Blanks separate words. `'…'` and `"…"` quote, and what stands in them is literal: `$`, `` ` `` and `\` are refused
//! inside double quotes because a shell would read them. Outside quotes every metacharacter of a shell is refused, so
//! that no line means one thing here and another to the person who reads it as shell.

use super::{Refusal, characters, rule};

/// A word of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// What it says, quotes removed.
    pub text: String,
    /// The same as a pattern (see [`super::glob`]), if it has `*`, `?` or `[…]` outside quotes.
    pub pattern: Option<String>,
}

impl Word {
    /// A word that is taken as it is.
    pub(crate) fn literal(text: &str) -> Self {
        Self { text: text.to_owned(), pattern: None }
    }
}

/// What is refused outside quotes, and what to do instead.
fn metacharacter(c: char, at_start: bool) -> Option<&'static str> {
    Some(match c {
        '|' => {
            "there are no pipelines here: run the commands one by one, or give the first an option that does it"
        }
        ';' | '&' => "one command at a time: propose the next one after this one",
        '<' | '>' => {
            "there are no redirections: name the file as an operand; the output comes back to you anyway"
        }
        '$' | '`' => "nothing is substituted: write the value out",
        '(' | ')' | '{' | '}' => "there is no grouping or brace expansion: quote it if it is meant literally",
        '\\' => "a backslash does not quote here: use '…' around the word",
        '!' => "quote it if it is meant literally",
        '#' if at_start => "there are no comments: quote it if it is meant literally",
        '~' if at_start => "the home directory is not reachable: name a path in the workspace",
        _ => return None,
    })
}

#[derive(Default)]
struct Builder {
    text: String,
    pattern: String,
    unquoted_glob: bool,
    started: bool,
}

impl Builder {
    fn push(&mut self, c: char, quoted: bool) {
        self.started = true;
        self.text.push(c);
        if "*?[]".contains(c) && (quoted || c == ']') {
            // The pattern language has no escape but a set of one. A bare `]` closes a set.
            if quoted {
                self.pattern.extend(['[', c, ']']);
            } else {
                self.pattern.push(c);
            }
            return;
        }
        self.unquoted_glob |= "*?[".contains(c) && !quoted;
        self.pattern.push(c);
    }

    fn finish(&mut self, words: &mut Vec<Word>) {
        let built = std::mem::take(self);
        if built.started {
            let is_pattern = built.unquoted_glob && is_pattern(&built.pattern);
            words.push(Word { text: built.text, pattern: is_pattern.then_some(built.pattern) });
        }
    }
}

/// Whether a text with `*`, `?` or `[` is a pattern: a lone `[` is a name.
fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?']) || text.find('[').is_some_and(|open| text[open + 1..].contains(']'))
}

/// Splits a line.
///
/// # Errors
/// [`Refusal`] for metacharacters outside quotes, open quotes, and characters a person cannot see.
pub(crate) fn split(line: &str) -> Result<Vec<Word>, Refusal> {
    characters::check_visible(line, "\t\n")?;
    let mut words = Vec::new();
    let mut word = Builder::default();
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        match c {
            ' ' | '\t' => word.finish(&mut words),
            '\n' => {
                return Err(Refusal::new(
                    rule::METACHARACTER,
                    "one command at a time: a line break starts another; propose it after this one"
                        .to_owned(),
                ));
            }
            '\'' | '"' => quoted(c, &mut rest, &mut word)?,
            _ => {
                if let Some(instead) = metacharacter(c, !word.started) {
                    let reason = format!("{c:?} outside quotes is not allowed in this mode; {instead}");
                    return Err(Refusal::new(rule::METACHARACTER, reason));
                }
                word.push(c, false);
            }
        }
    }
    word.finish(&mut words);
    Ok(words)
}

fn quoted(quote: char, rest: &mut std::str::Chars<'_>, word: &mut Builder) -> Result<(), Refusal> {
    word.started = true;
    for c in rest.by_ref() {
        if c == quote {
            return Ok(());
        }
        if c == '\n' || (quote == '"' && "$`\\".contains(c)) {
            let reason = format!("{c:?} is not allowed between {quote} and {quote}; use '…', on one line");
            return Err(Refusal::new(rule::METACHARACTER, reason));
        }
        word.push(c, true);
    }
    Err(Refusal::new(rule::QUOTE, format!("the quote {quote} is never closed; close it")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(line: &str) -> Vec<String> {
        split(line).unwrap().into_iter().map(|word| word.text).collect()
    }

    /// A word as this splitter takes it.
    fn quote(word: &str) -> String {
        let parts: Vec<String> = word.split('\'').map(|part| format!("'{part}'")).collect();
        parts.join("\"'\"")
    }

    #[test]
    fn words_are_split_at_blanks_outside_quotes() {
        assert_eq!(texts("  ls\t-l  'a b' \"c  d\"e '' "), ["ls", "-l", "a b", "c  de", ""]);
        assert_eq!(texts("git show HEAD~1 a#b größe.txt"), ["git", "show", "HEAD~1", "a#b", "größe.txt"]);
    }

    #[test]
    fn patterns_are_what_stands_outside_quotes() {
        let words = split("*.rs '*.rs' 'a*'*.md [ ] a[0-9]").unwrap();
        let patterns: Vec<_> = words.iter().map(|word| word.pattern.as_deref()).collect();
        assert_eq!(patterns, [Some("*.rs"), None, Some("a[*]*.md"), None, None, Some("a[0-9]")]);
    }

    #[test]
    fn metacharacters_are_refused_with_a_way_out() {
        for line in [
            "a|b", "a;b", "a&b", "a<b", "a>b", "a`b", "$a", "a(b", "a)b", "a{b", "a}b", "a\nb", "#a", "~/a",
            "a!b", "a\\ b", "\"$a\"", "\"`a`\"", "\"a\\\"", "'a\nb'",
        ] {
            assert_eq!(split(line).unwrap_err().rule, rule::METACHARACTER, "{line}");
        }
        assert_eq!(split("a 'b").unwrap_err().rule, rule::QUOTE);
    }

    proptest! {
        #[test]
        fn quoting_is_undone(words in prop::collection::vec("[ -~äß日]{0,12}", 0..6)) {
            let line = words.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ");
            prop_assert_eq!(texts(&line), words);
        }

        #[test]
        fn no_line_panics_and_none_passes_a_metacharacter(line in "[a-c '\"|;&<>$`(){}\\\\\n*?\\[\\]#~!\u{202e}-]{0,30}") {
            if let Ok(words) = split(&line) {
                let mut open = None;
                for c in line.chars() {
                    match open {
                        Some(quote) if c == quote => open = None,
                        Some('"') => prop_assert!(!"$`\\\n".contains(c)),
                        Some(_) => {}
                        None if c == '\'' || c == '"' => open = Some(c),
                        None => {
                            let is_safe = !"|;&<>$`(){}\\\n!".contains(c);
                            prop_assert!(is_safe);
                        }
                    }
                }
                prop_assert!(open.is_none());
                prop_assert!(words.iter().all(|word| word.text.chars().count() <= line.chars().count()));
            }
        }

        #[test]
        fn nothing_panics(line in "\\PC*") {
            drop(split(&line));
        }
    }
}
