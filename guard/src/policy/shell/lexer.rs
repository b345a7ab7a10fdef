//! Reads a shell line into tokens.
//!
//! Source of the language: POSIX.1-2024, Shell Command Language, 2.2 to 2.7, and the Bash reference manual, 3.1 and 3.5.
//! What could be read in two ways is an error: the caller refuses it.

use super::quoting::{self, Piece};

/// Substitutions in substitutions.
pub(crate) const MAX_DEPTH: usize = 24;

/// A part of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    Word(Vec<Piece>),
    /// `;` (a line break too), `&`, `&&`, `||`, `|`, `|&`, `(`, `)`, `()`, `;;`, `;&`, `;;&`.
    Operator(&'static str),
    /// `target` is the body of a here-document.
    Redirect {
        operator: &'static str,
        target: Vec<Piece>,
    },
    /// `((…))`: its text with 0 for every expansion, and its expansions.
    Arithmetic(String, Vec<Piece>),
}

const OPERATORS: [&str; 11] = [";;&", ";;", ";&", "&&", "||", "|&", ";", "&", "|", "(", ")"];
const REDIRECTS: [&str; 12] = ["&>>", "<<<", "<<-", "&>", "<<", "<&", "<>", ">>", ">&", ">|", "<", ">"];

/// A place in a line.
pub(crate) struct Lexer {
    pub chars: Vec<char>,
    pub at: usize,
    pub depth: usize,
    /// Here-documents whose bodies have not begun, in this substitution and those around it.
    pub waiting: usize,
}

/// A here-document whose body is to come.
struct Waiting {
    token: usize,
    delimiter: String,
    literal: bool,
    tabs: bool,
}

/// The tokens of a line.
///
/// # Errors
/// What cannot be understood, as a sentence.
pub(crate) fn tokens(line: &str) -> Result<Vec<Token>, String> {
    let mut lexer = Lexer::new(line, 0);
    let tokens = lexer.tokens(false)?;
    if lexer.at < lexer.chars.len() { Err("a ) closes nothing".to_owned()) } else { Ok(tokens) }
}

impl Lexer {
    pub(crate) fn new(text: &str, depth: usize) -> Self {
        Self { chars: text.chars().collect(), at: 0, depth, waiting: 0 }
    }

    pub(crate) fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    pub(crate) fn take(&mut self, text: &str) -> bool {
        let found = text.chars().enumerate().all(|(ahead, c)| self.peek(ahead) == Some(c));
        if found {
            self.at += text.chars().count();
        }
        found
    }

    /// Tokens up to the end or, in a substitution, to behind its `)`.
    pub(crate) fn tokens(&mut self, substitution: bool) -> Result<Vec<Token>, String> {
        if self.depth > MAX_DEPTH {
            return Err("it is nested too deeply".to_owned());
        }
        let mut tokens = Vec::new();
        let mut waiting: Vec<Waiting> = Vec::new();
        let mut open = 0_usize;
        loop {
            while self.take("\\\n") || self.take(" ") || self.take("\t") {}
            let Some(c) = self.peek(0) else {
                if substitution || open > 0 {
                    return Err("a ( is never closed".to_owned());
                }
                return if waiting.is_empty() {
                    Ok(tokens)
                } else {
                    Err("a here-document is never closed".to_owned())
                };
            };
            if c == '#' {
                while self.peek(0).is_some_and(|c| c != '\n') {
                    self.at += 1;
                }
            } else if c == '\n' {
                self.at += 1;
                self.bodies(&mut waiting, &mut tokens)?;
                tokens.push(Token::Operator(";"));
            } else if c == ')' && open == 0 {
                if substitution && waiting.is_empty() {
                    self.at += 1;
                    return Ok(tokens);
                }
                if substitution {
                    return Err("a here-document begins in a substitution and ends behind it".to_owned());
                }
                // It may end the pattern of a `case`; the parser knows.
                self.at += 1;
                tokens.push(Token::Operator(")"));
            } else if self.is_process(0) {
                tokens.push(self.word()?);
            } else if let Some(operator) = REDIRECTS.into_iter().find(|known| self.take(known)) {
                tokens.push(self.redirect(operator, tokens.len(), &mut waiting)?);
            } else if let Some(token) = self.operator(&mut open)? {
                tokens.push(token);
            } else {
                let word = self.word()?;
                if substitution && word == Token::Word(vec![Piece::text("case")]) {
                    return Err("`case` in a substitution is not understood; put it in a function".to_owned());
                }
                let digits = matches!(&word, Token::Word(pieces) if quoting::is_digits(pieces));
                let is_descriptor = digits && self.peek(0).is_some_and(|c| c == '<' || c == '>');
                if !is_descriptor {
                    tokens.push(word);
                }
            }
        }
    }

    fn operator(&mut self, open: &mut usize) -> Result<Option<Token>, String> {
        if self.peek(0) == Some('(')
            && self.peek(1) == Some('(')
            && let Some((text, pieces)) = self.arithmetic(2)?
        {
            return Ok(Some(Token::Arithmetic(text, pieces)));
        }
        let Some(operator) = OPERATORS.into_iter().find(|known| self.take(known)) else { return Ok(None) };
        match operator {
            "(" => {
                let start = self.at;
                while self.take(" ") || self.take("\t") {}
                if self.take(")") {
                    return Ok(Some(Token::Operator("()")));
                }
                self.at = start;
                *open += 1;
            }
            ")" => *open -= 1,
            _ => {}
        }
        Ok(Some(Token::Operator(operator)))
    }

