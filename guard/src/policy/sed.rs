//! Reads scripts of `sed` far enough to know that they run nothing and open no file.
//!
//! Source of the language: GNU sed manual, chapters 3 to 4. What is not understood is refused.

/// What a script may not do, if it does.
///
/// # Errors
/// What is wrong with it, as the end of a sentence.
pub(crate) fn check(script: &str) -> Result<(), String> {
    let mut rest = Cursor { rest: script };
    loop {
        rest.skip(" \t\n;{}");
        let Some(command) = rest.command()? else { return Ok(()) };
        match command {
            '#' | 'a' | 'i' | 'c' => rest.line(),
            ':' | 'b' | 't' | 'T' => rest.skip_until("\n;}"),
            's' => substitute(&mut rest)?,
            'y' => {
                let delimiter = rest.delimiter()?;
                rest.part(delimiter)?;
                rest.part(delimiter)?;
            }
            '{' | '}' | '=' | 'd' | 'D' | 'g' | 'G' | 'h' | 'H' | 'n' | 'N' | 'p' | 'P' | 'x' | 'z' => {}
            'l' | 'L' | 'q' | 'Q' => rest.skip(" 0123456789"),
            'e' => return Err("has the command e, which runs programs".to_owned()),
            'r' | 'R' | 'w' | 'W' => return Err(format!("has the command {command}, which opens files")),
            other => return Err(format!("has {other:?} where a command is expected")),
        }
    }
}

fn substitute(rest: &mut Cursor<'_>) -> Result<(), String> {
    let delimiter = rest.delimiter()?;
    rest.part(delimiter)?;
    rest.part(delimiter)?;
    loop {
        match rest.peek() {
            Some('e') => return Err("has s///e, which runs programs".to_owned()),
            Some('w') => return Err("has s///w, which writes a file".to_owned()),
            Some('g' | 'p' | 'i' | 'I' | 'm' | 'M' | '0'..='9') => rest.advance(),
            None | Some(' ' | '\t' | '\n' | ';' | '}' | '#') => return Ok(()),
            Some(other) => return Err(format!("has the unknown flag {other:?} behind s///")),
        }
    }
}

struct Cursor<'s> {
    rest: &'s str,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn advance(&mut self) {
        let mut chars = self.rest.chars();
        chars.next();
        self.rest = chars.as_str();
    }

    fn skip(&mut self, set: &str) {
        self.rest = self.rest.trim_start_matches(|c| set.contains(c));
    }

    fn skip_until(&mut self, set: &str) {
        self.rest = self.rest.trim_start_matches(|c| !set.contains(c));
    }

    /// Text up to the end of the line; a backslash takes the next line along.
    fn line(&mut self) {
        while let Some(c) = self.peek() {
            self.advance();
            match c {
                '\\' => self.advance(),
                '\n' => return,
                _ => {}
            }
        }
    }

    /// The next command, behind its addresses.
    fn command(&mut self) -> Result<Option<char>, String> {
        loop {
            self.skip(" \t,!+~");
            match self.peek() {
                None => return Ok(None),
                Some('0'..='9' | '$') => self.skip("0123456789$"),
                Some('/') => {
                    self.advance();
                    self.part('/')?;
                    self.skip("IM");
                }
                Some('\\') => {
                    self.advance();
                    let delimiter = self.delimiter()?;
                    self.part(delimiter)?;
                    self.skip("IM");
                }
                Some(c) => {
                    self.advance();
                    return Ok(Some(c));
                }
            }
        }
    }

    fn delimiter(&mut self) -> Result<char, String> {
        match self.peek() {
            Some(c) if c.is_ascii_punctuation() && c != '\\' => {
                self.advance();
                Ok(c)
            }
            _ => Err("lacks a delimiter; use one of / | , #".to_owned()),
        }
    }

    /// Skips to behind the next delimiter. Brackets are not treated as such: which `sed` does so differs.
    fn part(&mut self, delimiter: char) -> Result<(), String> {
        while let Some(c) = self.peek() {
            self.advance();
            if c == delimiter {
                return Ok(());
            }
            if c == '[' && self.bracket_holds(delimiter) {
                return Err(format!(
                    "has {delimiter:?} between brackets; write \\{delimiter}, or use another delimiter"
                ));
            }
            if c == '\\' {
                self.advance();
            }
        }
        Err("is cut off; close it with its delimiter".to_owned())
    }

    fn bracket_holds(&self, delimiter: char) -> bool {
        let body = self.rest.strip_prefix("^").unwrap_or(self.rest);
        let close = body.char_indices().skip(1).find(|(_, c)| *c == ']').map(|(at, _)| at);
        close.is_some_and(|close| body[..close].contains(delimiter) && !body[..close].contains('['))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn everyday_scripts_pass() {
        for script in [
            "s/a/b/",
            "s/a/b/g;s|/x|/y|2p",
            "1,5p",
            "$d",
            "/^#/d",
            "/a/,/b/{s/x/y/;p}",
            "10q",
            "y/abc/xyz/",
            "1~2d",
            "/x/I!d",
            "\\,/usr,d",
            "s/w/e/",
            "s/\\//\\\\/g",
            "2i\\\nhello",
            "$a done; w x",
            ":a;N;$!ba;s/\\n/ /g",
            "s/[0-9]*$//",
            "/[a-z]/p",
        ] {
            check(script).unwrap_or_else(|error| panic!("{script}: {error}"));
        }
    }

    #[test]
    fn nothing_is_run_and_no_file_is_opened() {
        for script in [
            "e",
            "1e id",
            "s/a/b/e",
            "s/a/b/ge",
            "w /tmp/x",
            "s/a/b/w x",
            "s/a/b/gw x",
            "r /etc/passwd",
            "/a/R x",
            "1,2W x",
            "p;e id",
            "{e id}",
            "s/a/b",
            "s,a,b,;e",
            "k",
            "s/[/]/e;s/x/y/",
            "y/a/b/;w f",
            "/a/,/b/w f",
            "1!e",
            ":a\ne id",
        ] {
            assert!(check(script).is_err(), "{script}");
        }
    }

    proptest! {
        #[test]
        fn no_script_panics(script in "\\PC{0,20}") {
            drop(check(&script));
        }
    }
}
