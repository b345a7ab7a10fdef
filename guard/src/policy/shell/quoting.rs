//! Quotes, escapes and `$` in a word.

use super::ansi;
use super::lexer::{Lexer, MAX_DEPTH, Token};

/// A part of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// As it is.
    Text { text: String, quoted: bool },
    /// `$name`, `${name}`; with anything behind the name its value is unknown.
    Variable { name: String, quoted: bool, modifier: Option<Vec<Piece>> },
    /// `$(…)` and `` `…` ``.
    Command { tokens: Vec<Token>, quoted: bool },
    /// `<(…)` and `>(…)`.
    Process(Vec<Token>),
    /// `$((…))`.
    Arithmetic(Vec<Piece>),
}

impl Piece {
    /// Unquoted text.
    pub(crate) fn text(text: &str) -> Self {
        Self::Text { text: text.to_owned(), quoted: false }
    }

    /// Whether quotes or a backslash made it.
    pub(crate) const fn is_quoted(&self) -> bool {
        matches!(self, Self::Text { quoted: true, .. })
    }
}

/// The text of a word that has nothing to expand.
pub(crate) fn literal(pieces: &[Piece]) -> Option<String> {
    let text = |piece: &Piece| match piece {
        Piece::Text { text, .. } => Some(text.clone()),
        _ => None,
    };
    pieces.iter().map(text).collect()
}

/// Whether a word is digits outside quotes.
pub(crate) fn is_digits(pieces: &[Piece]) -> bool {
    let [Piece::Text { text, quoted: false }] = pieces else { return false };
    text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether a word so far is `name=`, so that `(` begins an array.
pub(crate) fn is_array(pieces: &[Piece]) -> bool {
    let [Piece::Text { text, quoted: false }] = pieces else { return false };
    text.strip_suffix('=').is_some_and(|name| is_name(name.strip_suffix('+').unwrap_or(name)))
}

/// Whether a text can be a variable's name.
pub(crate) fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Refuses what is rather two nested subshells: `((sudo id))`.
pub(crate) fn check_arithmetic(text: &str) -> Result<(), String> {
    let words: Vec<&str> = text.split([' ', '\t', '\n']).filter(|word| !word.is_empty()).collect();
    let word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || "_$'\"`\\".contains(c));
    let adjacent =
        words.windows(2).any(|pair| word(pair[0].chars().next_back()) && word(pair[1].chars().next()));
    if adjacent || text.contains(['\'', '"', '`', '\\']) {
        return Err(format!("(({text})) is no plain arithmetic"));
    }
    Ok(())
}

fn push(pieces: &mut Vec<Piece>, c: char, quoted: bool) {
    match pieces.last_mut() {
        Some(Piece::Text { text, quoted: same }) if *same == quoted => text.push(c),
        _ => pieces.push(Piece::Text { text: c.to_string(), quoted }),
    }
}

impl Lexer {
    /// One unquoted character, escape, quotation or expansion.
    pub(crate) fn piece(&mut self, pieces: &mut Vec<Piece>) -> Result<(), String> {
        let Some(c) = self.peek(0) else { return Ok(()) };
        match c {
            '\\' => {
                self.at += 2;
                match self.chars.get(self.at - 1) {
                    None => return Err("the line ends with a backslash".to_owned()),
                    Some('\n') => {}
                    Some(escaped) => push(pieces, *escaped, true),
                }
            }
            '\'' => {
                self.at += 1;
                let text = self.until_quote()?;
                pieces.push(Piece::Text { text, quoted: true });
            }
            '"' => {
                self.at += 1;
                self.double(pieces)?;
            }
            '`' | '$' => self.expansion(pieces, false)?,
            _ => {
                self.at += 1;
                push(pieces, c, false);
            }
        }
        Ok(())
    }

    /// Text to behind the next `'`.
    fn until_quote(&mut self) -> Result<String, String> {
        let length = self.chars[self.at..].iter().position(|c| *c == '\'').ok_or("a ' is never closed")?;
        let text: String = self.chars[self.at..self.at + length].iter().collect();
        self.check_break(&text)?;
        self.at += length + 1;
        Ok(text)
    }

    fn check_break(&self, text: &str) -> Result<(), String> {
        if self.waiting > 0 && text.contains('\n') {
            return Err("a line breaks in quotes before a here-document begins".to_owned());
        }
        Ok(())
    }

    fn double(&mut self, pieces: &mut Vec<Piece>) -> Result<(), String> {
        // Empty quotes are a word too.
        pieces.push(Piece::Text { text: String::new(), quoted: true });
        pieces.extend(self.quoted(Some('"'))?);
        Ok(())
    }