    /// What stands between `((` and `))`, `skip` characters from here, or nothing if it is two subshells: its text with
    /// 0 for every expansion, and its expansions.
    pub(crate) fn arithmetic(&mut self, skip: usize) -> Result<Option<(String, Vec<Piece>)>, String> {
        let start = self.at;
        self.at += skip;
        let (mut text, mut pieces, mut depth) = (String::new(), Vec::new(), 0_usize);
        while let Some(c) = self.peek(0) {
            match c {
                '$' | '`' => {
                    self.piece(&mut pieces)?;
                    text.push('0');
                    continue;
                }
                '(' => depth += 1,
                ')' if depth > 0 => depth -= 1,
                ')' if self.peek(1) == Some(')') => {
                    self.at += 2;
                    quoting::check_arithmetic(&text)?;
                    return Ok(Some((text, pieces)));
                }
                ')' => {
                    self.at = start;
                    return Ok(None);
                }
                _ => {}
            }
            text.push(c);
            self.at += 1;
        }
        Err("a (( is never closed".to_owned())
    }

    /// Whether a process substitution begins here.
    pub(crate) fn is_process(&self, ahead: usize) -> bool {
        matches!(self.peek(ahead), Some('<' | '>')) && self.peek(ahead + 1) == Some('(')
    }

    fn redirect(
        &mut self,
        operator: &'static str,
        token: usize,
        waiting: &mut Vec<Waiting>,
    ) -> Result<Token, String> {
        while self.take("\\\n") || self.take(" ") || self.take("\t") {}
        let Token::Word(target) = self.word()? else { return Err(format!("{operator} has no target")) };
        if target.is_empty() {
            return Err(format!("{operator} has no target"));
        }
        if operator == "<<" || operator == "<<-" {
            let delimiter = quoting::literal(&target).ok_or("a here-document's delimiter is not plain")?;
            let literal = target.iter().any(Piece::is_quoted);
            waiting.push(Waiting { token, delimiter, literal, tabs: operator == "<<-" });
            self.waiting += 1;
            return Ok(Token::Redirect { operator, target: Vec::new() });
        }
        Ok(Token::Redirect { operator, target })
    }

    /// Reads the bodies of here-documents, a line break behind their line.
    fn bodies(&mut self, waiting: &mut Vec<Waiting>, tokens: &mut [Token]) -> Result<(), String> {
        if self.waiting > waiting.len() {
            return Err("a line breaks in a substitution before a here-document begins".to_owned());
        }
        for here in waiting.drain(..) {
            let mut body = String::new();
            loop {
                if self.at >= self.chars.len() {
                    return Err(format!("the here-document is never closed with {:?}", here.delimiter));
                }
                let end = (self.at..self.chars.len())
                    .find(|at| self.chars[*at] == '\n')
                    .unwrap_or(self.chars.len());
                let line: String = self.chars[self.at..end].iter().collect();
                self.at = (end + 1).min(self.chars.len());
                let line = if here.tabs { line.trim_start_matches('\t') } else { &line };
                if line == here.delimiter {
                    break;
                }
                body.push_str(line);
                body.push('\n');
            }
            self.waiting -= 1;
            let pieces = if here.literal {
                vec![Piece::Text { text: body, quoted: true }]
            } else {
                Self::new(&body, self.depth + 1).quoted(None)?
            };
            if let Some(Token::Redirect { target, .. }) = tokens.get_mut(here.token) {
                *target = pieces;
            }
        }
        Ok(())
    }

    /// A word; none is an empty one.
    fn word(&mut self) -> Result<Token, String> {
        let mut pieces = Vec::new();
        while let Some(c) = self.peek(0) {
            match c {
                ' ' | '\t' | '\n' | ';' | '&' | '|' | ')' => break,
                '<' | '>' if self.is_process(0) => {
                    self.at += 2;
                    pieces.push(Piece::Process(self.nested()?));
                }
                '<' | '>' => break,
                '(' if quoting::is_array(&pieces) => {
                    self.at += 1;
                    for token in self.nested()? {
                        if let Token::Word(word) = token {
                            pieces.push(Piece::text(" "));
                            pieces.extend(word);
                        }
                    }
                }
                '(' if pieces.is_empty() => break,
                '(' => {
                    self.function_parentheses()?;
                    break;
                }
                _ => self.piece(&mut pieces)?,
            }
        }
        Ok(Token::Word(pieces))
    }

    /// A `(` behind a word must be that of a function's definition.
    fn function_parentheses(&self) -> Result<(), String> {
        let next = self.chars[self.at + 1..].iter().find(|c| !" \t".contains(**c));
        if next == Some(&')') {
            Ok(())
        } else {
            Err("a ( directly behind a word is not understood".to_owned())
        }
    }

    /// Tokens of a substitution that begins here.
    pub(crate) fn nested(&mut self) -> Result<Vec<Token>, String> {
        self.depth += 1;
        let tokens = self.tokens(true);
        self.depth -= 1;
        tokens
    }
}