    /// Pieces as between double quotes, to behind `end` or the end of the text.
    pub(crate) fn quoted(&mut self, end: Option<char>) -> Result<Vec<Piece>, String> {
        let mut pieces = Vec::new();
        loop {
            match (self.peek(0), end) {
                (None, None) => return Ok(pieces),
                (None, Some(end)) => return Err(format!("a {end} is never closed")),
                (Some(c), Some(end)) if c == end => {
                    self.at += 1;
                    return Ok(pieces);
                }
                (Some('\\'), _) => match self.peek(1) {
                    Some('\n') => self.at += 2,
                    Some(c @ ('$' | '`' | '"' | '\\')) => {
                        push(&mut pieces, c, true);
                        self.at += 2;
                    }
                    _ => {
                        push(&mut pieces, '\\', true);
                        self.at += 1;
                    }
                },
                (Some('`' | '$'), _) => self.expansion(&mut pieces, true)?,
                (Some(c), _) => {
                    self.check_break(c.encode_utf8(&mut [0; 4]))?;
                    push(&mut pieces, c, true);
                    self.at += 1;
                }
            }
        }
    }

    fn expansion(&mut self, pieces: &mut Vec<Piece>, quoted: bool) -> Result<(), String> {
        if self.depth >= MAX_DEPTH {
            return Err("it is nested too deeply".to_owned());
        }
        self.depth += 1;
        let done = self.expand(pieces, quoted);
        self.depth -= 1;
        done
    }

    fn expand(&mut self, pieces: &mut Vec<Piece>, quoted: bool) -> Result<(), String> {
        if self.take("`") {
            let source = self.backticks(quoted)?;
            let mut lexer = Self::new(&source, self.depth);
            let tokens = lexer.tokens(false)?;
            if lexer.at < lexer.chars.len() {
                return Err("a ) closes nothing".to_owned());
            }
            pieces.push(Piece::Command { tokens, quoted });
            return Ok(());
        }
        if self.peek(1) == Some('(') && self.peek(2) == Some('(') {
            let Some((_, inner)) = self.arithmetic(3)? else {
                return Err("$(( begins both arithmetic and a subshell; write $( ( with a blank".to_owned());
            };
            pieces.push(Piece::Arithmetic(inner));
            return Ok(());
        }
        self.at += 1;
        match self.peek(0) {
            Some('(') => {
                self.at += 1;
                pieces.push(Piece::Command { tokens: self.nested()?, quoted });
            }
            Some('{') => {
                self.at += 1;
                pieces.push(self.braced(quoted)?);
            }
            Some('\'') if !quoted => {
                self.at += 1;
                let (text, length) = ansi::decode(&self.chars[self.at..])?;
                self.check_break(&text)?;
                self.at += length;
                pieces.push(Piece::Text { text, quoted: true });
            }
            Some('"') if !quoted => {
                self.at += 1;
                self.double(pieces)?;
            }
            Some('[') => return Err("$[…] is not understood; write $((…))".to_owned()),
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                let name = self.name();
                pieces.push(Piece::Variable { name, quoted, modifier: None });
            }
            Some(c) if "@*#?-$!0123456789".contains(c) => {
                self.at += 1;
                pieces.push(Piece::Variable { name: c.to_string(), quoted, modifier: None });
            }
            _ => push(pieces, '$', quoted),
        }
        Ok(())
    }

    fn name(&mut self) -> String {
        let start = self.at;
        while self.peek(0).is_some_and(|c| c.is_ascii_alphanumeric() || c == '_') {
            self.at += 1;
        }
        self.chars[start..self.at].iter().collect()
    }

    fn backticks(&mut self, quoted: bool) -> Result<String, String> {
        let mut source = String::new();
        loop {
            match (self.peek(0), self.peek(1)) {
                (None, _) => return Err("a ` is never closed".to_owned()),
                (Some('`'), _) => {
                    self.at += 1;
                    self.check_break(&source)?;
                    return Ok(source);
                }
                (Some('\\'), Some(c)) if "`\\$".contains(c) || (quoted && c == '"') => {
                    source.push(c);
                    self.at += 2;
                }
                (Some(c), _) => {
                    source.push(c);
                    self.at += 1;
                }
            }
        }
    }

    /// `${…}`, behind its brace.
    fn braced(&mut self, quoted: bool) -> Result<Piece, String> {
        let mut indirect = false;
        while matches!(self.peek(0), Some('!' | '#')) && self.peek(1).is_some_and(|c| c != '}') {
            indirect = true;
            self.at += 1;
        }
        let mut name = self.name();
        if name.is_empty() {
            match self.peek(0) {
                Some(c) if "@*#?-$!".contains(c) => {
                    name.push(c);
                    self.at += 1;
                }
                _ => return Err("${ has no name".to_owned()),
            }
        }
        if self.take("}") {
            let modifier = indirect.then(Vec::new);
            return Ok(Piece::Variable { name, quoted, modifier });
        }
        if self.peek(0) == Some('@') {
            return Err("${name@…} is not understood".to_owned());
        }
        let mut pieces = Vec::new();
        loop {
            match self.peek(0) {
                None => return Err("a ${ is never closed".to_owned()),
                Some('}') => break,
                Some('\'') if quoted => {
                    return Err("a ' in \"${…}\" is read differently by different shells".to_owned());
                }
                Some(_) => self.piece(&mut pieces)?,
            }
        }
        self.at += 1;
        Ok(Piece::Variable { name, quoted, modifier: Some(pieces) })
    }
}
